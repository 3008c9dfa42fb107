//! The embedded store: users, drawings and sessions in one SQLite file, `yibi.sqlite3`, which any SQLite tool
//! can open and back up while the server runs.
//!
//! One thread writes, and commits all queued jobs together, so that one flush to the disk serves many
//! callers; a few threads read. The async side only queues work and waits, for [`OPERATION_DEADLINE`] at
//! most.
//!
//! The journal is a write-ahead log and every commit is flushed (`synchronous=FULL`): an acknowledged change
//! survives a crash of the process and of the machine.

mod avatars;
pub mod backup;
mod carry;
mod checks;
mod connect;
mod drawings;
mod erased;
mod files;
mod lists;
mod miniprogram_codes;
mod orders;
mod readers;
mod reports;
mod restore;
mod reviews;
mod rooms;
mod rows;
mod schema;
mod sessions;
mod shares;
mod transfer;
mod users;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

pub use self::carry::Carried;
pub use self::connect::file_in;
use self::erased::ErasureLog;
use self::readers::Readers;
pub use self::restore::{Former, Restored, restore};
use self::writer::Writer;
use super::{OPERATION_DEADLINE, StoreError, StoreResult};

/// Maximum number of queued jobs of the writer, and of the readers.
const QUEUE: usize = 1_024;

/// Handle of the embedded store, cheap to clone.
///
/// Dropping the last handle [closes](Self::close) the store.
#[derive(Debug, Clone)]
pub struct SqliteStore(Arc<OpenStore>);

/// Fields are dropped in this order: the writer's connection closes last and removes the log.
#[derive(Debug)]
struct OpenStore {
    readers: Readers,
    writer: Writer,
    erasure_log: ErasureLog,
    lock: File,
}

impl SqliteStore {
    /// Opens the store in this directory. A missing directory or file is created with access for its owner
    /// only. Blocks while SQLite recovers the log of a killed server.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when another process has the store open, when the file is of a newer version
    /// or another program, or when directory or file can't be created; otherwise the database's error.
    pub fn open(directory: &Path) -> StoreResult<Self> {
        Ok(Self(Arc::new(connect::open(directory)?)))
    }

    /// Drains the queue, checkpoints the WAL, joins the threads and releases the directory lock. Later
    /// operations fail with [`StoreError::Unavailable`]. Blocks: not for an async thread.
    pub fn close(&self) {
        // The writer's connection closes last and removes the log.
        self.0.readers.close();
        self.0.writer.close();
        if let Err(error) = self.0.lock.unlock() {
            tracing::debug!(%error, "the lock of the database goes with the process");
        }
    }

    /// Runs a job on the writer, in a transaction that other jobs may share. An error rolls back this job
    /// alone. `bytes` estimates the memory that the job holds.
    async fn writing<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        answer(self.0.writer.submit(bytes, work)?).await
    }

    /// Runs a job on a reader, on a snapshot of the database.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        answer(self.0.readers.submit(work)?).await
    }

    /// Checks that the writer and a reader respond.
    async fn sign_of_life(&self) -> StoreResult<()> {
        let look = |connection: &Connection| -> StoreResult<i64> {
            Ok(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?)
        };
        tokio::try_join!(self.reading(look), self.writing(0, look))?;
        Ok(())
    }
}

/// Awaits a job's reply. A job is carried out even if its caller stops waiting.
async fn answer<T>(reply: oneshot::Receiver<StoreResult<T>>) -> StoreResult<T> {
    match tokio::time::timeout(OPERATION_DEADLINE, reply).await {
        Ok(Ok(result)) => result,
        Ok(Err(gone)) => Err(StoreError::Unavailable(Box::new(gone))),
        Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed))),
    }
}

/// Runs a job. A panic fails that job alone; the thread continues with the others.
fn guarded<T>(connection: &Connection, work: impl FnOnce(&Connection) -> StoreResult<T>) -> StoreResult<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(StoreError::Refused("a job of the store panicked".into())))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(Box::new(error)),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Self::Unavailable(Box::new(error)),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            Some(_) => Self::Refused(Box::new(error)),
            None if is_conversion(&error) => Self::Damaged(error.to_string()),
            None => Self::Refused(Box::new(error)),
        }
    }
}

/// Whether a column has an unexpected type.
fn is_conversion(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
