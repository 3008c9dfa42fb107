//! The rows of the lists: what they are called, and what can be done with them.

use serde_json::Value;
use yibi_common::admin::{AuditEntry, Change, Count, DrawingRow, ErrorGroup, SessionRow, UserRow};

use crate::request::{Act, Request};

/// A row of any list.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A session.
    Session(SessionRow),
    /// A user.
    User(UserRow),
    /// A drawing.
    Drawing(DrawingRow),
    /// Failures of one cause.
    Error(ErrorGroup),
    /// A change that an operator made.
    Audit(AuditEntry),
}

/// A page of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
    /// All rows of the list, whatever the filter.
    pub total: Option<Count>,
    /// The server's clock, in RFC 3339; empty where the reply has none.
    pub now: String,
}

impl Row {
    /// What tells it from all others of its list.
    pub fn key(&self) -> String {
        match self {
            Self::Session(row) => row.id.clone(),
            Self::User(row) => row.user.id.clone(),
            Self::Drawing(row) => format!("{}/{}", row.user.id, row.id),
            Self::Error(row) => format!("{} {}", row.code, row.cause.as_deref().unwrap_or_default()),
            Self::Audit(row) => row.request_id.clone(),
        }
    }

    /// The id to be copied.
    pub fn id(&self) -> &str {
        match self {
            Self::Session(row) => &row.id,
            Self::User(row) => &row.user.id,
            Self::Drawing(row) => &row.id,
            Self::Error(row) => row.latest.first().map_or(row.code.as_str(), |latest| &latest.request_id),
            Self::Audit(row) => row.target.as_deref().unwrap_or(&row.user),
        }
    }

    /// The public id of the user whom it is about.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Session(row) => Some(&row.user.id),
            Self::User(row) => Some(&row.user.id),
            Self::Drawing(row) => Some(&row.user.id),
            Self::Error(row) => row.users.first().map(|share| share.name.as_str()),
            Self::Audit(row) => Some(&row.user),
        }
    }

    /// What is asked to see it whole.
    pub fn request(&self) -> Request {
        match self {
            Self::Session(row) => Request::Session(row.id.clone()),
            Self::User(row) => Request::User(row.user.id.clone()),
            Self::Drawing(row) => {
                Request::Drawing { user: row.user.id.clone(), id: row.id.clone(), since: 0 }
            }
            Self::Error(row) => Request::Failed(
                row.latest.first().map(|latest| latest.request_id.clone()).unwrap_or_default(),
            ),
            Self::Audit(row) => Request::User(row.user.clone()),
        }
    }

    /// What deleting it means: a session is revoked, a drawing goes to the bin.
    pub fn deletion(&self) -> Option<Act> {
        match self {
            Self::Session(row) => Some(Act {
                change: Change::RevokeSession,
                user: row.user.id.clone(),
                target: Some(row.id.clone()),
            }),
            Self::Drawing(row) => Some(Act {
                change: Change::DeleteDrawing,
                user: row.user.id.clone(),
                target: Some(row.id.clone()),
            }),
            Self::User(_) | Self::Error(_) | Self::Audit(_) => None,
        }
    }

    /// It in one line, for a question.
    pub fn words(&self) -> String {
        match self {
            Self::Session(row) => {
                format!(
                    "{} session of {} ({}) on {}",
                    row.dialect,
                    name(&row.user.nickname, &row.user.id),
                    row.id,
                    row.device
                )
            }
            Self::User(row) => format!("user {}", name(&row.user.nickname, &row.user.id)),
            Self::Drawing(row) => {
                let title = if row.title.is_empty() { "untitled" } else { &row.title };
                let by = name(&row.user.nickname, &row.user.id);
                format!("drawing {} ({title}) by {by}, strokes: {}", row.id, row.stroke_count)
            }
            Self::Error(row) => row.code.clone(),
            Self::Audit(row) => row.change.name().to_owned(),
        }
    }

    /// Whether a filter's field has such a value here; lower case, and its beginning is enough. Fields that only
    /// the server can tell have any.
    pub fn is_found(&self, field: &str, value: &str) -> bool {
        let begins = |text: &str| text.to_lowercase().starts_with(value);
        let flag = |is: bool| if is { "yes".starts_with(value) } else { "no".starts_with(value) };
        let user = match self {
            Self::Session(row) => Some(&row.user),
            Self::User(row) => Some(&row.user),
            Self::Drawing(row) => Some(&row.user),
            Self::Error(_) | Self::Audit(_) => None,
        };
        match (field, user, self) {
            ("nick", Some(user), _) => begins(&user.nickname),
            ("openid", Some(user), _) => begins(&user.openid),
            ("user", Some(user), _) => begins(&user.id),
            ("dialect", _, Self::Session(row)) => begins(&row.dialect),
            ("blocked", _, Self::User(row)) => flag(row.blocked_at.is_some()),
            ("deleted", _, Self::Drawing(row)) => flag(row.deleted_at.is_some()),
            ("text", ..) => self.texts().iter().any(|text| text.to_lowercase().contains(value)),
            _ => true,
        }
    }

    /// What of an error or of a change can be searched for.
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Error(row) => {
                let shares = row.routes.iter().chain(&row.users).chain(&row.servers);
                let cause = row.cause.as_deref().unwrap_or_default();
                shares.map(|share| share.name.as_str()).chain([row.code.as_str(), cause]).collect()
            }
            Self::Audit(row) => told(row).to_vec(),
            Self::Session(_) | Self::User(_) | Self::Drawing(_) => Vec::new(),
        }
    }

    /// It as the server sent it.
    pub fn json(&self) -> Value {
        match self {
            Self::Session(row) => serde_json::to_value(row),
            Self::User(row) => serde_json::to_value(row),
            Self::Drawing(row) => serde_json::to_value(row),
            Self::Error(row) => serde_json::to_value(row),
            Self::Audit(row) => serde_json::to_value(row),
        }
        .unwrap_or_default()
    }
}

/// Who changed what, in all its words.
pub fn told(row: &AuditEntry) -> [&str; 6] {
    let target = row.target.as_deref().unwrap_or_default();
    [&row.who, &row.from, row.change.name(), &row.user, target, &row.request_id]
}

/// A user's nickname, or the public id where there is none.
pub fn name<'a>(nickname: &'a str, id: &'a str) -> &'a str {
    if nickname.is_empty() { id } else { nickname }
}
