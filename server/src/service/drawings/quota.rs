//! Quotas: the storage that a user takes up, against the limits.
//!
//! The store holds the true count. Each server keeps a copy for [`TRUST`] and reserves a write's space in it
//! before the write begins, so that concurrent requests can't exceed a quota together. Another server's
//! writes within that time are not in the copy: with two servers, a user may exceed the limit slightly,
//! bounded by the rate limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use yibi_common::limits::Limits;

use super::{DrawingError, DrawingResult, DrawingService};
use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, Usage};
use crate::domain::user::UserKey;
use crate::store::{Drawings, OPERATION_DEADLINE};

/// How long a server relies on its own count.
const TRUST: Duration = Duration::from_secs(30);
/// How long the account of an idle user stays in memory.
const IDLE: Duration = Duration::from_secs(120);
/// Drawings of the bin per page.
const BIN_PAGE: u32 = 200;

/// Space that a write needs.
#[derive(Clone, Copy)]
pub(super) struct Need<'a> {
    pub(super) id: &'a str,
    /// Whether the write may create the drawing.
    pub(super) drawing: bool,
    pub(super) bytes: u64,
    /// Whether drawings in the user's bin give way to the write. A stroke of another person takes nothing of it.
    pub(super) empties_bin: bool,
}

impl Need<'_> {
    /// The quota that the user would exceed with this write.
    fn excess(&self, usage: Usage, limits: &Limits) -> Option<DrawingError> {
        if self.drawing && usage.drawings >= limits.drawings_per_user {
            Some(DrawingError::TooManyDrawings)
        } else if self.bytes > 0 && usage.bytes.saturating_add(self.bytes) > limits.bytes_per_user {
            Some(DrawingError::StorageFull)
        } else {
            None
        }
    }
}

/// One user's count on this server, reservations included.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Shared by writes in progress, exclusive while the store is counted: then no write of this server is
    /// half-way, and the count is exact.
    writes: Arc<RwLock<()>>,
    copy: Mutex<UsageCopy>,
}

#[derive(Debug, Default)]
struct UsageCopy {
    usage: Usage,
    taken_at: Option<Instant>,
}

impl UsageCopy {
    fn is_fresh(&self) -> bool {
        self.taken_at.is_some_and(|taken_at| taken_at.elapsed() < TRUST)
    }

    fn change(&mut self, drawings: i64, bytes: i64) {
        let kept = i64::from(self.usage.drawings).saturating_add(drawings).max(0);
        self.usage.drawings = u32::try_from(kept).unwrap_or(u32::MAX);
        self.usage.bytes = self.usage.bytes.saturating_add_signed(bytes);
    }
}

pub(super) fn accounts() -> Cache<UserKey, Arc<Account>> {
    Cache::builder().time_to_idle(IDLE).max_capacity(100_000).build()
}

impl Account {
    fn copy(&self) -> MutexGuard<'_, UsageCopy> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usage(&self) -> Usage {
        self.copy().usage
    }

    fn fresh_usage(&self) -> Option<Usage> {
        let copy = self.copy();
        copy.is_fresh().then_some(copy.usage)
    }

    fn set(&self, usage: Usage) {
        *self.copy() = UsageCopy { usage, taken_at: Some(Instant::now()) };
    }

    /// Makes the next write count the store anew.
    fn forget(&self) {
        self.copy().taken_at = None;
    }

    /// Reserves space, if the copy is fresh and the quotas leave enough.
    fn reserve(&self, need: &Need<'_>, limits: &Limits) -> bool {
        let mut copy = self.copy();
        let fits = copy.is_fresh() && need.excess(copy.usage, limits).is_none();
        if fits {
            copy.change(i64::from(need.drawing), i64::try_from(need.bytes).unwrap_or(i64::MAX));
        }
        fits
    }
}

/// Prevents a recount of the account while a write is in progress.
enum WriteGuard {
    Shared {
        _guard: OwnedRwLockReadGuard<()>,
    },
    /// Also excludes the user's other writes.
    Exclusive {
        _guard: OwnedRwLockWriteGuard<()>,
    },
}

/// Space reserved for one write. Dropping it without [`settle`](Self::settle) gives the space back and causes
/// a recount, since the write may or may not have been carried out.
#[must_use]
pub(super) struct Reservation {
    account: Arc<Account>,
    drawings: i64,
    bytes: i64,
    settled: bool,
    _guard: WriteGuard,
}

impl Reservation {
    fn of(account: &Arc<Account>, need: &Need<'_>, guard: WriteGuard) -> Self {
        Self {
            account: Arc::clone(account),
            drawings: i64::from(need.drawing),
            bytes: i64::try_from(need.bytes).unwrap_or(i64::MAX),
            settled: false,
            _guard: guard,
        }
    }

    /// Replaces the reservation by the actual change.
    pub(super) fn settle(mut self, drawings: i64, bytes: i64) {
        self.settled = true;
        self.account.copy().change(drawings - self.drawings, bytes.saturating_sub(self.bytes));
    }

