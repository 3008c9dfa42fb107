//! The picture after any selection of a drawing's entries, reached from what is already drawn.

use std::ops::Range;

use yibi_common::drawing::{Action, Color, Stroke};

use super::entry::Entry;
use super::raster::Raster;

/// Entries between two checkpoints: what an undo or a step back draws again at most.
const CHECKPOINT_EVERY: usize = 64;

/// A raster, and the entries in effect that it shows.
#[derive(Debug)]
pub struct Canvas {
    paper: (u32, u32),
    room: (u16, u16),
    state: State,
    /// The stroke being drawn on top: its entry and how many of its points are there.
    partial: Option<(usize, usize)>,
    checkpoints: Vec<State>,
}

#[derive(Debug, Clone)]
struct State {
    shown: Vec<usize>,
    raster: Raster,
    background: Color,
}

impl Canvas {
    /// An empty paper of `paper` grid units in at most `room` pixels.
    pub fn new(paper: (u32, u32), room: (u16, u16)) -> Self {
        let state = State { shown: Vec::new(), raster: Raster::new(paper, room), background: Color::WHITE };
        Self { paper, room, state, partial: None, checkpoints: Vec::new() }
    }

    /// The same paper in another room, empty again; itself where the room is the same.
    pub fn resize(&mut self, room: (u16, u16)) {
        if self.room != room {
            *self = Self::new(self.paper, room);
        }
    }

    /// What is drawn.
    pub fn raster(&self) -> &Raster {
        &self.state.raster
    }

    /// The paper's colour.
    pub fn background(&self) -> Color {
        self.state.background
    }

    /// Shows the entries `done`, and of a stroke on top of them the first points.
    pub fn show(&mut self, entries: &[Entry], done: &[usize], partial: Option<(usize, usize)>) {
        let continues = match (self.partial, partial) {
            (Some((drawn, count)), Some((wanted, more))) if drawn == wanted => {
                count <= more && self.state.shown == done
            }
            // The stroke is complete, or was never begun.
            (Some((drawn, _)), _) => {
                done.starts_with(&self.state.shown) && done.get(self.state.shown.len()) == Some(&drawn)
            }
            (None, _) => done.starts_with(&self.state.shown),
        };
        if !continues {
            self.restore(done);
        }
        if self.partial.map(|(drawn, _)| drawn) != partial.map(|(wanted, _)| wanted) {
            self.complete(entries);
        }
        for index in done.get(self.state.shown.len()..).unwrap_or_default() {
            self.add(entries, *index);
        }
        if let Some((index, count)) = partial
            && let Some(stroke) = entries.get(index).and_then(Entry::stroke)
        {
            let from = self.partial.map_or(0, |(_, drawn)| drawn);
            self.lead(stroke, from..count);
            self.partial = Some((index, count));
        }
    }

    /// Goes back to the fullest checkpoint that the wanted entries begin with.
    fn restore(&mut self, done: &[usize]) {
        self.partial = None;
        let best = self.checkpoints.iter().filter(|state| done.starts_with(&state.shown));
        self.state = best.max_by_key(|state| state.shown.len()).cloned().unwrap_or_else(|| State {
            shown: Vec::new(),
            raster: Raster::new(self.paper, self.room),
            background: Color::WHITE,
        });
        self.checkpoints.retain(|state| done.starts_with(&state.shown));
    }

    fn complete(&mut self, entries: &[Entry]) {
        let Some((index, drawn)) = self.partial.take() else { return };
        if let Some(stroke) = entries.get(index).and_then(Entry::stroke) {
            self.lead(stroke, drawn..stroke.points.len());
        }
        self.state.raster.lift();
        self.shown(index);
    }

    fn lead(&mut self, stroke: &Stroke, points: Range<usize>) {
        let first = points.start == 0;
        for (number, point) in stroke.points.get(points).unwrap_or_default().iter().enumerate() {
            if first && number == 0 {
                self.state.raster.touch(stroke, *point);
            } else {
                self.state.raster.lead(*point);
            }
        }
    }

    fn add(&mut self, entries: &[Entry], index: usize) {
        match entries.get(index) {
            Some(Entry::Action(Action::Stroke { stroke, .. })) => self.state.raster.draw(stroke),
            Some(Entry::Action(Action::Background { color, .. })) => self.state.background = *color,
            Some(Entry::Action(Action::Clear { .. })) => {
                self.state.raster = Raster::new(self.paper, self.room);
            }
            Some(Entry::Picture(strokes)) => {
                self.state.raster = Raster::new(self.paper, self.room);
                self.state.background = Color::WHITE;
                for stroke in strokes {
                    self.state.raster.draw(stroke);
                }
            }
            Some(Entry::Action(Action::Undo { .. } | Action::Redo { .. } | Action::Weapp { .. })) | None => {}
        }
        self.shown(index);
    }

    fn shown(&mut self, index: usize) {
        self.state.shown.push(index);
        if self.state.shown.len().is_multiple_of(CHECKPOINT_EVERY)
            && self.checkpoints.last().is_none_or(|state| state.shown.len() < self.state.shown.len())
        {
            self.checkpoints.push(self.state.clone());
        }
    }
}
