//! The demand of a day on machines.

use super::day::{Day, Kind, MINUTES};
use super::figures::{MONGODB, OfKinds, POINT_BYTES, REPLY_BYTES, SAVE_BYTES, SESSION_BYTES, SQLITE};

/// Length in minutes of the busiest window.
const WINDOW: usize = 10;

/// The demand of a day on machines.
pub struct Demand {
    /// Requests a second of each kind, at its own busiest time.
    pub peak: OfKinds,
    /// Megabits a second to clients, at the busiest time.
    pub megabits: f64,
    /// Bytes of a day's actions, as the codec makes them.
    pub stored: f64,
    /// Bytes that the embedded file grows by in a day.
    pub sqlite: f64,
    /// Bytes that one copy of MongoDB's data grows by in a day.
    pub mongodb: f64,
    /// The most live sessions.
    pub sessions: f64,
    /// Bytes of these sessions in Redis.
    pub redis: f64,
}

impl Demand {
    pub fn of(day: &Day) -> Self {
        let most = |of: &dyn Fn(std::ops::Range<usize>) -> f64| {
            (0..MINUTES / WINDOW).map(|turn| of(turn * WINDOW..(turn + 1) * WINDOW)).fold(0.0, f64::max)
        };
        let points: f64 = day.drawings.iter().map(|&(_, points)| f64::from(points)).sum();
        let stored = points * POINT_BYTES + f64::from(day.saved) * SAVE_BYTES;
        let sessions = day.sessions.iter().max().map_or(0.0, |&most| most as f64);
        Self {
            peak: Kind::ALL.map(|kind| most(&|minutes| rate(day, &[kind], minutes))),
            megabits: most(&|minutes| megabits(day, minutes)),
            stored,
            sqlite: stored * SQLITE,
            mongodb: stored * MONGODB,
            sessions,
            redis: sessions * SESSION_BYTES,
        }
    }

    /// Number of fully busy machines with these rates for those kinds.
    pub fn machines(&self, kinds: &[Kind], rates: &OfKinds) -> f64 {
        kinds.iter().map(|&kind| self.peak[kind as usize] / rates[kind as usize]).sum()
    }

    /// Maximum requests a second of those kinds.
    pub fn asked(&self, kinds: &[Kind]) -> f64 {
        kinds.iter().map(|&kind| self.peak[kind as usize]).sum()
    }
}

/// Requests a second of those kinds, in those minutes.
pub fn rate(day: &Day, kinds: &[Kind], minutes: std::ops::Range<usize>) -> f64 {
    let seconds = 60.0 * minutes.len() as f64;
    let of =
        |requests: &[u32; Kind::ALL.len()]| kinds.iter().map(|&kind| requests[kind as usize]).sum::<u32>();
    f64::from(day.requests[minutes].iter().map(of).sum::<u32>()) / seconds
}

/// Megabits a second to clients, in those minutes.
pub fn megabits(day: &Day, minutes: std::ops::Range<usize>) -> f64 {
    let of = |kind: Kind| rate(day, &[kind], minutes.clone()) * REPLY_BYTES[kind as usize];
    Kind::ALL.map(of).iter().sum::<f64>() * 8.0 / 1e6
}
