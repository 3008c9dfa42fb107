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

    /// Claims a code for an exchange, for `lease`. All servers together grant one claim at a time, also to the same
    /// holder; a settled code can't be claimed while its outcome is kept.
    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> CodeState;

    /// Keeps how a code's exchange ended.
    async fn settle_code(&self, code: SecretHash, outcome: &CodeOutcome, keep: Duration) -> ();

    /// Gives a claim back that came to nothing, if `holder` still has it. A settled code stays settled.
    async fn release_code(&self, code: SecretHash, holder: &str) -> ();

    /// Keeps a new session for `idle`, under the user's present epoch, which is written into it.
    async fn create(&self, session: StoredSession, idle: Duration) -> StoredSession;

    /// The session, if it lives: kept, before its `ends_at`, and not of an older epoch than its user's. With
    /// `slide`, it is kept for that much longer from now (a store may leave out a move of less than a minute and
    /// less than a twentieth of it).
    /// `user` is whose it is thought to be, where that is known: it saves a turn. A wrong guess costs one and
    /// changes nothing else.
    async fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> Option<StoredSession>;

    /// Puts `new` in the place of `old`, which has the same id and user, unless that has changed or gone
    /// meanwhile; keeps it for `idle`. Whether it did.
    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> bool;

    /// Ends a session of that user. Whether there was one.
    async fn remove(&self, user: &UserKey, id: SessionId) -> bool;

    /// Sessions of a user, each with its expiry, the latest used first.
    async fn of_user(&self, user: &UserKey) -> Vec<(StoredSession, Micros)>;

    /// Ends all sessions of a user, also those that no index lists.
    async fn remove_all(&self, user: &UserKey) -> ();
}
}
