//! The messages that change the model, and the effects that it asks for.

use crossterm::event::{KeyEvent, MouseEvent};
use yibi_common::admin::{
    Count, DrawingRow, Event, History, Identity, Overview, RequestDetail, ReviewDetail, ReviewRow,
    SessionDetail, UserDetail, UserRef,
};

use crate::lists::{Kind, Page};
use crate::replay::Entry;
use crate::request::Request;
use crate::time::Millis;

#[derive(Debug)]
pub enum Msg {
    Start,
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resize(u16, u16),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The terminal told its background colour.
    Background([u8; 3]),
    /// The time of [`crate::model::Model::wake`] has come.
    Tick,
    /// A request has ended.
    Answer {
        ticket: Ticket,
        result: Result<Reply, ApiError>,
        /// The clock of the server, where the reply told it.
        server_now: Option<Millis>,
    },
    StreamOpen,
    Event(Box<Event>),
    StreamClosed(ApiError),
}

/// The purpose of a request. There is at most one request for each: a new one replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The test whether the server answers.
    Link,
    Overview,
    /// The last hour of the routes, for the overview.
    History,
    List(Kind),
    Count(Kind),
    Detail,
    /// New actions of the open drawing.
    Tail,
    /// A drawing of the live view.
    Thumb,
    /// The drawing under the cursor.
    Preview,
    /// The user who is to be blocked or unblocked.
    Block,
    Act,
    Export,
    /// The claim of the open case.
    Claim,
    /// The copy that the open case is about.
    Copy,
    /// The avatar of the open case.
    Avatar,
}

/// The identity of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub slot: Slot,
    /// Counts up. The answer to any but the latest request of its slot is dropped.
    pub number: u64,
    /// The page of a list, or 0.
    pub page: usize,
}

#[derive(Debug)]
pub enum Reply {
    Me(Identity),
    Overview(Overview),
    History(History),
    Page(Page),
    Count(Count),
    Session(Box<SessionDetail>),
    User(Box<UserDetail>),
    Drawing(Box<Drawn>),
    Failed(Box<RequestDetail>),
    Review(Box<ReviewDetail>),
    /// The open case, claimed.
    Claimed(Box<ReviewRow>),
    Copy(Box<Copied>),
    Avatar(Box<Avatar>),
    /// A change was made.
    Done,
    /// A file was written to this path.
    Saved(String),
}

/// A drawing with actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    pub row: DrawingRow,
    /// The people who drew, in the order of the entries' authors; empty where the owner alone has drawn.
    pub authors: Vec<UserRef>,
    /// The number of the first entry.
    pub since: u32,
    pub entries: Vec<Entry>,
}

/// The copy that a case is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// Grid units from left to right, and from top to bottom.
    pub paper: (u32, u32),
    pub entries: Vec<Entry>,
}

/// A picture in pixels, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avatar {
    /// The id of the case.
    pub case: String,
    pub width: usize,
    pub pixels: Vec<[u8; 3]>,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    Unreachable(String),
    Refused {
        status: u16,
        code: String,
        words: String,
    },
    /// The reply is invalid, or a file could not be written.
    Failed(String),
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(words) | Self::Failed(words) => f.write_str(words),
            Self::Refused { status, code, words } if words.is_empty() => write!(f, "{status} {code}"),
            Self::Refused { code, words, .. } => write!(f, "{words} ({code})"),
        }
    }
}

/// Something to be done outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Send(Ticket, Request),
    Cancel(Slot),
    /// Opens the stream of events.
    Listen,
    StopListening,
    /// Copies text to the terminal's clipboard.
    Copy(String),
    /// Captures the mouse, or releases it.
    Mouse(bool),
    /// Shows a text in the operator's pager.
    Page(String),
    /// Draws the whole screen again.
    Redraw,
    /// Connects to the server of a profile.
    Switch(String),
    Suspend,
    Quit,
}
