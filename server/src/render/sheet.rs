//! Renders the contact sheet of a drawing: nine moments of its replay in one picture, so that whoever checks the
//! finished picture also sees the strokes that later ones cover.

use std::collections::BTreeMap;

use tiny_skia::PremultipliedColorU8;
use yibi_common::drawing::{Paper, Stroke, Tool};
use yibi_common::picture::TimedPicture;

use super::encode::{self, over};
use super::layer::Layer;
use super::region::Region;
use super::timetable::Timetable;
use super::{Budget, Frame, RenderError, numbered_traces};

/// Number of cells on a side.
const SIDE: u32 = 3;
/// Number of cells.
const CELLS: usize = (SIDE * SIDE) as usize;
/// Longer side of a cell in pixels.
const CELL: u32 = 400;
/// Width of the lines between cells, in pixels.
const GAP: u32 = 12;
/// Colour of these lines and of cells without a moment.
const GROUND: u8 = 0xc8;
/// Longer side of the picture on which moments are compared, in pixels.
const SAMPLE: u32 = 96;
/// Difference of a channel from which a pixel counts as painted over.
const VISIBLE: u8 = 24;
/// A moment is added only if it shows so many pixels more than the others: a thousandth of the sample.
const GAIN: u32 = 8;

/// Renders nine moments of the replay as a PNG, from left to right and from top to bottom: after a quarter, a half
/// and three quarters of its time, with most ink on the paper, at the end, and those moments before strokes are
/// covered or erased that show most of what no other cell shows. A short drawing has fewer moments; the other
/// cells are grey.
///
/// # Errors
/// [`RenderError::TooLarge`], [`RenderError::Abandoned`], [`RenderError::Encode`].
pub fn contact_sheet(
    timed: &TimedPicture<'_>,
    paper: Paper,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    let traces = numbered_traces(&timed.picture, paper)?;
    let strokes: Vec<&Stroke> = traces.iter().map(|(_, stroke)| *stroke).collect();
    let ground = timed.picture.background;
    let erased = strokes.iter().any(|stroke| stroke.tool == Tool::Eraser);
    let ground_of_layers = if erased { None } else { Some(ground) };
    let layer = |size| {
        let frame = Frame::new(paper, size)?;
        Ok::<_, RenderError>((frame, Layer::new(frame, ground_of_layers).ok_or(RenderError::TooLarge)?))
    };

    let (frame, sample) = layer(SAMPLE)?;
    let mut history = History::new(sample.pixels().len());
    let mut sample = Sample { frame, layer: sample };
    for stroke in &strokes {
        sample.draw(stroke, &mut history, budget)?;
    }
    let timetable = Timetable::new(timed);
    let at_share = |share: f64| {
        let time = timetable.duration as f64 * share;
        traces.iter().filter(|(index, _)| timetable.moment(*index).to as f64 <= time).count()
    };
    let moments = history.moments([at_share(0.25), at_share(0.5), at_share(0.75)]);

    let (frame, mut layer) = layer(CELL)?;
    let mut sheet = Sheet::new(frame).ok_or(RenderError::TooLarge)?;
    let mut drawn = 0;
    for (cell, moment) in moments.into_iter().enumerate() {
        for stroke in strokes.iter().take(moment).skip(drawn) {
            layer.draw(stroke, budget)?;
        }
        drawn = moment;
        sheet.fill(cell, layer.pixels().iter().map(|pixel| over(*pixel, ground)));
    }
    encode::png(&sheet.pixels, sheet.frame, ground)
}

/// A small picture of the strokes so far.
struct Sample {
    frame: Frame,
    layer: Layer,
}

impl Sample {
    /// Draws a stroke and tells the history which pixels it paints or erases.
    fn draw(&mut self, stroke: &Stroke, history: &mut History, budget: &Budget) -> Result<(), RenderError> {
        let Some(region) = Region::of_stroke(stroke, 0, self.frame) else {
            history.end_stroke();
            return Ok(());
        };
        let before = self.layer.window(region).ok_or(RenderError::TooLarge)?;
        self.layer.draw(stroke, budget)?;
        let after = self.layer.window(region).ok_or(RenderError::TooLarge)?;
        let places =
            (region.top..region.bottom).flat_map(|y| (region.left..region.right).map(move |x| (x, y)));
        for (((x, y), old), new) in places.zip(before.pixels()).zip(after.pixels()) {
            if differs(*old, *new) {
                history.change((y * self.frame.width + x) as usize, stroke.tool != Tool::Eraser);
            }
        }
        history.end_stroke();
        Ok(())
    }
}

fn differs(a: PremultipliedColorU8, b: PremultipliedColorU8) -> bool {
    let channels = |pixel: PremultipliedColorU8| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()];
    channels(a).iter().zip(channels(b)).any(|(a, b)| a.abs_diff(b) >= VISIBLE)
}

