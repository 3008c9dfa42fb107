//! Strokes as pixels.

use tiny_skia::{
    BlendMode, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Transform,
};
use yibi_common::drawing::{Color, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};

use super::Frame;

/// A sheet of pixels to draw strokes on.
pub(super) struct Layer {
    pixmap: Pixmap,
    scale: f64,
}

impl Layer {
    /// A sheet of one colour, or a transparent one. `None` where there are more pixels than memory can have.
    pub(super) fn new(frame: Frame, ground: Option<Color>) -> Option<Self> {
        let mut pixmap = Pixmap::new(frame.width, frame.height)?;
        if let Some(Color([r, g, b])) = ground {
            pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, u8::MAX));
        }
        Some(Self { pixmap, scale: frame.scale })
    }

    /// The pixels, row by row, with colours multiplied by alpha.
    pub(super) fn pixels(&self) -> &[PremultipliedColorU8] {
        self.pixmap.pixels()
    }

    /// Draws a stroke over what is there, or takes away what is there.
    pub(super) fn draw(&mut self, stroke: &Stroke) {
        let mut paint = Paint::default();
        let Color([r, g, b]) = stroke.color;
        match stroke.tool {
            Tool::Pen | Tool::Ink => paint.set_color_rgba8(r, g, b, u8::MAX),
            Tool::Eraser => paint.blend_mode = BlendMode::DestinationOut,
        }
        let shape = shape(stroke);
        let Some(path) = self.path(&shape) else { return };
        match shape {
            // Like Skia behind the browser's canvas, this draws a line of less than a pixel as a hairline of
            // less opacity; filling its outline instead would look different there.
            Shape::Line { width, .. } => {
                let stroke = tiny_skia::Stroke {
                    width: self.pixels_of(width),
                    line_cap: LineCap::Round,
                    line_join: LineJoin::Round,
                    ..tiny_skia::Stroke::default()
                };
                self.pixmap.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
            }
            Shape::Outline(_) | Shape::Dot { .. } => {
                self.pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
            }
        }
    }

    /// A shape's path in pixels; `None` where it has no extent.
    fn path(&self, shape: &Shape) -> Option<Path> {
        let mut path = PathBuilder::new();
        match shape {
            Shape::Line { start, segments, .. } => {
                let (x, y) = self.place(*start);
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
            }
            Shape::Outline(polygons) => {
                for polygon in polygons {
                    let mut points = polygon.iter().map(|point| self.place(*point));
                    let (x, y) = points.next()?;
                    path.move_to(x, y);
                    for (x, y) in points {
                        path.line_to(x, y);
                    }
                    path.close();
                }
            }
            Shape::Dot { center, radius } => {
                let (x, y) = self.place(*center);
                path.push_circle(x, y, self.pixels_of(*radius));
            }
        }
        path.finish()
    }

    fn place(&self, [x, y]: Position) -> (f32, f32) {
        (self.pixels_of(x), self.pixels_of(y))
    }

    /// A length in pixels; what f64 loses as f32 is below a thousandth of a pixel on any paper.
    fn pixels_of(&self, units: f64) -> f32 {
        (units * self.scale) as f32
    }
}
