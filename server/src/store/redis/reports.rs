//! The indexes of all sessions, by which operators page.
//!
//! Like a user's index, they are hints: written after the session, and verified and corrected when they are
//! read. Each write removes a few ended sessions, so that no scan is ever needed.

use std::time::Duration;

use redis::{Cmd, cmd, pipe};
use yibi_common::admin::SessionOrder;

use super::sessions::{Kept, get, lives, read};
use super::{RedisOps, RedisSessions, SessionId, StoreResult, StoredSession};
use crate::domain::clock::Micros;
use crate::domain::report::{Collector, Place, Rows, SessionPage};
use crate::domain::user::UserKey;
use crate::store::SessionReports;

/// All sort orders; each has its own index.
const ORDERS: [SessionOrder; 3] = [SessionOrder::Expiry, SessionOrder::LastSeen, SessionOrder::Openid];
/// Index entries read at a time.
const TURN: usize = 256;
/// Ended sessions that one write removes from the indexes: more than it adds, so that they never accumulate.
const SWEPT_AT_ONCE: usize = 4;
/// Maximum time by which an expiry in the index may be too early because the session was extended.
const SLACK: Duration = Duration::from_secs(600);

/// A session's member name in the indexes.
pub(super) fn name(user: &UserKey, id: SessionId) -> String {
    format!("{user}/{id}")
}

/// Parses a member name.
fn parts(name: &str) -> Option<(UserKey, SessionId)> {
    let (user, id) = name.rsplit_once('/')?;
    Some((UserKey::from_text(user), SessionId::parse(id)?))
}

impl SessionReports for RedisSessions {
    async fn session_page(&self, page: &SessionPage) -> StoreResult<Rows<(StoredSession, Micros)>> {
        let page = page.clone();
        self.run(async move |ops| ops.session_page(&page).await).await
    }

    async fn session_estimates(&self, since: Micros) -> StoreResult<(u64, u64)> {
        self.run(async move |ops| {
            let mut ask = pipe();
            ask.cmd("ZCOUNT").arg(ops.keys.all(SessionOrder::Expiry)).arg(Micros::now().0).arg("+inf");
            ask.cmd("ZCOUNT").arg(ops.keys.all(SessionOrder::LastSeen)).arg(since.0).arg("+inf");
            ops.client.many(&ask).await
        })
        .await
    }
}

impl RedisOps {
    /// Writes a session with its expiry into the indexes, and sweeps a few ended sessions.
    pub(super) async fn index_for_all(&self, session: &StoredSession, ends: Micros) -> StoreResult<()> {
        let name = name(&session.user, session.id);
        let mut write = pipe();
        for order in ORDERS {
            let score = match order {
                SessionOrder::Expiry => ends.0,
                SessionOrder::LastSeen => session.last_seen.0,
                SessionOrder::Openid => 0,
            };
            write.cmd("ZADD").arg(self.keys.all(order)).arg(score).arg(&name).ignore();
        }
        let ended = Micros::now().minus(SLACK).0;
        write.cmd("ZRANGEBYSCORE").arg(self.keys.all(SessionOrder::Expiry)).arg("-inf").arg(ended);
        write.arg("LIMIT").arg(0).arg(SWEPT_AT_ONCE);
        let (ended,): (Vec<String>,) = self.client.many(&write).await?;
        if ended.is_empty() { Ok(()) } else { self.sweep(&ended).await }
    }

    /// Removes names from the indexes.
    pub(super) async fn unindex_for_all(&self, names: &[String]) -> StoreResult<()> {
        if names.is_empty() {
            return Ok(());
        }
        let mut remove = pipe();
        for order in ORDERS {
            remove.cmd("ZREM").arg(self.keys.all(order)).arg(names).ignore();
        }
        self.client.many(&remove).await
    }

    /// Removes the names of ended sessions, and corrects the expiries of the others.
    async fn sweep(&self, names: &[String]) -> StoreResult<()> {
        let now = Micros::now();
        let mut ask = pipe();
        for name in names {
            let id = parts(name).map_or(SessionId([0; 16]), |(_, id)| id);
            ask.cmd("PTTL").arg(self.keys.session(id));
        }
        let left: Vec<i64> = self.client.many(&ask).await?;
        let mut ended = Vec::new();
        let mut mend = pipe();
        for (name, left) in names.iter().zip(left) {
            match u64::try_from(left) {
                Ok(left) => {
                    let ends = now.plus(Duration::from_millis(left)).0;
                    let key = self.keys.all(SessionOrder::Expiry);
                    mend.cmd("ZADD").arg(key).arg("XX").arg(ends).arg(name).ignore();
                }
                Err(_gone) => ended.push(name.clone()),
            }
        }
        if ended.len() < names.len() {
            self.client.many::<()>(&mend).await?;
        }
        self.unindex_for_all(&ended).await
    }

