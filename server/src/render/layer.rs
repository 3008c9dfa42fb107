//! Draws strokes into pixels.

use tiny_skia::{
    BlendMode, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapMut,
    PremultipliedColorU8, Transform,
};
use yibi_common::drawing::{Color, Stroke, Tool};
use yibi_common::geometry::{Position, Segment, Shape, shape};

use super::region::Region;
use super::{Budget, Frame, RenderError};

/// Maximum number of polygons in one fill. The cost grows with the square of their number where they overlap;
/// a person's ink has fewer, and a seam between two such groups lies inside the stroke.
const POLYGONS: usize = 256;
/// Maximum cost of one fill: the sum of its edges' heights, in pixels, which takes some 50 ms. A larger path
/// is filled in bands, with a budget check between them.
const EFFORT: f64 = 200_000.0;

/// A bitmap that strokes are drawn on.
pub(super) struct Layer {
    pixmap: Pixmap,
    scale: f64,
    /// The paper's unit, by which strokes look the same on any grid.
    unit: f64,
    /// The part of the picture that the bitmap holds; `None` for the whole picture.
    window: Option<Region>,
}

impl Layer {
    /// Creates a layer of one colour, or a transparent one. `None` if the bitmap's size overflows.
    pub(super) fn new(frame: Frame, ground: Option<Color>) -> Option<Self> {
        let mut pixmap = Pixmap::new(frame.width, frame.height)?;
        if let Some(Color([r, g, b])) = ground {
            pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, u8::MAX));
        }
        Some(Self { pixmap, scale: frame.scale, unit: frame.unit, window: None })
    }

    /// Copies a part of the picture; strokes drawn on the copy keep their places. `None` if the region is empty
    /// or exceeds the picture.
    pub(super) fn window(&self, region: Region) -> Option<Self> {
        let mut pixmap = Pixmap::new(region.width(), region.height())?;
        let width = self.pixmap.width() as usize;
        let rows = self.pixels().chunks(width).skip(region.top as usize);
        for (to, from) in pixmap.pixels_mut().chunks_mut(region.width() as usize).zip(rows) {
            to.copy_from_slice(from.get(region.left as usize..region.right as usize)?);
        }
        Some(Self { pixmap, window: Some(region), ..*self })
    }

    /// Pixels in row order, with premultiplied alpha.
    pub(super) fn pixels(&self) -> &[PremultipliedColorU8] {
        self.pixmap.pixels()
    }

    /// Draws a stroke over the earlier ones, or erases them along its path.
    pub(super) fn draw(&mut self, stroke: &Stroke, budget: &Budget) -> Result<(), RenderError> {
        budget.check()?;
        let mut paint = Paint::default();
        let Color([r, g, b]) = stroke.color;
        match stroke.tool {
            Tool::Pen | Tool::Ink => paint.set_color_rgba8(r, g, b, stroke.alpha),
            Tool::Eraser => paint.blend_mode = BlendMode::DestinationOut,
        }
        match shape(stroke, self.unit) {
            Shape::Line { width, start, segments } => self.line(width, start, &segments, &paint, budget),
            Shape::Outline(polygons) => {
                polygons.chunks(POLYGONS).try_for_each(|polygons| self.polygons(polygons, &paint, budget))
            }
            Shape::Dot { center: [x, y], radius } => {
                let mut path = PathBuilder::new();
                let (x, y) = self.place([x, y]);
                path.push_circle(x, y, self.pixels_of(radius));
                self.fill(path.finish(), &paint, budget)
            }
        }
    }

    /// Strokes a path. Like Skia, which implements browsers' canvases, tiny-skia draws a line thinner than a
    /// pixel as a hairline of lower opacity; a filled outline would look different.
    fn line(
        &mut self,
        width: f64,
        start: Position,
        segments: &[Segment],
        paint: &Paint<'_>,
        budget: &Budget,
    ) -> Result<(), RenderError> {
        let path = self.path(width, start, segments);
        let stroke = tiny_skia::Stroke {
            width: self.pixels_of(width),
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..tiny_skia::Stroke::default()
        };
        let Some(path) = path else { return Ok(()) };
        if stroke.width > 1.0 {
            return self.fill(path.stroke(&stroke, 1.0), paint, budget);
        }
        self.pixmap.stroke_path(&path, paint, &stroke, Transform::identity(), None);
        Ok(())
    }

    /// Builds the path of a line, without the segments that leave no trace in the window. The caps where such a
    /// segment is missing lie outside the window, since a cap is within its segment's reach.
    fn path(&self, width: f64, start: Position, segments: &[Segment]) -> Option<Path> {
        let mut path = PathBuilder::new();
        let mut at = start;
        let mut connected = false;
        for segment in segments {
            let (control, to) = match *segment {
                Segment::Line(to) => (to, to),
                Segment::Quad(control, to) => (control, to),
            };
            let visible = self.window_touches(&[at, control, to], width);
            if visible {
                if !connected {
                    let (x, y) = self.place(at);
                    path.move_to(x, y);
                }
                let ((cx, cy), (x, y)) = (self.place(control), self.place(to));
                match segment {
                    Segment::Line(_) => path.line_to(x, y),
                    Segment::Quad(..) => path.quad_to(cx, cy, x, y),
                }
            }
            (connected, at) = (visible, to);
        }
        path.finish()
    }

    /// Whether a line of that width around the positions may touch the window.
    fn window_touches(&self, positions: &[Position], width: f64) -> bool {
        self.window.is_none_or(|window| {
            let reach = width * self.scale * 0.5 + Region::MARGIN;
            let pixels = positions.iter().map(|position| position.map(|units| units * self.scale));
            Region::around(pixels, reach, window).is_some()
        })
    }

    fn polygons(
        &mut self,
        polygons: &[Vec<Position>],
        paint: &Paint<'_>,
        budget: &Budget,
    ) -> Result<(), RenderError> {
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
        self.fill(path.finish(), paint, budget)
    }

    /// Fills a path. `None`, tiny-skia's result for a path without extent, is skipped.
    fn fill(&mut self, path: Option<Path>, paint: &Paint<'_>, budget: &Budget) -> Result<(), RenderError> {
        let Some(path) = path else { return Ok(()) };
        let rows = rows_per_band(&path, self.pixmap.height());
        self.fill_bands(&path, paint, rows, budget)
    }

    /// Fills a path in bands of `rows` rows, each as a separate bitmap.
    fn fill_bands(
        &mut self,
        path: &Path,
        paint: &Paint<'_>,
        rows: u32,
        budget: &Budget,
    ) -> Result<(), RenderError> {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let row_len = width as usize * tiny_skia::BYTES_PER_PIXEL;
        let tops = (0..height).step_by(rows.max(1) as usize);
        for (top, band) in tops.zip(self.pixmap.data_mut().chunks_mut(row_len * rows.max(1) as usize)) {
            budget.check()?;
            let band = PixmapMut::from_bytes(band, width, rows.max(1).min(height - top));
            let shift = Transform::from_translate(0.0, -(top as f32));
            if let Some(mut band) = band {
                band.fill_path(path, paint, FillRule::Winding, shift, None);
            }
        }
        Ok(())
    }

    fn place(&self, [x, y]: Position) -> (f32, f32) {
        let (left, top) = self.window.map_or((0, 0), |window| (window.left, window.top));
        let within = |units: f64, origin: u32| (units * self.scale - f64::from(origin)) as f32;
        (within(x, left), within(y, top))
    }

    /// Converts a length to pixels. The rounding to f32 is below a thousandth of a pixel on any paper.
    fn pixels_of(&self, units: f64) -> f32 {
        (units * self.scale) as f32
    }
}

