//! State that a restore must not revert: ended sessions, blocks, erasures and the audit log.

use std::path::Path;

use rusqlite::{Connection, params};

use super::erased::ErasedUsers;
use super::files::SqlPath;
use super::users;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// Changes that a restore made to the backup's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// Users of the backup who were erased after it and have been removed again.
    pub erased: u64,
    /// Users whose block was set to its state in the former database.
    pub blocks: u64,
    /// Users whose pending erasure was set to its state in the former database.
    pub erasures: u64,
    /// Audit entries of the former database that the backup lacks.
    pub audit: u64,
}

/// Ends all sessions: a session that ended after the backup must not revive, and a new sign-in is cheap.
pub(super) fn end_sessions(draft: &Connection) -> rusqlite::Result<()> {
    draft.execute_batch("DELETE FROM sessions; DELETE FROM codes; DELETE FROM leases; DELETE FROM notes;")
}

/// Removes the users who were erased since the backup was made. Returns their number.
pub(super) fn erase_again(draft: &Connection, erased: &ErasedUsers) -> rusqlite::Result<u64> {
    let mut statement = draft.prepare("SELECT key, created_at FROM users")?;
    let mut rows = statement.query([])?;
    let mut found: Vec<UserKey> = Vec::new();
    while let Some(row) = rows.next()? {
        let (user, created_at): (UserKey, Micros) = (row.get(0)?, row.get(1)?);
        if erased.contains(&user, created_at) {
            found.push(user);
        }
    }
    for user in &found {
        users::remove(draft, user)?;
    }
    Ok(found.len() as u64)
}

/// Copies blocks, pending erasures and the audit log from the replaced database, which is not in use.
pub(super) fn carry_over(draft: &Connection, former: &Path, carried: &mut Carried) -> rusqlite::Result<()> {
    draft.execute("ATTACH DATABASE ? AS former", params![SqlPath(former)])?;
    let done = carry_attached(draft, carried);
    let detached = draft.execute_batch("DETACH DATABASE former");
    done.and(detached)
}

fn carry_attached(draft: &Connection, carried: &mut Carried) -> rusqlite::Result<()> {
    let version: u32 = draft.query_row("PRAGMA former.user_version", [], |row| row.get(0))?;
    let transaction = draft.unchecked_transaction()?;
    let erasures = transaction.execute(
        "UPDATE users SET erase_at = theirs.erase_at FROM former.users AS theirs
         WHERE theirs.key = users.key AND theirs.erase_at IS NOT users.erase_at",
        [],
    )?;
    // The first schema version had neither blocks nor an audit log.
    let (mut blocks, mut audit) = (0, 0);
    if version > 1 {
        blocks = transaction.execute(
            "UPDATE users SET blocked_at = theirs.blocked_at FROM former.users AS theirs
             WHERE theirs.key = users.key AND theirs.blocked_at IS NOT users.blocked_at",
            [],
        )?;
        blocks += transaction.execute(
            "INSERT OR IGNORE INTO users (key, public_id, nickname, created_at, erase_at, blocked_at)
             SELECT key, public_id, nickname, created_at, erase_at, blocked_at FROM former.users
             WHERE blocked_at IS NOT NULL",
            [],
        )?;
        audit = transaction.execute(
            "INSERT INTO audit (at, entry) SELECT at, entry FROM former.audit AS theirs
             WHERE NOT EXISTS (SELECT 1 FROM audit
                WHERE number = theirs.number AND at = theirs.at AND entry = theirs.entry)
             ORDER BY number",
            [],
        )?;
    }
    transaction.commit()?;
    carried.erasures = erasures as u64;
    carried.blocks = blocks as u64;
    carried.audit = audit as u64;
    Ok(())
}
