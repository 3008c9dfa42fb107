//! The state of the console. It changes in [`crate::update`] only.

pub mod detail;
pub mod history;
pub mod link;
pub mod list;
pub mod live;
mod offers;
pub mod overlay;
pub mod review;
mod schedule;
pub mod status;
pub mod thumbs;
pub mod trends;

use std::collections::{BTreeMap, VecDeque};

use jiff::tz::TimeZone;
use yibi_common::admin::{Identity, Overview, Role};

use crate::act::Act;
use crate::keys::{self, Context};
use crate::layout::{self, Hint, Screen, Tab};
use crate::lists::{EventRow, Kind, Row};
use crate::msg::Slot;
use crate::request::Request;
use crate::subject::Subject;
use crate::text;
use crate::theme::Theme;
use crate::time::{Clock, Millis};
use crate::views::View;
use detail::Detail;
use history::History;
use link::Link;
use list::List;
use live::Live;
use overlay::Overlay;
use thumbs::Thumb;
use trends::Trends;

/// The server that the console is connected to.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// The name in the upper bar.
    pub label: String,
    /// The URL, for curl commands.
    pub base: String,
    pub socket: Option<String>,
    /// Where the token comes from: a file, or an environment variable.
    pub token_source: Option<String>,
    pub production: bool,
}

/// A message that is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub text: String,
    /// Whether it reports a failure.
    pub bad: bool,
    pub until: Millis,
}

/// A request in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub number: u64,
    pub since: Millis,
    pub line: String,
}

/// A finished request, for the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub at: Millis,
    pub line: String,
    pub took: Millis,
    pub outcome: String,
}

/// The state of the console.
#[derive(Debug)]
pub struct Model {
    pub now: Millis,
    pub zone: TimeZone,
    /// How far the server's clock is ahead of this one.
    pub ahead: Millis,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether the terminal has the focus.
    pub focused: bool,
    /// Whether the screen has to be drawn.
    pub dirty: bool,
    pub server: Server,
    /// The names of the profiles in the configuration file.
    pub profiles: Vec<String>,
    /// The caller as the server knows it.
    pub identity: Option<Identity>,
    pub link: Link,
    pub read_only: bool,
    /// Whether the console was started read-only, which then cannot be lifted.
    pub locked: bool,
    pub theme: Theme,
    pub mouse: bool,
    /// Whether drawings open in Braille.
    pub braille: bool,
    pub view: View,
    pub last_view: View,
    pub overview: Option<Overview>,
    pub overview_at: Option<Millis>,
    /// The first visible line of the overview.
    pub overview_top: usize,
    pub lists: BTreeMap<Kind, List>,
    pub live: Live,
    pub trends: Trends,
    /// The drawing under the cursor, where the screen has room for it.
    pub preview: Option<Thumb>,
    pub history: History,
    /// The open pages, the uppermost last.
    pub details: Vec<Detail>,
    pub overlay: Option<Overlay>,
    pub pending: BTreeMap<Slot, Pending>,
    /// Finished requests, the latest first.
    pub log: VecDeque<Logged>,
    pub work: Work,
    /// Changes that failed, until the operator repeats or drops them.
    pub failed: Option<Failed>,
    /// Groups of changes that can be undone, the latest last.
    pub undo: Vec<Vec<Act>>,
    /// The operator's progress through the review queue.
    pub progress: review::Progress,
    /// Drawings still to be saved, and the files written so far.
    pub exports: VecDeque<Request>,
    pub saved: Vec<String>,
    pub flash: Option<Flash>,
    /// The text that was copied last: a terminal does not tell whether it has taken it.
    pub copied: Option<String>,
    /// The number of the latest request.
    pub tickets: u64,
}

