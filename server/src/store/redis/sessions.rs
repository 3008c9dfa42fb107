//! Sessions, each a value under its own key.

use std::time::Duration;

use redis::{Cmd, cmd, pipe};

use super::scripts::{RAISE_EPOCH, REPLACE};
use super::{RedisOps, RedisSessions, SessionId, StoreResult, StoredSession, millis};
use crate::domain::clock::Micros;
use crate::domain::session::{CodeOutcome, CodeState, SecretHash};
use crate::domain::user::UserKey;
use crate::store::Sessions;

/// Time to live of an epoch: longer than any session lives, so that it outlives all sessions that it ended.
const EPOCH_KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

/// A session with its stored form.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) session: StoredSession,
    pub(super) text: String,
}

impl Sessions for RedisSessions {
    async fn ping(&self) -> StoreResult<()> {
        self.run(async |ops| ops.ping().await).await
    }

    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> StoreResult<CodeState> {
        let holder = holder.to_owned();
        self.run(async move |ops| ops.claim_code(code, &holder, lease).await).await
    }

    async fn settle_code(&self, code: SecretHash, outcome: &CodeOutcome, keep: Duration) -> StoreResult<()> {
        let outcome = outcome.clone();
        self.run(async move |ops| ops.settle_code(code, &outcome, keep).await).await
    }

    async fn release_code(&self, code: SecretHash, holder: &str) -> StoreResult<()> {
        let holder = holder.to_owned();
        self.run(async move |ops| ops.release_code(code, &holder).await).await
    }

    async fn create(&self, session: StoredSession, idle: Duration) -> StoreResult<StoredSession> {
        self.run(async move |ops| ops.create(session, idle).await).await
    }

    async fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> StoreResult<Option<StoredSession>> {
        let user = user.cloned();
        self.run(async move |ops| {
            let living = ops.living(id, user.as_ref(), slide).await?;
            Ok(living.map(|living| living.session))
        })
        .await
    }

    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> StoreResult<bool> {
        let (old, new) = (old.clone(), new.clone());
        self.run(async move |ops| ops.replace(&old, &new, idle).await).await
    }

    async fn remove(&self, user: &UserKey, id: SessionId) -> StoreResult<bool> {
        let user = user.clone();
        self.run(async move |ops| ops.remove(&user, id).await).await
    }

    async fn of_user(&self, user: &UserKey) -> StoreResult<Vec<(StoredSession, Micros)>> {
        let user = user.clone();
        self.run(async move |ops| ops.of_user(&user).await).await
    }

    async fn remove_all(&self, user: &UserKey) -> StoreResult<()> {
        let user = user.clone();
        self.run(async move |ops| ops.remove_all(&user).await).await
    }
}

impl RedisOps {
    pub(super) async fn create(
        &self,
        mut session: StoredSession,
        idle: Duration,
    ) -> StoreResult<StoredSession> {
        session.epoch = self.epoch(&session.user).await?;
        let kept = kept_for(&session, idle);
        let mut set = cmd("SET");
        set.arg(self.keys.session(session.id)).arg(written(&session)?).arg("PX").arg(millis(kept));
        self.client.one::<()>(&set).await?;
        self.index(&session, kept).await?;
        Ok(session)
    }

    /// The session, if it is alive: see [`read`](super::Sessions::read).
    pub(super) async fn living(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> StoreResult<Option<Kept>> {
        let key = self.keys.session(id);
        let get = match slide {
            Some(idle) => {
                let mut get = cmd("GETEX");
                get.arg(key).arg("PX").arg(millis(idle));
                get
            }
            None => get(&key),
        };
        let (text, guessed): (Option<String>, Option<u64>) = match user {
            Some(user) => {
                let mut both = pipe();
                both.add_command(get).add_command(self::get(&self.keys.epoch(user)));
                self.client.many(&both).await?
            }
            None => (self.client.one(&get).await?, None),
        };
        let Some(living) = text.and_then(read) else { return Ok(None) };
        let session = &living.session;
        let epoch = if user == Some(&session.user) {
            guessed.unwrap_or_default()
        } else {
            self.epoch(&session.user).await?
        };
        Ok(lives(session, epoch).then_some(living))
    }

    /// Compares decoded sessions, not bytes, so that a session written by another version of this program can
    /// be replaced; the write then requires exactly the text that was compared.
    pub(super) async fn replace(
        &self,
        old: &StoredSession,
        new: &StoredSession,
        idle: Duration,
    ) -> StoreResult<bool> {
        let Some(living) = self.living(old.id, Some(&old.user), None).await? else { return Ok(false) };
        if living.session != *old {
            return Ok(false);
        }
        let kept = kept_for(new, idle);
        let (text, time) = (written(new)?, millis(kept).to_string());
        let arguments = [living.text.as_bytes(), text.as_bytes(), time.as_bytes()];
        let replaced: bool = self.client.script(&REPLACE, &self.keys.session(old.id), &arguments).await?;
        if replaced {
            self.index(new, kept).await?;
        }
        Ok(replaced)
    }

    pub(super) async fn remove(&self, user: &UserKey, id: SessionId) -> StoreResult<bool> {
        let living = self.living(id, Some(user), None).await?;
        if living.is_none_or(|living| living.session.user != *user) {
            return Ok(false);
        }
        let mut delete = cmd("DEL");
        delete.arg(self.keys.session(id));
        self.client.one::<()>(&delete).await?;
        self.unindex(user, &[id]).await?;
        Ok(true)
    }

    /// The epoch is a time: after an eviction, a new epoch is still above those in the sessions. Raising it
    /// ends all sessions; the indexed ones are also removed.
    pub(super) async fn remove_all(&self, user: &UserKey) -> StoreResult<()> {
        let (now, kept) = (Micros::now().0.to_string(), millis(EPOCH_KEPT).to_string());
        let arguments = [now.as_bytes(), kept.as_bytes()];
        self.client.script::<()>(&RAISE_EPOCH, &self.keys.epoch(user), &arguments).await?;
        self.of_user(user).await?;
        Ok(())
    }

    pub(super) async fn epoch(&self, user: &UserKey) -> StoreResult<u64> {
        let epoch: Option<u64> = self.client.one(&get(&self.keys.epoch(user))).await?;
        Ok(epoch.unwrap_or_default())
    }
}

pub(super) fn get(key: &str) -> Cmd {
    let mut get = cmd("GET");
    get.arg(key);
    get
}

/// Whether a stored session is valid in that epoch.
pub(super) fn lives(session: &StoredSession, epoch: u64) -> bool {
    session.epoch >= epoch && Micros::now() < session.ends_at
}

/// Decodes a session. An unreadable session, perhaps of a later version, counts as missing, which costs a
/// sign-in.
pub(super) fn read(text: String) -> Option<Kept> {
    match serde_json::from_str(&text) {
        Ok(session) => Some(Kept { session, text }),
        Err(error) => {
            // The error text is not logged, since it may quote the session.
            tracing::warn!(line = error.line(), column = error.column(), "a stored session can't be read");
            None
        }
    }
}

fn written(session: &StoredSession) -> StoreResult<String> {
    serde_json::to_string(session).map_err(|error| super::StoreError::Refused(error.into()))
}

/// Time to live of a session: its idle time, but not beyond its end.
fn kept_for(session: &StoredSession, idle: Duration) -> Duration {
    idle.min(session.ends_at.since(Micros::now()))
}
