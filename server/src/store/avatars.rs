//! Users' avatars.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::user::{UserKey, UserRecord};

operations! {
/// Uploaded avatars: one per user, deleted with the user. An acknowledged change is durable.
pub trait Avatars {
    /// Stores an avatar under a new random id, in place of the former one. `None` for an unknown user.
    async fn set_avatar(&self, user: &UserKey, id: &str, image: &[u8], now: Micros) -> Option<UserRecord>;

    /// Removes the user's avatar: with an id, the uploaded one if it has that id; without, also the one of
    /// the WeChat profile. Returns the user, if there is one.
    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> Option<UserRecord>;

    /// Image of the user's avatar, if its id is `id`.
    async fn avatar(&self, user: &UserKey, id: &str) -> Option<Vec<u8>>;
}
}
