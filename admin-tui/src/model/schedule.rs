//! The changes that come by themselves: frames, countdowns, retries and refreshes.

use super::detail::Detail;
use super::link::Link;
use super::overlay::Overlay;
use super::{FRAME, Model, PATIENCE, SPIN, UNFOCUSED_FRAME};
use crate::lists::Kind;
use crate::msg::Slot;
use crate::subject::Subject;
use crate::time::Millis;
use crate::views::View;

/// Milliseconds between two readings of the overview.
const OVERVIEW_EVERY: Millis = 2_000;
/// Milliseconds between two readings of a list.
const LIST_EVERY: Millis = 5_000;

impl Model {
    /// The time of the next change that comes by itself, if there is one.
    pub fn wake(&self) -> Option<Millis> {
        let mut times = Vec::new();
        if let Some(drawing) = self.details.last().and_then(Detail::drawing)
            && drawing.player.as_ref().is_some_and(|player| player.playing)
        {
            times.push(drawing.passed + FRAME);
        }
        if let Some(Detail::Review(review)) = self.details.last()
            && !self.link.is_broken()
            && !self.pending.contains_key(&Slot::Claim)
        {
            times.extend(review.claim_at.filter(|_| self.forbidden().is_none()));
        }
        if self.view == View::Live && self.details.is_empty() {
            // Without the focus, the animations take larger steps.
            let wait = if self.focused { 0 } else { UNFOCUSED_FRAME };
            times.extend(self.live.thumbs.wake().map(|at| at + wait));
        }
        if let Some(Overlay::Filter(prompt)) = &self.overlay {
            times.extend(prompt.due);
        }
        if let Some(preview) = self.preview.as_ref().filter(|preview| preview.is_wanted()) {
            times.extend(Some(preview.asked_at).filter(|at| *at > self.now));
        }
        // The remaining seconds are counted down.
        times.extend(self.work.due.map(|due| self.now + 1 + (due - self.now - 1).rem_euclid(1000)));
        times.extend(self.flash.as_ref().map(|flash| flash.until));
        // Requests in progress are not sent again.
        let asked = |slot| self.pending.contains_key(&slot);
        times.extend(self.link.retry_at().filter(|_| !asked(Slot::Link)));
        if let Some(at) = self.link.retry_at().filter(|at| *at > self.now) {
            times.push(self.now + 1 + (at - self.now - 1).rem_euclid(1000));
        }
        times.extend(self.live.retry_at.filter(|_| self.wants_stream() && !self.live.listening));
        // The spinner of a slow request turns.
        if let Some(since) = self.pending.values().map(|pending| pending.since).min() {
            let shown = since + PATIENCE;
            times.push(if self.now < shown { shown } else { self.now - (self.now - since) % SPIN + SPIN });
        }
        if self.focused && matches!(self.link, Link::Up) {
            if self.counts_down() {
                times.push(self.now - self.server_now().rem_euclid(1000) + 1000);
            }
            times.extend(self.refresh_at().filter(|_| !asked(self.slot())));
        }
        times.into_iter().min()
    }

    /// Whether remaining lifetimes are visible.
    pub fn counts_down(&self) -> bool {
        match self.details.last() {
            Some(Detail::Page(page)) => !matches!(page.subject, Subject::Request(_)),
            Some(Detail::Drawing(_)) => false,
            Some(Detail::Review(review)) => review.is_claimed(self.server_now()),
            None => self.view == View::List(Kind::Sessions),
        }
    }

    /// The slot of the view's own requests.
    pub fn slot(&self) -> Slot {
        match self.view {
            View::List(kind) => Slot::List(kind),
            View::Overview | View::Live => Slot::Overview,
        }
    }

    /// When the view is read again.
    pub fn refresh_at(&self) -> Option<Millis> {
        if !self.details.is_empty() || self.overlay.is_some() {
            return None;
        }
        match self.view {
            View::Overview => self.overview_at.map(|at| at + OVERVIEW_EVERY),
            View::List(kind) => self.lists.get(&kind)?.loaded_at.map(|at| at + LIST_EVERY),
            View::Live => None,
        }
    }
}
