//! Drawing a list as the canvas of 2016 would, with strokes for ink.

use std::mem;

use super::color::{Ink, ink};
use super::parse::{Entry, Op, Step, each_entry};
use super::path::{Matrix, Path, Place};
use super::{CSS_WIDTH, NotCanvasActions, PAPER};
use crate::drawing::{Color, MAX_POINTS, Point, Stroke, Tool, WIDTH_RANGE};
use crate::limits::Limits;

/// The strokes that a list draws, on the grid of [`PAPER`]: all pens, without times, at most [`MAX_POINTS`]
/// points together.
///
/// A list is a JSON array of objects that each have a string `method` and an array `data`. What the methods are
/// and take does not matter.
///
/// Every sub-path that is stroked is a stroke, one of a single point a tap; curves become straight pieces. A
/// filled circle is a tap of its size. Other fills, texts and images are not strokes and do not show.
///
/// # Errors
/// When the text is no list, or is longer than [`MAX_TEXT`](super::MAX_TEXT) or deeper than
/// [`MAX_DEPTH`](super::MAX_DEPTH).
pub fn read(text: &str) -> Result<Vec<Stroke>, NotCanvasActions> {
    let mut canvas = Canvas::new();
    each_entry(text, |entry| canvas.run(&entry))?;
    Ok(canvas.strokes)
}

/// As [`read`]. What is no list draws nothing.
#[must_use]
pub fn strokes(text: &str) -> Vec<Stroke> {
    read(text).unwrap_or_default()
}

#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    stroke: Ink,
    fill: Ink,
    line_width: f64,
}

struct Canvas {
    state: State,
    saved: Vec<State>,
    path: Path,
    strokes: Vec<Stroke>,
    /// How many points may still be drawn.
    left: usize,
    /// How many places of paths may still be computed or looked at: a short list can ask for many.
    work: usize,
    /// The corners of all that was drawn since the last clear.
    extent: Option<(Place, Place)>,
}

fn grid() -> Matrix {
    Matrix::scaling(f64::from(PAPER.width) / f64::from(CSS_WIDTH))
}

impl Canvas {
    fn new() -> Self {
        let black = Some(Color::BLACK);
        Self {
            state: State { matrix: grid(), stroke: black, fill: black, line_width: 1.0 },
            saved: Vec::new(),
            path: Path::default(),
            strokes: Vec::new(),
            left: MAX_POINTS,
            work: 10 * MAX_POINTS,
            extent: None,
        }
    }

    fn run(&mut self, Entry { method, data }: &Entry<'_>) {
        if self.left == 0 || self.work == 0 {
            return;
        }
        let numbers = &data.numbers;
        match &**method {
            "save" => self.saved.push(self.state),
            "restore" => self.state = self.saved.pop().unwrap_or(self.state),
            "setStrokeStyle" => self.state.stroke = ink(data).unwrap_or(self.state.stroke),
            "setFillStyle" => self.state.fill = ink(data).unwrap_or(self.state.fill),
            "setLineWidth" => {
                if let Some([width]) = numbers.first().filter(|[width]| *width > 0.0) {
                    self.state.line_width = width;
                }
            }
            "translate" => self.transform(numbers.first().map(|[x, y]| [1.0, 0.0, 0.0, 1.0, x, y])),
            "scale" => self.transform(numbers.first().map(|[x, y]| [x, 0.0, 0.0, y, 0.0, 0.0])),
            "rotate" => self.transform(numbers.first().map(|[angle]| {
                let (sin, cos) = angle.sin_cos();
                [cos, sin, -sin, cos, 0.0, 0.0]
            })),
            "transform" => self.transform(numbers.first()),
            "setTransform" => {
                if let Some(matrix) = numbers.first() {
                    self.state.matrix = grid().after(matrix);
                }
            }
            "beginPath" => self.path = Path::default(),
            "stroke" | "strokePath" => self.with_path(&data.steps, Self::stroke),
            "fill" | "fillPath" => self.with_path(&data.steps, Self::fill),
            "clearRect" => {
                if let Some(rect) = numbers.first() {
                    self.clear(rect);
                }
            }
            other => {
                if let Some(op) = Op::of(other) {
                    let before = self.path.len();
                    self.path.add(Step { op, numbers: *numbers }, &self.state.matrix);
                    self.work = self.work.saturating_sub(self.path.len() - before);
                }
            }
        }
    }

    fn transform(&mut self, matrix: Option<[f64; 6]>) {
        if let Some(matrix) = matrix {
            self.state.matrix = self.state.matrix.after(matrix);
        }
    }

    /// Draws the entry's own path or, where it has none, the one made by the entries before it.
    fn with_path(&mut self, steps: &[Step], draw: fn(&mut Self, &Path)) {
        if steps.is_empty() {
            let path = mem::take(&mut self.path);
            draw(self, &path);
            self.path = path;
            return;
        }
        let mut path = Path::default();
        for step in steps {
            path.add(*step, &self.state.matrix);
        }
        self.work = self.work.saturating_sub(path.len());
        draw(self, &path);
    }

    fn stroke(&mut self, path: &Path) {
        let Some(color) = self.state.stroke else { return };
        let width = self.state.line_width * self.state.matrix.scale();
        for line in path.lines() {
            if self.left == 0 || self.work == 0 {
                return;
            }
            self.work = self.work.saturating_sub(line.len());
            self.draw(line, color, width);
        }
    }

    fn fill(&mut self, path: &Path) {
        if let (Some(color), Some(dot)) = (self.state.fill, path.dot()) {
            self.draw(&[dot.centre], color, dot.radius * 2.0);
        }
    }

    fn draw(&mut self, line: &[Place], color: Color, width: f64) {
        let mut points: Vec<Point> = Vec::new();
        for place in line {
            let point = point(*place);
            if points.last() != Some(&point) && points.len() < self.left {
                points.push(point);
                self.extend(*place);
            }
        }
        if !points.is_empty() {
            self.left -= points.len();
            // What is out of a u16's range becomes its end, what is no number 0.
            let width = (width.round() as u16).clamp(*WIDTH_RANGE.start(), *WIDTH_RANGE.end());
            self.strokes.push(Stroke { tool: Tool::Pen, color, width, points });
        }
    }

    fn extend(&mut self, place: Place) {
        let (low, high) = self.extent.unwrap_or((place, place));
        self.extent = Some((
            Place { x: low.x.min(place.x), y: low.y.min(place.y) },
            Place { x: high.x.max(place.x), y: high.y.max(place.y) },
        ));
    }

    /// Takes away what was drawn if all of it lies in the rectangle; a part of a stroke cannot be taken away.
    fn clear(&mut self, [x, y, width, height]: [f64; 4]) {
        let (a, b) = (self.state.matrix.map(x, y), self.state.matrix.map(x + width, y + height));
        let within = |value: f64, a: f64, b: f64| (a.min(b)..=a.max(b)).contains(&value);
        let covered = |place: Place| within(place.x, a.x, b.x) && within(place.y, a.y, b.y);
        if self.extent.is_some_and(|(low, high)| covered(low) && covered(high)) {
            self.strokes.clear();
            self.extent = None;
        }
    }
}

/// The nearest point of the grid, at most as far off the paper as strokes may be.
fn point(place: Place) -> Point {
    let factor = f64::from(Limits::default().coordinate_factor);
    let (x_bound, y_bound) = (f64::from(PAPER.width) * factor, f64::from(PAPER.height) * factor);
    Point {
        x: place.x.clamp(-x_bound, x_bound).round() as i32,
        y: place.y.clamp(-y_bound, y_bound).round() as i32,
        dt: 0,
    }
}
