//! Backups of the database: created while a server uses it, and verified.
//!
//! These functions block and must not run on an async thread.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::connect::{BUSY_TIMEOUT, OpenError, file_in};
use super::files::{SqlPath, create_private, remove_with_companions, sync, sync_directory_of, unique_beside};
use super::schema;

/// Numbers of records in a database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub users: u64,
    /// Drawings, the bin included.
    pub drawings: u64,
    pub actions: u64,
    /// Shares in any state.
    pub shares: u64,
    /// Review cases.
    pub cases: u64,
    /// Pictures of mini-program codes.
    pub miniprogram_codes: u64,
    /// Orders of prints.
    pub orders: u64,
    /// Entries of the audit log.
    pub audit: u64,
}

/// Failure of a backup or a restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is missing.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// The data directory contains no database.
    #[error("there is no database in store.data_dir: {} is not there{}", .file.display(), dev_hint(.file))]
    NoDatabase {
        /// Path of the missing database.
        file: PathBuf,
    },
    /// An existing backup is not overwritten.
    #[error("{} is there already: name another file", .0.display())]
    Exists(PathBuf),
    /// A database is replaced only on request.
    #[error("{} is there already: --replace puts the backup in its place, and keeps it under another name", .0.display())]
    InPlace(PathBuf),
    /// The file is not a complete database.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The backup contains less than the database.
    #[error("it holds {found:?}, and the database held {expected:?}")]
    TooLittle {
        /// Records in the backup.
        found: Box<Content>,
        /// Minimum number of records in the backup.
        expected: Box<Content>,
    },
    /// Another process holds the lock, or the file belongs to another program or a later version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file can't be read or written.
    #[error("{}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

pub(super) type Result<T> = std::result::Result<T, BackupError>;

/// Hint at the database of `yibi-server dev`, whose place is easily mistaken.
fn dev_hint(file: &Path) -> String {
    let dev = file.parent().map(|directory| directory.join("dev")).unwrap_or_default();
    if file_in(&dev).is_file() {
        format!(" ({} is, of a dev server: --data-dir {})", file_in(&dev).display(), dev.display())
    } else {
        String::new()
    }
}

/// Whether this version opens the database of that directory without an upgrade.
///
/// # Errors
/// [`BackupError`].
pub fn is_up_to_date(data_dir: &Path) -> Result<bool> {
    let version: u32 =
        reader(&file_in(data_dir))?.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version >= schema::KNOWN)
}

