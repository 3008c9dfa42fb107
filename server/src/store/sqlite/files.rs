//! Files of the store: accessible to their owner only, durable, and removed together with SQLite's companion
//! files.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::connect::{LOCK, OpenError};
use crate::random;

/// Endings of the files that SQLite keeps beside a database.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A path in the form that a statement needs: its bytes, which need not be UTF-8.
pub(super) struct SqlPath<'a>(pub(super) &'a Path);

impl ToSql for SqlPath<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_os_str().as_bytes())))
    }
}

/// Creates a new file with access for its owner only.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Creates the directory with access for its owner only, if it is missing. If root creates it, it gets the
/// owner of its parent directory.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => give_to_owner_of(parent, directory),
        None => Ok(()),
    }
}

/// Gives a file created by root to the directory's owner, so that the service's user can open it.
pub(super) fn give_to_owner_of(directory: &Path, file: &Path) -> io::Result<()> {
    let (owner, made) = (std::fs::metadata(directory)?, std::fs::metadata(file)?);
    if made.uid() == 0 && owner.uid() != 0 {
        chown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

/// Takes the lock of a running server. It lasts while the file is open.
pub(super) fn lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK);
    let failed = |error| OpenError::Io(path.clone(), error);
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
    let file = options.open(&path).map_err(failed)?;
    give_to_owner_of(directory, &path).map_err(failed)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse(directory.to_owned()),
        TryLockError::Error(error) => failed(error),
    })?;
    Ok(file)
}

/// Flushes a file's content to the disk.
pub(super) fn sync(file: &Path) -> io::Result<()> {
    File::open(file).and_then(|file| file.sync_all())
}

/// Flushes the entries of a file's directory to the disk: a new name has to be durable as well as the
/// content.
pub(super) fn sync_directory_of(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

/// An unused name beside a file.
pub(super) fn unique_beside(file: &Path, purpose: &str) -> PathBuf {
    with_ending(file, &format!(".{purpose}-{}", random::short_id()))
}

pub(super) fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Removes a temporary file and SQLite's companion files.
pub(super) fn remove_with_companions(file: &Path) {
    for ending in std::iter::once("").chain(COMPANIONS) {
        let _ = std::fs::remove_file(with_ending(file, ending));
    }
}

/// Files beside the database whose names begin with the database's name and this infix.
pub(super) fn files_beside(database: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let directory = database.parent().filter(|parent| !parent.as_os_str().is_empty());
    let begin = with_ending(Path::new(database.file_name().unwrap_or_default()), ending);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        if entry.file_name().as_bytes().starts_with(begin.as_os_str().as_bytes()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
