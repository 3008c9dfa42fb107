//! Draws strokes into pixels.

use tiny_skia::{
    BlendMode, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, PremultipliedColorU8, Transform,
};
use yibi_common::drawing::{Color, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};

use super::Frame;

/// The most polygons that are filled at once. The effort grows with the square of their number where they overlap;
/// the ink of a person has fewer, and a seam between two such groups lies inside the stroke.
const POLYGONS: usize = 256;

/// A bitmap that strokes are drawn on.
pub(super) struct Layer {
    pixmap: Pixmap,
    scale: f64,
    /// The paper's unit: ink looks the same on any grid.
    unit: f64,
}

impl Layer {
    /// Creates a layer of one colour, or a transparent one. `None` if the bitmap's size overflows.
    pub(super) fn new(frame: Frame, ground: Option<Color>) -> Option<Self> {
        let mut pixmap = Pixmap::new(frame.width, frame.height)?;
        if let Some(Color([r, g, b])) = ground {
            pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, u8::MAX));
        }
        Some(Self { pixmap, scale: frame.scale, unit: frame.unit })
    }

    /// The pixels, row by row, with premultiplied alpha.
    pub(super) fn pixels(&self) -> &[PremultipliedColorU8] {
        self.pixmap.pixels()
    }

    /// Draws a stroke over the earlier ones, or erases them along its path.
    pub(super) fn draw(&mut self, stroke: &Stroke) {
        let mut paint = Paint::default();
        let Color([r, g, b]) = stroke.color;
        match stroke.tool {
            Tool::Pen | Tool::Ink => paint.set_color_rgba8(r, g, b, stroke.alpha),
            Tool::Eraser => paint.blend_mode = BlendMode::DestinationOut,
        }
        match shape(stroke, self.unit) {
            Shape::Line { width, start, segments } => self.line(width, start, &segments, &paint),
            Shape::Outline(polygons) => {
                for polygons in polygons.chunks(POLYGONS) {
                    self.polygons(polygons, &paint);
                }
            }
            Shape::Dot { center: [x, y], radius } => {
                let mut path = PathBuilder::new();
                path.push_circle(self.pixels_of(x), self.pixels_of(y), self.pixels_of(radius));
                self.fill(path, &paint);
            }
        }
    }

    /// Strokes a path. Like Skia behind a browser's canvas, tiny-skia draws a line thinner than a pixel as a hairline
    /// of lower opacity; a filled outline would look different.
    fn line(&mut self, width: f64, start: Position, segments: &[Segment], paint: &Paint<'_>) {
        let mut path = PathBuilder::new();
        let (x, y) = self.place(start);
        path.move_to(x, y);
        for segment in segments {
            match segment {
                Segment::Line(to) => {
                    let (x, y) = self.place(*to);
                    path.line_to(x, y);
                }
                Segment::Quad(control, to) => {
                    let ((cx, cy), (x, y)) = (self.place(*control), self.place(*to));
                    path.quad_to(cx, cy, x, y);
                }
            }
        }
        let stroke = tiny_skia::Stroke {
            width: self.pixels_of(width),
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..tiny_skia::Stroke::default()
        };
        if let Some(path) = path.finish() {
            self.pixmap.stroke_path(&path, paint, &stroke, Transform::identity(), None);
        }
    }

    fn polygons(&mut self, polygons: &[Vec<Position>], paint: &Paint<'_>) {
        let mut path = PathBuilder::new();
        for polygon in polygons {
            let mut points = polygon.iter().map(|point| self.place(*point));
            if let Some((x, y)) = points.next() {
                path.move_to(x, y);
            }
            for (x, y) in points {
                path.line_to(x, y);
            }
            path.close();
        }
        self.fill(path, paint);
    }

    /// Fills a path; a path without extent, which tiny-skia does not finish, leaves no trace.
    fn fill(&mut self, path: PathBuilder, paint: &Paint<'_>) {
        if let Some(path) = path.finish() {
            self.pixmap.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
        }
    }

    fn place(&self, [x, y]: Position) -> (f32, f32) {
        (self.pixels_of(x), self.pixels_of(y))
    }

    /// Converts a length to pixels. The rounding to f32 is below a thousandth of a pixel on any paper.
    fn pixels_of(&self, units: f64) -> f32 {
        (units * self.scale) as f32
    }
}
