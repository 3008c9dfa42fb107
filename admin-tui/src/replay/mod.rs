//! The replay of a drawing with its original timing.

mod canvas;
mod entry;
mod raster;
mod timeline;

use yibi_common::drawing::Color;
use yibi_common::picture::History;

pub use entry::Entry;
pub use raster::Raster;
use timeline::Span;

use crate::time::Millis;

/// The slowest and the fastest speed, as powers of two.
const SPEEDS: std::ops::RangeInclusive<i32> = -2..=8;
/// The duration of a summary, which plays the whole drawing whatever its length.
const SUMMARY: Millis = 20_000;

/// A drawing, and the position in time that is shown.
#[derive(Debug)]
pub struct Player {
    entries: Vec<Entry>,
    spans: Vec<Span>,
    canvas: canvas::Canvas,
    /// The position in milliseconds of the spans.
    position: Millis,
    /// The rest of a millisecond that slow motion leaves, in quarters.
    quarters: Millis,
    pub playing: bool,
    /// Whether pauses are shortened.
    pub skip_idle: bool,
    /// Whether the replay starts again at its end.
    pub repeats: bool,
    /// The speed as a power of two; `None` for a summary.
    speed: Option<i32>,
    /// The number of the first entry in the drawing's list.
    first: u32,
    /// The number of applied entries, and which of them are in effect.
    applied: usize,
    history: History,
}

impl Player {
    /// A drawing at its end. `first` is the number of its first entry.
    pub fn new(paper: (u32, u32), first: u32, entries: Vec<Entry>, room: (u16, u16)) -> Self {
        let spans = timeline::spans(&entries, true);
        let mut player = Self {
            entries,
            spans,
            canvas: canvas::Canvas::new(paper, room),
            position: 0,
            quarters: 0,
            playing: false,
            skip_idle: true,
            repeats: false,
            speed: Some(0),
            first,
            applied: 0,
            history: History::new(first),
        };
        player.seek(player.length());
        player
    }

    /// The duration at the original speed, in milliseconds.
    pub fn length(&self) -> Millis {
        self.spans.last().map_or(0, |span| span.end)
    }

    pub fn position(&self) -> Millis {
        self.position
    }

