//! The live view: the latest events, and those that arrived while it was paused.

use std::collections::VecDeque;

use yibi_common::admin::{Event, Happening};

use super::thumbs::Thumbs;
use crate::time::Millis;

/// Events that are kept.
const KEPT: usize = 500;

/// The state of the live view.
#[derive(Debug, Default)]
pub struct Live {
    /// The visible events, the latest first.
    pub events: VecDeque<Event>,
    /// The events that arrived while the view was paused, the latest first.
    pub held: VecDeque<Event>,
    pub paused: bool,
    /// Whether the stream was requested.
    pub listening: bool,
    /// Whether the stream is open.
    pub open: bool,
    /// Failures in a row.
    pub attempt: u32,
    pub retry_at: Option<Millis>,
    /// The selected row; while it is not the first, new events are held back.
    pub selected: usize,
    /// The first visible row.
    pub top: usize,
    pub thumbs: Thumbs,
    /// Events that the server left out because this console was too slow.
    pub missed: u64,
}

impl Live {
    pub fn push(&mut self, event: Event) {
        if let Happening::Missed { events } = &event.what {
            self.missed += events;
            return;
        }
        let queue = if self.paused || self.selected > 0 { &mut self.held } else { &mut self.events };
        queue.push_front(event);
        queue.truncate(KEPT);
    }

    /// Shows the events that were held back.
    pub fn show_held(&mut self) {
        self.held.append(&mut self.events);
        std::mem::swap(&mut self.held, &mut self.events);
        self.events.truncate(KEPT);
        (self.selected, self.top) = (0, 0);
    }

    pub fn move_by(&mut self, by: isize, height: usize) {
        self.select(self.selected.saturating_add_signed(by), height);
    }

    pub fn select(&mut self, index: usize, height: usize) {
        self.selected = index.min(self.events.len().saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(height), self.selected);
    }

    pub fn current(&self) -> Option<&Event> {
        self.events.get(self.selected)
    }
}
