//! Writes a picture as a list that every base library since 2016 draws.

use std::fmt::Write as _;

use super::CSS_WIDTH;
use crate::drawing::{Color, Paper, Point, Stroke, Tool};
use crate::picture::Picture;

/// The largest number that is written, in hundredths of a CSS pixel; larger ones are clamped to it.
const FARTHEST: i64 = 99_999_999;

const SAVE: &str = r#"{"method":"save","data":[]}"#;
const RESTORE: &str = r#"{"method":"restore","data":[]}"#;
const ROUND: &str = r#"{"method":"setLineCap","data":["round"]},{"method":"setLineJoin","data":["round"]},{"method":"strokePath","data":["#;
const FILL: &str = r#"{"method":"fillPath","data":["#;
/// The end of an arc that is a full circle; the angle has all digits of `Math.PI * 2`, which clients of 2016 sent.
const CIRCLE: &str = ",0,6.283185307179586]}";

/// The longest number with its comma, `-999999.99,`.
const NUMBER_LEN: usize = 11;
/// The longest step, a `quadraticCurveTo`, with its comma.
const STEP_LEN: usize = r#"{"method":"quadraticCurveTo","data":[]},"#.len() + 4 * NUMBER_LEN;
/// The longest stroke without the steps of its points; the 5 are three commas and the end of its path. A colour takes
/// at most as much as the form with channels that is counted here.
const STROKE_LEN: usize = SAVE.len()
    + RESTORE.len()
    + 2 * r##"{"method":"setStrokeStyle","data":["normal",[255,255,255,255]]},"##.len()
    + r#"{"method":"setLineWidth","data":[]},"#.len()
    + NUMBER_LEN
    + ROUND.len()
    + CIRCLE.len()
    + 5;
/// The brackets of a list and the fill of the paper, which is shorter than a stroke and a step.
const LIST_LEN: usize = 2 + STROKE_LEN + STEP_LEN;

/// An upper bound, in bytes, of the list that [`list`] writes for so many strokes with so many points in all.
#[must_use]
pub fn list_len_bound(stroke_count: usize, point_count: usize) -> usize {
    // A stroke of n points takes n + 1 steps.
    let strokes = stroke_count.saturating_mul(STROKE_LEN + STEP_LEN);
    LIST_LEN.saturating_add(strokes).saturating_add(point_count.saturating_mul(STEP_LEN))
}

/// Writes a visible picture as a list of canvas actions, for a paper of that size in grid units: the fill of a paper
/// that is not white, then each stroke within its own saved state. An eraser becomes a pen in the paper's colour, ink
/// a line of its nominal width.
///
/// A picture that is one saved list (`picture.weapp`) is better sent as that list.
#[must_use]
pub fn list(picture: &Picture<'_>, paper: Paper) -> String {
    let points = picture.strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>();
    let mut list =
        Writer { out: String::with_capacity(points * 70 + 400), width: i64::from(paper.width.max(1)) };
    list.out.push('[');
    if picture.background != Color::WHITE {
        list.paper(picture.background, paper);
    }
    for stroke in &picture.strokes {
        list.stroke(stroke, picture.background);
    }
    list.out.push(']');
    list.out
}

struct Writer {
    out: String,
    /// The paper's width in grid units.
    width: i64,
}

impl Writer {
    fn begin(&mut self) {
        if !self.out.ends_with('[') {
            self.out.push(',');
        }
        self.out.push_str(SAVE);
    }

    fn end(&mut self) {
        self.out.push(',');
        self.out.push_str(RESTORE);
    }

