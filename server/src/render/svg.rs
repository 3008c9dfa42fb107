//! Renders a drawing as an SVG.

use std::fmt::{self, Display, Write as _};

use yibi_common::drawing::{Color, Paper, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};
use yibi_common::picture::Picture;

use super::{Budget, Frame, MOST_TEXT, RenderError, traces};

/// Renders a picture as an SVG in grid units, shown with a longer side of `size` pixels.
///
/// An eraser is a stroke in the paper's colour. That gives the same pixels as removing the strokes below it,
/// edges included: for a coverage *e* of the eraser, paper *P* and strokes of colour *C* and opacity *a* over
/// it, both are (1 - *e*) *a* *C* + (1 - (1 - *e*) *a*) *P*. Masks would have to contain each other, one
/// level for each change from pen to eraser, and viewers refuse or stall at a few hundred levels.
///
/// The text contains only colours and numbers, nothing that a user wrote.
///
/// # Errors
/// [`RenderError::Size`], [`RenderError::TooLarge`], [`RenderError::Abandoned`].
pub fn svg(picture: &Picture<'_>, paper: Paper, size: u32, budget: &Budget) -> Result<String, RenderError> {
    let frame = Frame::new(paper, size)?;
    let strokes = traces(picture, paper)?;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin">"#,
        frame.width, frame.height, paper.width, paper.height
    );
    push(&mut svg, format_args!(r#"<path fill="{}" d="{}"/>"#, picture.background, ground(paper)));
    svg.push_str(r#"<g fill="none" stroke-linecap="round" stroke-linejoin="round">"#);
    for stroke in strokes {
        budget.check()?;
        write_stroke(&mut svg, stroke, picture.background, frame.unit);
        if svg.len() > MOST_TEXT {
            return Err(RenderError::TooLarge);
        }
    }
    svg.push_str("</g></svg>\n");
    Ok(svg)
}

/// Appends formatted text; writing to a string can't fail.
fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// A rectangle that covers the whole picture: larger than the paper, whose edge may lie within the last
/// pixel.
fn ground(Paper { width, height }: Paper) -> String {
    format!("M0 0h{}v{}H0z", 2 * u64::from(width), 2 * u64::from(height))
}

fn write_stroke(text: &mut String, stroke: &Stroke, background: Color, unit: f64) {
    let color = match stroke.tool {
        Tool::Pen | Tool::Ink => stroke.color,
        Tool::Eraser => background,
    };
    let opacity = Opacity(stroke.alpha);
    let mut data = PathData::default();
    match shape(stroke, unit) {
        Shape::Line { width, start, segments } => {
            data.line(start, &segments);
            push(
                text,
                format_args!(
                    r#"<path stroke="{color}"{opacity} stroke-width="{}" d="{}"/>"#,
                    Number(tenths(width)),
                    data.text
                ),
            );
        }
        Shape::Outline(polygons) => {
            for polygon in &polygons {
                data.polygon(polygon);
            }
            push(text, format_args!(r#"<path fill="{color}"{opacity} d="{}"/>"#, data.text));
        }
        Shape::Dot { center: [x, y], radius } => {
            let (x, y, radius) = (Number(tenths(x)), Number(tenths(y)), Number(tenths(radius)));
            push(text, format_args!(r#"<circle fill="{color}"{opacity} cx="{x}" cy="{y}" r="{radius}"/>"#));
        }
    }
}

/// The attribute for the opacity of a stroke that is not opaque.
struct Opacity(u8);

impl Display for Opacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Stroke::OPAQUE {
            return Ok(());
        }
        // Three digits restore each of the 255 opacities.
        write!(f, r#" opacity="{:.3}""#, f64::from(self.0) / f64::from(u8::MAX))
    }
}

/// A path's data in relative coordinates, to a tenth of a grid unit: a twentieth of a pixel where the paper
/// is 1,000 pixels wide. The absolute positions are rounded, so the error does not accumulate.
#[derive(Default)]
struct PathData {
    text: String,
    /// The current position in tenths.
    at: [i64; 2],
}

impl PathData {
    fn line(&mut self, start: Position, segments: &[Segment]) {
        self.go('M', start);
        let mut control = None;
        for segment in segments {
            match segment {
                Segment::Line(to) => {
                    self.go('l', *to);
                    control = None;
                }
                Segment::Quad(by, to) => {
                    // `t` implies the control position that mirrors the previous one, as at all inner points.
                    let by = by.map(tenths);
                    let [x, y] = self.at;
                    if control == Some([2 * x - by[0], 2 * y - by[1]]) {
                        self.go('t', *to);
                    } else {
                        self.text.push('q');
                        self.relative(by);
                        self.go(' ', *to);
                    }
                    control = Some(by);
                }
            }
        }
    }

    fn polygon(&mut self, points: &[Position]) {
        let mut command = 'M';
        for point in points {
            self.go(command, *point);
            command = 'l';
        }
        self.text.push('z');
    }

    /// Writes a command that ends at a position; `M` is absolute, all others are relative.
    fn go(&mut self, command: char, to: Position) {
        let to = to.map(tenths);
        self.text.push(command);
        if command == 'M' {
            self.at = [0, 0];
        }
        self.relative(to);
        self.at = to;
    }

    fn relative(&mut self, to: [i64; 2]) {
        let (x, y) = (to[0] - self.at[0], to[1] - self.at[1]);
        let between = if y < 0 { "" } else { " " };
        push(&mut self.text, format_args!("{}{between}{}", Number(x), Number(y)));
    }
}

fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}

/// A number of tenths, in its shortest notation.
struct Number(i64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, tenth) = (self.0.unsigned_abs() / 10, self.0.unsigned_abs() % 10);
        if self.0 < 0 {
            f.write_char('-')?;
        }
        match (whole, tenth) {
            (whole, 0) => write!(f, "{whole}"),
            (0, tenth) => write!(f, ".{tenth}"),
            (whole, tenth) => write!(f, "{whole}.{tenth}"),
        }
    }
}
