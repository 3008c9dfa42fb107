//! Replacing the database by a backup.
//!
//! The existing database stays in place until the end: its log is checkpointed, it gets a second name by
//! link(2), and the verified backup takes its name by one rename. A process that is killed at any time leaves
//! either the former or the restored database under that name, complete.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::backup::{BackupError, Content, Result, content, copy, examine, io_at};
use super::carry::{self, Carried};
use super::connect::{self, BUSY_TIMEOUT, file_in};
use super::erased::ErasureLog;
use super::files::{
    COMPANIONS, files_beside, give_to_owner_of, lock, make_directory, remove_with_companions, sync,
    sync_directory_of, unique_beside, with_ending,
};
use crate::domain::clock::Micros;

/// Infix of the names of a restore's files, after the name of the database.
pub(super) const DRAFT: &str = ".restoring-";
pub(super) const KEPT: &str = ".replaced-";

/// Result of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub content: Content,
    /// Changes that were made to the backup's content.
    pub carried: Carried,
    /// The replaced database, if there was one.
    pub former: Option<Former>,
}

/// The database that a restore replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub kept: PathBuf,
    /// Reason why a damaged database could not be read for the transfer of its state.
    pub unreadable: Option<String>,
}

/// Puts a verified backup into that directory. With `replace`, an existing database is kept under another
/// name, and its blocks, erasures and audit log are carried over. All sessions end.
///
/// # Errors
/// [`BackupError`], also while a server runs; then nothing was changed.
pub fn restore(data_dir: &Path, file: &Path, replace: bool) -> Result<Restored> {
    restore_observed(data_dir, file, replace, &|_| ())
}