    pub(super) async fn session_page(
        &self,
        page: &SessionPage,
    ) -> StoreResult<Rows<(StoredSession, Micros)>> {
        let mut collector = Collector::new(page.limit);
        let mut after = page.after.clone();
        let mut skip = 0;
        loop {
            let entries: Vec<(String, i64)> = self.entries(page, after.as_ref(), skip).await?;
            let full = entries.len() == TURN;
            let behind: Vec<Place> = entries
                .into_iter()
                .map(|(name, value)| Place { value, name })
                .filter(|place| after.as_ref().is_none_or(|after| is_behind(place, after, page)))
                .collect();
            if behind.is_empty() && full {
                // All entries read so far have the score of the page's start, and precede its position.
                skip += TURN;
                continue;
            }
            skip = 0;
            let found = self.of_names(&behind).await?;
            for (place, session) in behind.into_iter().zip(found) {
                let row = session.filter(|(session, ends)| page.filter.takes(session, *ends));
                if collector.take(row) {
                    return Ok(collector.end(Some(place)));
                }
                after = Some(place);
            }
            if !full {
                return Ok(collector.end(None));
            }
        }
    }

    /// Names and scores of an index from a position on, inclusive, without the first `skip`.
    async fn entries(
        &self,
        page: &SessionPage,
        after: Option<&Place>,
        skip: usize,
    ) -> StoreResult<Vec<(String, i64)>> {
        let key = self.keys.all(page.order);
        let limited = |mut range: Cmd| {
            range.arg("LIMIT").arg(skip).arg(TURN);
            range
        };
        if page.order == SessionOrder::Openid {
            // All scores are equal: this index is ordered by its member names.
            let begin = after.map(|after| format!("[{}", after.name));
            let lowest = page.users.as_ref().map_or("-".to_owned(), |users| format!("[{}", users.from));
            let highest = page.users.as_ref().map_or("+".to_owned(), |users| format!("({}", users.below));
            let range = if page.reverse {
                let mut range = cmd("ZREVRANGEBYLEX");
                range.arg(key).arg(begin.unwrap_or(highest)).arg(lowest);
                range
            } else {
                let mut range = cmd("ZRANGEBYLEX");
                range.arg(key).arg(begin.unwrap_or(lowest)).arg(highest);
                range
            };
            let names: Vec<String> = self.client.one(&limited(range)).await?;
            return Ok(names.into_iter().map(|name| (name, 0)).collect());
        }
        let begin = after.map(|after| after.value.to_string());
        let bound = page.filter.bound(page.order).map(|bound| bound.0.to_string());
        let range = if is_down(page) {
            let (highest, lowest) = match page.order {
                SessionOrder::Expiry => (begin.or(bound), None),
                SessionOrder::LastSeen | SessionOrder::Openid => (begin, bound),
            };
            let mut range = cmd("ZREVRANGEBYSCORE");
            range.arg(key).arg(highest.as_deref().unwrap_or("+inf")).arg(lowest.as_deref().unwrap_or("-inf"));
            range
        } else {
            let (lowest, highest) = match page.order {
                SessionOrder::Expiry => (begin, bound),
                SessionOrder::LastSeen | SessionOrder::Openid => (begin.or(bound), None),
            };
            let mut range = cmd("ZRANGEBYSCORE");
            range.arg(key).arg(lowest.as_deref().unwrap_or("-inf")).arg(highest.as_deref().unwrap_or("+inf"));
            range
        };
        let mut range = range;
        range.arg("WITHSCORES");
        self.client.one(&limited(range)).await
    }

    /// The living sessions of those names, each with its expiry. Names of ended sessions are removed from the
    /// indexes.
    async fn of_names(&self, places: &[Place]) -> StoreResult<Vec<Option<(StoredSession, Micros)>>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let known: Vec<Option<(UserKey, SessionId)>> =
            places.iter().map(|place| parts(&place.name)).collect();
        let mut ask = pipe();
        for known in &known {
            let (user, id) = known.clone().unwrap_or_else(|| (UserKey::from_text(""), SessionId([0; 16])));
            let key = self.keys.session(id);
            ask.add_command(get(&key)).cmd("PTTL").arg(&key);
            ask.add_command(get(&self.keys.epoch(&user)));
        }
        let now = Micros::now();
        let stored: Vec<(Option<String>, i64, Option<u64>)> = self.client.many(&ask).await?;
        let mut ended = Vec::new();
        let mut found = Vec::with_capacity(places.len());
        for ((place, known), (text, left, epoch)) in places.iter().zip(known).zip(stored) {
            let kept = text.and_then(read).filter(|kept| {
                known.as_ref().is_some_and(|(user, _)| kept.session.user == *user)
                    && lives(&kept.session, epoch.unwrap_or_default())
            });
            match kept {
                Some(Kept { session, .. }) => {
                    let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
                    let ends = now.plus(left).min(session.ends_at);
                    found.push(Some((session, ends)));
                }
                None => {
                    ended.push(place.name.clone());
                    found.push(None);
                }
            }
        }
        self.unindex_for_all(&ended).await?;
        Ok(found)
    }
}

/// Whether the page goes from high scores to low ones. The orders start at opposite ends: expiry at the
/// earliest, last use at the latest.
fn is_down(page: &SessionPage) -> bool {
    page.reverse != (page.order == SessionOrder::LastSeen)
}

fn is_behind(place: &Place, after: &Place, page: &SessionPage) -> bool {
    let (place, after) = ((place.value, &place.name), (after.value, &after.name));
    if is_down(page) { place < after } else { place > after }
}
