//! Draws a replay frame by frame, each time only what changes.

use tiny_skia::PremultipliedColorU8;
use yibi_common::drawing::{Paper, Stroke, Tool};
use yibi_common::picture::{Picture, TimedPicture};

use super::palette::Palette;
use super::screen::Screen;
use super::{COVER, HOLD, LONGEST};
use crate::render::layer::Layer;
use crate::render::region::{Region, join};
use crate::render::timetable::{Timetable, points_drawn};
use crate::render::{Budget, Frame, RenderError, numbered_traces};

/// Milliseconds in a hundredth of a second, the unit of a GIF's times.
const MS: u64 = 10;
/// Number of distinct points at the end of a line that a further point may change: the curve to the last point
/// begins midway between the two before it.
const LINE_TAIL: usize = 3;
/// Length of the part at the end of ink that a further point may change, in widths of the stroke: the taper takes
/// six, and a difference of widths halves over one.
const INK_TAIL: f64 = 16.0;
/// Duration of that part in milliseconds: more than the windows in which speeds are measured.
const INK_TAIL_TIME: u64 = 100;

/// A picture with the pace of its strokes.
pub(super) struct Replay<'a> {
    picture: &'a Picture<'a>,
    /// The strokes that change a pixel, with their numbers in the timetable.
    traces: Vec<(usize, &'a Stroke)>,
    timetable: Timetable,
}

impl<'a> Replay<'a> {
    pub(super) fn new(timed: &'a TimedPicture<'_>, paper: Paper) -> Result<Self, RenderError> {
        let traces = numbered_traces(&timed.picture, paper)?;
        Ok(Self { picture: &timed.picture, traces, timetable: Timetable::new(timed) })
    }

    /// Draws all frames, or stops after the first one by which they exceed `limit` bytes.
    pub(super) fn play(
        &self,
        frame: Frame,
        canvas: [u32; 2],
        step: u16,
        limit: usize,
        budget: &Budget,
    ) -> Result<Screen, RenderError> {
        let mut screen = self.still(frame, canvas, budget)?;
        if self.traces.is_empty() {
            return Ok(screen);
        }
        let mut progress = Progress { replay: self, frame, base: self.paper(frame)?, next: 0, current: None };
        let blank = progress.base.pixels().first().copied();
        screen.clear(blank.unwrap_or(PremultipliedColorU8::TRANSPARENT), step);
        let frames = self.frames(step);
        for number in 1..=frames {
            budget.check()?;
            let share = f64::from(number) / f64::from(frames);
            let time = if number < frames { self.timetable.duration as f64 * share } else { f64::INFINITY };
            progress.advance(time, step, &mut screen, budget)?;
            if screen.bytes() > limit {
                return Ok(screen);
            }
        }
        screen.hold(HOLD.saturating_sub(step));
        Ok(screen)
    }

    /// Draws the finished picture alone.
    pub(super) fn still(
        &self,
        frame: Frame,
        canvas: [u32; 2],
        budget: &Budget,
    ) -> Result<Screen, RenderError> {
        let mut layer = self.paper(frame)?;
        for (_, stroke) in &self.traces {
            layer.draw(stroke, budget)?;
        }
        let background = self.picture.background;
        let visible = self.traces.iter().map(|(_, stroke)| *stroke);
        let palette = Palette::new(background, visible.filter(|stroke| stroke.tool != Tool::Eraser));
        Ok(Screen::new(layer.pixels(), frame, canvas, background, palette, COVER))
    }

    /// A layer without strokes, as the PNG begins with: transparent if something is erased.
    fn paper(&self, frame: Frame) -> Result<Layer, RenderError> {
        let erased = self.traces.iter().any(|(_, stroke)| stroke.tool == Tool::Eraser);
        let ground = if erased { None } else { Some(self.picture.background) };
        Layer::new(frame, ground).ok_or(RenderError::TooLarge)
    }

    /// Number of frames after the empty paper: at the hand's own pace, or as many as there is time for.
    fn frames(&self, step: u16) -> u16 {
        let most = (LONGEST - COVER) / step;
        let needed = self.timetable.duration.div_ceil(u64::from(step) * MS);
        u16::try_from(needed).unwrap_or(most).clamp(1, most)
    }
}

/// The state of a replay.
struct Progress<'a> {
    replay: &'a Replay<'a>,
    frame: Frame,
    /// The strokes that are complete.
    base: Layer,
    /// Number of these strokes.
    next: usize,
    /// The stroke that is being drawn, with the points that are drawn.
    current: Option<Stroke>,
}

impl Progress<'_> {
    /// Adds the frame of a moment, in milliseconds of the replay.
    fn advance(
        &mut self,
        time: f64,
        step: u16,
        screen: &mut Screen,
        budget: &Budget,
    ) -> Result<(), RenderError> {
        let finished = self.finish_strokes(time, budget)?;
        let grown = self.grow_stroke(time);
        let Some(dirty) = join(finished, grown) else {
            screen.hold(step);
            return Ok(());
        };
        let mut view = self.base.window(dirty).ok_or(RenderError::TooLarge)?;
        if let Some(stroke) = &self.current {
            view.draw(stroke, budget)?;
        }
        screen.update(dirty, view.pixels(), step);
        Ok(())
    }

    /// Draws the strokes that are complete by now, and returns what they may have changed.
    fn finish_strokes(&mut self, time: f64, budget: &Budget) -> Result<Option<Region>, RenderError> {
        let mut dirty = None;
        while let Some((index, stroke)) = self.replay.traces.get(self.next)
            && self.replay.timetable.moment(*index).to as f64 <= time
        {
            self.base.draw(stroke, budget)?;
            dirty = join(dirty, Region::of_stroke(stroke, 0, self.frame));
            self.current = None;
            self.next += 1;
        }
        Ok(dirty)
    }

    /// Adds the points of the current stroke that are due, and returns what they may change.
    fn grow_stroke(&mut self, time: f64) -> Option<Region> {
        let (index, stroke) = self.replay.traces.get(self.next)?;
        let elapsed = time - self.replay.timetable.moment(*index).from as f64;
        let drawn = self.current.as_ref().map_or(0, |current| current.points.len());
        let due = if elapsed < 0.0 { 0 } else { points_drawn(stroke, elapsed) };
        if due <= drawn {
            return None;
        }
        let settled = self.current.as_ref().map_or(0, settled_points);
        let points = stroke.points.iter().take(due).copied().collect();
        let grown = self.current.insert(Stroke { points, ..**stroke });
        Region::of_stroke(grown, settled, self.frame)
    }
}

/// Number of points from the stroke's beginning whose trace stays as it is when more points follow.
fn settled_points(stroke: &Stroke) -> usize {
    let is_ink = stroke.tool == Tool::Ink;
    let (mut distinct, mut length, mut time) = (1, 0.0, 0);
    let pairs = stroke.points.iter().zip(stroke.points.iter().skip(1)).enumerate().rev();
    for (index, (a, b)) in pairs {
        let [x, y] = [f64::from(b.x) - f64::from(a.x), f64::from(b.y) - f64::from(a.y)];
        let step = x.hypot(y);
        distinct += usize::from(step > 0.0);
        length += step;
        time += u64::from(b.dt);
        let ink_settled = length > INK_TAIL * f64::from(stroke.width) && time > INK_TAIL_TIME;
        if distinct >= LINE_TAIL && (!is_ink || ink_settled) {
            return index;
        }
    }
    0
}