/// Which pixels were visible when. A moment is a number of strokes: those that are complete.
struct History {
    /// The moment from which each pixel shows its ink; `None` for the paper.
    since: Vec<Option<usize>>,
    /// Number of pixels that are visible from one moment until before another.
    spans: BTreeMap<(usize, usize), u32>,
    /// Number of inked pixels, and the largest number so far with its moment.
    ink: u32,
    peak: (u32, usize),
    /// The current moment.
    moment: usize,
}

impl History {
    fn new(pixels: usize) -> Self {
        Self { since: vec![None; pixels], spans: BTreeMap::new(), ink: 0, peak: (0, 0), moment: 0 }
    }

    /// The stroke that comes next changes a pixel: it is painted, or erased.
    fn change(&mut self, pixel: usize, painted: bool) {
        let next = self.moment + 1;
        let Some(since) = self.since.get_mut(pixel) else { return };
        if let Some(from) = *since {
            *self.spans.entry((from, next)).or_default() += 1;
            self.ink -= 1;
        }
        *since = painted.then_some(next);
        self.ink += u32::from(painted);
    }

    fn end_stroke(&mut self) {
        self.moment += 1;
        if self.ink > self.peak.0 {
            self.peak = (self.ink, self.moment);
        }
    }

    /// The moments of the sheet in order: the given ones, the one of most ink, the end, and those that show most
    /// of what the others do not show.
    fn moments(mut self, given: [usize; 3]) -> Vec<usize> {
        for from in self.since.iter().flatten() {
            *self.spans.entry((*from, self.moment + 1)).or_default() += 1;
        }
        let mut moments = vec![self.moment];
        let fixed = given.into_iter().chain([self.peak.1]).filter(|moment| *moment > 0);
        moments.extend(fixed);
        moments.sort_unstable();
        moments.dedup();
        self.spans.retain(|span, _| !moments.iter().any(|moment| shows(*moment, *span)));
        while moments.len() < CELLS {
            let Some(best) = self.best() else { break };
            moments.push(best);
            self.spans.retain(|span, _| !shows(best, *span));
        }
        moments.sort_unstable();
        moments
    }

    /// The moment at which most pixels of the remaining spans are visible: the last such moment, before they are
    /// covered. `None` if it would show next to nothing.
    fn best(&self) -> Option<usize> {
        let mut changes = vec![0_i64; self.moment + 2];
        for ((from, until), pixels) in &self.spans {
            for (at, sign) in [(*from, 1), (*until, -1)] {
                if let Some(change) = changes.get_mut(at) {
                    *change += sign * i64::from(*pixels);
                }
            }
        }
        let visible = changes.iter().scan(0, |sum, change| {
            *sum += change;
            Some(*sum)
        });
        let best = visible.zip(0..=self.moment).max_by_key(|(visible, _)| *visible);
        best.filter(|(visible, _)| *visible >= i64::from(GAIN)).map(|(_, moment)| moment)
    }
}

/// Whether a pixel that is visible in a span of moments is seen at a moment.
fn shows(moment: usize, (from, until): (usize, usize)) -> bool {
    (from..until).contains(&moment)
}

/// Cells in rows, on a grey ground.
struct Sheet {
    frame: Frame,
    cell: Frame,
    pixels: Vec<PremultipliedColorU8>,
}

impl Sheet {
    fn new(cell: Frame) -> Option<Self> {
        let side = |cell: u32| SIDE * cell + (SIDE + 1) * GAP;
        let frame = Frame { width: side(cell.width), height: side(cell.height), ..cell };
        let grey = PremultipliedColorU8::from_rgba(GROUND, GROUND, GROUND, u8::MAX)?;
        Some(Self { frame, cell, pixels: vec![grey; frame.width as usize * frame.height as usize] })
    }