/// Writes a snapshot of the database to a new file, with everything acknowledged before. A server may write
/// meanwhile.
///
/// # Errors
/// [`BackupError`]; then no file is left.
pub fn backup(data_dir: &Path, file: &Path) -> Result<Content> {
    let source = file_in(data_dir);
    if !source.exists() {
        return Err(BackupError::NoDatabase { file: source });
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let connection = reader(&source)?;
    let before = content(&connection)?;
    let draft = unique_beside(file, "partial");
    let made = (|| {
        // SQLite keeps the mode of an existing empty file.
        create_private(&draft).map_err(io_at(&draft))?;
        connection.execute("VACUUM INTO ?", params![SqlPath(&draft)])?;
        let found = content(&reader(&draft)?)?;
        // Users draw and the purge runs meanwhile: the true number lies between the two counts.
        let after = content(&connection)?;
        let expected = least(before, after);
        if least(found, expected) != expected {
            return Err(BackupError::TooLittle { found: found.into(), expected: expected.into() });
        }
        sync(&draft).map_err(io_at(&draft))?;
        std::fs::rename(&draft, file).map_err(io_at(file))?;
        sync_directory_of(file).map_err(io_at(file))?;
        Ok(found)
    })();
    if made.is_err() {
        remove_with_companions(&draft);
    }
    made
}

/// Verifies a backup: restores it into a scratch file beside it, upgrades that to this version, checks its
/// structure, and checks that every drawing has all its actions.
///
/// # Errors
/// [`BackupError`].
pub fn verify(file: &Path) -> Result<Content> {
    let scratch = unique_beside(file, "scratch");
    let verified = copy(file, &scratch).and_then(|()| examine(&scratch));
    remove_with_companions(&scratch);
    verified
}

/// Upgrades a copy to this version, checks its structure, and counts its records.
pub(super) fn examine(file: &Path) -> Result<Content> {
    let mut connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let structure: Vec<String> = {
        let mut statement = connection.prepare("PRAGMA integrity_check(5)").map_err(damaged)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(damaged)?;
        rows.collect::<rusqlite::Result<_>>().map_err(damaged)?
    };
    if structure != ["ok"] {
        return Err(BackupError::Damaged(structure.join("; ")));
    }
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        // SQLite accepts an empty file as a database.
        return Err(OpenError::Foreign.into());
    }
    // Moved rows must leave no trace in a file that becomes the database.
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    schema::migrate(&mut connection)?;
    let wrong: u64 = count(
        &connection,
        "SELECT count(*) FROM drawings WHERE (seq - base, bytes) !=
            (SELECT count(*), coalesce(sum(length(blob)), 0) FROM actions
                WHERE place BETWEEN (number << 32 | base) AND (number << 32 | 0xffffffff))",
    )?;
    let astray: u64 = count(
        &connection,
        "SELECT count(*) FROM actions LEFT JOIN drawings ON number = place >> 32
            WHERE number IS NULL OR place & 0xffffffff < base",
    )?;
    let miscounted: u64 = count(
        &connection,
        "SELECT count(*) FROM usage WHERE (drawings, bytes) !=
            (SELECT count(*), sum(bytes) FROM drawings WHERE user = usage.user)",
    )?;
    if (wrong, astray, miscounted) != (0, 0, 0) {
        return Err(BackupError::Damaged(format!(
            "{wrong} drawings do not hold what they count, {astray} actions have no drawing, {miscounted} users \
             do not keep what they count"
        )));
    }
    content(&connection)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err takes it")]
fn damaged(error: rusqlite::Error) -> BackupError {
    BackupError::Damaged(error.to_string())
}

pub(super) fn content(connection: &Connection) -> Result<Content> {
    let transaction = connection.unchecked_transaction()?;
    let content = Content {
        users: count(&transaction, "SELECT count(*) FROM users")?,
        drawings: count(&transaction, "SELECT count(*) FROM drawings")?,
        actions: count(&transaction, "SELECT coalesce(sum(seq - base), 0) FROM drawings")?,
        shares: count_present(&transaction, "shares")?,
        cases: count_present(&transaction, "cases")?,
        miniprogram_codes: count_present(&transaction, "miniprogram_codes")?,
        orders: count_present(&transaction, "orders")?,
        audit: count(&transaction, "SELECT count(*) FROM audit")?,
    };
    Ok(content)
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Number of rows in a table that a database of an older version lacks.
fn count_present(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    if connection.table_exists(None, table)? {
        count(connection, &format!("SELECT count(*) FROM {table}"))
    } else {
        Ok(0)
    }
}

fn least(one: Content, other: Content) -> Content {
    Content {
        users: one.users.min(other.users),
        drawings: one.drawings.min(other.drawings),
        actions: one.actions.min(other.actions),
        shares: one.shares.min(other.shares),
        cases: one.cases.min(other.cases),
        miniprogram_codes: one.miniprogram_codes.min(other.miniprogram_codes),
        orders: one.orders.min(other.orders),
        audit: one.audit.min(other.audit),
    }
}

fn reader(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Copies a file to open it as a database.
pub(super) fn copy(file: &Path, to: &Path) -> Result<()> {
    if !file.is_file() {
        return Err(BackupError::Missing(file.to_owned()));
    }
    let mut source = File::open(file).map_err(io_at(file))?;
    let mut target = create_private(to).map_err(io_at(to))?;
    io::copy(&mut source, &mut target).map_err(io_at(to))?;
    Ok(())
}

pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Io(path, error)
}
