//! Sessions and login codes.

use std::time::Duration;

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::session::{CodeOutcome, CodeState, SecretHash, SessionId, StoredSession};
use crate::domain::user::UserKey;

operations! {
/// Sessions and login codes. A lost record costs a sign-in.
pub trait Sessions {
    /// Checks that the database answers.
    async fn ping(&self) -> ();

    /// Claims a code for an exchange, for `lease`. All servers together grant one claim at a time, also to
    /// the same holder; a settled code can't be claimed while its outcome is kept.
    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> CodeState;

    /// Stores the outcome of a code's exchange.
    async fn settle_code(&self, code: SecretHash, outcome: &CodeOutcome, keep: Duration) -> ();

    /// Releases an unused claim, if `holder` still has it. A settled code stays settled.
    async fn release_code(&self, code: SecretHash, holder: &str) -> ();

    /// Stores a new session for `idle`, with the user's current epoch.
    async fn create(&self, session: StoredSession, idle: Duration) -> StoredSession;

    /// The session, if it is alive: stored, before its `ends_at`, and not of an older epoch than its user's.
    /// With `slide`, its expiry moves to that time from now (a store may skip a move of less than a minute
    /// and less than a twentieth of the idle time). `user` is the presumed owner, if known, which saves a
    /// round trip; a wrong guess costs one and has no other effect.
    async fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> Option<StoredSession>;

    /// Replaces `old` by `new`, which has the same id and user, for `idle`, unless the stored session has
    /// changed or ended. Returns whether it did.
    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> bool;

    /// Ends a session of that user. Returns whether it existed.
    async fn remove(&self, user: &UserKey, id: SessionId) -> bool;

    /// Sessions of a user, each with its expiry, the latest used first.
    async fn of_user(&self, user: &UserKey) -> Vec<(StoredSession, Micros)>;

    /// Ends all sessions of a user, also those that no index lists.
    async fn remove_all(&self, user: &UserKey) -> ();
}
}
