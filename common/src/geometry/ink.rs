//! Ink: a brush pen. A slow hand leaves a full line, a fast one a thin line, and a hand that leaves the paper
//! in full flight draws the line out to a point.

use super::{Circle, Knot, Position, Shape, distance, length, middle};

/// The speed that gives the middle of both extremes, in grid units per millisecond (some 450 CSS pixels a
/// second on a phone).
const MIDDLE_SPEED: f64 = 2.5;
/// The width of a resting hand, in widths of the stroke.
const SLOW: f64 = 1.15;
/// The width that a fast hand comes near to, in widths of the stroke.
const FAST: f64 = 0.3;
/// How far to both sides speed is measured, in milliseconds.
const WINDOW: f64 = 40.0;
/// How long before it was lifted the hand's speed decides on the taper, in milliseconds.
const LIFT_WINDOW: f64 = 50.0;
/// The longest taper, in widths of the stroke.
const TAPER: f64 = 6.0;
/// The most of a stroke's way that the taper takes.
const TAPER_SHARE: f64 = 0.75;
/// How far the outline may lie beside the true curve, in grid units.
const TOLERANCE: f64 = 0.125;
/// The most pieces that one curve is cut into.
const MOST_PIECES: f64 = 32.0;

/// The furthest that ink reaches from its way, in widths of the stroke.
pub const REACH: f64 = SLOW * 0.5;

/// The width of ink at a speed, as a factor of the stroke's width; speed in grid units per millisecond.
///
/// `FAST + (SLOW - FAST) / (1 + (speed / MIDDLE_SPEED)²)`: 1.15 at rest, 0.725 at 2.5 units/ms, towards 0.3
/// beyond.
#[must_use]
pub fn width(speed: f64) -> f64 {
    let ratio = speed / MIDDLE_SPEED;
    FAST + (SLOW - FAST) / (1.0 + ratio * ratio)
}

/// One place on the flattened curve.
struct Sample {
    at: Position,
    /// Where the hand is going, of length 1.
    direction: Position,
    radius: f64,
}

/// The outline of at least two knots.
///
/// 1. Each knot's speed is the way from the first to the last knot within `WINDOW` of it (at least its
///    neighbours) by the time between them; no time between them counts as the nominal width.
/// 2. The widths that the speeds give are smoothed along the way, forwards and then backwards, by a filter
///    that closes half the gap over one width of the stroke.
/// 3. The radius is interpolated just as the position: by the same quadratic B-spline. So it has no step and
///    no kink.
/// 4. The curve is cut into pieces so short that the outline stays within `TOLERANCE`.
/// 5. The end is drawn out to a point the finer and longer, the faster the hand was lifted.
/// 6. Left and right of the samples runs the outline, with a disc at either end; where the curve is tighter
///    than the brush is wide, the outline is cut and discs fill the bend.
pub(super) fn fill(knots: &[Knot], end: f64, width: f64) -> Shape {
    let way = way(knots);
    let radii = radii(knots, &way, width);
    let mut samples = samples(knots, &radii, width);
    taper(&mut samples, lift_speed(knots, &way, end), width);
    outline(&samples)
}

/// The length of the way up to each knot.
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

/// Draws a factor towards the one before it, which lies at another length of the way.
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

