//! The history: every request with its times and its outcome.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The unique number of a stroke. A drawing returns it as the stroke's `at`.
pub type Mark = u64;

/// A drawing, by its user and its number among the drawings of that user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drawing {
    pub user: usize,
    pub number: u32,
}

impl Drawing {
    /// The id of the drawing. Drawings of other users with the same number have the same id.
    #[must_use]
    pub fn id(self) -> String {
        format!("together{}", self.number)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Append {
        /// The place of the first action.
        from: usize,
        marks: Vec<Mark>,
    },
    Read,
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The batch is stored at the requested place.
    Appended,
    /// The list from a place on.
    Read {
        /// The place of the first action.
        since: usize,
        marks: Vec<Mark>,
    },
    /// Another client was first; nothing was stored.
    Conflict,
    /// Nothing was stored, for another reason.
    Refused,
    /// Unknown: the server was unavailable or did not reply.
    Unavailable,
}

/// A request with its times and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The client, which has one request at a time.
    pub client: usize,
    /// The drawing of the request.
    pub drawing: Drawing,
    /// The start of the request since the start of the run.
    pub invoked: Duration,
    /// The time of the reply or of the time-out.
    pub replied: Duration,
    pub call: Call,
    pub outcome: Outcome,
}

impl Event {
    /// Whether the request failed from the view of the client.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Refused | Outcome::Unavailable)
    }
}

/// The events of a run in the order of their replies.
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
    /// Time since the start of the run.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn keep(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    /// All recorded events in the order of their replies.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

/// The stroke of a mark.
#[must_use]
pub fn stroke(mark: Mark) -> Value {
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 28, "at": mark,
           "points": [mark % 2_048, 100, 0, 40, 60, 16, 30, -20, 17]})
}

/// The list of a reply to a read and its first place. An action that is no stroke of the run becomes an unknown mark.
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
