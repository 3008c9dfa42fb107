//! Where everything is kept, behind two seams: [`gallery`] (users and what they drew) and [`sessions`] (who
//! is signed in, codes on their way, leases between servers).
//!
//! What only operators do stands apart in [`admin`], and what moves everything in [`transfer`]. Each seam is a trait with an embedded implementation in SQLite and one in a database that several servers
//! share. [`dispatch`] chooses between them at run time. Only this folder names a database driver.

pub mod admin;
pub mod avatars;
mod bulkhead;
pub mod checks;
pub mod dispatch;
pub mod gallery;
pub mod mongo;
pub mod redis;
pub mod sessions;
pub mod sqlite;
pub mod transfer;

use std::error::Error;
use std::time::Duration;

/// How long any one operation of a store may take before its caller is told that the store is out of reach.
pub const OPERATION_DEADLINE: Duration = Duration::from_secs(4);

/// Why a store did not do as asked. The display form is for logs: a caller is never shown it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is down, out of reach or too slow; it may be asked again later.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Too much is waiting already.
    #[error("the store has too much to do")]
    Busy,
    /// The disk or the database has no room left for a write.
    #[error("the store is full")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// What was read makes no sense.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The database refused for another reason: a fault of this program or of the set-up.
    #[error("the store refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// What a store's operation gives.
pub type StoreResult<T> = Result<T, StoreError>;
