//! How much a user keeps, against how much a user may.
//!
//! The store tells the truth; each server keeps its own copy for a moment and counts its own writes on top,
//! so that an append does not have to ask. Two servers may together let a user a little over the limit within
//! that moment, bounded by the rate limit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::{DrawingError, DrawingResult, DrawingService};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::store::gallery::{Gallery, Header, Usage};

/// How long a server goes by its own count.
const TRUST: Duration = Duration::from_secs(30);
/// How many of the bin's drawings are looked at a time.
const ROOM: u32 = 200;

/// What a write would take.
pub(super) struct Need<'a> {
    /// The drawing that it is on.
    pub(super) id: &'a str,
    /// Whether it may make that drawing.
    pub(super) drawing: bool,
    /// Bytes.
    pub(super) bytes: u64,
}

/// One user's count.
#[derive(Debug, Default)]
pub(super) struct Account(Mutex<Usage>);

pub(super) fn accounts() -> Cache<UserKey, Arc<Account>> {
    Cache::builder().time_to_live(TRUST).max_capacity(100_000).build()
}

impl Account {
    fn read(&self) -> Usage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, drawings: i64, bytes: i64) {
        let mut usage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        usage.drawings = u32::try_from((i64::from(usage.drawings) + drawings).max(0)).unwrap_or(u32::MAX);
        usage.bytes = usage.bytes.saturating_add_signed(bytes);
    }
}

impl DrawingService {
    /// What a user keeps, the bin included.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn usage(&self, user: &UserKey) -> DrawingResult<Usage> {
        Ok(self.account(user).await?.read())
    }

    async fn account(&self, user: &UserKey) -> DrawingResult<Arc<Account>> {
        if let Some(account) = self.0.usage.get(user) {
            return Ok(account);
        }
        let account = Arc::new(Account(Mutex::new(self.0.store.usage(user).await?)));
        self.0.usage.insert(user.clone(), Arc::clone(&account));
        Ok(account)
    }

    /// Counts a write of this server's.
    pub(super) fn count(&self, user: &UserKey, drawings: i64, bytes: i64) {
        if let Some(account) = self.0.usage.get(user) {
            account.change(drawings, bytes);
        }
    }

    /// Makes sure that a user may keep that much more. Where it would be too much, the bin is emptied from
    /// its oldest end until there is room; but first the drawing is looked at: whether the write would be
    /// `refused` in any case, or is on a drawing that exists, and how many bytes it would `free`.
    pub(super) async fn room_for(
        &self,
        user: &UserKey,
        mut need: Need<'_>,
        refused: impl Fn(Option<&Header>) -> bool,
        free: impl Fn(&Header) -> u64,
    ) -> DrawingResult<()> {
        let account = self.account(user).await?;
        if self.lacking(account.read(), &need).is_none() {
            return Ok(());
        }
        let header = self.0.store.header(user, need.id).await?;
        if refused(header.as_ref()) {
            // The store says why.
            return Ok(());
        }
        if let Some(header) = &header {
            need.drawing = false;
            need.bytes = need.bytes.saturating_sub(free(header));
        }
        self.empty_bin_for(user, &account, &need).await
    }

    /// Removes drawings from the bin for good, the oldest first, until there is room.
    async fn empty_bin_for(&self, user: &UserKey, account: &Account, need: &Need<'_>) -> DrawingResult<()> {
        let now = Micros::now();
        loop {
            let mut purged = false;
            for oldest in self.0.store.bin(user, ROOM).await? {
                if self.lacking(account.read(), need).is_none() {
                    return Ok(());
                }
                // What is written to is not what has to go.
                if oldest.id != need.id && self.0.store.purge(user, &oldest.id, now).await? {
                    account.change(-1, -i64::try_from(oldest.bytes).unwrap_or(i64::MAX));
                    tracing::info!(drawing = %oldest.id, bytes = oldest.bytes, "the bin made room");
                    purged = true;
                }
            }
            match self.lacking(account.read(), need) {
                None => return Ok(()),
                Some(lacking) if !purged => return Err(lacking),
                Some(_) => {}
            }
        }
    }

    fn lacking(&self, usage: Usage, need: &Need<'_>) -> Option<DrawingError> {
        let limits = &self.0.limits;
        if need.drawing && usage.drawings >= limits.drawings_per_user {
            Some(DrawingError::TooManyDrawings)
        } else if need.bytes > 0 && usage.bytes.saturating_add(need.bytes) > limits.bytes_per_user {
            Some(DrawingError::StorageFull)
        } else {
            None
        }
    }

    /// Forgets this server's count, after a change that it can't foresee.
    pub(super) fn recount(&self, user: &UserKey) {
        self.0.usage.invalidate(user);
    }
}
