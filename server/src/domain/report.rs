//! Pages over all users, sessions and drawings, for operators.
//!
//! A page follows an index from a [`Place`] on. Filters are applied to the entries of the index, to [`SCANNED`] of them for
//! one page; so a page costs the same however rare its rows are, may be short, and says where the next one goes on.

use serde::{Deserialize, Serialize};
use yibi_common::admin::{DrawingOrder, SessionOrder};
use yibi_common::drawing::Mode;

use super::clock::Micros;
use super::drawing::Header;
use super::session::{Dialect, StoredSession};

/// Entries of an index that one page looks at, at most.
pub const SCANNED: usize = 2_000;

/// A position in an index: the sorted value, and the name that orders equal values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Sorted value; 0 in an index of texts.
    pub value: i64,
    /// Name of the entry in the store.
    pub name: String,
}

/// Rows in the order of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    pub rows: Vec<T>,
    /// Position behind which the next page begins; `None` at the end of the index.
    pub next: Option<Place>,
}

impl<T> Rows<T> {
    /// No rows, at the end of the index.
    #[must_use]
    pub fn none() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

/// Collects the rows of a page while an index is followed.
#[derive(Debug)]
pub struct Collector<T> {
    rows: Vec<T>,
    limit: usize,
    scanned: usize,
}

impl<T> Collector<T> {
    /// A collector for `limit` rows.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { rows: Vec::new(), limit: limit.max(1) as usize, scanned: 0 }
    }

    /// Takes an entry, with its row if the filter accepts it. Returns whether the page is complete.
    pub fn take(&mut self, row: Option<T>) -> bool {
        self.scanned += 1;
        self.rows.extend(row);
        self.rows.len() >= self.limit || self.scanned >= SCANNED
    }

    /// The page, which ends at `next` or with the index.
    #[must_use]
    pub fn end(self, next: Option<Place>) -> Rows<T> {
        Rows { rows: self.rows, next }
    }
}

/// A range of texts: from `from` on, below `below`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// First text of the range.
    pub from: String,
    /// First text behind the range.
    pub below: String,
}

impl Texts {
    /// Texts that begin with `prefix`.
    #[must_use]
    pub fn beginning_with(prefix: &str) -> Self {
        Self { from: prefix.to_owned(), below: format!("{prefix}\u{10ffff}") }
    }
}

#[derive(Debug, Clone)]
pub struct SessionPage {
    /// Order of the rows.
    pub order: SessionOrder,
    /// Whether the order is reversed.
    pub reverse: bool,
    /// Position behind which the page begins.
    pub after: Option<Place>,
    /// Maximum number of rows.
    pub limit: u32,
    /// Range of user keys, in the order of openids.
    pub users: Option<Texts>,
    /// Filter of the rows.
    pub filter: SessionFilter,
}

/// Filter of sessions; accepts all by default.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    pub dialect: Option<Dialect>,
    /// Accepts openids with this prefix.
    pub openid: Option<String>,
    /// Accepts sessions used at this time or later.
    pub seen_since: Option<Micros>,
    /// Accepts sessions that expire before this time unless they are used.
    pub ends_before: Option<Micros>,
}

impl SessionFilter {
    /// Whether the filter accepts a session that expires at that time unless it is used.
    #[must_use]
    pub fn takes(&self, session: &StoredSession, expires_at: Micros) -> bool {
        self.dialect.is_none_or(|dialect| session.dialect == dialect)
            && self.openid.as_ref().is_none_or(|prefix| session.user.openid().starts_with(prefix.as_str()))
            && self.seen_since.is_none_or(|since| session.last_seen >= since)
            && self.ends_before.is_none_or(|before| expires_at < before)
    }

    /// Bound of the index beyond which the filter accepts nothing: the latest expiry, or the earliest use.
    #[must_use]
    pub fn bound(&self, order: SessionOrder) -> Option<Micros> {
        match order {
            SessionOrder::Expiry => self.ends_before,
            SessionOrder::LastSeen => self.seen_since,
            SessionOrder::Openid => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct UserPage {
    pub by: UsersBy,
    /// Whether the order is reversed.
    pub reverse: bool,
    /// Position behind which the page begins.
    pub after: Option<Place>,
    /// Maximum number of rows.
    pub limit: u32,
    /// Accepts only blocked users, or only others.
    pub blocked: Option<bool>,
}

/// An index of users.
#[derive(Debug, Clone)]
pub enum UsersBy {
    /// By time of creation, the newest first.
    Creation,
    /// By nickname, within a range.
    Nickname(Texts),
    /// By key, within a range.
    Key(Texts),
}

/// Selection of drawings, of all users.
#[derive(Debug, Clone)]
pub struct DrawingPage {
    /// Order of the rows.
    pub order: DrawingOrder,
    /// Whether the order is reversed.
    pub reverse: bool,
    /// Position behind which the page begins.
    pub after: Option<Place>,
    /// Maximum number of rows.
    pub limit: u32,
    /// Filter of the rows.
    pub filter: DrawingFilter,
}

/// Filter of drawings; accepts all by default.
#[derive(Debug, Clone, Default)]
pub struct DrawingFilter {
    pub mode: Option<Mode>,
    /// Accepts only drawings in the bin, or only others.
    pub deleted: Option<bool>,
    /// Accepts drawings changed (in the order of creation: created) at this time or later.
    pub since: Option<Micros>,
    /// Accepts drawings changed (in the order of creation: created) before this time.
    pub until: Option<Micros>,
}

impl DrawingFilter {
    /// Whether the filter accepts a drawing.
    #[must_use]
    pub fn takes(&self, header: &Header, order: DrawingOrder) -> bool {
        let moment = match order {
            DrawingOrder::Created => header.created_at,
            DrawingOrder::Updated | DrawingOrder::Size => header.updated_at,
        };
        self.mode.is_none_or(|mode| header.mode == mode)
            && self.deleted.is_none_or(|deleted| header.deleted_at.is_some() == deleted)
            && self.since.is_none_or(|since| moment >= since)
            && self.until.is_none_or(|until| moment < until)
    }
}

/// Value by which a drawing is sorted.
#[must_use]
pub fn sorted_by(header: &Header, order: DrawingOrder) -> i64 {
    match order {
        DrawingOrder::Updated => header.updated_at.0,
        DrawingOrder::Created => header.created_at.0,
        DrawingOrder::Size => i64::try_from(header.bytes).unwrap_or(i64::MAX),
    }
}
