//! Renders a drawing as a PDF of one page, with vectors only.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};
use yibi_common::drawing::{Color, Paper, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};
use yibi_common::picture::Picture;

use super::page::Page;
use super::{Budget, MOST_TEXT, RenderError, traces};

/// Points of PDF, each a 72nd of an inch, in a millimetre.
const POINTS: f64 = 72.0 / 25.4;
/// Length of a crop mark, and its distance from the bleed, in millimetres.
const MARK: f64 = 5.0;
const GAP: f64 = 1.0;
/// Width of a crop mark in points.
const MARK_WIDTH: f32 = 0.25;
/// Distance of the control positions that make a quarter of a circle, in radii.
const QUARTER: f64 = 0.552_284_75;

const CATALOG: i32 = 1;
const PAGES: i32 = 2;
const PAGE: i32 = 3;
const CONTENT: i32 = 4;
/// The first graphics state; one follows for each further opacity.
const STATES: i32 = 5;

/// Renders a picture as a PDF.
///
/// # Errors
/// [`RenderError`].
pub fn pdf(picture: &Picture<'_>, paper: Paper, page: Page, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let strokes = traces(picture, paper)?;
    let mut states: BTreeMap<u8, String> = BTreeMap::new();
    for stroke in strokes.iter().filter(|stroke| stroke.alpha != Stroke::OPAQUE) {
        states.entry(stroke.alpha).or_insert_with(|| format!("a{}", stroke.alpha));
    }
    let content = content(&strokes, picture.background, (paper, page), &states, budget)?;
    let mut file = Pdf::new();
    file.catalog(Ref::new(CATALOG)).pages(Ref::new(PAGES));
    file.pages(Ref::new(PAGES)).kids([Ref::new(PAGE)]).count(1);
    let mut leaf = file.page(Ref::new(PAGE));
    leaf.parent(Ref::new(PAGES)).contents(Ref::new(CONTENT));
    leaf.media_box(around(page, page.bleed + page.marks));
    leaf.bleed_box(around(page, page.bleed));
    leaf.trim_box(around(page, 0.0));
    let mut resources = leaf.resources();
    let mut named = resources.ext_g_states();
    for (place, name) in (STATES..).zip(states.values()) {
        named.pair(Name(name.as_bytes()), Ref::new(place));
    }
    named.finish();
    resources.finish();
    leaf.finish();
    for (place, alpha) in (STATES..).zip(states.keys()) {
        let opacity = f32::from(*alpha) / f32::from(u8::MAX);
        file.ext_graphics(Ref::new(place)).stroking_alpha(opacity).non_stroking_alpha(opacity);
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&content).map_err(|_| RenderError::TooLarge)?;
    let packed = packed.finish().map_err(|_| RenderError::TooLarge)?;
    file.stream(Ref::new(CONTENT), &packed).filter(Filter::FlateDecode);
    Ok(file.finish())
}

/// The rectangle that is wider than the cut page by `margin` millimetres on each side. The origin is the lower left
/// corner of everything.
fn around(page: Page, margin: f64) -> Rect {
    let outside = page.bleed + page.marks - margin;
    let far = |side: f64| points(outside + side + 2.0 * margin);
    Rect::new(points(outside), points(outside), far(page.width), far(page.height))
}

fn points(millimetres: f64) -> f32 {
    (millimetres * POINTS) as f32
}

