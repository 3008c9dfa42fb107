//! The time that a rendering may take, and whether its result is still wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::RenderError;

/// The longest time for the strokes of one picture. A person's drawing takes milliseconds, whatever its size; a few
/// points of wide strokes can cover much paper.
const PATIENCE: Duration = Duration::from_secs(5);

/// Limits a rendering, which checks it between the parts of its work.
#[derive(Debug, Clone)]
pub struct Budget {
    until: Instant,
    abandoned: Arc<AtomicBool>,
}

/// Abandons a rendering when it is dropped: held by the task that waits for the result.
#[derive(Debug)]
pub struct BudgetGuard(Arc<AtomicBool>);

impl Budget {
    /// Starts the time of one picture.
    #[must_use]
    pub fn start() -> Self {
        Self { until: Instant::now() + PATIENCE, abandoned: Arc::default() }
    }

    /// Returns a guard whose drop ends the rendering at its next check.
    #[must_use]
    pub fn guard(&self) -> BudgetGuard {
        BudgetGuard(Arc::clone(&self.abandoned))
    }

    /// Checks that the rendering may go on.
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
