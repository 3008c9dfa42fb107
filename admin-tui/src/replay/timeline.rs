//! The times of a drawing's entries: the original ones, or with shortened pauses.

use super::entry::Entry;
use crate::time::Millis;

/// Longer pauses are shortened to this when idle time is skipped.
pub const PAUSE: Millis = 400;

/// An entry's place in time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: Millis,
    /// The end of a stroke; for other entries the start.
    pub end: Millis,
}

/// The spans of all entries, in order and without overlaps.
///
/// An entry without a time, or with a time before its predecessor's end, follows at once, so that a list from two
/// devices plays one entry after the other.
pub fn spans(entries: &[Entry], skip_idle: bool) -> Vec<Span> {
    let mut spans = Vec::with_capacity(entries.len());
    // The clock of the drawing, and how much of it was skipped.
    let (mut clock, mut skipped): (Millis, Millis) = (0, 0);
    for (index, entry) in entries.iter().enumerate() {
        let at = entry.at().and_then(|at| Millis::try_from(at).ok()).unwrap_or(clock).max(clock);
        let pause = at - clock;
        let bound = if index == 0 { 0 } else { PAUSE };
        if skip_idle && pause > bound {
            skipped += pause - bound;
        }
        let duration: Millis = entry
            .stroke()
            .map_or(0, |stroke| stroke.points.iter().skip(1).map(|point| Millis::from(point.dt)).sum());
        spans.push(Span { start: at - skipped, end: at + duration - skipped });
        clock = at + duration;
    }
    spans
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::{Action, Color, OWNER, Point, Stroke, Tool};

    use super::*;

    fn stroke(at: u64, dts: &[u32]) -> Entry {
        let points = dts.iter().map(|dt| Point { x: 0, y: 0, dt: *dt }).collect();
        let stroke = Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 1, points };
        Entry::Action(Action::Stroke { by: OWNER, at, stroke })
    }

    fn times(entries: &[Entry], skip_idle: bool) -> Vec<(Millis, Millis)> {
        spans(entries, skip_idle).iter().map(|span| (span.start, span.end)).collect()
    }

    #[test]
    fn pauses_are_kept_or_shortened() {
        let undo = Entry::Action(Action::Undo { by: OWNER, at: None });
        let entries = [stroke(1000, &[0, 10, 20]), undo, stroke(60_000, &[0]), stroke(60_100, &[0, 5])];
        assert_eq!(times(&entries, false), [(1000, 1030), (1030, 1030), (60_000, 60_000), (60_100, 60_105)]);
        assert_eq!(times(&entries, true), [(0, 30), (30, 30), (430, 430), (530, 535)]);
    }

    #[test]
    fn time_never_runs_backwards() {
        let entries = [stroke(500, &[0, 100]), stroke(20, &[0, 7]), stroke(u64::MAX, &[0])];
        assert_eq!(times(&entries, false), [(500, 600), (600, 607), (607, 607)]);
        assert_eq!(times(&[], true), []);
    }
}
