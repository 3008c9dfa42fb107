//! The index of a user's sessions (`reports` holds those of all sessions). The index may name sessions that
//! have ended, and its expiries lag behind extended ones; each reader verifies its entries against the
//! sessions and corrects the index.

use std::time::Duration;

use redis::{cmd, pipe};

use super::reports::name;
use super::scripts::{INDEX, REMOVE_IF};
use super::sessions::{Kept, get, lives, read};
use super::{RedisOps, SessionId, StoreResult, StoredSession, millis};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// Number of additions after which an index is read, which removes ended sessions from it.
const MEND_EVERY: u64 = 32;
/// Sessions read in one pipeline.
const TURN: usize = 64;
/// Maximum error of an expiry in the index before it is corrected.
const SLACK: Duration = Duration::from_secs(60);

impl RedisOps {
    /// Writes a session into its user's index; `kept` is the session's time to live.
    pub(super) async fn index(&self, session: &StoredSession, kept: Duration) -> StoreResult<()> {
        let now = Micros::now();
        let ends = now.plus(kept).0.to_string();
        let life = millis(session.ends_at.since(now)).to_string();
        let id = session.id.to_string();
        let arguments = [ends.as_bytes(), id.as_bytes(), life.as_bytes()];
        let members: u64 = self.client.script(&INDEX, &self.keys.index(&session.user), &arguments).await?;
        self.index_for_all(session, Micros(now.plus(kept).0)).await?;
        if members.is_multiple_of(MEND_EVERY) {
            self.of_user(&session.user).await?;
        }
        Ok(())
    }

    pub(super) async fn unindex(&self, user: &UserKey, ids: &[SessionId]) -> StoreResult<()> {
        let mut remove = cmd("ZREM");
        remove.arg(self.keys.index(user));
        for id in ids {
            remove.arg(id.to_string());
        }
        self.client.one::<()>(&remove).await?;
        let names: Vec<String> = ids.iter().map(|id| name(user, *id)).collect();
        self.unindex_for_all(&names).await
    }

    pub(super) async fn of_user(&self, user: &UserKey) -> StoreResult<Vec<(StoredSession, Micros)>> {
        let mut all = cmd("ZRANGE");
        all.arg(self.keys.index(user)).arg(0).arg(-1).arg("WITHSCORES");
        let mut begin = pipe();
        begin.add_command(all).add_command(get(&self.keys.epoch(user)));
        let (indexed, epoch): (Vec<(String, i64)>, Option<u64>) = self.client.many(&begin).await?;
        let indexed: Vec<(SessionId, Micros)> = indexed
            .into_iter()
            .filter_map(|(id, ends)| Some((SessionId::parse(&id)?, Micros(ends))))
            .collect();
        let (mut living, mut ended) = (Vec::new(), Vec::new());
        for turn in indexed.chunks(TURN) {
            let mut ask = pipe();
            for (id, _) in turn {
                let key = self.keys.session(*id);
                ask.add_command(get(&key)).cmd("PTTL").arg(&key);
            }
            let now = Micros::now();
            let stored: Vec<(Option<String>, i64)> = self.client.many(&ask).await?;
            for ((id, indexed_end), (text, left)) in turn.iter().zip(stored) {
                let kept = text.and_then(read).filter(|kept| kept.session.user == *user);
                let Some(Kept { session, text }) = kept else {
                    ended.push(*id);
                    continue;
                };
                if !lives(&session, epoch.unwrap_or_default()) {
                    self.client
                        .script::<()>(&REMOVE_IF, &self.keys.session(*id), &[text.as_bytes(), b"0"])
                        .await?;
                    ended.push(*id);
                    continue;
                }
                let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
                let ends = now.plus(left).min(session.ends_at);
                if ends.since(*indexed_end).max(indexed_end.since(ends)) > SLACK {
                    let mut mend = cmd("ZADD");
                    mend.arg(self.keys.index(user)).arg("XX").arg(ends.0).arg(id.to_string());
                    self.client.one::<()>(&mend).await?;
                }
                living.push((session, ends));
            }
        }
        if !ended.is_empty() {
            self.unindex(user, &ended).await?;
        }
        living.sort_by_key(|(session, _)| (std::cmp::Reverse(session.last_seen), session.id));
        Ok(living)
    }
}
