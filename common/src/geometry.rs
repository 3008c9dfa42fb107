//! The shapes of strokes: the one definition for the phone's canvas, the PNG and the SVG.
//!
//! [`shape`] converts a stroke to a path that every renderer draws in one call. It computes in f64 with only
//! `+ - * /`, square root and ceiling, each of which IEEE 754 (and ECMAScript) defines to the last bit, so
//! `miniprogram/lib/geometry.js` returns the same numbers; `common/tests/vectors/geometry.json` checks both. An
//! operation whose order changes here has to change there too.
//!
//! All lengths are grid units. Ink's speeds and tolerances are those of the default grid: on a finer grid they count in
//! [`Paper::unit`](crate::drawing::Paper::unit)s, so a drawing looks the same on any grid. The path through the points is
//! the midpoint-quadratic curve: a line from the first point to the midpoint of the first two, then for each inner point a
//! quadratic Bézier curve between the midpoints on both sides with the point as control, then a line to the last point
//! (the uniform quadratic B-spline with clamped ends). Consecutive points at the same position count once.

mod ink;

use crate::drawing::{Point, Stroke, Tool};

/// A position in grid units, x to the right and y down.
pub type Position = [f64; 2];

/// The shape of a stroke, to be drawn with one call, so that anti-aliased edges never add up.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A path to be stroked, with round caps and round joins.
    Line {
        /// The line width.
        width: f64,
        /// The start of the path.
        start: Position,
        /// The pieces of the path after the start.
        segments: Vec<Segment>,
    },
    /// Closed polygons to be filled as one path by the non-zero rule. They may cross themselves and each
    /// other; all wind the same way round.
    Outline(Vec<Vec<Position>>),
    /// A disc.
    Dot {
        /// The centre.
        center: Position,
        /// The radius.
        radius: f64,
    },
}

/// A piece of a stroked path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// A straight line to a position.
    Line(Position),
    /// A quadratic Bézier curve: its control position, then its end.
    Quad(Position, Position),
}

/// Computes a stroke's shape.
///
/// - A single distinct point becomes a disc of the stroke's width, with every tool.
/// - Pen and eraser become a line of constant width along the curve.
/// - Ink becomes an outline whose width follows the speed of the hand, see [`ink_width`]. Ink without times (every `dt` is
///   0) has no speed and becomes a line like a pen's.
///
/// `unit` is the paper's [`unit`](crate::drawing::Paper::unit), 1 on the default grid: ink is computed on the
/// default grid and scaled back.
///
/// A stroke without points, which no valid action has, becomes an empty outline.
#[must_use]
pub fn shape(stroke: &Stroke, unit: f64) -> Shape {
    let width = f64::from(stroke.width);
    let (knots, end) = knots(&stroke.points);
    match knots.as_slice() {
        [] => Shape::Outline(Vec::new()),
        [knot] => Shape::Dot { center: knot.at, radius: width * 0.5 },
        [first, ..] => match stroke.tool {
            Tool::Ink if end > 0.0 => {
                let scaled =
                    |knot: &Knot| Knot { at: [knot.at[0] / unit, knot.at[1] / unit], time: knot.time };
                let knots: Vec<Knot> = knots.iter().map(scaled).collect();
                let mut polygons = ink::shape(&knots, end, width / unit);
                for [x, y] in polygons.iter_mut().flatten() {
                    *x *= unit;
                    *y *= unit;
                }
                Shape::Outline(polygons)
            }
            Tool::Pen | Tool::Ink | Tool::Eraser => {
                Shape::Line { width, start: first.at, segments: segments(&knots) }
            }
        },
    }
}

pub use ink::{REACH, width as ink_width};

/// The length of the polyline through all points, in grid units.
#[must_use]
pub fn path_length(points: &[Point]) -> f64 {
    let mut length = 0.0;
    for (a, b) in points.iter().zip(points.iter().skip(1)) {
        length += distance(position(a), position(b));
    }
    length
}

/// A distinct point of a stroke.
#[derive(Debug, Clone, Copy)]
struct Knot {
    at: Position,
    /// The time at which the hand reached it, in milliseconds since the stroke began.
    time: f64,
}

/// The points without repetitions of a position, and the time at which the hand was lifted: the sum of all `dt`.
fn knots(points: &[Point]) -> (Vec<Knot>, f64) {
    let mut knots: Vec<Knot> = Vec::with_capacity(points.len());
    let mut time = 0.0;
    for point in points {
        time += f64::from(point.dt);
        let at = position(point);
        if knots.last().is_none_or(|last| last.at != at) {
            knots.push(Knot { at, time });
        }
    }
    (knots, time)
}

fn segments(knots: &[Knot]) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(knots.len() + 1);
    for (a, b) in knots.iter().zip(knots.iter().skip(1)) {
        let middle = middle(a.at, b.at);
        segments.push(if segments.is_empty() { Segment::Line(middle) } else { Segment::Quad(a.at, middle) });
    }
    segments.extend(knots.last().map(|last| Segment::Line(last.at)));
    segments
}

fn position(point: &Point) -> Position {
    [f64::from(point.x), f64::from(point.y)]
}

fn middle(a: Position, b: Position) -> Position {
    [(a[0] + b[0]) * 0.5, (a[1] + b[1]) * 0.5]
}

fn distance(a: Position, b: Position) -> f64 {
    length([b[0] - a[0], b[1] - a[1]])
}

/// The length of a vector. `hypot` would differ in its last bits between libraries.
fn length(v: Position) -> f64 {
    (v[0] * v[0] + v[1] * v[1]).sqrt()
}
