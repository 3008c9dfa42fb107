//! The picture of any selection of a drawing's entries, drawn on from the previous picture.

use std::ops::Range;

use yibi_common::drawing::{Action, Color, Stroke};

use super::entry::Entry;
use super::raster::Raster;

/// Entries between two checkpoints, which bounds what an undo or a step back draws again.
const CHECKPOINT_EVERY: usize = 64;

/// Bytes that all checkpoints together may take; beyond them, every second one is dropped.
const CHECKPOINT_BYTES: usize = 32 << 20;

/// A raster, and the entries that it shows.
#[derive(Debug)]
pub struct Canvas {
    paper: (u32, u32),
    room: (u16, u16),
    state: State,
    /// The stroke being drawn on top: its entry, and the number of drawn points.
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
    /// Empty paper of `paper` grid units in at most `room` pixels.
    pub fn new(paper: (u32, u32), room: (u16, u16)) -> Self {
        let state = State { shown: Vec::new(), raster: Raster::new(paper, room), background: Color::WHITE };
        Self { paper, room, state, partial: None, checkpoints: Vec::new() }
    }

    /// Clears the paper and gives it another size, unless the size is the same.
    pub fn resize(&mut self, room: (u16, u16)) {
        if self.room != room {
            *self = Self::new(self.paper, room);
        }
    }

    pub fn raster(&self) -> &Raster {
        &self.state.raster
    }

    pub fn background(&self) -> Color {
        self.state.background
    }

    /// Shows the entries `done`, and the first points of a stroke on top of them.
    pub fn show(&mut self, entries: &[Entry], done: &[usize], partial: Option<(usize, usize)>) {
        let continues = match (self.partial, partial) {
            (Some((drawn, count)), Some((wanted, more))) if drawn == wanted => {
                count <= more && self.state.shown == done
            }
            // The stroke is complete.
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

    /// Goes back to the latest checkpoint of the wanted entries.
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
            Some(Entry::Action(
                Action::Undo { .. } | Action::Redo { .. } | Action::Remove { .. } | Action::Weapp { .. },
            ))
            | None => {}
        }
        self.shown(index);
    }

    fn shown(&mut self, index: usize) {
        self.state.shown.push(index);
        if self.state.shown.len().is_multiple_of(CHECKPOINT_EVERY)
            && self.checkpoints.last().is_none_or(|state| state.shown.len() < self.state.shown.len())
        {
            self.checkpoints.push(self.state.clone());
            if self.checkpoints.len() * self.state.raster.bytes() > CHECKPOINT_BYTES {
                let mut keep = false;
                self.checkpoints.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_have_a_budget() {
        let color = |index: u8| Entry::Action(Action::Background { color: Color([index, 0, 0]), at: None });
        let entries: Vec<Entry> = (0..250).map(color).collect();
        let done: Vec<usize> = (0..250).collect();
        for (room, kept) in [((40, 40), 3), ((1000, 1000), 1)] {
            let mut canvas = Canvas::new((1000, 1000), room);
            canvas.show(&entries, &done, None);
            assert_eq!(canvas.checkpoints.len(), kept, "{room:?}");
            canvas.show(&entries, &done[..100], None);
            assert_eq!(canvas.background(), Color([99, 0, 0]));
        }
    }
}
