//! A drawing at the size of a terminal: a bitmap that grows stroke by stroke.
//!
//! Each point is stamped once, so a frame of a long replay costs no more than its newest points. A stroke's edge
//! is its pixels' coverage, and overlapping stamps of one stroke take the higher coverage, so that a stroke looks
//! the same drawn in pieces and at once.

use yibi_common::drawing::{Color, Paper, Point, Stroke, Tool};
use yibi_common::geometry;

/// A pixel's colour and opacity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Ink {
    color: [f32; 3],
    alpha: f32,
}

/// Ink on transparent paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    width: usize,
    height: usize,
    /// Pixels per grid unit, in x and in y.
    scale: f32,
    /// Grid units per unit of the default grid, in which the speeds of ink are measured.
    unit: f64,
    /// The pixels without the current stroke.
    below: Vec<Ink>,
    /// The coverage of each pixel by the current stroke.
    cover: Vec<f32>,
    /// The rows that the current stroke has touched.
    touched: std::ops::Range<usize>,
    pen: Option<Pen>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Pen {
    tool: Tool,
    color: [f32; 3],
    /// The stroke's opacity, from 0 to 1.
    alpha: f32,
    width: f32,
    last: Point,
}

impl Raster {
    pub fn bytes(&self) -> usize {
        self.below.len() * (size_of::<Ink>() + size_of::<f32>())
    }

    /// A raster for a paper of `paper` grid units within at most `room` pixels, in the paper's proportions.
    pub fn new(paper: (u32, u32), room: (u16, u16)) -> Self {
        let side = |units: u32| units.clamp(1, 1 << 16) as f32;
        let (paper_width, paper_height) = (side(paper.0), side(paper.1));
        let scale = (f32::from(room.0.max(1)) / paper_width).min(f32::from(room.1.max(1)) / paper_height);
        let pixels =
            |units: f32, most: u16| ((units * scale).round() as usize).clamp(1, usize::from(most.max(1)));
        let (width, height) = (pixels(paper_width, room.0), pixels(paper_height, room.1));
        let area = width * height;
        Self {
            width,
            height,
            scale,
            unit: Paper { width: paper.0, height: paper.1 }.unit(),
            below: vec![Ink::default(); area],
            cover: vec![0.0; area],
            touched: 0..0,
            pen: None,
        }
    }

    /// Pixels from left to right and from top to bottom.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The colour of a pixel on paper of that colour; `None` outside.
    pub fn pixel(&self, x: usize, y: usize, paper: Color) -> Option<Color> {
        if x >= self.width {
            return None;
        }
        let index = y * self.width + x;
        let ink = self.over(*self.below.get(index)?, *self.cover.get(index)?);
        let mut mixed = [0_u8; 3];
        for ((out, ink_part), paper_part) in mixed.iter_mut().zip(ink.color).zip(paper.0) {
            *out = (ink_part * ink.alpha + f32::from(paper_part) * (1.0 - ink.alpha)).round() as u8;
        }
        Some(Color(mixed))
    }

    /// The opacity of the ink at a pixel, from 0 to 1.
    pub fn ink(&self, x: usize, y: usize) -> f32 {
        let index = y * self.width + x;
        match (self.below.get(index), self.cover.get(index)) {
            (Some(below), Some(cover)) if x < self.width => self.over(*below, *cover).alpha,
            _ => 0.0,
        }
    }

    /// Draws a whole stroke.
    pub fn draw(&mut self, stroke: &Stroke) {
        let mut points = stroke.points.iter();
        if let Some(first) = points.next() {
            self.touch(stroke, *first);
            for point in points {
                self.lead(*point);
            }
        }
        self.lift();
    }

    /// Puts the pen on the paper.
    pub fn touch(&mut self, stroke: &Stroke, first: Point) {
        self.lift();
        self.pen = Some(Pen {
            tool: stroke.tool,
            color: stroke.color.0.map(f32::from),
            alpha: f32::from(stroke.alpha) / f32::from(u8::MAX),
            width: f32::from(stroke.width),
            last: first,
        });
        self.stamp(first.x as f32, first.y as f32, f32::from(stroke.width) * 0.5);
    }

    /// Moves the pen to a point.
    pub fn lead(&mut self, point: Point) {
        let Some(pen) = self.pen.as_mut() else { return };
        let (from, width, tool) = (pen.last, pen.width, pen.tool);
        pen.last = point;
        let (dx, dy) = (point.x as f32 - from.x as f32, point.y as f32 - from.y as f32);
        let length = dx.hypot(dy);
        let mut radius = width * 0.5;
        if tool == Tool::Ink && point.dt > 0 {
            radius *= geometry::ink_width(f64::from(length) / (f64::from(point.dt) * self.unit)) as f32;
        }
        // Discs half a pixel apart leave no gap; far outside the paper, larger steps do.
        let most = (self.width + self.height) as f32 * 16.0;
        let steps = (length * self.scale * 2.0).ceil().clamp(1.0, most) as u32;
        for step in 1..=steps {
            let part = step as f32 / steps as f32;
            self.stamp(from.x as f32 + dx * part, from.y as f32 + dy * part, radius);
        }
    }

    /// Lifts the pen: the next stroke is drawn above this one.
    pub fn lift(&mut self) {
        let Some(pen) = self.pen else { return };
        let rows = self.touched.start * self.width..self.touched.end * self.width;
        let (below, cover) = (self.below.get_mut(rows.clone()), self.cover.get_mut(rows));
        for (below, cover) in below.into_iter().flatten().zip(cover.into_iter().flatten()) {
            *below = pen.over(*below, *cover);
            *cover = 0.0;
        }
        self.touched = 0..0;
        self.pen = None;
    }

