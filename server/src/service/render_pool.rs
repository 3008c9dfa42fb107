//! Thread pools for heavy work: a few jobs at a time, and one at a time per user.
//!
//! Users with queued jobs take turns, so a job's wait depends on the number of users, not on the number of
//! jobs of one of them. When the queue is full, users with several jobs are rejected; a user with few jobs is
//! always admitted, so that no user can fill the queue for others. Dropping the caller's future gives up its
//! place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::user::UserKey;
use crate::service::drawings::{DrawingError, DrawingResult};
use crate::telemetry::Metrics;

/// How long an idle user's slot is kept.
const KEPT: Duration = Duration::from_secs(60);
/// Maximum number of user slots.
const USERS: u64 = 100_000;
/// Size in bytes up to which stored actions are decoded inline: it takes well under a millisecond.
pub(crate) const LIGHT: usize = 16 << 10;
/// Maximum number of one user's jobs in the pool: a phone loads a page of pictures at once.
const PER_USER: usize = 16;
/// A user with at most so many jobs is admitted however many wait.
const ALWAYS: usize = 2;
/// Maximum number of jobs in the pool: it bounds the memory.
const TOTAL: usize = 4_096;

/// A pool of threads for heavy work.
pub(crate) struct RenderPool {
    name: &'static str,
    users: Cache<UserKey, UserSlot>,
    threads: Arc<Semaphore>,
    size: usize,
    queue: usize,
    /// Number of jobs that wait or run.
    busy: Arc<AtomicUsize>,
}

/// One user's part of the pool.
#[derive(Clone)]
struct UserSlot {
    turn: Arc<Semaphore>,
    busy: Arc<AtomicUsize>,
}

/// A thread of the pool, reserved until the work is done.
pub(crate) struct Slot {
    _turn: OwnedSemaphorePermit,
    _thread: OwnedSemaphorePermit,
    _busy: (Busy, Busy),
}

/// Holds one unit of a counter until it is dropped.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// Increments a counter; also returns its former value.
    fn count(counter: &Arc<AtomicUsize>) -> (usize, Self) {
        (counter.fetch_add(1, Ordering::Relaxed), Self(Arc::clone(counter)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl RenderPool {
    /// A pool of `size` threads (0: one for each core), with room for `queue` more jobs; `name` is its label
    /// in the metrics.
    pub(crate) fn new(name: &'static str, size: usize, queue: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let size = if size == 0 { cores } else { size };
        Self {
            name,
            users: Cache::builder().time_to_idle(KEPT).max_capacity(USERS).build(),
            threads: Arc::new(Semaphore::new(size)),
            size,
            queue,
            busy: Arc::new(AtomicUsize::new(0)),
        }
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        metrics.pool(self.name, self.busy.load(Ordering::Relaxed), self.size);
    }

    /// Waits for a thread for that user's job; [`DrawingError::Busy`] when too many wait. Read the job's data
    /// only after this call.
    pub(crate) async fn slot(&self, user: &UserKey) -> DrawingResult<Slot> {
        let slot = self.users.get_with_by_ref(user, || UserSlot {
            turn: Arc::new(Semaphore::new(1)),
            busy: Arc::new(AtomicUsize::new(0)),
        });
        let (own, all) = (Busy::count(&slot.busy), Busy::count(&self.busy));
        let bound = if own.0 < ALWAYS { TOTAL } else { self.size + self.queue };
        if own.0 >= PER_USER || all.0 >= bound {
            return Err(DrawingError::Busy);
        }
        let closed = |_| DrawingError::Internal("a pool is closed");
        let turn = slot.turn.acquire_owned().await.map_err(closed)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(closed)?;
        Ok(Slot { _turn: turn, _thread: thread, _busy: (own.1, all.1) })
    }
}

impl Slot {
    /// Runs a job on the reserved thread.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> DrawingResult<T> + Send + 'static,
    ) -> DrawingResult<T> {
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(self);
            done
        });
        task.await.unwrap_or(Err(DrawingError::Internal("a piece of work panicked")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserKey {
        UserKey::new("wx", name)
    }

    #[tokio::test]
    async fn users_with_many_pieces_leave_room_for_others() {
        let pool = RenderPool::new("test", 1, 8);
        let keys = ["first", "second", "third"].map(user);
        let running = pool.slot(&user("first")).await.unwrap();
        let mut waiting = Vec::new();
        for key in &keys {
            for _ in 0..40 {
                let mut slot = Box::pin(pool.slot(key));
                if futures_util::poll!(slot.as_mut()).is_pending() {
                    waiting.push(slot);
                }
            }
        }
        assert!(waiting.len() <= 8 + 3 * ALWAYS, "{}", waiting.len());
        let key = user("other");
        let mut other = Box::pin(pool.slot(&key));
        assert!(futures_util::poll!(other.as_mut()).is_pending(), "another user is let in");
        drop(waiting);
        drop(running);
        other.await.unwrap();
        assert_eq!(pool.busy.load(Ordering::Relaxed), 0, "callers that go away give up their places");
    }

    #[tokio::test]
    async fn a_user_has_so_many_pieces_and_no_more() {
        let pool = RenderPool::new("test", 1, 1_000);
        let key = user("a");
        let _running = pool.slot(&key).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 1..PER_USER {
            let mut slot = Box::pin(pool.slot(&key));
            assert!(futures_util::poll!(slot.as_mut()).is_pending());
            waiting.push(slot);
        }
        assert!(matches!(pool.slot(&key).await, Err(DrawingError::Busy)));
    }
}
