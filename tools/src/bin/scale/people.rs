//! Assumptions about users. They are not measured; replace them with your own.

use super::random::Tail;

/// The hours' shares of a day's visits, in percent, from midnight on in China: a night, a rise until noon, a peak over
/// lunch and the highest one before bed, as mobile services there commonly see them.
pub const HOURS: [f64; 24] = [
    2.6, 1.3, 0.7, 0.4, 0.4, 0.6, 1.5, 3.0, 4.0, 4.2, 4.4, 4.8, 6.2, 5.4, 4.3, 4.3, 4.5, 5.0, 5.8, 7.0, 8.2,
    8.6, 7.6, 5.2,
];
/// Visits of a day after the first.
pub const FURTHER_VISITS: f64 = 1.2;
/// The share of people who come with a client of 2016.
pub const WEAPP: f64 = 0.02;
/// Number of earlier drawings of a user.
pub const GALLERY: Tail = Tail { median: 8.0, sigma: 1.2 };
/// Number of pictures on the first screen of the gallery.
pub const SCREEN: f64 = 6.0;
/// Number of drawings that are opened or played in a visit.
pub const READS: f64 = 0.7;
/// Number of drawings made in a visit, rounded down: most visits have none.
pub const DRAWINGS: Tail = Tail { median: 0.5, sigma: 1.2 };
/// The share of one-stroke drawings.
pub const ONE_STROKE: f64 = 0.3;
/// Number of strokes of the other drawings.
pub const STROKES: Tail = Tail { median: 15.0, sigma: 1.0 };
/// Points of a stroke, at 60 a second.
pub const POINTS: Tail = Tail { median: 35.0, sigma: 0.9 };
/// Mean seconds between two strokes.
pub const REST: f64 = 1.8;
/// Mean seconds between two activities.
pub const PAUSE: f64 = 20.0;