/// As [`restore`]; `before` is called before each step that changes a name, so that a test can end the
/// process there.
fn restore_observed(
    data_dir: &Path,
    file: &Path,
    replace: bool,
    before: &dyn Fn(&'static str),
) -> Result<Restored> {
    make_directory(data_dir).map_err(io_at(data_dir))?;
    let _lock = lock(data_dir)?;
    let target = file_in(data_dir);
    let there = target.exists();
    if !there {
        connect::refuse_interrupted_restore(&target)?;
    } else if !replace {
        return Err(BackupError::InPlace(target));
    }
    remove_leftovers(&target).map_err(io_at(&target))?;
    let draft = unique_beside(&target, "restoring");
    let put = prepare(data_dir, file, &draft, there.then_some(&target)).and_then(|prepared| {
        let (content, carried, unreadable) = prepared;
        let kept = if there { Some(keep(&target, before)?) } else { None };
        before("replace");
        std::fs::rename(&draft, &target).map_err(io_at(&target))?;
        sync_directory_of(&target).map_err(io_at(&target))?;
        Ok(Restored { content, carried, former: kept.map(|kept| Former { kept, unreadable }) })
    });
    remove_with_companions(&draft);
    put
}

/// Creates the draft: a verified copy of the backup, with the state that a restore must not revert. The third
/// result says why nothing was carried over from the former database.
fn prepare(
    data_dir: &Path,
    file: &Path,
    draft: &Path,
    former: Option<&PathBuf>,
) -> Result<(Content, Carried, Option<String>)> {
    copy(file, draft)?;
    examine(draft)?;
    give_to_owner_of(data_dir, draft).map_err(io_at(draft))?;
    let mut carried = Carried::default();
    let connection = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Removed rows must leave no trace in the file.
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    carry::end_sessions(&connection)?;
    let erased = ErasureLog::in_directory(data_dir).read().map_err(io_at(data_dir))?;
    carried.erased = carry::erase_again(&connection, &erased)?;
    let unreadable = former.and_then(|former| {
        let read = move_log(former)
            .and_then(|()| carry::carry_over(&connection, former, &mut carried).map_err(BackupError::from));
        read.err().map(|error| error.to_string())
    });
    let content = content(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    sync(draft).map_err(io_at(draft))?;
    Ok((content, carried, unreadable))
}

/// Checkpoints the log of an unused database.
fn move_log(database: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    if busy { Err(BackupError::Damaged("another program is reading it".to_owned())) } else { Ok(()) }
}

/// Gives the database that is replaced a second name, and removes the log beside its first name. The log is
/// empty by now, unless the database is damaged: then the log gets a second name, too.
fn keep(target: &Path, before: &dyn Fn(&'static str)) -> Result<PathBuf> {
    let mut kept = with_ending(target, &format!("{KEPT}{}", Micros::now().seconds()));
    if kept.exists() {
        kept = unique_beside(&kept, "again");
    }
    before("keep the database");
    second_name(target, &kept)?;
    for ending in COMPANIONS {
        let companion = with_ending(target, ending);
        if companion.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            before("keep its log");
            second_name(&companion, &with_ending(&kept, ending))?;
        }
    }
    sync_directory_of(target).map_err(io_at(target))?;
    for ending in COMPANIONS {
        let companion = with_ending(target, ending);
        if companion.exists() {
            before("remove its log");
            std::fs::remove_file(&companion).map_err(io_at(&companion))?;
        }
    }
    Ok(kept)
}

/// Links a file, or copies it if the file system has no hard links.
fn second_name(file: &Path, name: &Path) -> Result<()> {
    if std::fs::hard_link(file, name).is_err() {
        copy(file, name)?;
        sync(name).map_err(io_at(name))?;
    }
    Ok(())
}

/// Removes the leftovers of a killed restore: its draft, and the second name of a database that is still in
/// place, unless the second name has a log, which may be the only copy.
fn remove_leftovers(target: &Path) -> std::io::Result<()> {
    for draft in files_beside(target, DRAFT)? {
        std::fs::remove_file(draft)?;
    }
    let Ok(present) = std::fs::metadata(target) else { return Ok(()) };
    for kept in files_beside(target, KEPT)? {
        let metadata = std::fs::metadata(&kept)?;
        let in_place = (metadata.dev(), metadata.ino()) == (present.dev(), present.ino());
        if in_place && !with_ending(&kept, "-wal").exists() {
            std::fs::remove_file(kept)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::super::SqliteStore;
    use super::super::backup::backup;
    use super::*;
    use crate::domain::user::NewUser;
    use crate::domain::user::UserKey;
    use crate::random;
    use crate::store::Users;

    fn sign_in(directory: &Path, openids: &[&str]) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = SqliteStore::open(directory).unwrap();
        for openid in openids {
            let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
            let user = UserKey::new("wx1", openid);
            runtime.block_on(store.sign_in(&user, &new, Micros::now())).unwrap();
        }
    }

    fn users(directory: &Path) -> Vec<String> {
        drop(SqliteStore::open(directory).unwrap());
        let connection = Connection::open(file_in(directory)).unwrap();
        let mut statement = connection.prepare("SELECT key FROM users ORDER BY key").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(|row| row.unwrap()).collect()
    }

    /// A directory whose database still has all its content in the log, as after a kill of the server, and a
    /// backup of an earlier state.
    fn killed_server(damaged: bool) -> (PathBuf, PathBuf) {
        let directory = std::env::temp_dir().join(format!("yibi-restore-{}", random::short_id()));
        let (live, copy) = (directory.join("live"), directory.join("data"));
        sign_in(&live, &["ann"]);
        let file = directory.join("backup.sqlite3");
        backup(&live, &file).unwrap();
        let store = SqliteStore::open(&live).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
        runtime.block_on(store.sign_in(&UserKey::new("wx1", "ben"), &new, Micros::now())).unwrap();
        std::fs::create_dir(&copy).unwrap();
        for name in ["yibi.sqlite3", "yibi.sqlite3-wal"] {
            std::fs::copy(live.join(name), copy.join(name)).unwrap();
        }
        assert!(std::fs::metadata(copy.join("yibi.sqlite3-wal")).unwrap().len() > 0);
        if damaged {
            std::fs::write(copy.join("yibi.sqlite3"), b"no database any more").unwrap();
        }
        (directory, file)
    }

    #[test]
    fn a_restore_that_is_killed_at_any_step_leaves_a_whole_database_in_place() {
        for steps in 0.. {
            let (directory, file) = killed_server(false);
            let data = directory.join("data");
            let left = Cell::new(steps);
            let killed = catch_unwind(AssertUnwindSafe(|| {
                restore_observed(&data, &file, true, &|step| {
                    assert!(left.get() > 0, "killed before: {step}");
                    left.set(left.get() - 1);
                })
            }));
            if let Ok(restored) = killed {
                assert_eq!(restored.unwrap().content.users, 1);
                assert_eq!(users(&data), ["wx1/ann"]);
                assert!(steps >= 2, "it has steps");
                std::fs::remove_dir_all(&directory).unwrap();
                return;
            }
            assert_eq!(users(&data), ["wx1/ann", "wx1/ben"], "killed after {steps} steps");
            let again = restore(&data, &file, true).unwrap();
            assert_eq!(again.content.users, 1);
            assert_eq!(users(&data), ["wx1/ann"]);
            assert_eq!(files_beside(&file_in(&data), DRAFT).unwrap(), Vec::<PathBuf>::new());
            assert_eq!(files_beside(&file_in(&data), KEPT).unwrap().len(), 1, "after {steps} steps");
            std::fs::remove_dir_all(&directory).unwrap();
        }
    }

    #[test]
    fn a_damaged_database_is_kept_with_its_log_at_every_step() {
        for steps in 0.. {
            let (directory, file) = killed_server(true);
            let data = directory.join("data");
            let log = std::fs::read(data.join("yibi.sqlite3-wal")).unwrap();
            let left = Cell::new(steps);
            let killed = catch_unwind(AssertUnwindSafe(|| {
                restore_observed(&data, &file, true, &|step| {
                    assert!(left.get() > 0, "killed before: {step}");
                    left.set(left.get() - 1);
                })
            }));
            let logs = files_beside(&file_in(&data), "").unwrap();
            let mut logs = logs.iter().filter(|path| path.to_string_lossy().ends_with("-wal"));
            assert!(logs.any(|path| std::fs::read(path).unwrap() == log), "after {steps} steps");
            let done = match killed {
                Ok(restored) => {
                    assert!(restored.unwrap().former.unwrap().unreadable.is_some());
                    true
                }
                Err(_) => {
                    assert!(SqliteStore::open(&data).is_err(), "after {steps} steps");
                    restore(&data, &file, true).unwrap();
                    false
                }
            };
            assert_eq!(users(&data), ["wx1/ann"]);
            std::fs::remove_dir_all(&directory).unwrap();
            if done {
                return;
            }
        }
    }

    #[test]
    fn no_new_database_is_made_beside_what_a_restore_left() {
        for left in ["yibi.sqlite3.replaced-1795867202", "yibi.sqlite3.restoring-abc", "yibi.sqlite3-wal"] {
            let directory = std::env::temp_dir().join(format!("yibi-left-{}", random::short_id()));
            std::fs::create_dir(&directory).unwrap();
            std::fs::write(directory.join(left), b"content").unwrap();
            let refused = SqliteStore::open(&directory).unwrap_err();
            let text = format!("{:?}", std::error::Error::source(&refused));
            assert!(text.contains(left), "{text}");
            assert!(!file_in(&directory).exists());
            std::fs::remove_dir_all(&directory).unwrap();
        }
    }
}
