//! The seam to users' avatars.

use std::future::Future;

use super::StoreResult;
use super::gallery::UserRecord;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// The images that users chose for themselves: one each, which goes with the user. What an operation
/// acknowledges is durable.
pub trait Avatars {
    /// Gives the user an avatar, under a fresh random id, in place of any other. Nothing when the user is not
    /// known.
    fn set_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
        now: Micros,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Takes the user's avatar away; with an id only an uploaded one, and if it is that one, without also the one
    /// of the WeChat profile. The user as it is then; nothing when the user is not known.
    fn remove_avatar(
        &self,
        user: &UserKey,
        id: Option<&str>,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// The image of the user's avatar, if it is the one with that id.
    fn avatar(&self, user: &UserKey, id: &str) -> impl Future<Output = StoreResult<Option<Vec<u8>>>> + Send;
}
