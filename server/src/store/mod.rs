//! The stores. A trait for each aggregate, an embedded implementation of all in SQLite, and one in a database
//! that several servers share: MongoDB for users and drawings, Redis for sessions. Only this folder names a
//! database driver.
//!
//! | file | subject |
//! |---|---|
//! | `users`, `drawings`, `avatars`, `checks`, `shares`, `miniprogram_codes`, `orders`, `rooms`, `reviews`, `reports`, `transfer` | the aggregates of [`GalleryStore`] |
//! | `sessions`, `leases`, `reports` | the aggregates of [`SessionStore`] |
//! | `backend` | the choice between the backends |
//! | `measured` | the declaration of operations, and the measuring of each |
//! | `bulkhead` | bounds of the operations that run at once and wait |
//! | `sqlite/`, `mongo/`, `redis/` | the backends |

mod avatars;
mod backend;
mod bulkhead;
mod checks;
mod drawings;
mod leases;
mod measured;
mod miniprogram_codes;
pub mod mongo;
mod orders;
pub mod redis;
mod reports;
mod reviews;
mod rooms;
mod sessions;
mod shares;
pub mod sqlite;
pub mod transfer;
mod users;

use std::error::Error;
use std::time::Duration;

pub use self::avatars::Avatars;
pub use self::backend::{Backend, GalleryStore, SessionStore, SharedBackend, Store};
pub use self::checks::Checks;
pub use self::drawings::Drawings;
pub use self::leases::Leases;
pub use self::miniprogram_codes::MiniprogramCodes;
pub use self::orders::Orders;
pub use self::reports::{Reports, SessionReports};
pub use self::reviews::Reviews;
pub use self::rooms::Rooms;
pub use self::sessions::Sessions;
pub use self::shares::Shares;
pub use self::transfer::Transfer;
pub use self::users::Users;

/// Time limit of one operation, after which it fails as unavailable.
pub const OPERATION_DEADLINE: Duration = Duration::from_secs(4);

/// Failure of a store's operation. The display form is for logs only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is down, unreachable or too slow; the operation can be tried again.
    #[error("the store is out of reach")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Too many operations wait.
    #[error("the store has too much to do")]
    Busy,
    /// The disk or the database is full.
    #[error("the store is full")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// Stored data is damaged.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The database rejected the operation for another reason: a bug in this program or a wrong
    /// configuration.
    #[error("the store refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// Result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;
