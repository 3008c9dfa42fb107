//! The connection to the server, and its next attempt.

use crate::time::Millis;

/// The first wait after a failure, and the longest.
const WAITS: (Millis, Millis) = (500, 10_000);

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Connecting,
    /// The server answered the last request.
    Up,
    Down {
        error: String,
        /// Failures in a row.
        attempt: u32,
        retry_at: Millis,
    },
    /// Something answered, but does not let this console in; trying again would change nothing.
    Refused {
        remedy: String,
    },
}

impl Link {
    /// The state after one more failure.
    pub fn failed(&self, error: String, now: Millis) -> Self {
        let attempt = match self {
            Self::Down { attempt, .. } => attempt + 1,
            Self::Connecting | Self::Up | Self::Refused { .. } => 1,
        };
        Self::Down { error, attempt, retry_at: now + wait(attempt) }
    }

    pub fn retry_at(&self) -> Option<Millis> {
        match self {
            Self::Down { retry_at, .. } => Some(*retry_at),
            Self::Connecting | Self::Up | Self::Refused { .. } => None,
        }
    }

    /// Whether requests are pointless at the moment.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::Refused { .. })
    }
}

/// The wait after so many failures: twice as long each time, up to a bound.
pub fn wait(attempt: u32) -> Millis {
    let (first, longest) = WAITS;
    first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let waits: Vec<Millis> = (1..8).map(wait).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(wait(u32::MAX), 10_000);
        let twice = Link::Up.failed("no".into(), 100).failed("no".into(), 600);
        assert_eq!(twice, Link::Down { error: "no".into(), attempt: 2, retry_at: 1_600 });
    }
}
