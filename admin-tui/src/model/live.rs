//! The stream of events: the latest, and those that came while it was held.

use std::collections::VecDeque;

use yibi_common::admin::{Event, Happening};

use super::thumbs::Thumbs;
use crate::moment::Millis;

/// Events that are kept.
const KEPT: usize = 500;

/// What happened lately.
#[derive(Debug, Default)]
pub struct Live {
    /// What is shown, the latest first.
    pub events: VecDeque<Event>,
    /// What came while it was held, the latest first.
    pub held: VecDeque<Event>,
    /// Whether the operator holds it.
    pub paused: bool,
    /// Whether the stream is asked for.
    pub listening: bool,
    /// Whether it is open.
    pub open: bool,
    /// Failures in a row.
    pub attempt: u32,
    /// When it is tried again.
    pub retry_at: Option<Millis>,
    /// The row under the cursor; while it is not the first, new events are held.
    pub selected: usize,
    /// The first row to be seen.
    pub top: usize,
    /// The drawings that grow.
    pub thumbs: Thumbs,
    /// Events that the server left out because we were too slow.
    pub missed: u64,
}

impl Live {
    /// Takes an event.
    pub fn push(&mut self, event: Event) {
        if let Happening::Missed { events } = &event.what {
            self.missed += events;
            return;
        }
        let queue = if self.paused || self.selected > 0 { &mut self.held } else { &mut self.events };
        queue.push_front(event);
        queue.truncate(KEPT);
    }

    /// Shows what was held.
    pub fn show_held(&mut self) {
        self.held.append(&mut self.events);
        std::mem::swap(&mut self.held, &mut self.events);
        self.events.truncate(KEPT);
        (self.selected, self.top) = (0, 0);
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, by: isize, height: usize) {
        self.select(self.selected.saturating_add_signed(by), height);
    }

    /// Puts the cursor on an event.
    pub fn select(&mut self, index: usize, height: usize) {
        self.selected = index.min(self.events.len().saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(height), self.selected);
    }
}
