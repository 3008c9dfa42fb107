//! The path of a canvas, flattened to straight pieces on the grid.

use std::f64::consts::TAU;

use super::parse::{Numbers, Op, Step};
use crate::drawing::MAX_POINTS;

/// The largest distance between a straight piece and its curve, in grid units.
const TOLERANCE: f64 = 1.0;
/// The most pieces that a curve is cut into.
const MAX_PIECES: f64 = 200.0;

/// The smallest angle that counts as a full circle, so that 2 × 3.14 does.
const FULL_TURN: f64 = TAU - 0.01;

/// A position on the grid, not rounded yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Place {
    fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// An affine map from a list's numbers to the grid: x' = a x + c y + e, y' = b x + d y + f.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
    pub(super) e: f64,
    pub(super) f: f64,
}

impl Matrix {
    pub(super) fn scaling(factor: f64) -> Self {
        Self { a: factor, b: 0.0, c: 0.0, d: factor, e: 0.0, f: 0.0 }
    }

    pub(super) fn map(&self, x: f64, y: f64) -> Place {
        Place { x: self.a * x + self.c * y + self.e, y: self.b * x + self.d * y + self.f }
    }

    /// Composes two maps: `[a, b, c, d, e, f]` first, then this one.
    pub(super) fn after(&self, [a, b, c, d, e, f]: [f64; 6]) -> Self {
        let origin = self.map(e, f);
        Self {
            a: self.a * a + self.c * b,
            b: self.b * a + self.d * b,
            c: self.a * c + self.c * d,
            d: self.b * c + self.d * d,
            e: origin.x,
            f: origin.y,
        }
    }

    /// The factor by which the map scales lengths: the geometric mean over all directions.
    pub(super) fn scale(&self) -> f64 {
        (self.a * self.d - self.b * self.c).abs().sqrt()
    }
}

/// A full circle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dot {
    pub(super) centre: Place,
    pub(super) radius: f64,
}

/// The sub-paths drawn so far, with at most [`MAX_POINTS`] positions in all.
#[derive(Debug, Default)]
pub(super) struct Path {
    lines: Vec<Vec<Place>>,
    len: usize,
    /// Whether the next step continues the last line.
    open: bool,
    /// The start of the next line if no step sets one: the start of the line that was closed last.
    start: Option<Place>,
    dot: Option<Dot>,
    more_than_dot: bool,
}

