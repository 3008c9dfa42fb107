//! Who a user is to the server.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A user: one openid of one mini-program. Every key and index of the stores begins with it, written
/// `app id/openid`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserKey(Arc<str>);

impl UserKey {
    /// The user of that app with that openid. Neither holds a slash: the settings refuse one in an app id,
    /// and the client of WeChat one in an openid.
    #[must_use]
    pub fn new(app_id: &str, openid: &str) -> Self {
        Self(format!("{app_id}/{openid}").into())
    }

    /// The written form of a key, as [`Display`](fmt::Display) gives it.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The mini-program.
    #[must_use]
    pub fn app_id(&self) -> &str {
        self.0.split_once('/').map_or("", |(app_id, _)| app_id)
    }

    /// WeChat's id of the user in that mini-program.
    #[must_use]
    pub fn openid(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, openid)| openid)
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