/// Changes that are made one after the other.
#[derive(Debug, Default)]
pub struct Work {
    /// The changes to come; the first one is in progress.
    pub queue: VecDeque<Act>,
    pub done: Vec<Act>,
    /// The changes that failed, and why.
    pub failed: Vec<(Act, String)>,
    /// Whether they undo others.
    pub undoing: bool,
    /// The end of the grace during which they can be cancelled.
    pub due: Option<Millis>,
    /// Whether the console ends once they are made.
    pub quitting: bool,
}

/// The outcome of changes that failed.
#[derive(Debug)]
pub struct Failed {
    pub text: String,
    pub acts: Vec<Act>,
    pub undoing: bool,
}

impl Model {
    pub fn new(server: Server, theme: Theme, read_only: bool, size: (u16, u16), clock: &Clock) -> Self {
        Self {
            now: clock.now,
            zone: clock.zone.clone(),
            ahead: 0,
            size,
            focused: true,
            dirty: true,
            server,
            profiles: Vec::new(),
            identity: None,
            link: Link::Connecting,
            read_only,
            locked: read_only,
            theme,
            mouse: false,
            braille: false,
            view: View::Overview,
            last_view: View::List(Kind::Sessions),
            overview: None,
            overview_at: None,
            overview_top: 0,
            lists: Kind::ALL.into_iter().map(|kind| (kind, List::new(kind))).collect(),
            live: Live::default(),
            trends: Trends::default(),
            preview: None,
            history: History::default(),
            details: Vec::new(),
            overlay: None,
            pending: BTreeMap::new(),
            log: VecDeque::new(),
            work: Work::default(),
            failed: None,
            undo: Vec::new(),
            progress: review::Progress::default(),
            exports: VecDeque::new(),
            saved: Vec::new(),
            flash: None,
            copied: None,
            tickets: 0,
        }
    }

    pub fn server_now(&self) -> Millis {
        self.now + self.ahead
    }

    /// The server's clock with the local time zone.
    pub fn clock(&self) -> Clock {
        Clock { now: self.server_now(), zone: self.zone.clone() }
    }

    /// The context that decides about keys.
    pub fn context(&self) -> Context {
        match self.details.last() {
            Some(Detail::Drawing(_)) => Context::Replay,
            Some(Detail::Page(_)) => Context::Detail,
            Some(Detail::Review(_)) => Context::Review,
            None => match self.view {
                View::Overview => Context::Overview,
                View::List(_) => Context::List,
                View::Live => Context::Live,
            },
        }
    }

    /// The list in view, if there is one.
    pub fn list(&self) -> Option<&List> {
        match (self.view, self.details.is_empty()) {
            (View::List(kind), true) => self.lists.get(&kind),
            (View::List(_) | View::Overview | View::Live, _) => None,
        }
    }

    pub fn list_mut(&mut self) -> Option<&mut List> {
        match (self.view, self.details.is_empty()) {
            (View::List(kind), true) => self.lists.get_mut(&kind),
            (View::List(_) | View::Overview | View::Live, _) => None,
        }
    }

    /// The row under the cursor, or the thing that the page is about.
    pub fn current(&self) -> Option<Row> {
        match self.details.last() {
            Some(detail) => detail.current(),
            None if self.view == View::Live => {
                self.live.current().map(|event| Row::new(EventRow(event.clone())))
            }
            None => self.list().and_then(|list| list.current().cloned()),
        }
    }

    /// The rows that a command acts on: the marked ones, or the current one.
    pub fn chosen(&self) -> Vec<Row> {
        match self.list() {
            Some(list) => list.chosen(),
            None => self.current().into_iter().collect(),
        }
    }

    pub fn screen(&self) -> Screen {
        let status_lines = u16::try_from(status::lines(self).len()).unwrap_or(1);
        Screen { size: self.size, braille: self.theme.braille(), status_lines }
    }

    /// Rows of a list.
    pub fn list_height(&self) -> usize {
        self.screen().list_height()
    }

    /// Rows of events in the live view.
    pub fn live_height(&self) -> usize {
        self.screen().live_height(self.live.thumbs.shown().len())
    }

