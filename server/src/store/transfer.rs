//! Transfer of all records from one store to another, with times, numbers and the bin.
//!
//! Each write replaces a whole record and can be repeated, so that an interrupted move can continue from any
//! earlier position. No server may write during a move.

use yibi_common::admin::AuditEntry;

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::drawing::Stored;
use crate::domain::miniprogram_code::MiniprogramCode;
use crate::domain::order::{Order, OrderCopy};
use crate::domain::review::{Case, Evidence, ShareReport};
use crate::domain::room::Member;
use crate::domain::share::{CodeRecord, Share};
use crate::domain::user::{UserKey, UserRecord};

/// Records after a position, in the store's own order, and the next position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<T> {
    /// At most as many as requested; empty at the end.
    pub items: Vec<T>,
    /// Position at which the next turn begins.
    pub next: Option<String>,
}

/// An entry of the audit log that is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Time of the entry.
    pub at: Micros,
    /// Number of the entry in its store, starting at 0.
    pub number: u64,
    pub entry: AuditEntry,
}

operations! {
/// All records of a gallery, for reading from one store and writing to another.
pub trait Transfer {
    /// Users after a position.
    async fn users_behind(&self, place: Option<&str>, limit: u32) -> Turn<UserRecord>;

    /// Drawings after a position, the bin included; their actions are read one drawing at a time.
    async fn drawings_behind(&self, place: Option<&str>, limit: u32) -> Turn<(UserKey, String)>;

    /// Entries of the audit log after a position, the oldest first.
    async fn audit_behind(&self, place: Option<&str>, limit: u32) -> Turn<AuditRow>;

    /// Codes of shares after a position; their shares and copies are read one code at a time.
    async fn codes_behind(&self, place: Option<&str>, limit: u32) -> Turn<CodeRecord>;

    /// Review cases after a position.
    async fn cases_behind(&self, place: Option<&str>, limit: u32) -> Turn<Case>;

    /// Reports of shares after a position.
    async fn reports_behind(&self, place: Option<&str>, limit: u32) -> Turn<ShareReport>;

    /// Evidence after a position.
    async fn evidence_behind(&self, place: Option<&str>, limit: u32) -> Turn<Evidence>;

    /// Pictures of mini-program codes after a position.
    async fn miniprogram_codes_behind(&self, place: Option<&str>, limit: u32) -> Turn<MiniprogramCode>;

    /// People in rooms after a position.
    async fn members_behind(&self, place: Option<&str>, limit: u32) -> Turn<Member>;

    /// Orders after a position; their pictures are read one at a time.
    async fn orders_behind(&self, place: Option<&str>, limit: u32) -> Turn<Order>;

    /// Writes an order with its picture over one with the same id.
    async fn put_order(&self, order: &Order, copy: Option<&OrderCopy>) -> ();

    /// Writes a user over one with the same key.
    async fn put_user(&self, user: &UserRecord) -> ();

    /// Writes the image of an avatar that the user's record names.
    async fn put_avatar(&self, user: &UserKey, id: &str, image: &[u8]) -> ();

    /// Writes a drawing with all its actions over one with the same user and id.
    async fn put_drawing(&self, user: &UserKey, drawing: &Stored) -> ();

    /// Writes a share over that of the same drawing.
    async fn put_share(&self, share: &Share) -> ();

    /// Writes a case over one with the same id.
    async fn put_case(&self, case: &Case) -> ();

    /// Writes an entry of the audit log, unless its number exists.
    async fn put_audit(&self, row: &AuditRow) -> ();
}
}