    /// Fills a cell with opaque pixels.
    fn fill(&mut self, number: usize, pixels: impl Iterator<Item = [u8; 3]>) {
        let number = u32::try_from(number).unwrap_or(0);
        let left = GAP + number % SIDE * (self.cell.width + GAP);
        let top = GAP + number / SIDE * (self.cell.height + GAP);
        let rows = self.pixels.chunks_mut(self.frame.width as usize).skip(top as usize);
        let cells = rows
            .take(self.cell.height as usize)
            .flat_map(|row| row.iter_mut().skip(left as usize).take(self.cell.width as usize));
        for (to, [r, g, b]) in cells.zip(pixels) {
            *to = PremultipliedColorU8::from_rgba(r, g, b, u8::MAX).unwrap_or(*to);
        }
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Action;
    use yibi_common::picture::fold_timed;

    use super::*;
    use crate::render::testing::decode;

    const SQUARE: Paper = Paper { width: 2048, height: 2048 };
    /// Side of the sheet of a square paper, in pixels.
    const SHEET: u32 = 3 * CELL + 4 * GAP;

    fn dot(color: &str, x: u32, y: u32, width: u32, at: u32) -> String {
        format!(
            r#"{{"type":"stroke","color":"{color}","width":{width},"at":{at},"points":[{x},{y},0,3,0,50]}}"#
        )
    }

    fn sheet(strokes: &[String]) -> Vec<u8> {
        let actions: Vec<Action> = serde_json::from_str(&format!("[{}]", strokes.join(","))).unwrap();
        contact_sheet(&fold_timed(0, &actions), SQUARE, &Budget::unlimited()).unwrap()
    }

    /// The colour of a place in each cell, as a fraction of the cell's side.
    fn colors(file: &[u8], x: f64, y: f64) -> Vec<[u8; 3]> {
        let picture = decode(file);
        assert_eq!((picture.width, picture.height), (SHEET, SHEET));
        (0..9)
            .map(|cell| {
                let left = GAP + cell % 3 * (CELL + GAP);
                let top = GAP + cell / 3 * (CELL + GAP);
                picture.at(left + (x * f64::from(CELL)) as u32, top + (y * f64::from(CELL)) as u32)
            })
            .collect()
    }

    #[test]
    fn the_last_cell_in_use_is_the_finished_picture() {
        let mut strokes = vec![r##"{"type":"background","color":"#fff8e7"}"##.to_owned()];
        strokes.extend((0..20).map(|i| dot("#c0392b", 100 + i * 90, 1_000, 80, i * 1_000)));
        let seen = colors(&sheet(&strokes), 0.88, 0.488);
        let used: Vec<_> = seen.iter().filter(|color| **color != [GROUND; 3]).collect();
        assert_eq!(used.last(), Some(&&[0xc0, 0x39, 0x2b]));
        assert!(used.len() >= 4, "{used:?}");
        assert!(used[..used.len() - 1].iter().all(|color| **color == [0xff, 0xf8, 0xe7]), "{used:?}");
    }

    #[test]
    fn covered_strokes_are_in_a_cell() {
        // A word in each corner is covered or erased soon after it is written; then comes a long drawing.
        let mut strokes = Vec::new();
        let corners = [(300, 300, "#c0392b"), (1_700, 300, "#2d6cdf"), (300, 1_700, "#27ae60")];
        for (number, (x, y, color)) in (0..).zip(corners) {
            strokes.push(dot(color, x, y, 200, number * 9_000));
            let cover = dot("#ffffff", x, y, 500, number * 9_000 + 800);
            strokes.push(if number == 1 {
                cover.replace(r#""type":"stroke""#, r#""type":"stroke","tool":"eraser""#)
            } else {
                cover
            });
        }
        strokes.extend(
            (0..400).map(|i| dot("#1f2a44", 700 + i % 20 * 40, 700 + i / 20 * 40, 30, 40_000 + i * 600)),
        );
        let file = sheet(&strokes);
        for (x, y, color) in [
            (0.148, 0.148, [0xc0, 0x39, 0x2b]),
            (0.83, 0.148, [0x2d, 0x6c, 0xdf]),
            (0.148, 0.83, [0x27, 0xae, 0x60]),
        ] {
            let seen = colors(&file, x, y);
            assert!(seen.contains(&color), "{seen:?}");
            let end = seen.iter().rfind(|color| **color != [GROUND; 3]);
            assert_eq!(end, Some(&[255; 3]), "covered in the end");
        }
    }

    #[test]
    fn the_moment_of_most_ink_is_in_a_cell() {
        let rows: Vec<String> = (0..10).map(|i| format!(
            r##"{{"type":"stroke","color":"#000000","width":200,"at":{},"points":[0,{},0,2048,0,900]}}"##, i * 1_000, 100 + i * 200
        )).collect();
        let erasers: Vec<String> = rows
            .iter()
            .rev()
            .enumerate()
            .map(|(i, row)| {
                row.replace(r#""type":"stroke""#, r#""type":"stroke","tool":"eraser""#)
                    .replace("\"width\":200", &format!("\"width\":{}", 400 + i))
            })
            .collect();
        let file = sheet(&[rows, erasers].concat());
        let full = (0..9).filter(|cell| {
            (0..10).all(|row| colors(&file, 0.5, (100.0 + 200.0 * f64::from(row)) / 2048.0)[*cell] == [0; 3])
        });
        assert!(full.count() > 0);
    }

    #[test]
    fn drawings_without_strokes_or_with_one_become_sheets() {
        let seen = colors(&sheet(&[]), 0.5, 0.5);
        assert_eq!(seen, [vec![[255; 3]], vec![[GROUND; 3]; 8]].concat());
        let seen = colors(&sheet(&[dot("#000000", 1_024, 1_024, 300, 0)]), 0.5, 0.5);
        assert_eq!(seen, [vec![[0; 3]], vec![[GROUND; 3]; 8]].concat());
        for (width, height) in [(8192, 64), (64, 8192)] {
            let file =
                contact_sheet(&fold_timed(0, &[]), Paper { width, height }, &Budget::unlimited()).unwrap();
            assert!(decode(&file).width > 40);
        }
    }
}
