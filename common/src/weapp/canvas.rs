//! Interprets a list as the canvas of 2016 does, with strokes as the result.

use std::mem;

use super::color::Ink;
use super::parse::{Entry, Op, Step, each_entry};
use super::path::{Matrix, Path, Place};
use super::{CSS_WIDTH, NotCanvasActions, PAPER};
use crate::drawing::{MAX_POINTS, Point, Stroke, Tool, WIDTH_RANGE};
use crate::limits::Limits;

/// Points that every list may draw, since one step of a path can be a curve of up to 200 points.
const CURVE_POINTS: usize = 10_000;
/// The length of the shortest step of a path, `{"method":"lineTo","data":[1,1]}`.
const STEP_LEN: usize = 32;

/// Reads a list and returns the strokes that it draws, on the grid of [`PAPER`]: all pens, without times.
///
/// A list is a JSON array of objects that each have a string `method` and an array `data`; unknown methods have no
/// effect. Each sub-path that is stroked becomes a stroke, a single point a tap; curves become straight pieces. A
/// filled circle becomes a tap of its size. Other fills, texts and images are left out. The strokes are as
/// translucent as the style's colour and `setGlobalAlpha` make them ([`Stroke::alpha`]); invisible ones are left out.
///
/// All strokes together have at most 10,000 points and one for each 32 bytes of the text; further points are left out.
///
/// # Errors
/// [`NotCanvasActions`] when the text is not a list, or is longer than [`MAX_TEXT`](super::MAX_TEXT) or nested deeper
/// than [`MAX_DEPTH`](super::MAX_DEPTH).
pub fn read(text: &str) -> Result<Vec<Stroke>, NotCanvasActions> {
    let mut canvas = Canvas::new(point_limit(text.len()));
    each_entry(text, |entry| canvas.run(&entry))?;
    Ok(canvas.strokes)
}

/// Reads a list like [`read`]; a text that is not a list draws nothing.
#[must_use]
pub fn strokes(text: &str) -> Vec<Stroke> {
    read(text).unwrap_or_default()
}

/// The most points that a list of so many bytes draws: 10,000, and one for each step of a path that its text has room
/// for. A phone's list stays far below; a list crafted of curves and repeated strokes does not.
fn point_limit(text_len: usize) -> usize {
    (CURVE_POINTS + text_len / STEP_LEN).min(MAX_POINTS)
}

#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    stroke: Ink,
    fill: Ink,
    /// `setGlobalAlpha`: the factor of all opacities, from 0 to 1.
    alpha: f64,
    line_width: f64,
}

struct Canvas {
    state: State,
    saved: Vec<State>,
    path: Path,
    strokes: Vec<Stroke>,
    /// Points that may still be drawn.
    left: usize,
    /// Places of paths that may still be computed or visited, since a short list can ask for many.
    work: usize,
    /// The corners of the box around all points drawn since the last clear.
    extent: Option<(Place, Place)>,
}

fn grid() -> Matrix {
    Matrix::scaling(f64::from(PAPER.width) / f64::from(CSS_WIDTH))
}

impl Canvas {
    fn new(point_limit: usize) -> Self {
        let black = Ink::BLACK;
        Self {
            state: State { matrix: grid(), stroke: black, fill: black, alpha: 1.0, line_width: 1.0 },
            saved: Vec::new(),
            path: Path::default(),
            strokes: Vec::new(),
            left: point_limit,
            work: 10 * point_limit,
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
            "setStrokeStyle" => self.state.stroke = Ink::parse(data).unwrap_or(self.state.stroke),
            "setFillStyle" => self.state.fill = Ink::parse(data).unwrap_or(self.state.fill),
            "setGlobalAlpha" => {
                if let Some([alpha]) = numbers.first().filter(|[alpha]| (0.0..=1.0).contains(alpha)) {
                    self.state.alpha = alpha;
                }
            }
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
                if let Some(op) = Op::parse(other) {
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

    /// Draws the entry's own path or, where it has none, the path built by the entries before it.
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
        let width = self.state.line_width * self.state.matrix.scale();
        for line in path.lines() {
            if self.left == 0 || self.work == 0 {
                return;
            }
            self.work = self.work.saturating_sub(line.len());
            self.draw(line, self.state.stroke, width);
        }
    }

    fn fill(&mut self, path: &Path) {
        if let Some(dot) = path.dot() {
            self.draw(&[dot.centre], self.state.fill, dot.radius * 2.0);
        }
    }

    fn draw(&mut self, line: &[Place], ink: Ink, width: f64) {
        let alpha = (ink.alpha * self.state.alpha * f64::from(u8::MAX)).round() as u8;
        if alpha == 0 {
            return;
        }
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
            // The cast saturates, and takes NaN to 0.
            let width = (width.round() as u16).clamp(*WIDTH_RANGE.start(), *WIDTH_RANGE.end());
            self.strokes.push(Stroke { tool: Tool::Pen, color: ink.color, alpha, width, points });
        }
    }

    fn extend(&mut self, place: Place) {
        let (low, high) = self.extent.unwrap_or((place, place));
        self.extent = Some((
            Place { x: low.x.min(place.x), y: low.y.min(place.y) },
            Place { x: high.x.max(place.x), y: high.y.max(place.y) },
        ));
    }

    /// Removes all strokes if the rectangle covers all of them; strokes can't be removed in part.
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

/// Rounds to the grid and clamps to the distance from the paper that strokes may have.
fn point(place: Place) -> Point {
    let factor = f64::from(Limits::default().coordinate_factor);
    let (x_bound, y_bound) = (f64::from(PAPER.width) * factor, f64::from(PAPER.height) * factor);
    Point {
        x: place.x.clamp(-x_bound, x_bound).round() as i32,
        y: place.y.clamp(-y_bound, y_bound).round() as i32,
        dt: 0,
    }
}