/// Cuts a quadratic curve into pieces and pushes the end of each.
///
/// A piece of a curve with second difference D lies |D| / 4n² beside its chord; an outline at distance r adds
/// about r c² / 8n² where the direction changes by c (twice that is taken, as a curve turns unevenly).
fn flatten(
    (start, start_radius): (Position, f64),
    (control, control_radius): (Position, f64),
    (end, end_radius): (Position, f64),
    width: f64,
    samples: &mut Vec<Sample>,
) {
    let before = [control[0] - start[0], control[1] - start[1]];
    let after = [end[0] - control[0], end[1] - control[1]];
    let before_length = length(before);
    let after_length = length(after);
    let bend = length([after[0] - before[0], after[1] - before[1]]);
    let turn_x = after[0] / after_length - before[0] / before_length;
    let turn_y = after[1] / after_length - before[1] / before_length;
    let turn = turn_x * turn_x + turn_y * turn_y;
    let smooth = ((bend + control_radius * turn) / (4.0 * TOLERANCE)).sqrt().ceil();
    let short = ((before_length + after_length) / width).ceil();
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

/// The speed at which the hand left the paper: over the last `LIFT_WINDOW`, so a hand that rested before
/// being lifted has none.
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

/// Draws the end out: `strength` of the radius is lost at the tip, along a parabola.
fn taper(samples: &mut [Sample], speed: f64, width: f64) {
    let ratio = speed / MIDDLE_SPEED;
    let strength = ratio * ratio / (1.0 + ratio * ratio);
    let mut total = 0.0;
    for (a, b) in samples.iter().zip(samples.iter().skip(1)) {
        total += distance(a.at, b.at);
    }
    let wanted = strength * TAPER * width;
    let most = TAPER_SHARE * total;
    let reach = if wanted > most { most } else { wanted };

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

/// The outline as it grows: its left and right edge since the last cut.
#[derive(Default)]
struct Outline {
    contours: Vec<Vec<Position>>,
    circles: Vec<Circle>,
    left: Vec<Position>,
    right: Vec<Position>,
}

impl Outline {
    /// Closes the polygon of both edges.
    fn cut(&mut self) {
        if self.left.len() > 1 {
            let mut contour = std::mem::take(&mut self.left);
            contour.extend(self.right.drain(..).rev());
            self.contours.push(contour);
        } else {
            self.left.clear();
            self.right.clear();
        }
    }

    fn disc(&mut self, sample: &Sample) {
        self.circles.push(Circle { center: sample.at, radius: sample.radius });
    }

    fn edges(&mut self, sample: &Sample) {
        self.left.push(side(sample, sample.direction, 1.0));
        self.right.push(side(sample, sample.direction, -1.0));
    }
}

/// The place at a sample's radius to the left (1) or right (-1) of a direction.
fn side(sample: &Sample, direction: Position, sign: f64) -> Position {
    let reach = sample.radius * sign;
    [sample.at[0] + direction[1] * reach, sample.at[1] - direction[0] * reach]
}

fn outline(samples: &[Sample]) -> Shape {
    let mut outline = Outline::default();
    if let Some(first) = samples.first() {
        outline.disc(first);
        outline.edges(first);
    }
    let mut cut = false;
    for (a, b) in samples.iter().zip(samples.iter().skip(1)) {
        if advances(a, b) {
            outline.edges(b);
            cut = false;
            continue;
        }
        outline.cut();
        if !cut {
            outline.disc(a);
        }
        let chord = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
        let size = length(chord);
        if size > 0.0 {
            let chord = [chord[0] / size, chord[1] / size];
            let (left, right) = (1.0, -1.0);
            outline.contours.push(vec![
                side(a, chord, left),
                side(b, chord, left),
                side(b, chord, right),
                side(a, chord, right),
            ]);
        }
        outline.disc(b);
        outline.edges(b);
        cut = true;
    }
    outline.cut();
    if let (Some(last), false) = (samples.last(), cut) {
        outline.disc(last);
    }
    Shape::Fill { contours: outline.contours, circles: outline.circles }
}

/// Whether both edges go forward from one sample to the next. Where one does not, the outline would cross
/// itself and cut a hole.
fn advances(a: &Sample, b: &Sample) -> bool {
    let chord = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
    let along = |from: Position, to: Position| (to[0] - from[0]) * chord[0] + (to[1] - from[1]) * chord[1];
    let ahead = |direction: Position| direction[0] * chord[0] + direction[1] * chord[1];
    ahead(a.direction) > 0.0
        && ahead(b.direction) > 0.0
        && along(side(a, a.direction, 1.0), side(b, b.direction, 1.0)) > 0.0
        && along(side(a, a.direction, -1.0), side(b, b.direction, -1.0)) > 0.0
}