impl Path {
    /// The number of positions in all sub-paths.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn lines(&self) -> &[Vec<Place>] {
        &self.lines
    }

    /// The full circle, if the path consists of nothing else.
    pub(super) fn dot(&self) -> Option<Dot> {
        self.dot.filter(|_| !self.more_than_dot)
    }

    /// Adds a step whose numbers `matrix` maps to the grid. As on a canvas, a step with missing or infinite numbers has no
    /// effect.
    pub(super) fn add(&mut self, Step { op, numbers }: Step, matrix: &Matrix) {
        self.more_than_dot |= match op {
            Op::MoveTo | Op::Close => false,
            Op::Arc => self.dot.is_some(),
            Op::LineTo | Op::Quadratic | Op::Bezier | Op::Rect => true,
        };
        if self.len < MAX_POINTS {
            // A step with missing numbers has no effect.
            let _ = self.draw(op, &numbers, matrix);
        }
    }

    fn draw(&mut self, op: Op, numbers: &Numbers, matrix: &Matrix) -> Option<()> {
        match op {
            Op::MoveTo => {
                let [x, y] = numbers.first()?;
                self.begin(matrix.map(x, y));
            }
            Op::LineTo => {
                let [x, y] = numbers.first()?;
                self.line_to(matrix.map(x, y));
            }
            Op::Quadratic => {
                let [x1, y1, x2, y2] = numbers.first()?;
                let (control, end) = (matrix.map(x1, y1), matrix.map(x2, y2));
                let from = self.from(control);
                // Degree elevation: the cubic that is the same curve.
                let near = |end: Place| Place {
                    x: end.x + (control.x - end.x) * 2.0 / 3.0,
                    y: end.y + (control.y - end.y) * 2.0 / 3.0,
                };
                self.cubic([from, near(from), near(end), end]);
            }
            Op::Bezier => {
                let [x1, y1, x2, y2, x3, y3] = numbers.first()?;
                let (first, second) = (matrix.map(x1, y1), matrix.map(x2, y2));
                let from = self.from(first);
                self.cubic([from, first, second, matrix.map(x3, y3)]);
            }
            Op::Arc => self.arc(numbers, matrix)?,
            Op::Rect => {
                let [x, y, width, height] = numbers.first()?;
                self.begin(matrix.map(x, y));
                for (x, y) in [(x + width, y), (x + width, y + height), (x, y + height)] {
                    self.line_to(matrix.map(x, y));
                }
                self.close();
            }
            Op::Close => self.close(),
        }
        Some(())
    }

    fn begin(&mut self, place: Place) {
        if place.is_finite() && self.len < MAX_POINTS {
            self.lines.push(vec![place]);
            self.len += 1;
            self.open = true;
        }
    }

    fn line_to(&mut self, place: Place) {
        if !self.open {
            self.begin(self.start.unwrap_or(place));
        }
        if let Some(line) = self.lines.last_mut().filter(|_| place.is_finite() && self.len < MAX_POINTS) {
            line.push(place);
            self.len += 1;
        }
    }

    fn close(&mut self) {
        let start = if self.open { self.lines.last().and_then(|line| line.first()).copied() } else { None };
        if let Some(start) = start {
            self.line_to(start);
            self.start = Some(start);
            self.open = false;
        }
    }

    /// The start of a curve: the end of the current line, or the curve's own first position.
    fn from(&mut self, first: Place) -> Place {
        if !self.open {
            self.begin(self.start.unwrap_or(first));
        }
        self.lines.last().and_then(|line| line.last()).copied().unwrap_or(first)
    }

    fn cubic(&mut self, [p0, p1, p2, p3]: [Place; 4]) {
        // The distance of n equal pieces from the curve is at most |second derivative| / (8 n²).
        let bend = |a: Place, b: Place, c: Place| (a.x - 2.0 * b.x + c.x).hypot(a.y - 2.0 * b.y + c.y);
        let bend = 6.0 * bend(p0, p1, p2).max(bend(p1, p2, p3));
        let count = pieces((bend / (8.0 * TOLERANCE)).sqrt());
        for piece in 1..=count {
            let t = f64::from(piece) / f64::from(count);
            let s = 1.0 - t;
            let at = |a: f64, b: f64, c: f64, d: f64| {
                s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
            };
            self.line_to(Place { x: at(p0.x, p1.x, p2.x, p3.x), y: at(p0.y, p1.y, p2.y, p3.y) });
        }
    }

    fn arc(&mut self, numbers: &Numbers, matrix: &Matrix) -> Option<()> {
        let [x, y, radius, begin, end] = numbers.first()?;
        if radius < 0.0 {
            return None;
        }
        let sweep = sweep(begin, end, numbers.truthy(5));
        let grid_radius = radius * matrix.scale();
        if sweep.abs() >= FULL_TURN {
            self.dot = Some(Dot { centre: matrix.map(x, y), radius: grid_radius });
        } else {
            self.more_than_dot = true;
        }
        let step = 2.0 * (1.0 - TOLERANCE / grid_radius.max(TOLERANCE)).acos();
        let count = pieces(sweep.abs() / step);
        for piece in 0..=count {
            let angle = begin + sweep * f64::from(piece) / f64::from(count);
            self.line_to(matrix.map(x + radius * angle.cos(), y + radius * angle.sin()));
        }
        Some(())
    }
}

/// The signed angle of an arc, at most a full turn. Angles against the arc's direction are normalized by whole turns; a
/// full turn is a full circle in either direction.
fn sweep(begin: f64, end: f64, counterclockwise: bool) -> f64 {
    let turn = if counterclockwise { begin - end } else { end - begin };
    let turn = if turn < 0.0 { TAU - (-turn % TAU) } else { turn.min(TAU) };
    if counterclockwise { -turn } else { turn }
}

/// Clamps a number of pieces to 1..=[`MAX_PIECES`]; NaN gives 1.
fn pieces(wanted: f64) -> u32 {
    if wanted.is_nan() { 1 } else { wanted.ceil().clamp(1.0, MAX_PIECES) as u32 }
}
