//! Tokens of a session: up to three at a time, because of retries and renewals.

use std::time::Duration;

use super::{SessionError, SessionService};
use crate::domain::clock::Micros;
use crate::domain::session::{Dialect, SecretHash, SessionId, StoredSession, StoredToken};
use crate::store::Sessions;

/// How long a renewed token stays valid.
const GRACE: Duration = Duration::from_secs(60);
/// Maximum number of valid tokens of one session.
const TOKENS: usize = 3;
/// Attempts at a change that other servers overtake.
const TRIES: usize = 8;

impl SessionService {
    /// Adds a token to a living session of that dialect, and limits the renewed one to [`GRACE`]. Returns the
    /// changed session.
    ///
    /// # Errors
    /// [`SessionError::CodeSpent`] when that session no longer exists, [`SessionError::Store`].
    pub(super) async fn add_token(
        &self,
        id: SessionId,
        dialect: Dialect,
        token: SecretHash,
        renewed: Option<SecretHash>,
    ) -> Result<StoredSession, SessionError> {
        for _ in 0..TRIES {
            let now = Micros::now();
            let old = self.0.store.read(id, None, None).await?;
            let old = old.filter(|old| old.dialect == dialect && now < old.ends_at);
            let old = old.ok_or(SessionError::CodeSpent)?;
            let mut new = old.clone();
            new.last_seen = now;
            new.tokens.retain(|token| token.until.is_none_or(|until| now < until));
            let end = now.plus(GRACE);
            for token in new.tokens.iter_mut().filter(|token| Some(token.hash) == renewed) {
                token.until = Some(token.until.map_or(end, |until| until.min(end)));
            }
            // A client that renews several times in a row must not lose the token that it still holds.
            let surplus = (new.tokens.len() + 1).saturating_sub(TOKENS);
            let oldest: Vec<SecretHash> = (new.tokens.iter().map(|token| token.hash))
                .filter(|hash| Some(*hash) != renewed)
                .take(surplus)
                .collect();
            new.tokens.retain(|token| !oldest.contains(&token.hash));
            new.tokens.push(StoredToken { hash: token, until: None });
            if self.0.store.replace(&old, &new, self.0.settings.idle).await? {
                self.forget(id).await;
                self.0.hints.insert(id, new.user.clone());
                return Ok(new);
            }
        }
        Err(SessionError::TooManyAtOnce)
    }
}
