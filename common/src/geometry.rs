//! How a stroke looks.

use crate::drawing::Point;

/// The length of the way through all points, in grid units.
#[must_use]
pub fn path_length(points: &[Point]) -> f64 {
    points
        .windows(2)
        .map(|pair| match pair {
            [a, b] => f64::from(b.x - a.x).hypot(f64::from(b.y - a.y)),
            _ => 0.0,
        })
        .sum()
}