    /// Columns of a list: those of the screen without the picture beside it.
    pub fn list_width(&self) -> u16 {
        let beside = if self.has_preview() { self.screen().preview_width() } else { 0 };
        self.size.0.saturating_sub(beside)
    }

    fn has_preview(&self) -> bool {
        self.list().is_some_and(|list| list.kind.has_preview())
    }

    /// Pixels of the picture beside the list.
    pub fn preview_pixels(&self) -> Option<(u16, u16)> {
        if self.has_preview() { self.screen().preview_pixels() } else { None }
    }

    /// The drawing to be shown beside the list: its user and its id.
    pub fn previewed(&self) -> Option<(String, String)> {
        self.preview_pixels()?;
        match self.list()?.current()?.subject()? {
            Subject::Drawing { user, id } => Some((user, id)),
            Subject::Session(_) | Subject::User(_) | Subject::Request(_) | Subject::Review(_) => None,
        }
    }

    /// The server's name and state, at the right of the upper bar.
    pub fn server_label(&self) -> String {
        let state = match &self.link {
            Link::Connecting => "○",
            Link::Up => "●",
            Link::Down { .. } | Link::Refused { .. } => "✗",
        };
        let production = if self.server.production { "PROD " } else { "" };
        let viewer = self.identity.as_ref().is_some_and(|identity| identity.role == Role::Viewer);
        let mode = match (self.read_only, viewer) {
            (true, _) => " RO",
            (false, true) => " viewer",
            (false, false) => "",
        };
        let room = if self.size.0 < 60 { 10 } else { 24 };
        format!(" {state} {production}{}{mode} ", text::cut(&self.server.label, room))
    }

    /// The tabs of the upper bar.
    pub fn tabs(&self) -> Vec<Tab> {
        layout::tabs(self.size.0, &self.server_label(), self.view)
    }

    /// The keys in the footer.
    pub fn hints(&self) -> Vec<Hint> {
        let applying = keys::bindings(self.context()).filter(|binding| self.applies(binding.command));
        layout::hints(self.size.0, applying)
    }

    /// Shows a failure outside the model for a while.
    pub fn flash_error(&mut self, text: String) {
        self.flash = Some(Flash { text, bad: true, until: self.now + FLASH });
        self.dirty = true;
    }

    /// Reports that tmux has taken the copied text.
    pub fn copied_to_tmux(&mut self) {
        self.flash = Some(Flash {
            text: "copied to tmux's buffer and the clipboard".into(),
            bad: false,
            until: self.now + FLASH,
        });
        self.dirty = true;
    }

    /// Why changes are forbidden, if they are.
    pub fn forbidden(&self) -> Option<&'static str> {
        if self.locked {
            return Some("this console was started read-only");
        }
        if self.read_only {
            return Some("read-only: press ! to allow changes");
        }
        match self.identity.as_ref().map(|identity| identity.role) {
            Some(Role::Viewer) => Some("your role (viewer) can't do this"),
            Some(Role::Service) => Some("your role (service) can't do this"),
            Some(Role::Operator) | None => None,
        }
    }

    /// Whether an operator, as the audit log names it, is the one at this console.
    pub fn is_me(&self, operator: &str) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.name == operator)
    }

    /// Whether the stream of events is needed.
    pub fn wants_stream(&self) -> bool {
        let following =
            self.details.iter().any(|detail| matches!(detail, Detail::Drawing(drawing) if drawing.follow));
        following || self.view == View::Live
    }
}

/// The time for which a message stays.
pub const FLASH: Millis = 4_000;
/// Milliseconds between two frames of a replay.
pub const FRAME: Millis = 33;
/// Milliseconds between two frames of the live view.
pub const LIVE_FRAME: Millis = 67;
/// Milliseconds between two frames of a terminal without the focus.
pub const UNFOCUSED_FRAME: Millis = 1_000;
/// Milliseconds after which a request shows a spinner.
pub const PATIENCE: Millis = 300;
/// Milliseconds between two positions of the spinner.
pub const SPIN: Millis = 120;