/// The height of the bands in which a path is filled: all rows for an ordinary path.
fn rows_per_band(path: &Path, height: u32) -> u32 {
    // Edges outside the bitmap cost almost nothing.
    let within = |y: f32| f64::from(y).clamp(0.0, f64::from(height));
    let steps = path.points().iter().zip(path.points().iter().skip(1));
    let effort: f64 = steps.map(|(a, b)| (within(a.y) - within(b.y)).abs()).sum();
    let bands = (effort / EFFORT).ceil().max(1.0);
    (f64::from(height) / bands).ceil() as u32
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::{Paper, Point};

    use super::*;

    const SQUARE: Paper = Paper { width: 2048, height: 2048 };

    /// A stroke of the largest width with `points` points, which jumps across the paper.
    fn scribble(points: u32) -> Stroke {
        let mut state = 7_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 21).cast_signed()
        };
        let points = (0..points).map(|_| Point { x: random(), y: random(), dt: 0 }).collect();
        Stroke { tool: Tool::Pen, color: Color([200, 30, 60]), alpha: 128, width: 512, points }
    }

    fn outline(stroke: &Stroke, size: u32) -> (Layer, Path) {
        let layer = Layer::new(Frame::new(SQUARE, size).unwrap(), Some(Color::WHITE)).unwrap();
        let Shape::Line { width, start, segments } = shape(stroke, SQUARE.unit()) else { panic!("no line") };
        let mut path = PathBuilder::new();
        let (x, y) = layer.place(start);
        path.move_to(x, y);
        for segment in segments {
            let (Segment::Line(to) | Segment::Quad(_, to)) = segment;
            let (x, y) = layer.place(to);
            path.line_to(x, y);
        }
        let pen = tiny_skia::Stroke { width: layer.pixels_of(width), ..tiny_skia::Stroke::default() };
        let path = path.finish().unwrap().stroke(&pen, 1.0).unwrap();
        (layer, path)
    }

    #[test]
    fn bands_give_the_pixels_of_a_single_fill() {
        let (mut whole, path) = outline(&scribble(40), 256);
        let (mut banded, _) = outline(&scribble(40), 256);
        let mut paint = Paint::default();
        paint.set_color_rgba8(200, 30, 60, 128);
        let budget = Budget::start();
        whole.fill_bands(&path, &paint, 256, &budget).unwrap();
        banded.fill_bands(&path, &paint, 37, &budget).unwrap();
        assert_ne!(whole.pixels()[256 * 128 + 128], whole.pixels()[0]);
        let pairs = whole.pixels().iter().zip(banded.pixels());
        let mut differences: Vec<u8> = pairs.map(|(a, b)| a.green().abs_diff(b.green())).collect();
        // The shift changes the rounding of an edge's slope.
        differences.retain(|difference| *difference > 2);
        assert!(differences.len() < 256 * 256 / 1000, "{differences:?}");
        assert!(differences.iter().all(|difference| *difference <= 16), "{differences:?}");
    }

    #[test]
    fn only_a_stroke_of_great_effort_is_filled_in_bands() {
        let (_, path) = outline(&Stroke { width: 28, ..scribble(10) }, 2048);
        assert_eq!(rows_per_band(&path, 2048), 2048);
        let (_, path) = outline(&scribble(10_000), 2048);
        let rows = rows_per_band(&path, 2048);
        assert!(rows < 2048 / 16, "{rows}");
    }

    #[test]
    fn an_abandoned_picture_is_not_drawn_on() {
        let (mut layer, _) = outline(&scribble(10), 256);
        let budget = Budget::start();
        let guard = budget.guard();
        assert!(layer.draw(&scribble(10), &budget).is_ok());
        drop(guard);
        let before = layer.pixels().to_vec();
        assert!(matches!(layer.draw(&scribble(10), &budget), Err(RenderError::Abandoned)));
        assert_eq!(layer.pixels(), before);
    }
}
