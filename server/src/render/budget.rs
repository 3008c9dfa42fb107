//! Time limit and cancellation of a rendering.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::RenderError;

/// Time limit for the strokes of one picture. A real drawing takes milliseconds, whatever its size; a few
/// points of wide strokes can cover much paper.
const PATIENCE: Duration = Duration::from_secs(5);

/// Limit of a rendering, which checks it between its steps.
#[derive(Debug, Clone)]
pub struct Budget {
    until: Instant,
    abandoned: Arc<AtomicBool>,
}

/// Cancels a rendering when it is dropped; held by the task that awaits the result.
#[derive(Debug)]
pub struct BudgetGuard(Arc<AtomicBool>);

impl Budget {
    /// Starts the time limit of one picture.
    #[must_use]
    pub fn start() -> Self {
        Self { until: Instant::now() + PATIENCE, abandoned: Arc::default() }
    }

    /// A limit that a slow machine does not reach.
    #[cfg(test)]
    pub(super) fn unlimited() -> Self {
        Self { until: Instant::now() + 1_000 * PATIENCE, abandoned: Arc::default() }
    }

    /// Returns a guard whose drop stops the rendering at its next check.
    #[must_use]
    pub fn guard(&self) -> BudgetGuard {
        BudgetGuard(Arc::clone(&self.abandoned))
    }

    /// Fails when the time limit has passed or the rendering is cancelled.
    pub(super) fn check(&self) -> Result<(), RenderError> {
        if self.abandoned.load(Ordering::Relaxed) {
            Err(RenderError::Abandoned)
        } else if Instant::now() > self.until {
            Err(RenderError::TooLarge)
        } else {
            Ok(())
        }
    }
}

impl Drop for BudgetGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
