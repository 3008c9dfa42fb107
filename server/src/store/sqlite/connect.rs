//! Opening the file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::erased::ErasureLog;
use super::files::{files_beside, lock, make_directory, sync, with_ending};
use super::readers::Readers;
use super::restore::{DRAFT, KEPT};
use super::writer::Writer;
use super::{OpenStore, schema};
use crate::store::StoreError;

/// File name of the database.
const FILE: &str = "yibi.sqlite3";
/// Lock file of the running server. SQLite's own locks would admit a second server, and leases and codes
/// assume a single one.
pub(super) const LOCK: &str = "yibi.lock";

/// Time to wait for another program that holds a lock of SQLite (a backup, an operator's shell). It is below
/// the deadline of an operation, so that callers get SQLite's error.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Size of the statement cache: above the number of statements of the store.
const STATEMENTS: usize = 100;

/// - `secure_delete`: erased data leaves no trace in the file.
/// - `wal_autocheckpoint`, in pages: four times the default of 4 MB, since each checkpoint costs two flushes
///   and writes a page once however often it changed; the index of a log of this length is still a single
///   table.
/// - `journal_size_limit`: the log shrinks to this size after a peak.
/// - `temp_store`: savepoints use no files.
/// - `fullfsync`: without it, a flush on macOS reaches only the disk's cache.
const WRITER_PRAGMAS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA temp_store = MEMORY;
";

/// Maximum page cache of each of the three to five connections, in KiB: the default of 2 MB holds less than
/// twenty drawings of each active user. Four times this size made the writer no faster.
const CACHE_KIB: i32 = 8_192;

/// Failure of opening the store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the lock.
    #[error("another process is using the data in {}", .0.display())]
    InUse(PathBuf),
    /// A later version of this program wrote the file.
    #[error("the database is of version {found}, and this server knows {known} at most: use a newer one")]
    Newer {
        /// Version of the file.
        found: u32,
        /// Latest version that this program knows.
        known: u32,
    },
    /// The file belongs to another program.
    #[error("the database belongs to another program")]
    Foreign,
    /// The file system does not support a write-ahead log (some network file systems).
    #[error("the database can't use a write-ahead log in {}: is it on a network file system?", .0.display())]
    NoLog(PathBuf),
    /// A restore was killed before it put the database in place.
    #[error("a restore into {} was cut off: {advice}", .directory.display())]
    Interrupted {
        directory: PathBuf,
        /// Instruction for the operator.
        advice: String,
    },
    /// A file or directory can't be created or opened.
    #[error("{} can't be opened", .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Sqlite(error) => error.into(),
            OpenError::InUse(_)
            | OpenError::Newer { .. }
            | OpenError::Foreign
            | OpenError::NoLog(_)
            | OpenError::Interrupted { .. }
            | OpenError::Io(..) => Self::Refused(Box::new(error)),
        }
    }
}

/// Path of the database in that directory.
#[must_use]
pub fn file_in(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Opens or creates the database in that directory and starts its threads.
pub fn open(directory: &Path) -> Result<OpenStore, OpenError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Io(path, error)
    };
    make_directory(directory).map_err(io(directory))?;
    let lock = lock(directory)?;
    let path = file_in(directory);
    refuse_interrupted_restore(&path)?;
    // SQLite gives the log and its index the file mode of the database.
    owned_file(&path).map_err(io(&path))?;
    let writer = writer(&path)?;
    // The directory entries of new files have to be durable as well.
    sync(directory).map_err(io(directory))?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    let readers = (0..threads).map(|_| reader(&path)).collect::<Result<Vec<_>, _>>()?;
    Ok(OpenStore {
        readers: Readers::start(readers).map_err(io(&path))?,
        writer: Writer::start(writer).map_err(io(&path))?,
        erasure_log: ErasureLog::in_directory(directory),
        lock,
    })
}

/// Refuses to create a database beside parts of another one: the former database of a killed restore, or a
/// log without its file, which SQLite would delete. Also refuses an existing database whose log a killed
/// restore removed before it replaced the database.
pub(super) fn refuse_interrupted_restore(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let list =
        |ending: &str| files_beside(path, ending).map_err(|error| OpenError::Io(path.to_owned(), error));
    let refused = |advice: String| Err(OpenError::Interrupted { directory: directory.to_owned(), advice });
    let (kept, drafts) = (list(KEPT)?, list(DRAFT)?);
    let log = with_ending(path, "-wal");
    let name = path.display();
    if path.exists() {
        let without_log = !drafts.is_empty()
            && !log.exists()
            && kept.iter().any(|kept| kept.as_os_str().to_string_lossy().ends_with("-wal"));
        if without_log {
            return refused("run `yibi-server restore --replace` again".to_owned());
        }
    } else if let Some(former) = kept.iter().rfind(|kept| !kept.to_string_lossy().ends_with("-wal")) {
        let former = former.display();
        return refused(format!(
            "{name} is not there, and {former} is. Move that back (with its -wal, if it has one), or elsewhere to \
             begin anew"
        ));
    } else if let Some(left) = drafts.first().or(log.exists().then_some(&log)) {
        return refused(format!(
            "{name} is not there, and {} is. Put the database back, or move that elsewhere to begin anew",
            left.display()
        ));
    }
    Ok(())
}

/// Opens a file, and creates it with access for its owner only if it is missing.
fn owned_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn writer(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connection(path, flags)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoLog(path.to_owned()));
    }
    connection.execute_batch(WRITER_PRAGMAS)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connection(path, flags)
}

fn connection(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this option, SQLite plans a statement again for each value that may affect the plan, which
    // takes longer than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// No other test detects a missing flush: a crash of the process alone loses the same either way.
    #[test]
    fn every_commit_is_flushed_to_the_disk() {
        let path = std::env::temp_dir().join(format!("yibi-connect-{}.sqlite3", std::process::id()));
        owned_file(&path).unwrap();
        let connection = writer(&path).unwrap();
        let setting = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(setting("journal_mode"), "Text(\"wal\")");
        for (name, expected) in [("synchronous", 2), ("fullfsync", 1), ("secure_delete", 1)] {
            assert_eq!(setting(name), format!("Integer({expected})"), "{name}");
        }
        drop(connection);
        std::fs::remove_file(&path).unwrap();
    }

    /// Uses SQLite's counter of replanned statements.
    #[test]
    fn what_is_asked_again_is_not_planned_again() {
        let path = std::env::temp_dir().join(format!("yibi-plans-{}.sqlite3", std::process::id()));
        owned_file(&path).unwrap();
        let writer = writer(&path).unwrap();
        let page =
            "SELECT id FROM drawings WHERE user = ? AND deleted_at IS NULL AND (updated_at, id) < (?, ?)
            ORDER BY updated_at DESC, id DESC LIMIT ?";
        for connection in [&writer, &reader(&path).unwrap()] {
            let mut statement = connection.prepare(page).unwrap();
            for user in ["a", "b"] {
                assert!(!statement.exists((user, 1, "x", 20)).unwrap());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
        drop(writer);
        std::fs::remove_file(&path).unwrap();
    }
}
