//! Everything that the console knows. It changes in [`crate::update`] and nowhere else.

pub mod detail;
pub mod history;
pub mod link;
pub mod list;
pub mod live;
pub mod overlay;
pub mod thumbs;
pub mod trends;

use std::collections::{BTreeMap, VecDeque};

use yibi_common::admin::{Identity, Overview, Role};

use crate::keys::Context;
use crate::moment::Millis;
use crate::msg::Slot;
use crate::request::{Act, Kind};
use crate::row::Row;
use crate::theme::Theme;
use detail::Detail;
use history::History;
use link::Link;
use list::List;
use live::Live;
use overlay::Overlay;
use thumbs::Thumb;
use trends::Trends;

/// The views, in the order of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// The fleet.
    Overview,
    /// A list.
    List(Kind),
    /// What happens.
    Live,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::List(Kind::Sessions),
        Self::List(Kind::Users),
        Self::List(Kind::Drawings),
        Self::Live,
        Self::List(Kind::Errors),
        Self::List(Kind::Audit),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::List(kind) => kind.name(),
            Self::Live => "live",
        }
    }
}

/// The server that is looked at.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// How it is called in the header.
    pub label: String,
    /// Its URL, for curl commands.
    pub base: String,
    /// Its socket, when it is reached by one.
    pub socket: Option<String>,
    /// Whether mistakes are expensive there.
    pub production: bool,
}

/// A line that is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// Until when.
    pub until: Millis,
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub number: u64,
    /// When it was sent.
    pub since: Millis,
    /// What it asks, as the log shows it.
    pub line: String,
}

/// A request that is over, for the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When it was sent.
    pub at: Millis,
    /// Method and path.
    pub line: String,
    /// Milliseconds that it took.
    pub took: Millis,
    /// What came of it.
    pub outcome: String,
}

/// The state of the console.
#[derive(Debug)]
pub struct Model {
    /// The time.
    pub now: Millis,
    /// What the server's clock is ahead.
    pub ahead: Millis,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether its window is looked at.
    pub focused: bool,
    /// Whether the screen has to be drawn.
    pub dirty: bool,
    /// The server.
    pub server: Server,
    /// Who the server takes us for.
    pub identity: Option<Identity>,
    /// Whether it answers.
    pub link: Link,
    /// Whether changes are forbidden here.
    pub read_only: bool,
    /// Colours.
    pub theme: Theme,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// The view.
    pub view: View,
    /// The view before.
    pub last_view: View,
    /// The fleet, as it last told.
    pub overview: Option<Overview>,
    /// When it last told.
    pub overview_at: Option<Millis>,
    /// The first line of the overview to be seen.
    pub overview_top: usize,
    /// The lists.
    pub lists: BTreeMap<Kind, List>,
    /// The stream.
    pub live: Live,
    /// How the routes fared while the overview was in view.
    pub trends: Trends,
    /// The drawing under the cursor, where the list has room for it.
    pub preview: Option<Thumb>,
    /// The way back.
    pub history: History,
    /// What is open, the uppermost last.
    pub details: Vec<Detail>,
    /// What lies over it all.
    pub overlay: Option<Overlay>,
    /// What is asked.
    pub pending: BTreeMap<Slot, Pending>,
    /// What was asked, the latest first.
    pub log: VecDeque<Logged>,
    /// Changes still to be made, the ones made, and those that failed.
    pub work: Work,
    /// Groups of changes that can be taken back, the latest last.
    pub undo: Vec<Vec<Act>>,
    /// A word to the operator.
    pub flash: Option<Flash>,
    /// Numbers the requests.
    pub tickets: u64,
}

/// Changes being made, one after the other.
#[derive(Debug, Default)]
pub struct Work {
    /// Those to come; the first is under way.
    pub queue: VecDeque<Act>,
    /// Those made.
    pub done: Vec<Act>,
    /// Why others were not.
    pub failed: Vec<String>,
    /// Whether they take others back.
    pub undoing: bool,
    /// Until when they wait, so that they can be taken back before they are made.
    pub due: Option<Millis>,
    /// Whether the operator leaves once they are made.
    pub quitting: bool,
}

impl Model {
    /// A console that knows nothing yet.
    pub fn new(server: Server, theme: Theme, read_only: bool, size: (u16, u16), now: Millis) -> Self {
        Self {
            now,
            ahead: 0,
            size,
            focused: true,
            dirty: true,
            server,
            identity: None,
            link: Link::Connecting,
            read_only,
            theme,
            mouse: false,
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
            undo: Vec::new(),
            flash: None,
            tickets: 0,
        }
    }

    /// The server's clock.
    pub fn server_now(&self) -> Millis {
        self.now + self.ahead
    }

    /// What keys are about.
    pub fn context(&self) -> Context {
        match self.details.last() {
            Some(Detail::Drawing(_)) => Context::Replay,
            Some(Detail::Session { .. } | Detail::User { .. } | Detail::Request { .. }) => Context::Detail,
            None => match self.view {
                View::Overview => Context::Overview,
                View::List(_) => Context::List,
                View::Live => Context::Live,
            },
        }
    }

