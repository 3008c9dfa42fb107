//! The open page: a session, a user, a request, a review case, or a drawing that is replayed.

use yibi_common::admin::{DrawingRow, RequestDetail, SessionDetail, UserDetail, UserRef};

use super::review::Review;
use crate::lists::columns::Column;
use crate::lists::{FailedRequest, Kind, NEIGHBOURS, Neighbour, Record, Row};
use crate::replay::Player;
use crate::subject::Subject;
use crate::time::Millis;

#[derive(Debug)]
pub enum Detail {
    Page(Page),
    Drawing(Box<Drawing>),
    Review(Box<Review>),
}

/// The page of a session, a user or a request.
#[derive(Debug)]
pub struct Page {
    pub subject: Subject,
    /// `None` until the reply arrives.
    pub data: Option<Data>,
    /// The row under the cursor. Row 0 is the subject itself, so that keys act on what the page is about until
    /// the cursor is moved into the lists below.
    pub selected: usize,
}

/// The reply for a page.
#[derive(Debug)]
pub enum Data {
    Session(Box<SessionDetail>),
    User(Box<UserDetail>),
    Request(Box<RequestDetail>),
}

/// Rows of a page under a heading.
#[derive(Debug)]
pub struct Section {
    pub heading: &'static str,
    pub columns: &'static [Column],
    pub rows: Vec<Row>,
}

/// A drawing that is replayed.
#[derive(Debug)]
pub struct Drawing {
    /// The public id of its user.
    pub user: String,
    pub id: String,
    pub row: Option<DrawingRow>,
    /// The people who drew, in the order of the entries' authors; empty where the owner alone has drawn.
    pub authors: Vec<UserRef>,
    /// `None` until the reply arrives.
    pub player: Option<Player>,
    /// The number that the next action gets.
    pub seq: u32,
    /// Whether new actions are appended as they happen.
    pub follow: bool,
    pub braille: bool,
    /// The magnification, and the part of the paper that is to the left of the screen and above it, in
    /// thousandths.
    pub zoom: u16,
    pub offset: (i32, i32),
    /// The time up to which the replay has advanced.
    pub passed: Millis,
}

impl Data {
    pub fn subject(&self) -> Subject {
        match self {
            Self::Session(data) => Subject::Session(data.session.id.clone()),
            Self::User(data) => Subject::User(data.user.user.id.clone()),
            Self::Request(data) => Subject::Request(data.failure.request_id.clone()),
        }
    }

    /// The subject as a row.
    pub fn row(&self) -> Row {
        match self {
            Self::Session(data) => Row::new(data.session.clone()),
            Self::User(data) => Row::new(data.user.clone()),
            Self::Request(data) => Row::new(FailedRequest((**data).clone())),
        }
    }

    pub fn sections(&self) -> Vec<Section> {
        let section = |heading, kind: Kind, rows| Section { heading, columns: kind.columns(), rows };
        let sections = match self {
            Self::Session(data) => vec![
                section("OTHER SESSIONS", Kind::Sessions, rows(&data.others)),
                section("LATEST DRAWINGS", Kind::Drawings, rows(&data.drawings)),
            ],
            Self::User(data) => vec![
                section("SESSIONS", Kind::Sessions, rows(&data.sessions)),
                section("LATEST DRAWINGS", Kind::Drawings, rows(&data.latest)),
            ],
            Self::Request(data) => {
                let neighbour = |row: &yibi_common::admin::RequestRow| {
                    Row::new(Neighbour {
                        row: row.clone(),
                        user: data.failure.user.clone(),
                        is_subject: row.request_id == data.failure.request_id,
                    })
                };
                vec![Section {
                    heading: "REQUESTS OF THE SAME USER",
                    columns: NEIGHBOURS,
                    rows: data.neighbours.iter().map(neighbour).collect(),
                }]
            }
        };
        sections.into_iter().filter(|section| !section.rows.is_empty()).collect()
    }
}

fn rows<T: Record + Clone + 'static>(records: &[T]) -> Vec<Row> {
    records.iter().cloned().map(Row::new).collect()
}

impl Page {
    /// The row under the cursor.
    pub fn current(&self) -> Option<Row> {
        let data = self.data.as_ref()?;
        match self.selected.checked_sub(1) {
            None => Some(data.row()),
            Some(index) => data.sections().into_iter().flat_map(|section| section.rows).nth(index),
        }
    }

    pub fn move_by(&mut self, by: isize) {
        let sections = self.data.as_ref().map(Data::sections).unwrap_or_default();
        let last = sections.iter().map(|section| section.rows.len()).sum();
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }
}

impl Detail {
    /// The page of a subject, still without data.
    pub fn new(subject: Subject) -> Self {
        match subject {
            Subject::Drawing { user, id } => Self::Drawing(Box::new(Drawing::new(&user, &id, None))),
            Subject::Review(id) => Self::Review(Box::new(Review::new(&id))),
            subject @ (Subject::Session(_) | Subject::User(_) | Subject::Request(_)) => {
                Self::Page(Page { subject, data: None, selected: 0 })
            }
        }
    }

    pub fn subject(&self) -> Subject {
        match self {
            Self::Page(page) => page.subject.clone(),
            Self::Drawing(drawing) => Subject::Drawing { user: drawing.user.clone(), id: drawing.id.clone() },
            Self::Review(review) => Subject::Review(review.id.clone()),
        }
    }

    /// The drawing that is replayed on the page.
    pub fn drawing(&self) -> Option<&Drawing> {
        match self {
            Self::Page(_) => None,
            Self::Drawing(drawing) => Some(drawing),
            Self::Review(review) => Some(&review.drawing),
        }
    }

    pub fn drawing_mut(&mut self) -> Option<&mut Drawing> {
        match self {
            Self::Page(_) => None,
            Self::Drawing(drawing) => Some(drawing),
            Self::Review(review) => Some(&mut review.drawing),
        }
    }

    /// The row under the cursor; the drawing itself on its page.
    pub fn current(&self) -> Option<Row> {
        match self {
            Self::Page(page) => page.current(),
            Self::Drawing(drawing) => drawing.row.clone().map(Row::new),
            Self::Review(review) => review.case().cloned().map(Row::new),
        }
    }

    /// Whether the reply is still missing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Page(page) => page.data.is_none(),
            Self::Drawing(drawing) => drawing.player.is_none(),
            Self::Review(review) => review.data.is_none(),
        }
    }
}

impl Drawing {
    pub fn new(user: &str, id: &str, row: Option<DrawingRow>) -> Self {
        Self {
            user: user.to_owned(),
            id: id.to_owned(),
            row,
            authors: Vec::new(),
            player: None,
            seq: 0,
            follow: false,
            braille: false,
            zoom: 1,
            offset: (0, 0),
            passed: 0,
        }
    }
}
