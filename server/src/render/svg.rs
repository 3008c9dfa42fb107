//! A drawing as an SVG.

use std::fmt::{self, Display, Write as _};

use yibi_common::drawing::{Paper, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};
use yibi_common::picture::Picture;

use super::{Frame, MOST_TEXT, RenderError, traces};

/// A picture's SVG in grid units, to be shown with a longer side of `size` pixels.
///
/// An eraser is a mask on all that lies below it; erasers without a stroke between them share one. The text
/// holds colours and numbers only, nothing that a user wrote.
///
/// # Errors
/// When the size is out of range, or the drawing too large.
pub fn svg(picture: &Picture<'_>, paper: Paper, size: u32) -> Result<String, RenderError> {
    let frame = Frame::new(paper, size)?;
    let mut masks = String::new();
    let mut mask_count = 0;
    let mut body = String::new();
    let mut erasing = false;
    for stroke in traces(picture, paper)? {
        let erases = stroke.tool == Tool::Eraser;
        if erases && !erasing {
            mask_count += 1;
            write_mask_start(&mut masks, mask_count, paper);
            body.push_str("</g>");
        } else if !erases && erasing {
            masks.push_str("</mask>");
        }
        erasing = erases;
        write_stroke(if erases { &mut masks } else { &mut body }, stroke);
        if masks.len() + body.len() > MOST_TEXT {
            return Err(RenderError::TooLarge);
        }
    }
    if erasing {
        masks.push_str("</mask>");
    }

    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin">"#,
        frame.width, frame.height, paper.width, paper.height
    );
    push(&mut svg, format_args!(r#"<path fill="{}" d="{}"/>"#, picture.background, ground(paper)));
    svg.push_str(r#"<g fill="none" stroke-linecap="round" stroke-linejoin="round">"#);
    svg.push_str(&masks);
    for mask in (1..=mask_count).rev() {
        push(&mut svg, format_args!(r##"<g mask="url(#e{mask})">"##));
    }
    svg.push_str(&body);
    svg.push_str("</g></svg>\n");
    Ok(svg)
}

/// Writing to a string cannot fail.
fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// A rectangle over all of the picture: larger than the paper, whose edge may lie within the last pixel.
fn ground(Paper { width, height }: Paper) -> String {
    format!("M0 0h{}v{}H0z", 2 * u64::from(width), 2 * u64::from(height))
}

fn write_mask_start(masks: &mut String, number: u32, paper: Paper) {
    push(
        masks,
        format_args!(
            r##"<mask id="e{number}" maskUnits="userSpaceOnUse" x="0" y="0" width="{}" height="{}"><path fill="#fff" d="{}"/>"##,
            2 * u64::from(paper.width),
            2 * u64::from(paper.height),
            ground(paper)
        ),
    );
}

fn write_stroke(text: &mut String, stroke: &Stroke) {
    let color: &dyn Display = match stroke.tool {
        Tool::Pen | Tool::Ink => &stroke.color,
        Tool::Eraser => &"#000",
    };
    let mut data = PathData::default();
    match shape(stroke) {
        Shape::Line { width, start, segments } => {
            data.line(start, &segments);
            push(
                text,
                format_args!(
                    r#"<path stroke="{color}" stroke-width="{}" d="{}"/>"#,
                    Number(tenths(width)),
                    data.text
                ),
            );
        }
        Shape::Outline(polygons) => {
            for polygon in &polygons {
                data.polygon(polygon);
            }
            push(text, format_args!(r#"<path fill="{color}" d="{}"/>"#, data.text));
        }
        Shape::Dot { center: [x, y], radius } => {
            let (x, y, radius) = (Number(tenths(x)), Number(tenths(y)), Number(tenths(radius)));
            push(text, format_args!(r#"<circle fill="{color}" cx="{x}" cy="{y}" r="{radius}"/>"#));
        }
    }
}

/// A path's data in relative coordinates, to a tenth of a grid unit: a twentieth of a pixel where the paper
/// is 1,000 pixels wide. Rounding is done on the absolute positions, so it does not add up.
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
                    // A control position that mirrors the one before, as those of all inner points do, goes
                    // without saying.
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

    /// A command that ends at a position; `M` is absolute, all others are relative.
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

/// Tenths, written as shortly as can be.
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