    fn over(&self, below: Ink, cover: f32) -> Ink {
        self.pen.map_or(below, |pen| pen.over(below, cover))
    }

    /// Stamps a disc with a radius in grid units, at least as large as a visible dot.
    fn stamp(&mut self, x: f32, y: f32, radius: f32) {
        let (x, y, radius) = (x * self.scale, y * self.scale, (radius * self.scale).max(0.55));
        let reach = radius + 0.5;
        let (width, height) = (self.width as f32, self.height as f32);
        if x + reach < 0.0 || y + reach < 0.0 || x - reach > width || y - reach > height {
            return;
        }
        let span = |middle: f32, end: f32| {
            ((middle - reach).floor().max(0.0) as usize)..((middle + reach).ceil().min(end) as usize)
        };
        let (columns, rows) = (span(x, width), span(y, height));
        if self.touched.is_empty() {
            self.touched = rows.clone();
        } else {
            self.touched = self.touched.start.min(rows.start)..self.touched.end.max(rows.end);
        }
        for row in rows {
            let line = self.cover.get_mut(row * self.width + columns.start..row * self.width + columns.end);
            for (column, cover) in columns.clone().zip(line.into_iter().flatten()) {
                let distance = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y);
                *cover = cover.max((radius + 0.5 - distance).clamp(0.0, 1.0));
            }
        }
    }
}

impl Pen {
    fn over(&self, below: Ink, cover: f32) -> Ink {
        if self.tool == Tool::Eraser {
            return Ink { color: below.color, alpha: below.alpha * (1.0 - cover) };
        }
        let cover = cover * self.alpha;
        let alpha = cover + below.alpha * (1.0 - cover);
        if alpha <= 0.0 {
            return below;
        }
        let mut color = self.color;
        for (part, old) in color.iter_mut().zip(below.color) {
            *part = (*part * cover + old * below.alpha * (1.0 - cover)) / alpha;
        }
        Ink { color, alpha }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(tool: Tool, color: Color, width: u16, way: &[(i32, i32)]) -> Stroke {
        let points = way.iter().map(|(x, y)| Point { x: *x, y: *y, dt: 16 }).collect();
        Stroke { tool, color, alpha: Stroke::OPAQUE, width, points }
    }

    const RED: Color = Color([255, 0, 0]);

    #[test]
    fn a_stroke_is_where_it_was_drawn_and_the_paper_shows_elsewhere() {
        let mut raster = Raster::new((1000, 1000), (40, 40));
        raster.draw(&stroke(Tool::Pen, RED, 100, &[(0, 500), (1000, 500)]));
        assert_eq!(raster.pixel(20, 20, Color::WHITE), Some(RED));
        assert_eq!(raster.pixel(20, 5, Color::WHITE), Some(Color::WHITE));
        assert_eq!(raster.pixel(20, 5, Color::BLACK), Some(Color::BLACK));
        assert_eq!(raster.pixel(40, 5, Color::BLACK), None);
        assert_eq!(raster.pixel(0, 40, Color::BLACK), None);
    }

    #[test]
    fn an_eraser_shows_the_paper_whatever_its_colour() {
        let mut raster = Raster::new((1000, 1000), (40, 40));
        raster.draw(&stroke(Tool::Pen, RED, 100, &[(0, 500), (1000, 500)]));
        raster.draw(&stroke(Tool::Eraser, Color::BLACK, 300, &[(500, 0), (500, 1000)]));
        assert_eq!(raster.pixel(20, 20, Color([1, 2, 3])), Some(Color([1, 2, 3])));
        assert_eq!(raster.pixel(5, 20, Color::WHITE), Some(RED));
    }

    #[test]
    fn in_pieces_is_as_at_once() {
        let line = stroke(Tool::Ink, RED, 60, &[(100, 100), (900, 300), (200, 800), (200, 800)]);
        let (mut once, mut pieces) =
            (Raster::new((1000, 1000), (30, 60)), Raster::new((1000, 1000), (30, 60)));
        once.draw(&line);
        pieces.touch(&line, line.points[0]);
        for point in &line.points[1..] {
            pieces.lead(*point);
        }
        let shown = |raster: &Raster| {
            (0..900).map(|i| raster.pixel(i % 30, i / 30, Color::WHITE)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&once), shown(&pieces));
        pieces.lift();
        assert_eq!(once, pieces);
    }

    #[test]
    fn extremes_are_harmless() {
        for (paper, room) in [((1, 1), (0, 0)), ((64, 8192), (80, 48)), ((u32::MAX, 1), (3, 3))] {
            let mut raster = Raster::new(paper, room);
            let far = [(i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (0, 0)];
            raster.draw(&stroke(Tool::Pen, RED, 512, &far));
            let (width, height) = raster.size();
            assert!(width >= 1 && height >= 1 && width <= usize::from(room.0.max(1)));
            assert!(height <= usize::from(room.1.max(1)));
        }
    }

    #[test]
    fn a_tap_can_be_seen_however_small_it_is() {
        let mut raster = Raster::new((2048, 2731), (60, 80));
        raster.draw(&stroke(Tool::Pen, Color::BLACK, 1, &[(1024, 1365)]));
        let darkest = (0..80)
            .flat_map(|y| (0..60).map(move |x| (x, y)))
            .map(|(x, y)| raster.ink(x, y))
            .fold(0.0, f32::max);
        assert!(darkest > 0.3, "{darkest}");
    }
}
