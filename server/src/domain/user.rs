//! Users.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use yibi_common::admin::UserRef;

use super::clock::Micros;

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

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Key of the user.
    pub key: UserKey,
    /// Random id of the user in URLs.
    pub public_id: String,
    /// Nickname, empty by default.
    pub nickname: String,
    /// Id of the uploaded avatar.
    pub avatar: Option<String>,
    /// Address of the avatar in the user's WeChat profile, shown if none was uploaded; empty once the user removed
    /// it.
    pub wechat_avatar: Option<String>,
    /// Share or referral code of the first sign-in.
    pub origin: Option<String>,
    /// Unionid: the person across the apps of one account, if WeChat provides it.
    pub unionid: Option<String>,
    /// Time of the first sign-in.
    pub created_at: Micros,
    /// Time of the pending erasure; the user's content is hidden until then.
    pub erase_at: Option<Micros>,
    /// Time at which an operator blocked the user.
    pub blocked_at: Option<Micros>,
    /// The phone number, sealed: see [`super::phone`].
    pub phone: Option<String>,
}

impl UserRecord {
    /// Whether links to the user's pictures open: not while an erasure is due or an operator keeps the user out.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.erase_at.is_none() && self.blocked_at.is_none()
    }
}

impl From<&UserRecord> for UserRef {
    fn from(user: &UserRecord) -> Self {
        Self {
            id: user.public_id.clone(),
            app_id: user.key.app_id().to_owned(),
            openid: user.key.openid().to_owned(),
            nickname: user.nickname.clone(),
        }
    }
}

/// Data that a first sign-in writes.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// A fresh random id.
    pub public_id: String,
    /// See [`UserRecord::origin`].
    pub origin: Option<String>,
    /// See [`UserRecord::unionid`]; also kept from a later sign-in.
    pub unionid: Option<String>,
    /// Whether the sign-in cancels an erasure that is pending. Without it, a sign-in during one changes nothing.
    pub reopen: bool,
}

impl UserRecord {
    /// The record that a first sign-in makes.
    #[must_use]
    pub fn fresh(key: &UserKey, new: &NewUser, now: Micros) -> Self {
        Self {
            key: key.clone(),
            public_id: new.public_id.clone(),
            nickname: String::new(),
            avatar: None,
            wechat_avatar: None,
            origin: new.origin.clone(),
            unionid: new.unionid.clone(),
            created_at: now,
            erase_at: None,
            blocked_at: None,
            phone: None,
        }
    }
}
