//! Users.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::user::{NewUser, UserKey, UserRecord};

operations! {
/// Users. An acknowledged change is durable.
pub trait Users {
    /// Checks that the database answers.
    async fn ping(&self) -> ();

    /// Finds or creates the user who signs in, and stores a unionid that was unknown. While an erasure is
    /// pending, nothing changes unless [`NewUser::reopen`] is set, which cancels it; a due erasure is never
    /// cancelled. The flag says whether the user is new.
    async fn sign_in(&self, user: &UserKey, new: &NewUser, now: Micros) -> (UserRecord, bool);

    async fn user(&self, user: &UserKey) -> Option<UserRecord>;

    /// Finds several users, in no particular order.
    async fn users(&self, users: &[UserKey]) -> Vec<UserRecord>;

    /// Finds the user with that public id.
    async fn user_by_public_id(&self, public_id: &str) -> Option<UserRecord>;

    /// Users with that unionid, ordered by key, at most `limit`.
    async fn users_of_person(&self, unionid: &str, limit: u32) -> Vec<UserRecord>;

    /// Sets the nickname; `None` for an unknown user.
    async fn set_nickname(&self, user: &UserKey, nickname: &str) -> Option<UserRecord>;

    /// Sets the nickname of a user without one. Returns whether it did.
    async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> bool;

    /// Stores the address of the avatar in the user's WeChat profile, unless the user removed it. Returns
    /// whether it did.
    async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> bool;

    /// Stores a unionid that was unknown; a known one stays. Returns the user, if there is one.
    async fn set_unionid(&self, user: &UserKey, unionid: &str) -> Option<UserRecord>;

    /// Stores or removes the sealed phone number. Returns the user, if there is one.
    async fn set_phone(&self, user: &UserKey, sealed: Option<&str>) -> Option<UserRecord>;

    /// Replaces one sealed form of the phone number by another. Returns whether it was still that form.
    async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> bool;

    /// Blocks or unblocks a user; a block that exists stays as it is. Returns the user, if there is one.
    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> Option<UserRecord>;

    /// Schedules the erasure of the user. Returns whether the user is known.
    async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> bool;

    /// Users whose erasure is due at `now`, at most `limit`.
    async fn erasures_due(&self, now: Micros, limit: u32) -> Vec<UserKey>;

    /// Erases a user whose erasure is due at `now`, with all drawings, in several steps (the deadline of an
    /// operation applies to each step). The call can be repeated after an interruption. A user whose erasure
    /// is not due stays.
    async fn erase(&self, user: &UserKey, now: Micros) -> ();
}
}
