//! Ink, a brush pen: a slow hand draws a broad line, a fast hand a thin one, and a hand that is lifted while it moves
//! tapers the line to a point.
//!
//! All lengths are units of the default grid.

use super::{Knot, Position, distance, length, middle};

/// The speed at which the width is midway between both extremes, in grid units per millisecond (about 450 CSS pixels a
/// second on a phone).
const MIDDLE_SPEED: f64 = 2.5;
/// The width of a resting hand, in widths of the stroke.
const SLOW: f64 = 1.15;
/// The width that a fast hand approaches, in widths of the stroke.
const FAST: f64 = 0.3;
/// The reach of the window that speed is measured in, to both sides, in milliseconds.
const WINDOW: f64 = 40.0;
/// The time before the lift in which the hand's speed determines the taper, in milliseconds.
const LIFT_WINDOW: f64 = 50.0;
/// The longest taper, in widths of the stroke.
const TAPER: f64 = 6.0;
/// The largest share of a stroke's length that the taper takes.
const TAPER_SHARE: f64 = 0.75;
/// The largest distance between the outline and the true curve, in grid units.
const TOLERANCE: f64 = 0.125;
/// The most pieces that one curve is cut into.
const MOST_PIECES: f64 = 32.0;

/// The radius of a fill's corners, in radii of the brush.
const FILL: f64 = 0.95;
/// The smallest distance between fills, in radii of the brush.
const FILL_SPACING: f64 = 0.0625;
/// Directions whose sum is shorter than this are opposite.
const TINY: f64 = 1e-9;

/// The largest distance of ink from its path, in widths of the stroke.
pub const REACH: f64 = SLOW * 0.5;

/// The width of ink at a speed in grid units per millisecond, as a factor of the stroke's width.
///
/// `FAST + (SLOW - FAST) / (1 + (speed / MIDDLE_SPEED)²)`: 1.15 at rest, 0.725 at 2.5 units/ms, towards 0.3
/// beyond.
#[must_use]
pub fn width(speed: f64) -> f64 {
    let ratio = speed / MIDDLE_SPEED;
    FAST + (SLOW - FAST) / (1.0 + ratio * ratio)
}

/// A sample of the flattened curve.
struct Sample {
    at: Position,
    /// The direction of the hand, a unit vector.
    direction: Position,
    radius: f64,
}

/// Computes the outline of at least two knots.
///
/// 1. Each knot's speed is the path length from the first to the last knot within `WINDOW` of it (at least its
///    neighbours) divided by the time between them; without time between them, the nominal width is used.
/// 2. The widths for these speeds are smoothed along the path, forwards and then backwards, by a filter that halves a
///    difference over one width of the stroke.
/// 3. The radius is interpolated like the position, by the same quadratic B-spline, so it is smooth.
/// 4. The curve is cut into pieces short enough for the outline to stay within `TOLERANCE`.
/// 5. The end is tapered to a point, finer and longer the faster the hand was lifted.
/// 6. The outline runs left and right of the samples, round at both ends.
pub(super) fn shape(knots: &[Knot], end: f64, width: f64) -> Vec<Vec<Position>> {
    let way = way(knots);
    let radii = radii(knots, &way, width);
    let mut samples = samples(knots, &radii, width);
    taper(&mut samples, lift_speed(knots, &way, end), width);
    outline(&samples)
}

/// The path length up to each knot.
fn way(knots: &[Knot]) -> Vec<f64> {
    let mut total = 0.0;
    let mut way = Vec::with_capacity(knots.len());
    let mut before: Option<&Knot> = None;
    for knot in knots {
        if let Some(before) = before {
            total += distance(before.at, knot.at);
        }
        way.push(total);
        before = Some(knot);
    }
    way
}

fn radii(knots: &[Knot], way: &[f64], stroke_width: f64) -> Vec<f64> {
    let time = |index: usize| knots.get(index).map_or(0.0, |knot| knot.time);
    let length = |index: usize| way.get(index).copied().unwrap_or(0.0);
    let last = knots.len().saturating_sub(1);
    let mut factors = Vec::with_capacity(knots.len());
    let (mut from, mut to) = (0, 0);
    for (index, knot) in knots.iter().enumerate() {
        while from + 1 < index && knot.time - time(from) > WINDOW {
            from += 1;
        }
        while to < last && (to <= index || time(to + 1) - knot.time <= WINDOW) {
            to += 1;
        }
        let duration = time(to) - time(from);
        factors.push(if duration > 0.0 { width((length(to) - length(from)) / duration) } else { 1.0 });
    }

    let mut before: Option<(f64, f64)> = None;
    for (factor, length) in factors.iter_mut().zip(way) {
        before = Some((smooth(before, factor, *length, stroke_width), *length));
    }
    before = None;
    for (factor, length) in factors.iter_mut().zip(way).rev() {
        before = Some((smooth(before, factor, *length, stroke_width), *length));
    }
    for factor in &mut factors {
        *factor = *factor * stroke_width * 0.5;
    }
    factors
}

