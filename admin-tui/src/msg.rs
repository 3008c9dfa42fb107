//! What the console is told, and what it asks for in return.

use crossterm::event::{KeyEvent, MouseEvent};
use yibi_common::admin::{
    Count, DrawingRow, Event, Identity, Overview, RequestDetail, SessionDetail, UserDetail,
};

use crate::moment::Millis;
use crate::replay::Entry;
use crate::request::Request;
use crate::row::Page;

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// The console was started.
    Start,
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The terminal's window is looked at, or not.
    Focus(bool),
    /// The moment came that [`crate::model::Model::wake`] named.
    Tick,
    /// A request was answered.
    Answer {
        /// Which.
        ticket: Ticket,
        /// With what.
        result: Result<Reply, Trouble>,
        /// The clock of the server that answered, where it said.
        server_now: Option<Millis>,
    },
    /// The stream of events is open.
    StreamOpen,
    /// An event.
    Event(Box<Event>),
    /// The stream ended; why.
    StreamClosed(Trouble),
}

/// What a request is for. Of each, one is under way at most: a newer one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Finding out whether the server is there.
    Link,
    /// The overview.
    Overview,
    /// A list's page.
    List(crate::request::Kind),
    /// An exact count.
    Count(crate::request::Kind),
    /// The thing that is open.
    Detail,
    /// New actions of the drawing that is open.
    Tail,
    /// A drawing for a thumbnail.
    Thumb,
    /// The drawing under the cursor.
    Preview,
    /// A change.
    Act,
    /// A file.
    Export,
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What for.
    pub slot: Slot,
    /// Counts up; an answer to any but the latest of its slot is dropped.
    pub number: u64,
    /// Which page of a list, or 0.
    pub page: usize,
}

/// An answer.
#[derive(Debug)]
pub enum Reply {
    /// To [`Request::Me`].
    Me(Identity),
    /// To [`Request::Overview`].
    Overview(Overview),
    /// To [`Request::Page`].
    Page(Page),
    /// To [`Request::Count`].
    Count(Count),
    /// To [`Request::Session`].
    Session(Box<SessionDetail>),
    /// To [`Request::User`].
    User(Box<UserDetail>),
    /// To [`Request::Drawing`].
    Drawing(Box<Drawn>),
    /// To [`Request::Failed`].
    Failed(Box<RequestDetail>),
    /// To [`Request::Act`].
    Done,
    /// To [`Request::Export`]: where the file is.
    Saved(String),
}

/// A drawing with actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The drawing.
    pub row: DrawingRow,
    /// The number of the first entry.
    pub since: u32,
    /// The actions from there on.
    pub entries: Vec<Entry>,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered.
    Unreachable(String),
    /// The server said no.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's code.
        code: String,
        /// What it says in words.
        words: String,
    },
    /// The answer can't be understood, or the file not be written.
    Failed(String),
}

impl std::fmt::Display for Trouble {
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
    /// Ask the server.
    Send(Ticket, Request),
    /// Forget what was asked.
    Cancel(Slot),
    /// Open the stream of events.
    Listen,
    /// Close it.
    StopListening,
    /// Put text on the terminal's clipboard.
    Copy(String),
    /// Take the mouse, or leave it.
    Mouse(bool),
    /// Show a text in the operator's pager.
    Page(String),
    /// Draw everything anew.
    Redraw,
    /// Go to the shell.
    Suspend,
    /// Leave.
    Quit,
}
