//! What is open: one session, user, request or drawing.

use yibi_common::admin::{DrawingRow, RequestDetail, SessionDetail, UserDetail};

use crate::moment::Millis;
use crate::replay::Player;
use crate::request::Request;
use crate::row::Row;

/// Something that was opened.
#[derive(Debug)]
pub enum Detail {
    /// A session.
    Session {
        /// Its id.
        id: String,
        /// It, once it came.
        data: Option<Box<SessionDetail>>,
        /// Which of its rows is selected.
        selected: usize,
    },
    /// A user.
    User {
        /// The public id.
        id: String,
        /// The user, once they came.
        data: Option<Box<UserDetail>>,
        /// Which of their rows is selected.
        selected: usize,
    },
    /// A failed request.
    Request {
        /// Its id.
        id: String,
        /// It, once it came.
        data: Option<Box<RequestDetail>>,
        /// The first line of it to be seen.
        selected: usize,
    },
    /// A drawing.
    Drawing(Box<Drawing>),
}

/// A drawing being played.
#[derive(Debug)]
pub struct Drawing {
    /// The public id of its user.
    pub user: String,
    /// Its id.
    pub id: String,
    /// What the list knows of it.
    pub row: Option<DrawingRow>,
    /// It, once it came.
    pub player: Option<Player>,
    /// The number that its next action gets.
    pub seq: u32,
    /// Whether it is watched growing.
    pub follow: bool,
    /// Whether it is shown in Braille.
    pub braille: bool,
    /// Up to when time has passed in it.
    pub passed: Millis,
}

impl Detail {
    /// What is asked to fill it.
    pub fn request(&self) -> Request {
        match self {
            Self::Session { id, .. } => Request::Session(id.clone()),
            Self::User { id, .. } => Request::User(id.clone()),
            Self::Request { id, .. } => Request::Failed(id.clone()),
            Self::Drawing(drawing) => {
                Request::Drawing { user: drawing.user.clone(), id: drawing.id.clone(), since: 0 }
            }
        }
    }

    /// The rows that can be selected and opened.
    pub fn rows(&self) -> Vec<Row> {
        match self {
            Self::Session { data: Some(data), .. } => {
                let sessions = data.others.iter().cloned().map(Row::Session);
                sessions.chain(data.drawings.iter().cloned().map(Row::Drawing)).collect()
            }
            Self::User { data: Some(data), .. } => {
                let sessions = data.sessions.iter().cloned().map(Row::Session);
                sessions.chain(data.latest.iter().cloned().map(Row::Drawing)).collect()
            }
            Self::Session { data: None, .. }
            | Self::User { data: None, .. }
            | Self::Request { .. }
            | Self::Drawing(_) => Vec::new(),
        }
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<Row> {
        match self {
            Self::Session { selected, .. } | Self::User { selected, .. } => {
                self.rows().into_iter().nth(*selected)
            }
            Self::Request { .. } | Self::Drawing(_) => None,
        }
    }

    /// What it is as a whole.
    pub fn whole(&self) -> Option<Row> {
        match self {
            Self::Session { data, .. } => data.as_ref().map(|data| Row::Session(data.session.clone())),
            Self::User { data, .. } => data.as_ref().map(|data| Row::User(data.user.clone())),
            Self::Request { .. } => None,
            Self::Drawing(drawing) => drawing.row.clone().map(Row::Drawing),
        }
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, by: isize) {
        let last = match self {
            Self::Request { data, .. } => data.as_ref().map_or(0, |data| data.neighbours.len()),
            Self::Session { .. } | Self::User { .. } | Self::Drawing(_) => {
                self.rows().len().saturating_sub(1)
            }
        };
        match self {
            Self::Session { selected, .. } | Self::User { selected, .. } | Self::Request { selected, .. } => {
                *selected = selected.saturating_add_signed(by).min(last);
            }
            Self::Drawing(_) => {}
        }
    }
}

impl Drawing {
    /// A drawing of which the list knows so much.
    pub fn new(user: &str, id: &str, row: Option<DrawingRow>) -> Self {
        Self {
            user: user.to_owned(),
            id: id.to_owned(),
            row,
            player: None,
            seq: 0,
            follow: false,
            braille: false,
            passed: 0,
        }
    }
}