/// Moves a factor towards the previous one, which lies at another path length.
fn smooth(before: Option<(f64, f64)>, factor: &mut f64, length: f64, stroke_width: f64) -> f64 {
    if let Some((value, at)) = before {
        let step = if length > at { length - at } else { at - length };
        *factor = value + (*factor - value) * (step / (step + stroke_width));
    }
    *factor
}

fn samples(knots: &[Knot], radii: &[f64], width: f64) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::with_capacity(knots.len() * 4);
    let mut from: Option<(Position, f64)> = None;
    let nodes = || knots.iter().map(|knot| knot.at).zip(radii.iter().copied());
    for ((a, a_radius), (b, b_radius)) in nodes().zip(nodes().skip(1)) {
        let end = (middle(a, b), (a_radius + b_radius) * 0.5);
        if let Some(start) = from {
            flatten(start, (a, a_radius), end, width, &mut samples);
        } else {
            let [x, y] = [b[0] - a[0], b[1] - a[1]];
            let size = length([x, y]);
            samples.push(Sample { at: a, direction: [x / size, y / size], radius: a_radius });
            straight((a, a_radius), end, width, &mut samples);
        }
        from = Some(end);
    }
    if let (Some(start), Some(end)) = (from, nodes().next_back()) {
        straight(start, end, width, &mut samples);
    }
    samples
}

fn straight(start: (Position, f64), end: (Position, f64), width: f64, samples: &mut Vec<Sample>) {
    let control = (middle(start.0, end.0), (start.1 + end.1) * 0.5);
    flatten(start, control, end, width, samples);
}

/// Cuts a quadratic curve into pieces and appends the end of each.
///
/// With the curve's second difference D, each of n pieces is at most |D| / 4n² away from its chord.
fn flatten(
    (start, start_radius): (Position, f64),
    (control, control_radius): (Position, f64),
    (end, end_radius): (Position, f64),
    width: f64,
    samples: &mut Vec<Sample>,
) {
    let before = [control[0] - start[0], control[1] - start[1]];
    let after = [end[0] - control[0], end[1] - control[1]];
    let bend = length([after[0] - before[0], after[1] - before[1]]);
    let smooth = (bend / (4.0 * TOLERANCE)).sqrt().ceil();
    let short = ((length(before) + length(after)) / width).ceil();
    let most = if smooth > short { smooth } else { short };
    let pieces = if most > MOST_PIECES { MOST_PIECES } else { most };

    let mut piece = 1.0;
    while piece <= pieces {
        let t = piece / pieces;
        let u = 1.0 - t;
        let mix = |a: f64, b: f64, c: f64| u * u * a + 2.0 * u * t * b + t * t * c;
        let x = u * before[0] + t * after[0];
        let y = u * before[1] + t * after[1];
        let size = length([x, y]);
        let direction = if size > 0.0 {
            [x / size, y / size]
        } else {
            samples.last().map_or([1.0, 0.0], |sample| sample.direction)
        };
        samples.push(Sample {
            at: [mix(start[0], control[0], end[0]), mix(start[1], control[1], end[1])],
            direction,
            radius: mix(start_radius, control_radius, end_radius),
        });
        piece += 1.0;
    }
}

/// The speed at which the hand left the paper, measured over the last `LIFT_WINDOW`: 0 for a hand that rested before it
/// was lifted.
fn lift_speed(knots: &[Knot], way: &[f64], end: f64) -> f64 {
    let mut start: Option<(f64, f64)> = None;
    let mut total = 0.0;
    for (knot, length) in knots.iter().zip(way) {
        if start.is_none() || end - knot.time >= LIFT_WINDOW {
            start = Some((knot.time, *length));
        }
        total = *length;
    }
    match start {
        Some((time, length)) if end > time => (total - length) / (end - time),
        _ => 0.0,
    }
}

