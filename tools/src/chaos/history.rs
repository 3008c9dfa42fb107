//! What every client asked, when, and what it was told.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A stroke's number, which no other stroke of the run has. A drawing shows it as the stroke's `at`.
pub type Mark = u64;

/// A drawing: its user, and its number among those of that user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drawing {
    /// The user.
    pub user: usize,
    /// The number.
    pub number: u32,
}

impl Drawing {
    /// Its id, which those of other users with the same number have, too.
    #[must_use]
    pub fn id(self) -> String {
        format!("together{}", self.number)
    }
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// To append a batch.
    Append {
        /// The number that its first action is to get.
        from: usize,
        /// The batch.
        marks: Vec<Mark>,
    },
    /// To read.
    Read,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The batch is there, in the place that was asked for.
    Appended,
    /// The list from there on.
    Read {
        /// The number of the first action.
        since: usize,
        /// The actions.
        marks: Vec<Mark>,
    },
    /// Others came first: nothing was done.
    Conflict,
    /// Nothing was done, for another reason.
    Refused,
    /// Nobody knows: the server said that it can't, or said nothing.
    Unavailable,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who asked. A client waits for an answer before it asks anew.
    pub client: usize,
    /// About which drawing.
    pub drawing: Drawing,
    /// When it was asked, since the run began.
    pub invoked: Duration,
    /// When the answer had come, or the client gave up.
    pub replied: Duration,
    /// What was asked.
    pub call: Call,
    /// What came of it.
    pub outcome: Outcome,
}

impl Event {
    /// Whether the client was kept from what it wanted.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Refused | Outcome::Unavailable)
    }
}

/// The events of a run, as they come in.
#[derive(Debug)]
pub struct History {
    began: Instant,
    events: Mutex<Vec<Event>>,
}

impl Default for History {
    fn default() -> Self {
        Self { began: Instant::now(), events: Mutex::default() }
    }
}

impl History {
    /// How long the run has gone on.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Keeps an event.
    pub fn keep(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    /// All events so far, in the order of their replies.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

/// The stroke that bears a mark.
#[must_use]
pub fn stroke(mark: Mark) -> Value {
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 28, "at": mark,
           "points": [mark % 2_048, 100, 0, 40, 60, 16, 30, -20, 17]})
}

/// The list that a reply to a read shows, and where it begins. An action that is no stroke of this run is a mark
/// that nobody wrote.
#[must_use]
pub fn shown(drawing: &Value) -> Option<(usize, Vec<Mark>)> {
    let actions = drawing["actions"].as_array()?;
    let seq = usize::try_from(drawing["seq"].as_u64()?).ok()?;
    let mark = |action: &Value| {
        let mark = action["at"].as_u64().unwrap_or(Mark::MAX);
        if *action == stroke(mark) { mark } else { Mark::MAX }
    };
    Some((seq.checked_sub(actions.len())?, actions.iter().map(mark).collect()))
}