fn content(
    strokes: &[&Stroke],
    background: Color,
    (paper, page): (Paper, Page),
    states: &BTreeMap<u8, String>,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    let mut content = Content::new();
    let bleed = around(page, page.bleed);
    fill_color(&mut content, background);
    content.rect(bleed.x1, bleed.y1, bleed.x2 - bleed.x1, bleed.y2 - bleed.y1).fill_nonzero();
    if page.marks > 0.0 {
        marks(&mut content, page);
    }
    content.save_state();
    // From here on in grid units, with y downwards.
    let outside = page.bleed + page.marks;
    let scale = points(page.scale);
    let (left, top) = (points(outside + page.left), points(outside + page.height - page.top));
    content.transform([scale, 0.0, 0.0, -scale, left, top]);
    content.rect(0.0, 0.0, paper.width as f32, paper.height as f32).clip_nonzero().end_path();
    content.set_line_cap(LineCapStyle::RoundCap).set_line_join(LineJoinStyle::RoundJoin);
    for stroke in strokes {
        budget.check()?;
        let color = match stroke.tool {
            Tool::Pen | Tool::Ink => stroke.color,
            Tool::Eraser => background,
        };
        let state = states.get(&stroke.alpha);
        if let Some(name) = state {
            content.save_state().set_parameters(Name(name.as_bytes()));
        }
        draw(&mut content, stroke, color, paper.unit());
        if state.is_some() {
            content.restore_state();
        }
        if content.len() > MOST_TEXT {
            return Err(RenderError::TooLarge);
        }
    }
    content.restore_state();
    Ok(content.finish().into_vec())
}

/// Draws lines at the corners, outside the bleed, along which the page is cut.
fn marks(content: &mut Content, page: Page) {
    content.save_state().set_stroke_gray(0.0).set_line_width(MARK_WIDTH);
    let outside = page.bleed + page.marks;
    let (near, far) = (outside - page.bleed - GAP, outside - page.bleed - GAP - MARK);
    for (x, along) in [(outside, page.height), (outside + page.width, page.height)] {
        let above = 2.0 * outside + along;
        for (from, to) in [(near, far), (above - near, above - far)] {
            content.move_to(points(x), points(from)).line_to(points(x), points(to)).stroke();
        }
    }
    for (y, along) in [(outside, page.width), (outside + page.height, page.width)] {
        let beside = 2.0 * outside + along;
        for (from, to) in [(near, far), (beside - near, beside - far)] {
            content.move_to(points(from), points(y)).line_to(points(to), points(y)).stroke();
        }
    }
    content.restore_state();
}

fn fill_color(content: &mut Content, Color(rgb): Color) {
    let [r, g, b] = rgb.map(|part| f32::from(part) / f32::from(u8::MAX));
    content.set_fill_rgb(r, g, b);
}

fn draw(content: &mut Content, stroke: &Stroke, color: Color, unit: f64) {
    match shape(stroke, unit) {
        Shape::Line { width, start, segments } => {
            let [r, g, b] = color.0.map(|part| f32::from(part) / f32::from(u8::MAX));
            content.set_stroke_rgb(r, g, b).set_line_width(tenth(width));
            line(content, start, &segments);
        }
        Shape::Outline(polygons) => {
            fill_color(content, color);
            for polygon in &polygons {
                let mut corners = polygon.iter();
                if let Some([x, y]) = corners.next() {
                    content.move_to(tenth(*x), tenth(*y));
                }
                for [x, y] in corners {
                    content.line_to(tenth(*x), tenth(*y));
                }
                content.close_path();
            }
            content.fill_nonzero();
        }
        Shape::Dot { center, radius } => {
            fill_color(content, color);
            disc(content, center, radius);
        }
    }
}

fn line(content: &mut Content, start: Position, segments: &[Segment]) {
    content.move_to(tenth(start[0]), tenth(start[1]));
    let mut at = start;
    for segment in segments {
        match *segment {
            Segment::Line(to) => {
                content.line_to(tenth(to[0]), tenth(to[1]));
                at = to;
            }
            Segment::Quad(by, to) => {
                // PDF has cubic curves alone; this one is the same curve.
                let control = |end: Position| {
                    [end[0] + (by[0] - end[0]) * 2.0 / 3.0, end[1] + (by[1] - end[1]) * 2.0 / 3.0]
                };
                curve(content, control(at), control(to), to);
                at = to;
            }
        }
    }
    content.stroke();
}

fn curve(content: &mut Content, first: Position, second: Position, to: Position) {
    let ([x1, y1], [x2, y2], [x3, y3]) = (first.map(tenth), second.map(tenth), to.map(tenth));
    content.cubic_to(x1, y1, x2, y2, x3, y3);
}

