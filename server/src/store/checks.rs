//! Moderation checks of users' content.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, Subject};
use crate::domain::user::UserKey;

operations! {
/// Moderation checks, which are deleted with their user. An acknowledged change is durable.
pub trait Checks {
    /// Stores a check in place of the subject's former one.
    async fn put_check(&self, check: &ModerationCheck) -> ();

    /// Finds the check of a subject.
    async fn check(&self, user: &UserKey, subject: &Subject) -> Option<ModerationCheck>;

    /// Finds the check that waits for the verdict with that trace id.
    async fn check_of_trace(&self, trace_id: &str) -> Option<ModerationCheck>;

    /// Checks that are due at `now`, the earliest first, at most `limit`.
    async fn checks_due(&self, now: Micros, limit: u32) -> Vec<ModerationCheck>;

    /// Writes a changed check, unless another change was stored first. User, subject, content, `created_at`
    /// and version must be as read. Returns whether it was written; the stored version is then one higher.
    async fn change_check(&self, check: &ModerationCheck) -> bool;

    /// Removes the check of a subject.
    async fn remove_check(&self, user: &UserKey, subject: &Subject) -> ();

    /// Removes a user's nickname if it still equals `nickname`. Returns whether it did.
    async fn clear_nickname(&self, user: &UserKey, nickname: &str) -> bool;
}
}