    fn paper(&mut self, color: Color, paper: Paper) {
        self.begin();
        self.color("setFillStyle", color, Stroke::OPAQUE);
        self.out.push_str(FILL);
        self.out.push_str(r#"{"method":"rect","data":[0,0,"#);
        self.number(i64::from(paper.width), 1);
        self.out.push(',');
        self.number(i64::from(paper.height), 1);
        self.out.push_str("]}]}");
        self.end();
    }

    fn stroke(&mut self, stroke: &Stroke, background: Color) {
        let (color, alpha) = match stroke.tool {
            Tool::Pen | Tool::Ink => (stroke.color, stroke.alpha),
            Tool::Eraser => (background, Stroke::OPAQUE),
        };
        let Some((first, others)) = stroke.points.split_first() else { return };
        self.begin();
        if others.iter().all(|point| (point.x, point.y) == (first.x, first.y)) {
            self.color("setFillStyle", color, alpha);
            self.dot(*first, stroke.width);
        } else {
            self.color("setStrokeStyle", color, alpha);
            self.line(&stroke.points, stroke.width);
        }
        self.out.push_str("]}");
        self.end();
    }

    /// Writes a tap as a filled circle, since canvases disagree on whether a line of no length shows.
    fn dot(&mut self, centre: Point, width: u16) {
        self.out.push_str(FILL);
        self.step("arc");
        self.middle(&[centre]);
        self.out.push(',');
        self.number(i64::from(width), 2);
        self.out.push_str(CIRCLE);
    }

    /// Writes the path of [`crate::geometry`]: from midpoint to midpoint, with the points as control points.
    fn line(&mut self, points: &[Point], width: u16) {
        self.out.push_str(r#"{"method":"setLineWidth","data":["#);
        self.number(i64::from(width), 1);
        self.out.push_str("]},");
        self.out.push_str(ROUND);
        let mut pairs = points.iter().zip(points.iter().skip(1));
        let Some((first, second)) = pairs.next() else { return };
        self.step("moveTo");
        self.middle(&[*first]);
        self.out.push_str("]},");
        self.step("lineTo");
        self.middle(&[*first, *second]);
        self.out.push_str("]},");
        let mut last = second;
        for (point, next) in pairs {
            self.step("quadraticCurveTo");
            self.middle(&[*point]);
            self.out.push(',');
            self.middle(&[*point, *next]);
            self.out.push_str("]},");
            last = next;
        }
        self.step("lineTo");
        self.middle(&[*last]);
        self.out.push_str("]}");
    }

    /// Writes a style twice, as a CSS colour and as a list of channels: older base libraries understand only the
    /// first form, later ones only the second.
    fn color(&mut self, method: &str, color: Color, alpha: u8) {
        let Color([r, g, b]) = color;
        // Writing to a string can't fail.
        let _ = if alpha == Stroke::OPAQUE {
            write!(self.out, r#",{{"method":"{method}","data":["{color}"]}},"#)
        } else {
            // Three digits are enough to restore each of 255 opacities.
            let opacity = f64::from(alpha) / f64::from(u8::MAX);
            write!(self.out, r#",{{"method":"{method}","data":["rgba({r},{g},{b},{opacity:.3})"]}},"#)
        };
        let _ = write!(self.out, r#"{{"method":"{method}","data":["normal",[{r},{g},{b},{alpha}]]}},"#);
    }

    fn step(&mut self, method: &str) {
        let _ = write!(self.out, r#"{{"method":"{method}","data":["#);
    }

    /// Writes x and y of the mean of `N` points.
    fn middle<const N: usize>(&mut self, points: &[Point; N]) {
        self.number(points.iter().map(|point| i64::from(point.x)).sum(), N as i64);
        self.out.push(',');
        self.number(points.iter().map(|point| i64::from(point.y)).sum(), N as i64);
    }

    /// Writes `units / parts` grid units in CSS pixels, rounded to a hundredth.
    fn number(&mut self, units: i64, parts: i64) {
        let divisor = self.width * parts;
        let scaled = units.abs() * i64::from(CSS_WIDTH) * 100;
        let hundredths = ((scaled + divisor / 2) / divisor).min(FARTHEST);
        if units < 0 && hundredths > 0 {
            self.out.push('-');
        }
        let _ = write!(self.out, "{}", hundredths / 100);
        match (hundredths / 10 % 10, hundredths % 10) {
            (0, 0) => {}
            (tenth, 0) => drop(write!(self.out, ".{tenth}")),
            (tenth, hundredth) => drop(write!(self.out, ".{tenth}{hundredth}")),
        }
    }
}
