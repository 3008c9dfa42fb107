//! Where heavy work is done: off the async threads, a few pieces at a time, one at a time for each user.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{GalleryError, GalleryResult};
use crate::settings;
use crate::telemetry::Metrics;
use crate::user::UserKey;

/// How long a user's place is kept who asks for nothing more.
const KEPT: Duration = Duration::from_secs(60);
/// Users whose places are kept, at most.
const USERS: u64 = 100_000;
/// Stored actions of so many bytes are read in well under a millisecond and need no place.
pub(super) const LIGHT: usize = 16 << 10;

/// The places for heavy work.
pub(super) struct Studio {
    /// One place for each user, so that nobody's drawings keep all others waiting.
    shares: Cache<UserKey, Share>,
    places: Arc<Semaphore>,
    size: usize,
    queue: usize,
    /// Pieces of work that are done or waited with.
    busy: Arc<AtomicUsize>,
}

/// What one user takes of the studio.
#[derive(Clone)]
struct Share {
    place: Arc<Semaphore>,
    busy: Arc<AtomicUsize>,
}

/// A place that is taken until the work is done.
pub(super) struct Place {
    _share: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
    _busy: (Busy, Busy),
}

/// One in a count, until it is dropped.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// Counted in, unless there are so many already.
    fn below(most: usize, counter: &Arc<AtomicUsize>) -> GalleryResult<Self> {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        let counted = Self(Arc::clone(counter));
        if before < most { Ok(counted) } else { Err(GalleryError::Busy) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Studio {
    pub(super) fn new(settings: &settings::Gallery) -> Self {
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

    pub(super) fn observe(&self, metrics: &Metrics) {
        metrics.pool("renderers", self.busy.load(Ordering::Relaxed), self.size);
    }

    /// Waits for a place for that user's work; [`GalleryError::Busy`] when too many are waiting. What the work
    /// needs is best fetched only then.
    pub(super) async fn place(&self, user: &UserKey) -> GalleryResult<Place> {
        let share = self.shares.get_with_by_ref(user, || Share {
            place: Arc::new(Semaphore::new(1)),
            busy: Arc::new(AtomicUsize::new(0)),
        });
        let own = Busy::below(self.queue.div_ceil(2).max(1), &share.busy)?;
        let busy = (own, Busy::below(self.size + self.queue, &self.busy)?);
        let gone = |_| GalleryError::Internal("the studio is closed");
        let share = share.place.acquire_owned().await.map_err(gone)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(gone)?;
        Ok(Place { _share: share, _place: place, _busy: busy })
    }
}

impl Place {
    /// Does a piece of work on a thread of its own.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> GalleryResult<T> + Send + 'static,
    ) -> GalleryResult<T> {
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(self);
            done
        });
        task.await.unwrap_or(Err(GalleryError::Internal("a piece of work panicked")))
    }
}