/// Tapers the end along a parabola that takes the share `strength` of the radius at the tip. On a short path, both the
/// length and the strength of the taper are reduced, so that it is never blunt.
fn taper(samples: &mut [Sample], speed: f64, width: f64) {
    let ratio = speed / MIDDLE_SPEED;
    let wanted = ratio * ratio / (1.0 + ratio * ratio);
    let mut total = 0.0;
    for (a, b) in samples.iter().zip(samples.iter().skip(1)) {
        total += distance(a.at, b.at);
    }
    let most = TAPER_SHARE * total / (TAPER * width);
    let strength = if wanted > most { most } else { wanted };
    let reach = strength * TAPER * width;

    let mut rest = 0.0;
    let mut after: Option<Position> = None;
    for sample in samples.iter_mut().rev() {
        if let Some(after) = after {
            rest += distance(sample.at, after);
        }
        if rest >= reach {
            return;
        }
        let gone = 1.0 - rest / reach;
        sample.radius *= 1.0 - strength * gone * gone;
        after = Some(sample.at);
    }
}

/// Computes the polygon around the samples (along the left edge, around the tip, back along the right edge, around the
/// start) and the polygons that fill folds.
fn outline(samples: &[Sample]) -> Vec<Vec<Position>> {
    let (mut left, mut right) = (Edge::new(1.0), Edge::new(-1.0));
    let mut fills = Fills::default();
    if let Some(first) = samples.first() {
        left.points.push(side(first, left.sign));
        right.points.push(side(first, right.sign));
    }
    for (a, b) in samples.iter().zip(samples.iter().skip(1)) {
        let cross = a.direction[0] * b.direction[1] - a.direction[1] * b.direction[0];
        let bends_right = if cross == 0.0 { dot(a.direction, b.direction) < 0.0 } else { cross > 0.0 };
        left.advance(a, b, bends_right, &mut fills);
        right.advance(a, b, !bends_right, &mut fills);
    }
    let mut around = left.points;
    if let Some(last) = samples.last() {
        let left = normal(last.direction, 1.0);
        arc(last, left, opposite(left), last.direction, &mut around);
    }
    around.extend(right.points.into_iter().rev());
    if let Some(first) = samples.first() {
        let right = normal(first.direction, -1.0);
        arc(first, right, opposite(right), opposite(first.direction), &mut around);
    }
    let mut polygons = vec![around];
    polygons.append(&mut fills.polygons);
    polygons
}

/// One edge of the outline as it grows.
struct Edge {
    /// 1 for the left edge as seen along the path, -1 for the right one.
    sign: f64,
    points: Vec<Position>,
    /// Whether the last piece was folded.
    folded: bool,
}

impl Edge {
    fn new(sign: f64) -> Self {
        Self { sign, points: Vec::new(), folded: false }
    }

    /// Extends the edge from one sample to the next.
    ///
    /// On the outer side of a turn, the edge runs around the sample. On the inner side of a turn tighter than the brush,
    /// the edge would run backwards, and the polygon would have holes where its windings cancel; there the edge runs along
    /// the middle of the path, and fills cover the bend.
    fn advance(&mut self, a: &Sample, b: &Sample, outer: bool, fills: &mut Fills) {
        let next = side(b, self.sign);
        let chord = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
        let turn = dot(a.direction, b.direction);
        if outer && (turn < 0.0 || !straight_enough(turn, b.radius)) {
            self.turn(a, b, chord);
        } else {
            let before = side(a, self.sign);
            let along = dot([next[0] - before[0], next[1] - before[1]], chord);
            if turn < 0.0 || along <= 0.0 {
                if self.folded {
                    self.points.pop();
                } else {
                    self.points.push(a.at);
                    fills.add(a);
                }
                fills.add(b);
                self.points.push(b.at);
                self.points.push(next);
                self.folded = true;
                return;
            }
        }
        self.points.push(next);
        self.folded = false;
    }

    /// Runs around a sample to the direction in which the path continues.
    fn turn(&mut self, a: &Sample, b: &Sample, chord: Position) {
        let (from, to) = (normal(a.direction, self.sign), normal(b.direction, self.sign));
        let around = if dot(b.direction, chord) > 0.0 { a } else { b };
        self.points.push(reach(around, from));
        arc(around, from, to, a.direction, &mut self.points);
        self.points.push(reach(around, to));
    }
}

/// Covers the inside of tight bends: octagons within the discs of the brush there. They keep a distance from the rims of
/// the discs and from each other, since coinciding edges would show.
#[derive(Default)]
struct Fills {
    polygons: Vec<Vec<Position>>,
    last: Option<Position>,
}

