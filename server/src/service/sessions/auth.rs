//! Authentication of a credential.

use std::sync::Arc;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use tracing::Instrument;

use super::yibi::ended_note;
use super::{Caller, Credential, SessionCopy, SessionError, SessionService, TRUST};
use crate::domain::clock::Micros;
use crate::domain::session::{SecretHash, SessionId, StoredSession};
use crate::store::{Leases, Sessions};

/// Maximum age of a session's stored last use while the session is in use.
const SEEN: Duration = Duration::from_secs(60);

impl SessionService {
    /// Whether this server used the session recently. A hint for rate limits, not a proof.
    #[must_use]
    pub fn has_hint(&self, credential: &Credential) -> bool {
        self.0.hints.contains_key(&credential.id)
    }

    /// Whether the token's tag proves, without the store, that a server of the fleet issued it.
    ///
    /// # Errors
    /// [`SessionError::Store`] when the keys can't be read.
    pub async fn has_valid_tag(&self, credential: &Credential) -> Result<bool, SessionError> {
        Ok(credential.has_tag() && credential.is_tagged(&self.0.keys.get().await?.signer))
    }

    /// The caller of a credential that opens a living session. Each use extends the session.
    ///
    /// # Errors
    /// [`SessionError::Unauthenticated`] when it opens none, [`SessionError::EndedByUser`] when the user
    /// ended its session from another device, [`SessionError::Store`] when the look-up fails.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Caller, SessionError> {
        match self.find_caller(credential).await {
            Err(SessionError::Unauthenticated) if self.was_ended_by_user(credential).await? => {
                Err(SessionError::EndedByUser)
            }
            outcome => outcome,
        }
    }

    /// Whether the user ended the token's session from another device. Only tagged tokens are looked up, so
    /// that forged ones cause no further query and reveal nothing about a session.
    async fn was_ended_by_user(&self, credential: &Credential) -> Result<bool, SessionError> {
        Ok(self.has_valid_tag(credential).await?
            && self.0.store.note(&ended_note(credential.id)).await?.is_some())
    }

    async fn find_caller(&self, credential: &Credential) -> Result<Caller, SessionError> {
        let asked = Instant::now();
        if let Some(copy) = self.0.copies.get(&credential.id).await {
            if asked.saturating_duration_since(copy.began) < TRUST && opens(&copy.session, credential) {
                return Ok(Caller { session: copy.session, opened_by: credential.hash });
            }
            // The copy is too old to be trusted, or older than a token that another server has just issued.
            self.0.copies.invalidate(&credential.id).await;
        }
        loop {
            let mut own = false;
            let reading = async {
                own = true;
                self.read(credential.id).await
            };
            let fresh = match self.0.copies.try_get_with(credential.id, reading).await {
                Ok(copy) if opens(&copy.session, credential) => {
                    return Ok(Caller { session: copy.session, opened_by: credential.hash });
                }
                Ok(copy) => copy.began >= asked,
                Err(error) if matches!(*error, SessionError::Unauthenticated) => own,
                Err(error) => return Err((*error).clone()),
            };
            // A concurrent read that began earlier may miss the session or the token; a read that begins now
            // can't.
            if fresh {
                return Err(SessionError::Unauthenticated);
            }
            self.0.copies.invalidate(&credential.id).await;
        }
    }

    /// Reads a session from the store and extends it.
    async fn read(&self, id: SessionId) -> Result<SessionCopy, SessionError> {
        let began = Instant::now();
        let hint = self.0.hints.get(&id);
        let read = self.0.store.read(id, hint.as_ref(), Some(self.0.settings.idle)).await?;
        let Some(session) = read else {
            self.0.hints.invalidate(&id);
            return Err(SessionError::Unauthenticated);
        };
        if hint.is_none() {
            self.0.hints.insert(id, session.user.clone());
        }
        let now = Micros::now();
        if now.since(session.last_seen) > SEEN {
            self.note_use(session.clone(), now);
        }
        Ok(SessionCopy { session: Arc::new(session), began })
    }

    /// Stores the session's last use in the background: the time is informational, and losing a race with
    /// another server is harmless.
    fn note_use(&self, session: StoredSession, now: Micros) {
        let service = self.clone();
        let noting = async move {
            let seen = StoredSession { last_seen: now, ..session.clone() };
            if let Err(error) = service.0.store.replace(&session, &seen, service.0.settings.idle).await {
                tracing::debug!(error = %error, "a session's last use was not written down");
            }
        };
        tokio::spawn(noting.in_current_span());
    }

    /// Drops the copy of a session that this server changed or ended.
    pub(super) async fn forget(&self, id: SessionId) {
        self.0.copies.invalidate(&id).await;
    }
}

fn opens(session: &StoredSession, credential: &Credential) -> bool {
    let now = Micros::now();
    session.dialect == credential.dialect && now < session.ends_at && holds(session, credential.hash, now)
}

/// Whether the hash belongs to a valid token of the session; the time does not depend on which.
pub(super) fn holds(session: &StoredSession, hash: SecretHash, now: Micros) -> bool {
    session.tokens.iter().fold(false, |found, token| {
        let same = bool::from(token.hash.0.ct_eq(&hash.0));
        found | (same & token.until.is_none_or(|until| now < until))
    })
}
