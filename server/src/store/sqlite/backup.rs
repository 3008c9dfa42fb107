//! Backups of the file: made while a server uses it, checked, and put back.
//!
//! All of this blocks: it is for a command line, not for an async thread.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::connect::{BUSY_TIMEOUT, LOCK, OpenError, file_in};
use super::schema;
use crate::domain::clock::Micros;
use crate::random;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Users.
    pub users: u64,
    /// Drawings, the bin included.
    pub drawings: u64,
    /// Their actions.
    pub actions: u64,
    /// Entries of the audit log.
    pub audit: u64,
}

/// Why there is no backup, or nothing was put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// What is there is not written over.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The file does not hold together.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// It holds less than what it is a backup of.
    #[error("it holds {found:?}, and the database held {expected:?}")]
    TooLittle {
        /// What it holds.
        found: Content,
        /// The least that it should.
        expected: Content,
    },
    /// The lock, or a file of another program or a later version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file can't be read or written.
    #[error("{}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// The database says no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

type Result<T> = std::result::Result<T, BackupError>;

/// Whether this version has nothing to change in the database of that directory when it opens it.
///
/// # Errors
/// [`BackupError`].
pub fn is_up_to_date(data_dir: &Path) -> Result<bool> {
    let version: u32 =
        reader(&file_in(data_dir))?.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version >= schema::KNOWN)
}

/// Writes all of the database in that directory into a new file, as it is at one moment: everything that was
/// acknowledged before is in it. A server may use the database meanwhile, and goes on writing.
///
/// # Errors
/// [`BackupError`]; then there is no file.
pub fn backup(data_dir: &Path, file: &Path) -> Result<Content> {
    let source = file_in(data_dir);
    if !source.exists() {
        return Err(BackupError::Missing(source));
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let connection = reader(&source)?;
    let before = content(&connection)?;
    let draft = beside(file, "partial");
    let made = (|| {
        // SQLite takes a file that is empty, and so keeps the mode that it was made with.
        owned(&draft)?;
        connection.execute("VACUUM INTO ?", [draft.to_string_lossy()])?;
        let found = content(&reader(&draft)?)?;
        // People draw meanwhile, and what is too long in the bin goes: the truth lies between two counts.
        let after = content(&connection)?;
        let expected = least(before, after);
        if least(found, expected) != expected {
            return Err(BackupError::TooLittle { found, expected });
        }
        sync(&draft)?;
        std::fs::rename(&draft, file).map_err(io_at(file))?;
        sync_directory(file)?;
        Ok(found)
    })();
    if made.is_err() {
        remove_with_companions(&draft);
    }
    made
}

/// Reads a backup from its first page to its last: puts it back into a scratch file beside it, brings that up to
/// this version, has SQLite look at its structure, and counts whether every drawing holds what it says.
///
/// # Errors
/// [`BackupError`].
pub fn verify(file: &Path) -> Result<Content> {
    let scratch = beside(file, "scratch");
    let verified = copied(file, &scratch).and_then(|()| examined(&scratch));
    remove_with_companions(&scratch);
    verified
}

/// Puts a backup into that directory, once it is verified. What was there is kept beside it, under a name with
/// the moment, if it may be `replaced`.
///
/// # Errors
/// [`BackupError`]; then nothing was changed. It is refused while a server runs.
pub fn restore(data_dir: &Path, file: &Path, replace: bool) -> Result<Content> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(io_at(data_dir))?;
    let _lock = lock(data_dir)?;
    let target = file_in(data_dir);
    if target.exists() && !replace {
        return Err(BackupError::Exists(target));
    }
    let draft = beside(&target, "restoring");
    let put = copied(file, &draft).and_then(|()| examined(&draft)).and_then(|found| {
        sync(&draft)?;
        let moment = Micros::now().seconds();
        for ending in ["", "-wal", "-shm"] {
            let old = with_ending(&target, ending);
            if old.exists() {
                let kept = with_ending(&target, &format!(".replaced-{moment}{ending}"));
                std::fs::rename(&old, kept).map_err(io_at(&old))?;
            }
        }
        std::fs::rename(&draft, &target).map_err(io_at(&target))?;
        sync_directory(&target)?;
        Ok(found)
    });
    remove_with_companions(&draft);
    put
}

/// What a file holds, after everything in it was looked at.
fn examined(file: &Path) -> Result<Content> {
    let mut connection = Connection::open(file)?;
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
        // An empty file is a database to SQLite, and none of ours.
        return Err(OpenError::Foreign.into());
    }
    // What a step moves leaves nothing behind in a file that is put back.
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

fn content(connection: &Connection) -> Result<Content> {
    let transaction = connection.unchecked_transaction()?;
    let content = Content {
        users: count(&transaction, "SELECT count(*) FROM users")?,
        drawings: count(&transaction, "SELECT count(*) FROM drawings")?,
        actions: count(&transaction, "SELECT coalesce(sum(seq - base), 0) FROM drawings")?,
        audit: count(&transaction, "SELECT count(*) FROM audit")?,
    };
    Ok(content)
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn least(one: Content, other: Content) -> Content {
    Content {
        users: one.users.min(other.users),
        drawings: one.drawings.min(other.drawings),
        actions: one.actions.min(other.actions),
        audit: one.audit.min(other.audit),
    }
}

fn reader(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The lock that a server holds, for as long as the file is kept.
fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(io_at(&path))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => BackupError::Open(OpenError::InUse(data_dir.to_owned())),
        TryLockError::Error(error) => BackupError::Io(path, error),
    })?;
    Ok(file)
}

/// A new file for its owner alone.
fn owned(path: &Path) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io_at(path))
}

fn copied(file: &Path, to: &Path) -> Result<()> {
    if !file.is_file() {
        return Err(BackupError::Missing(file.to_owned()));
    }
    let mut source = File::open(file).map_err(io_at(file))?;
    io::copy(&mut source, &mut owned(to)?).map_err(io_at(to))?;
    Ok(())
}

fn sync(file: &Path) -> Result<()> {
    File::open(file).and_then(|file| file.sync_all()).map_err(io_at(file))
}

/// The name of a file has to last as well as its content.
fn sync_directory(file: &Path) -> Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

/// A name beside a file that nothing else has.
fn beside(file: &Path, what: &str) -> PathBuf {
    with_ending(file, &format!(".{what}-{}", random::short_id()))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file of ours that is not needed any more, and what SQLite may have left beside it.
fn remove_with_companions(file: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(with_ending(file, ending));
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Io(path, error)
}