impl Fills {
    fn add(&mut self, sample: &Sample) {
        if self.last.is_some_and(|last| distance(last, sample.at) < sample.radius * FILL_SPACING) {
            return;
        }
        self.last = Some(sample.at);
        let [x, y] = sample.direction;
        let (straight, slant) = (FILL, FILL * std::f64::consts::FRAC_1_SQRT_2);
        let corners = [
            [x * straight, y * straight],
            [(x - y) * slant, (y + x) * slant],
            [-y * straight, x * straight],
            [(-y - x) * slant, (x - y) * slant],
            [-x * straight, -y * straight],
            [(-x + y) * slant, (-y - x) * slant],
            [y * straight, -x * straight],
            [(y + x) * slant, (-x + y) * slant],
        ];
        self.polygons.push(corners.iter().map(|corner| reach(sample, *corner)).collect());
    }
}

/// Appends an arc around a sample between two directions, without both ends, by halving it until chords are precise
/// enough. `front` is the middle direction if the two are opposite.
fn arc(sample: &Sample, from: Position, to: Position, front: Position, points: &mut Vec<Position>) {
    if straight_enough(dot(from, to), sample.radius) {
        return;
    }
    let sum = [from[0] + to[0], from[1] + to[1]];
    let size = length(sum);
    let half = if size > TINY { [sum[0] / size, sum[1] / size] } else { front };
    arc(sample, from, half, front, points);
    points.push(reach(sample, half));
    arc(sample, half, to, front, points);
}

/// Tells whether a chord is precise enough for an arc: over the angle a, the distance is r a² / 8, which is about
/// r (1 - cos a) / 4.
fn straight_enough(cosine: f64, radius: f64) -> bool {
    (1.0 - cosine) * radius <= 4.0 * TOLERANCE
}

fn dot(a: Position, b: Position) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn opposite(direction: Position) -> Position {
    [-direction[0], -direction[1]]
}

/// The perpendicular to the left (1) or the right (-1) of a direction.
fn normal(direction: Position, sign: f64) -> Position {
    [direction[1] * sign, -direction[0] * sign]
}

/// The position of an edge beside a sample.
fn side(sample: &Sample, sign: f64) -> Position {
    reach(sample, normal(sample.direction, sign))
}

/// The position at a sample's radius in a direction.
fn reach(sample: &Sample, direction: Position) -> Position {
    [sample.at[0] + direction[0] * sample.radius, sample.at[1] + direction[1] * sample.radius]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::drawing::Point;
    use crate::geometry::knots;

    /// The winding number of the polygons around a position, clockwise on screen; 0 outside and in holes.
    fn winding(polygons: &[Vec<Position>], [x, y]: Position) -> i32 {
        let mut winding = 0;
        for polygon in polygons {
            for (index, a) in polygon.iter().enumerate() {
                let b = polygon[(index + 1) % polygon.len()];
                let right = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1]);
                if a[1] <= y && b[1] > y && right > 0.0 {
                    winding += 1;
                } else if a[1] > y && b[1] <= y && right < 0.0 {
                    winding -= 1;
                }
            }
        }
        winding
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Every disc of the brush along the path is filled, however the path turns.
        #[test]
        fn ink_has_no_holes(
            width in 1_u16..=300,
            steps in prop::collection::vec((-60_i32..60, -60_i32..60, 1_u32..40), 2..14),
        ) {
            let (mut x, mut y) = (0, 0);
            let points: Vec<Point> = steps
                .iter()
                .map(|(dx, dy, dt)| {
                    (x, y) = (x + dx, y + dy);
                    Point { x, y, dt: *dt }
                })
                .collect();
            let width = f64::from(width);
            let (knots, end) = knots(&points);
            prop_assume!(knots.len() > 1);
            let polygons = shape(&knots, end, width);
            let lengths = way(&knots);
            let mut samples = samples(&knots, &radii(&knots, &lengths, width), width);
            taper(&mut samples, lift_speed(&knots, &lengths, end), width);
            for sample in &samples {
                for (share, angle) in [(0.0, 0.0), (0.5, 0.0), (0.5, 0.25), (0.5, 0.5), (0.5, 0.75)]
                    .into_iter()
                    .chain((0..8).map(|part| (0.8, f64::from(part) / 8.0)))
                {
                    let angle: f64 = angle * std::f64::consts::TAU + 0.1;
                    let reach = (sample.radius - 2.0 * TOLERANCE).max(0.0) * share;
                    let at = [sample.at[0] + reach * angle.cos(), sample.at[1] + reach * angle.sin()];
                    prop_assert!(winding(&polygons, at) > 0 || reach == 0.0, "{at:?} of {:?}", sample.at);
                }
            }
        }
    }
}
