//! Pages and counts over all users, and the audit log.

use yibi_common::admin::AuditEntry;

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::report::{DrawingPage, Place, Rows, SessionPage, UserPage};
use crate::domain::session::StoredSession;
use crate::domain::user::{UserKey, UserRecord};

operations! {
/// Users and drawings as operators see them, and the audit log.
pub trait Reports {
    /// A page of users.
    async fn user_page(&self, page: &UserPage) -> Rows<UserRecord>;

    /// A page of drawings with their users, the bin included.
    async fn drawing_page(&self, page: &DrawingPage) -> Rows<(UserKey, Header)>;

    /// Estimated numbers of users and drawings.
    async fn estimates(&self) -> (u64, u64);

    /// Adds an entry to the audit log.
    async fn audit(&self, at: Micros, entry: &AuditEntry) -> ();

    /// A page of the audit log, the latest entry first.
    async fn audit_page(&self, after: Option<&Place>, limit: u32) -> Rows<AuditEntry>;
}
}

operations! {
/// Sessions as operators see them.
pub trait SessionReports {
    /// A page of sessions, each with its expiry.
    async fn session_page(&self, page: &SessionPage) -> Rows<(StoredSession, Micros)>;

    /// Estimated numbers of sessions, and of those used since `since`.
    async fn session_estimates(&self, since: Micros) -> (u64, u64);
}
}