fn disc(content: &mut Content, [x, y]: Position, radius: f64) {
    let near = radius * QUARTER;
    content.move_to(tenth(x + radius), tenth(y));
    curve(content, [x + radius, y + near], [x + near, y + radius], [x, y + radius]);
    curve(content, [x - near, y + radius], [x - radius, y + near], [x - radius, y]);
    curve(content, [x - radius, y - near], [x - near, y - radius], [x, y - radius]);
    curve(content, [x + near, y - radius], [x + radius, y - near], [x + radius, y]);
    content.close_path().fill_nonzero();
}

/// Rounds to a tenth of a grid unit, as the SVG does.
fn tenth(value: f64) -> f32 {
    ((value * 10.0).round() / 10.0) as f32
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::io::Read;

    use yibi_common::drawing::Point;
    use yibi_common::shop::PrintPaper;

    use super::*;

    fn stroke(tool: Tool, alpha: u8, points: &[(i32, i32)]) -> Stroke {
        let points = points.iter().map(|(x, y)| Point { x: *x, y: *y, dt: 16 }).collect();
        Stroke { tool, color: Color([255, 0, 0]), alpha, width: 28, points }
    }

    fn picture(strokes: &[Stroke]) -> Picture<'_> {
        let strokes = strokes.iter().map(Cow::Borrowed).collect();
        Picture { background: Color([255, 248, 231]), strokes, weapp: None }
    }

    /// The operators of a file's only stream.
    fn operators(file: &[u8]) -> String {
        let find = |what: &[u8], from: usize| {
            from + file[from..].windows(what.len()).position(|window| window == what).unwrap()
        };
        let begin = find(b"stream\n", 0) + 7;
        let end = find(b"\nendstream", begin);
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(&file[begin..end]).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_print_has_its_boxes_marks_and_strokes_as_vectors() {
        let paper = Paper { width: 2048, height: 2731 };
        let strokes = [
            stroke(Tool::Pen, Stroke::OPAQUE, &[(100, 100), (400, 300), (800, 100)]),
            stroke(Tool::Ink, Stroke::OPAQUE, &[(100, 900), (400, 1_300), (800, 900)]),
            stroke(Tool::Pen, 128, &[(500, 500)]),
            stroke(Tool::Eraser, Stroke::OPAQUE, &[(100, 100), (300, 200)]),
        ];
        let page = Page::print(paper, PrintPaper::A4);
        let file = pdf(&picture(&strokes), paper, page, &Budget::unlimited()).unwrap();
        assert!(file.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&file);
        // A4 with 10 mm around, with 3 mm around, and after the cut.
        for shown in [
            "/MediaBox [0 0 651.9685 898.5827]",
            "/BleedBox [19.84252 19.84252 632.126 878.7402]",
            "/TrimBox [28.346457 28.346457 623.6221 870.2362]",
        ] {
            assert!(text.contains(shown), "{shown}");
        }
        let operators = operators(&file);
        assert_eq!(operators.matches("\nS").count(), 8 + 2, "crop marks, and two lines: {operators}");
        assert!(operators.contains(" c\n") && operators.contains("/a128 gs") && operators.contains("W\nn"));
        assert!(!operators.contains(" Do"), "no picture of pixels");
    }

    #[test]
    fn a_plain_page_has_neither_bleed_nor_marks() {
        let paper = Paper { width: 2048, height: 1024 };
        let strokes = [stroke(Tool::Pen, Stroke::OPAQUE, &[(0, 0), (2_048, 1_024)])];
        let file = pdf(&picture(&strokes), paper, Page::plain(paper), &Budget::unlimited()).unwrap();
        let text = String::from_utf8_lossy(&file);
        assert!(text.contains("/MediaBox [0 0 841.8898 420.9449]"));
        assert_eq!(operators(&file).matches("\nS").count(), 1);
    }
}