    /// The list in view, if it is one.
    pub fn list(&self) -> Option<&List> {
        match (self.view, self.details.is_empty()) {
            (View::List(kind), true) => self.lists.get(&kind),
            (View::List(_) | View::Overview | View::Live, _) => None,
        }
    }

    /// The same, to be changed.
    pub fn list_mut(&mut self) -> Option<&mut List> {
        match (self.view, self.details.is_empty()) {
            (View::List(kind), true) => self.lists.get_mut(&kind),
            (View::List(_) | View::Overview | View::Live, _) => None,
        }
    }

    /// Rows of the screen between header and footer.
    pub fn body_height(&self) -> usize {
        usize::from(self.size.1.saturating_sub(3))
    }

    /// Rows of a list: the body without filter line and column heads.
    pub fn list_height(&self) -> usize {
        self.body_height().saturating_sub(2).max(1)
    }

    /// Columns of a list: those of the screen without the picture beside it.
    pub fn list_width(&self) -> u16 {
        crate::view::list::width(self)
    }

    /// The drawing to be shown beside the list: its user and its id.
    pub fn previewed(&self) -> Option<(String, String)> {
        crate::view::list::preview_room(self)?;
        match self.list()?.current()? {
            Row::Drawing(row) => Some((row.user.id.clone(), row.id.clone())),
            Row::Session(_) | Row::User(_) | Row::Error(_) | Row::Audit(_) => None,
        }
    }

    /// Tells of something that went wrong outside the model.
    pub fn complain(&mut self, text: String) {
        self.flash = Some(Flash { text, bad: true, until: self.now + FLASH });
        self.dirty = true;
    }

    /// Why nothing may be changed, if so.
    pub fn forbidden(&self) -> Option<&'static str> {
        if self.read_only {
            return Some("read-only: press ! to allow changes");
        }
        match self.identity.as_ref().map(|identity| identity.role) {
            Some(Role::Viewer) => Some("your role is viewer: changes are for operators"),
            Some(Role::Service) => Some("your role is service: it is for other backends"),
            Some(Role::Operator) | None => None,
        }
    }

    /// Whether the stream of events is needed.
    pub fn wants_stream(&self) -> bool {
        let following =
            self.details.iter().any(|detail| matches!(detail, Detail::Drawing(drawing) if drawing.follow));
        following || self.view == View::Live
    }

    /// When something changes by itself next. Nothing does where nothing moves.
    pub fn wake(&self) -> Option<Millis> {
        let mut moments = Vec::new();
        if let Some(Detail::Drawing(drawing)) = self.details.last()
            && drawing.player.as_ref().is_some_and(|player| player.playing)
        {
            moments.push(drawing.passed + FRAME);
        }
        if self.view == View::Live && self.details.is_empty() {
            moments.extend(self.live.thumbs.wake());
        }
        if let Some(Overlay::Filter(prompt)) = &self.overlay {
            moments.extend(prompt.due);
        }
        if let Some(preview) = self.preview.as_ref().filter(|preview| preview.is_wanted()) {
            moments.extend(Some(preview.asked_at).filter(|at| *at > self.now));
        }
        // The seconds that are left are counted down.
        moments.extend(self.work.due.map(|due| self.now + 1 + (due - self.now - 1).rem_euclid(1000)));
        moments.extend(self.flash.as_ref().map(|flash| flash.until));
        // What is under way already is waited for, not woken for.
        let asked = |slot| self.pending.contains_key(&slot);
        moments.extend(self.link.retry_at().filter(|_| !asked(Slot::Link)));
        moments.extend(self.live.retry_at.filter(|_| self.wants_stream() && !self.live.listening));
        // A spinner turns for what takes long enough to be wondered about.
        if let Some(since) = self.pending.values().map(|pending| pending.since).min() {
            let shown = since + PATIENCE;
            moments.push(if self.now < shown { shown } else { self.now - (self.now - since) % SPIN + SPIN });
        }
        if self.focused && matches!(self.link, Link::Up) {
            if self.counts_down() {
                moments.push(self.now - self.server_now().rem_euclid(1000) + 1000);
            }
            moments.extend(self.refresh_at().filter(|_| !asked(self.slot())));
        }
        moments.into_iter().min()
    }

    /// Whether a time to live is in view.
    fn counts_down(&self) -> bool {
        match self.details.last() {
            Some(Detail::Session { .. } | Detail::User { .. }) => true,
            Some(Detail::Request { .. } | Detail::Drawing(_)) => false,
            None => self.view == View::List(Kind::Sessions),
        }
    }

    /// What requests for the view are for.
    pub fn slot(&self) -> Slot {
        match self.view {
            View::List(kind) => Slot::List(kind),
            View::Overview | View::Live => Slot::Overview,
        }
    }

    /// When what is in view is to be read again.
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

/// How long a word to the operator stays.
pub const FLASH: Millis = 4_000;
/// Milliseconds between two frames of a replay.
pub const FRAME: Millis = 33;
/// Milliseconds after which a request shows a spinner.
pub const PATIENCE: Millis = 300;
/// Milliseconds between two positions of the spinner.
pub const SPIN: Millis = 120;
/// Milliseconds between two readings of the overview.
const OVERVIEW_EVERY: Millis = 2_000;
/// Milliseconds between two readings of a list.
const LIST_EVERY: Millis = 5_000;
