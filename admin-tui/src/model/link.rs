//! Whether the server answers, and when to try again.

use crate::moment::Millis;

/// The first wait after a failure, and the longest.
const WAITS: (Millis, Millis) = (500, 10_000);

/// How the console stands with its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nothing is known yet.
    Connecting,
    /// It answered last time.
    Up,
    /// It did not.
    Down {
        /// Why.
        error: String,
        /// How often in a row.
        attempt: u32,
        /// When it is tried again.
        retry_at: Millis,
    },
}

impl Link {
    /// The link after one more failure.
    pub fn failed(&self, error: String, now: Millis) -> Self {
        let attempt = match self {
            Self::Down { attempt, .. } => attempt + 1,
            Self::Connecting | Self::Up => 1,
        };
        Self::Down { error, attempt, retry_at: now + wait(attempt) }
    }

    /// When it is tried again.
    pub fn retry_at(&self) -> Option<Millis> {
        match self {
            Self::Down { retry_at, .. } => Some(*retry_at),
            Self::Connecting | Self::Up => None,
        }
    }
}

/// Milliseconds before the next try after so many failures: twice as long each time, up to a bound.
pub fn wait(attempt: u32) -> Millis {
    let (first, longest) = WAITS;
    first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_growing() {
        let waits: Vec<Millis> = (1..8).map(wait).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(wait(u32::MAX), 10_000);
        let twice = Link::Up.failed("no".into(), 100).failed("no".into(), 600);
        assert_eq!(twice, Link::Down { error: "no".into(), attempt: 2, retry_at: 1_600 });
    }
}
