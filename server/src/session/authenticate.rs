//! From what a request shows to who it is.

use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;

use super::{Caller, Presented, SessionError, SessionService};
use crate::clock::Micros;
use crate::store::sessions::{SecretHash, SessionId, Sessions, StoredSession};

/// How old the kept moment of a session's last use may grow.
const SEEN: Duration = Duration::from_secs(60);

impl SessionService {
    /// Whether this server has lately seen the session that is spoken of. A hint for whoever turns strangers
    /// away early; it proves nothing.
    #[must_use]
    pub fn knows(&self, presented: &Presented) -> bool {
        self.0.hints.contains_key(&presented.id)
    }

    /// The caller, when what is presented opens a living session. Using it keeps it alive.
    ///
    /// # Errors
    /// [`SessionError::Unauthenticated`] when it opens none, [`SessionError::Store`] when that can't be told.
    pub async fn authenticate(&self, presented: &Presented) -> Result<Caller, SessionError> {
        let caller = |session: Arc<StoredSession>| Caller { session, opened_by: presented.hash };
        let copy = self.0.copies.get(&presented.id).await;
        match copy {
            Some(copy) if opens(&copy, presented) => return Ok(caller(copy)),
            // The copy may be older than the token: another server may have made that a moment ago.
            Some(_) => self.0.copies.invalidate(&presented.id).await,
            None => {}
        }
        let reading = self.0.copies.try_get_with(presented.id, self.read(presented.id));
        let session = reading.await.map_err(|error| (*error).clone())?;
        if opens(&session, presented) { Ok(caller(session)) } else { Err(SessionError::Unauthenticated) }
    }

    /// Reads a session afresh, and slides it.
    async fn read(&self, id: SessionId) -> Result<Arc<StoredSession>, SessionError> {
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
        Ok(Arc::new(session))
    }

    /// Writes down that a session is in use, beside the request: the figure is for show, and a lost race with
    /// another server that writes it too is no loss.
    fn note_use(&self, session: StoredSession, now: Micros) {
        let service = self.clone();
        tokio::spawn(async move {
            let seen = StoredSession { last_seen: now, ..session.clone() };
            if let Err(error) = service.0.store.replace(&session, &seen, service.0.settings.idle).await {
                tracing::debug!(error = %error, "a session's last use was not written down");
            }
        });
    }

    /// Forgets the copy of a session that this server changed.
    pub(super) async fn forget(&self, id: SessionId) {
        self.0.copies.invalidate(&id).await;
    }

    /// Forgets all copies after sessions were ended, and all sign-ins that might lead to one of them: they are
    /// read again in no time.
    pub(super) fn forget_all(&self) {
        self.0.copies.invalidate_all();
        self.0.sign_ins.invalidate_all();
    }
}

fn opens(session: &StoredSession, presented: &Presented) -> bool {
    let now = Micros::now();
    session.dialect == presented.dialect && now < session.ends_at && holds(session, presented.hash, now)
}

/// Whether the hash is of a living token of the session; in time that does not depend on which.
pub(super) fn holds(session: &StoredSession, hash: SecretHash, now: Micros) -> bool {
    session.tokens.iter().fold(false, |found, token| {
        let same = bool::from(token.hash.0.ct_eq(&hash.0));
        found | (same & token.until.is_none_or(|until| now < until))
    })
}
