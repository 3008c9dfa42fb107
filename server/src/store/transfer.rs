//! The seam to moving everything from one store to another, exactly: moments, numbers and what is in the bin.
//!
//! What is put is put whole and may be put again, so a move that was interrupted goes on from any earlier
//! point. Nobody else may write meanwhile.

use std::future::Future;

use yibi_common::admin::AuditEntry;

use super::StoreResult;
use super::gallery::{Stored, UserRecord};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// Things behind a place, in the store's own order, and the place that follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<T> {
    /// At most as many as were asked for; none at the end.
    pub items: Vec<T>,
    /// Where the next turn begins.
    pub next: Option<String>,
}

/// An entry of the audit log on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// When it was written.
    pub at: Micros,
    /// Its number among those of the same store, from 0 on.
    pub number: u64,
    /// What was done.
    pub entry: AuditEntry,
}

/// Everything that a gallery keeps, to be taken out and put in.
pub trait Transfer {
    /// Users behind a place.
    fn users_behind(
        &self,
        place: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Turn<UserRecord>>> + Send;

    /// Drawings behind a place, those in the bin too; what they hold is read one by one.
    fn drawings_behind(
        &self,
        place: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Turn<(UserKey, String)>>> + Send;

    /// Entries of the audit log behind a place, the oldest first.
    fn audit_behind(
        &self,
        place: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Turn<AuditRow>>> + Send;

    /// Puts a user in, over one of the same key.
    fn put_user(&self, user: &UserRecord) -> impl Future<Output = StoreResult<()>> + Send;

    /// Puts the image of an avatar in that the user's record names.
    fn put_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
    ) -> impl Future<Output = StoreResult<()>> + Send;

    /// Puts a drawing in with all its actions, over one of the same user and id.
    fn put_drawing(&self, user: &UserKey, drawing: &Stored) -> impl Future<Output = StoreResult<()>> + Send;

    /// Puts an entry of the audit log in, unless that number is there.
    fn put_audit(&self, row: &AuditRow) -> impl Future<Output = StoreResult<()>> + Send;
}