    /// Gives the whole reservation back: nothing was written.
    pub(super) fn release(self) {
        self.settle(0, 0);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.settled {
            self.account.copy().change(-self.drawings, -self.bytes);
            self.account.forget();
        }
    }
}

/// Waits for a guard until the deadline.
async fn by<T>(deadline: tokio::time::Instant, guard: impl Future<Output = T>) -> DrawingResult<T> {
    tokio::time::timeout_at(deadline, guard).await.map_err(|_| DrawingError::Busy)
}

impl DrawingService {
    /// The storage that the user takes up, the bin included.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn usage(&self, user: &UserKey) -> DrawingResult<Usage> {
        let copy = self.0.usage.get(user).and_then(|account| account.fresh_usage());
        match copy {
            Some(usage) => Ok(usage),
            None => Ok(self.0.store.usage(user).await?),
        }
    }

    /// Reserves the space that a write needs. If there is too little, the oldest drawings are removed from
    /// the bin until there is enough; none are removed if even an empty bin would leave too little. The
    /// drawing is read before that: whether the write would be `refused` in any case, whether the drawing
    /// exists, and how many bytes the write would `free`.
    pub(super) async fn room_for(
        &self,
        user: &UserKey,
        mut need: Need<'_>,
        refused: impl Fn(Option<&Header>) -> bool,
        free: impl Fn(&Header) -> u64,
    ) -> DrawingResult<Reservation> {
        let limits = &self.0.limits;
        let account = self.0.usage.get_with(user.clone(), Arc::default);
        // While the store does not answer, the writes of a user would otherwise wait for one another's time-outs.
        let deadline = tokio::time::Instant::now() + OPERATION_DEADLINE;
        let guard = by(deadline, Arc::clone(&account.writes).read_owned()).await?;
        if account.reserve(&need, limits) {
            return Ok(Reservation::of(&account, &need, WriteGuard::Shared { _guard: guard }));
        }
        drop(guard);
        let guard = by(deadline, Arc::clone(&account.writes).write_owned()).await?;
        // A write that waited for the same guard may have counted the store meanwhile.
        if account.reserve(&need, limits) {
            let guard = OwnedRwLockWriteGuard::downgrade(guard);
            return Ok(Reservation::of(&account, &need, WriteGuard::Shared { _guard: guard }));
        }
        account.set(self.0.store.usage(user).await?);
        if !account.reserve(&need, limits) {
            let header = self.0.store.header(user, need.id).await?;
            if refused(header.as_ref()) {
                // The store returns the exact reason. The guard is exclusive: a concurrent write might
                // otherwise make the store accept this one without a reservation.
                let nothing = Need { id: need.id, drawing: false, bytes: 0, empties_bin: false };
                return Ok(Reservation::of(&account, &nothing, WriteGuard::Exclusive { _guard: guard }));
            }
            if let Some(header) = &header {
                need.drawing = false;
                need.bytes = need.bytes.saturating_sub(free(header));
            }
            if need.empties_bin {
                self.empty_bin_for(user, &account, &need, header.as_ref()).await?;
            }
            if !account.reserve(&need, limits) {
                return Err(need.excess(account.usage(), limits).unwrap_or(DrawingError::Busy));
            }
        }
        let guard = OwnedRwLockWriteGuard::downgrade(guard);
        Ok(Reservation::of(&account, &need, WriteGuard::Shared { _guard: guard }))
    }

    /// Removes the oldest drawings from the bin until there is space; none of them if all together would not
    /// suffice.
    async fn empty_bin_for(
        &self,
        user: &UserKey,
        account: &Account,
        need: &Need<'_>,
        header: Option<&Header>,
    ) -> DrawingResult<()> {
        let limits = &self.0.limits;
        let bin = self.0.store.bin_usage(user).await?;
        // The drawing of this write stays.
        let own = header.filter(|header| header.deleted_at.is_some());
        let usage = account.usage();
        let least = Usage {
            drawings: usage.drawings.saturating_sub(bin.drawings - own.map_or(0, |_| 1).min(bin.drawings)),
            bytes: usage.bytes.saturating_sub(bin.bytes - own.map_or(0, |own| own.bytes).min(bin.bytes)),
        };
        if let Some(excess) = need.excess(least, limits) {
            return Err(excess);
        }
        let now = Micros::now();
        loop {
            let mut purged = false;
            for oldest in self.0.store.bin(user, BIN_PAGE).await? {
                if need.excess(account.usage(), limits).is_none() {
                    return Ok(());
                }
                if oldest.id != need.id && self.0.store.purge(user, &oldest.id, now).await? {
                    account.copy().change(-1, -i64::try_from(oldest.bytes).unwrap_or(i64::MAX));
                    tracing::info!(drawing = %oldest.id, bytes = oldest.bytes, "purged from the bin to make room");
                    purged = true;
                }
            }
            match need.excess(account.usage(), limits) {
                None => return Ok(()),
                Some(excess) if !purged => return Err(excess),
                Some(_) => {}
            }
        }
    }

    /// Makes the next write count the store, after a change that the copy does not track.
    pub(super) fn recount(&self, user: &UserKey) {
        if let Some(account) = self.0.usage.get(user) {
            account.forget();
        }
    }
}
