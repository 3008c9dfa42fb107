//! Where heavy work is done: off the async threads, a few pieces at a time, one at a time for each user.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::user::UserKey;
use crate::service::drawings::{DrawingError, DrawingResult};
use crate::settings;
use crate::telemetry::Metrics;

/// How long a user's place is kept who asks for nothing more.
const KEPT: Duration = Duration::from_secs(60);
/// Users whose places are kept, at most.
const USERS: u64 = 100_000;
/// Stored actions of so many bytes are read in well under a millisecond and need no place.
pub(crate) const LIGHT: usize = 16 << 10;

/// The places for heavy work.
pub(crate) struct RenderPool {
    /// One place for each user, so that nobody's drawings keep all others waiting.
    shares: Cache<UserKey, UserSlot>,
    places: Arc<Semaphore>,
    size: usize,
    queue: usize,
    /// Pieces of work that are done or waited with.
    busy: Arc<AtomicUsize>,
}

/// What one user takes of the render_pool.
#[derive(Clone)]
struct UserSlot {
    place: Arc<Semaphore>,
    busy: Arc<AtomicUsize>,
}

/// A place that is taken until the work is done.
pub(crate) struct Slot {
    _share: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
    _busy: (Busy, Busy),
}

/// One in a count, until it is dropped.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// Counted in, unless there are so many already.
    fn below(most: usize, counter: &Arc<AtomicUsize>) -> DrawingResult<Self> {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        let counted = Self(Arc::clone(counter));
        if before < most { Ok(counted) } else { Err(DrawingError::Busy) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl RenderPool {
    pub(crate) fn new(settings: &settings::Gallery) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let size = if settings.renderers == 0 { cores } else { settings.renderers };
        Self {
            shares: Cache::builder().time_to_idle(KEPT).max_capacity(USERS).build(),
            places: Arc::new(Semaphore::new(size)),
            size,
            queue: settings.render_queue,
            busy: Arc::new(AtomicUsize::new(0)),
        }
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        metrics.pool("renderers", self.busy.load(Ordering::Relaxed), self.size);
    }

    /// Waits for a place for that user's work; [`DrawingError::Busy`] when too many are waiting. What the work
    /// needs is best fetched only then.
    pub(crate) async fn place(&self, user: &UserKey) -> DrawingResult<Slot> {
        let share = self.shares.get_with_by_ref(user, || UserSlot {
            place: Arc::new(Semaphore::new(1)),
            busy: Arc::new(AtomicUsize::new(0)),
        });
        let own = Busy::below(self.queue.div_ceil(2).max(1), &share.busy)?;
        let busy = (own, Busy::below(self.size + self.queue, &self.busy)?);
        let gone = |_| DrawingError::Internal("the render_pool is closed");
        let share = share.place.acquire_owned().await.map_err(gone)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(gone)?;
        Ok(Slot { _share: share, _place: place, _busy: busy })
    }
}

impl Slot {
    /// Does a piece of work on a thread of its own.
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