    /// The number of complete entries, and of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.applied, self.entries.len())
    }

    /// The entry being drawn, or the last that was.
    pub fn entry(&self) -> Option<&Entry> {
        let drawing = self.spans.get(self.applied).is_some_and(|span| span.start <= self.position);
        if drawing { self.entries.get(self.applied) } else { self.entries.get(self.applied.checked_sub(1)?) }
    }

    /// The moments at which entries begin, for the scrubber.
    pub fn starts(&self) -> impl Iterator<Item = Millis> {
        self.spans.iter().map(|span| span.start)
    }

    pub fn raster(&self) -> &Raster {
        self.canvas.raster()
    }

    pub fn background(&self) -> Color {
        self.canvas.background()
    }

    /// The speed in words: `1×`, `½×`, `all in 20 s`.
    pub fn speed(&self) -> String {
        match self.speed {
            None => format!("all in {}", crate::time::span(SUMMARY)),
            Some(-2) => "¼×".into(),
            Some(-1) => "½×".into(),
            Some(speed) => format!("{}×", 1 << speed.max(0)),
        }
    }

    /// Doubles the speed so many times, or halves it.
    pub fn accelerate(&mut self, by: i32) {
        let speed = self.speed.unwrap_or(0) + by;
        self.speed = Some(speed.clamp(*SPEEDS.start(), *SPEEDS.end()));
    }

    pub fn original_speed(&mut self) {
        self.speed = Some(0);
    }

    /// Plays all of it in 20 seconds, from the beginning.
    pub fn summarize(&mut self) {
        self.speed = None;
        self.seek(0);
        self.playing = true;
    }

    /// Goes so many tenths of the whole forward, or back.
    pub fn jump(&mut self, tenths: Millis) {
        let playing = self.playing;
        self.seek(self.position + self.length() * tenths / 10);
        self.playing = playing && self.position < self.length();
    }

    /// Plays, from the beginning where the replay is at its end, or pauses.
    pub fn toggle(&mut self) {
        self.playing = !self.playing;
        if self.playing && self.position >= self.length() {
            self.seek(0);
        }
    }

    /// Shortens pauses, or keeps them; the picture stays the same.
    pub fn toggle_idle(&mut self) {
        let drawing = self.spans.get(self.applied).map(|span| self.position - span.start);
        self.skip_idle = !self.skip_idle;
        self.spans = timeline::spans(&self.entries, self.skip_idle);
        let position = match (drawing, self.spans.get(self.applied)) {
            (Some(into), Some(span)) if into >= 0 => span.start + into,
            _ => self.applied.checked_sub(1).and_then(|last| self.spans.get(last)).map_or(0, |span| span.end),
        };
        self.seek(position);
    }

    /// Plays from the beginning of an entry.
    pub fn play_from(&mut self, entry: usize) {
        if let Some(start) = self.spans.get(entry).map(|span| span.start) {
            self.seek(start);
            self.playing = true;
        }
    }

    /// Advances by so much real time.
    pub fn pass(&mut self, elapsed: Millis) {
        if !self.playing {
            return;
        }
        let elapsed = elapsed.clamp(0, 1000);
        let quarters = match self.speed {
            Some(speed) => elapsed << (speed + 2),
            None => (elapsed * self.length() * 4 / SUMMARY).max(1),
        };
        let quarters = quarters + self.quarters;
        self.quarters = quarters % 4;
        let to = self.position + quarters / 4;
        self.seek(to);
        if to >= self.length() {
            // Without a duration, nothing would move.
            self.playing = self.repeats && self.length() > 0;
            if self.playing {
                self.seek(0);
            }
        }
    }

    /// Goes so many entries forward, or back.
    pub fn step(&mut self, by: isize) {
        self.playing = false;
        let begun = self.spans.get(self.applied).is_some_and(|span| span.start < self.position);
        let wanted = if by < 0 && begun {
            self.applied.saturating_add_signed(by + 1)
        } else {
            self.applied.saturating_add_signed(by)
        };
        self.show_entries(wanted.min(self.entries.len()));
    }

    /// Goes to a part of the whole, in thousandths.
    pub fn scrub(&mut self, thousandths: Millis) {
        self.playing = false;
        self.seek(self.length() * thousandths.clamp(0, 1000) / 1000);
    }

    /// Shows exactly the first entries, complete. Entries with the same time differ only this way.
    fn show_entries(&mut self, count: usize) {
        self.position = count.checked_sub(1).and_then(|last| self.spans.get(last)).map_or(0, |span| span.end);
        if count == 0 {
            self.position = 0;
        }
        self.apply(count);
        self.canvas.show(&self.entries, self.history.done(), None);
    }

    /// Goes to a position.
    pub fn seek(&mut self, position: Millis) {
        self.position = position.clamp(0, self.length());
        let complete = self.spans.partition_point(|span| span.end <= self.position);
        let count = if self.position == 0 && self.length() > 0 { 0 } else { complete };
        self.apply(count);
        let mut partial = None;
        if let (Some(span), Some(stroke)) =
            (self.spans.get(count), self.entries.get(count).and_then(Entry::stroke))
            && span.start <= self.position
        {
            let into = self.position - span.start;
            let mut time = 0;
            let reached = stroke.points.iter().skip(1).take_while(|point| {
                time += Millis::from(point.dt);
                time <= into
            });
            partial = Some((count, reached.count() + 1));
        }
        self.canvas.show(&self.entries, self.history.done(), partial);
    }

    /// Adapts the picture to another size.
    pub fn resize(&mut self, room: (u16, u16)) {
        self.canvas.resize(room);
        self.canvas.show(&self.entries, self.history.done(), None);
        let (applied, position) = (self.applied, self.position);
        if self.spans.get(applied).is_some_and(|span| span.start < position) {
            self.seek(position);
        }
    }

    /// Appends entries, and plays them if the replay is at its end.
    pub fn extend(&mut self, entries: Vec<Entry>) {
        let (end, at_end) = (self.length(), self.position >= self.length());
        self.entries.extend(entries);
        self.spans = timeline::spans(&self.entries, self.skip_idle);
        if at_end {
            self.seek(end);
            self.playing = true;
        }
    }

    /// Applies the first entries.
    fn apply(&mut self, count: usize) {
        if count < self.applied {
            self.applied = 0;
            self.history = History::new(self.first);
        }
        for entry in self.entries.iter().take(count).skip(self.applied) {
            self.history.push(entry.history_step());
        }
        self.applied = count;
    }
}

#[cfg(test)]
mod tests;
