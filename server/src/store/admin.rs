//! The seam to what only operators do: looking over all users, sessions and drawings, and keeping people out.
//!
//! Pages follow an index from a [`Place`] on. Filters are applied to what the index gives, to [`SCANNED`]
//! entries of a page at most; so a page costs the same however rare its rows are, may be short, and says where
//! the next one goes on.

use std::future::Future;

use serde::{Deserialize, Serialize};
use yibi_common::admin::{AuditEntry, DrawingOrder, SessionOrder};
use yibi_common::drawing::Mode;

use super::StoreResult;
use super::gallery::{Header, UserRecord};
use super::sessions::{Dialect, StoredSession};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// Entries of an index that one page looks at, at most.
pub const SCANNED: usize = 2_000;

/// A place in an index: its sorted value, and what tells equal ones apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The value; 0 in an index of texts.
    pub value: i64,
    /// The store's own name of the entry.
    pub name: String,
}

/// Some rows in the order of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The place behind which the next page begins; none when the index has no more.
    pub next: Option<Place>,
}

impl<T> Rows<T> {
    /// None, and none to come.
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
    /// For so many rows.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { rows: Vec::new(), limit: limit.max(1) as usize, scanned: 0 }
    }

    /// Takes an entry, with its row if that is wanted. Whether that was the last one of the page.
    pub fn take(&mut self, row: Option<T>) -> bool {
        self.scanned += 1;
        self.rows.extend(row);
        self.rows.len() >= self.limit || self.scanned >= SCANNED
    }

    /// The page, which ended at `next` or with the index.
    #[must_use]
    pub fn end(self, next: Option<Place>) -> Rows<T> {
        Rows { rows: self.rows, next }
    }
}

/// A range of texts: from `from` on, below `below`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The first.
    pub from: String,
    /// The first one beyond.
    pub below: String,
}

impl Texts {
    /// All that begin with `prefix`.
    #[must_use]
    pub fn beginning_with(prefix: &str) -> Self {
        Self { from: prefix.to_owned(), below: format!("{prefix}\u{10ffff}") }
    }
}

/// Which sessions.
#[derive(Debug, Clone)]
pub struct SessionPage {
    /// The order.
    pub order: SessionOrder,
    /// From the other end.
    pub reverse: bool,
    /// Behind which place.
    pub after: Option<Place>,
    /// Rows at most.
    pub limit: u32,
    /// In the order of openids: those of users whose keys are within this range.
    pub users: Option<Texts>,
    /// What is wanted.
    pub filter: SessionFilter,
}

/// Which sessions are wanted; all by default.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Those of a dialect.
    pub dialect: Option<Dialect>,
    /// Those of users whose openid begins so.
    pub openid: Option<String>,
    /// Those used at this moment or later.
    pub seen_since: Option<Micros>,
    /// Those that end before this moment unless they are used.
    pub ends_before: Option<Micros>,
}

impl SessionFilter {
    /// Whether a session that ends at that moment unless it is used is wanted.
    #[must_use]
    pub fn takes(&self, session: &StoredSession, expires_at: Micros) -> bool {
        self.dialect.is_none_or(|dialect| session.dialect == dialect)
            && self.openid.as_ref().is_none_or(|prefix| session.user.openid().starts_with(prefix.as_str()))
            && self.seen_since.is_none_or(|since| session.last_seen >= since)
            && self.ends_before.is_none_or(|before| expires_at < before)
    }

    /// The bound beyond which an order has none that are wanted, as the index holds it: the newest moment of
    /// the ends, or the oldest of the uses.
    #[must_use]
    pub fn bound(&self, order: SessionOrder) -> Option<Micros> {
        match order {
            SessionOrder::Expiry => self.ends_before,
            SessionOrder::LastSeen => self.seen_since,
            SessionOrder::Openid => None,
        }
    }
}

/// Which users.
#[derive(Debug, Clone)]
pub struct UserPage {
    /// By what, and which of them.
    pub by: UsersBy,
    /// From the other end.
    pub reverse: bool,
    /// Behind which place.
    pub after: Option<Place>,
    /// Rows at most.
    pub limit: u32,
    /// Those that are blocked, or those that are not.
    pub blocked: Option<bool>,
}

/// An index of users.
#[derive(Debug, Clone)]
pub enum UsersBy {
    /// The newest first.
    Creation,
    /// By nickname, those within the range.
    Nickname(Texts),
    /// By key, those within the range.
    Key(Texts),
}

/// Which drawings, of all users.
#[derive(Debug, Clone)]
pub struct DrawingPage {
    /// The order.
    pub order: DrawingOrder,
    /// From the other end.
    pub reverse: bool,
    /// Behind which place.
    pub after: Option<Place>,
    /// Rows at most.
    pub limit: u32,
    /// What is wanted.
    pub filter: DrawingFilter,
}

/// Which drawings are wanted; all by default.
#[derive(Debug, Clone, Default)]
pub struct DrawingFilter {
    /// Those of a mode.
    pub mode: Option<Mode>,
    /// Those in the bin, or those that are not.
    pub deleted: Option<bool>,
    /// Those that changed (in the order of creation: were made) at this moment or later.
    pub since: Option<Micros>,
    /// Those that changed (in the order of creation: were made) before this moment.
    pub until: Option<Micros>,
}

impl DrawingFilter {
    /// Whether a drawing is wanted.
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

/// What a drawing is sorted by.
#[must_use]
pub fn sorted_by(header: &Header, order: DrawingOrder) -> i64 {
    match order {
        DrawingOrder::Updated => header.updated_at.0,
        DrawingOrder::Created => header.created_at.0,
        DrawingOrder::Size => i64::try_from(header.bytes).unwrap_or(i64::MAX),
    }
}

/// What operators do with users and drawings.
pub trait GalleryAdmin {
    /// Some users.
    fn user_page(&self, page: &UserPage) -> impl Future<Output = StoreResult<Rows<UserRecord>>> + Send;

    /// Those of the users that are known, in no particular order.
    fn users(&self, users: &[UserKey]) -> impl Future<Output = StoreResult<Vec<UserRecord>>> + Send;

    /// All users with that unionid, by their keys, at most `limit`.
    fn users_of_person(
        &self,
        unionid: &str,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Vec<UserRecord>>> + Send;

    /// Keeps a user out since then, or lets the user in again. The user as it is then, if there is one.
    /// Blocking a blocked one changes nothing.
    fn set_blocked(
        &self,
        user: &UserKey,
        since: Option<Micros>,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Some drawings, those in the bin among them, with their users.
    fn drawing_page(
        &self,
        page: &DrawingPage,
    ) -> impl Future<Output = StoreResult<Rows<(UserKey, Header)>>> + Send;

    /// About how many users and drawings there are.
    fn estimates(&self) -> impl Future<Output = StoreResult<(u64, u64)>> + Send;

    /// Keeps an entry of the audit log for good.
    fn audit(&self, at: Micros, entry: &AuditEntry) -> impl Future<Output = StoreResult<()>> + Send;

    /// Some entries, the latest first.
    fn audit_page(
        &self,
        after: Option<&Place>,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Rows<AuditEntry>>> + Send;
}

/// What operators do with sessions.
pub trait SessionsAdmin {
    /// Some living sessions, each with the moment it will end by itself.
    fn session_page(
        &self,
        page: &SessionPage,
    ) -> impl Future<Output = StoreResult<Rows<(StoredSession, Micros)>>> + Send;

    /// About how many there are, and how many of them were used since then.
    fn session_estimates(&self, since: Micros) -> impl Future<Output = StoreResult<(u64, u64)>> + Send;
}
