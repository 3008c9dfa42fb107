//! State that a restore must not revert: ended sessions, blocks, erasures, ended and hidden shares, frozen rooms and
//! banned people, review cases, orders and the audit log.

use std::path::Path;

use rusqlite::{Connection, params};

use super::erased::ErasedUsers;
use super::files::SqlPath;
use super::users;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// The first schema version with shares.
const WITH_SHARES: u32 = 9;
/// The first schema version whose codes have an end.
const WITH_ENDS: u32 = 11;
/// The first schema version with rooms.
const WITH_ROOMS: u32 = 12;

/// Changes that a restore made to the backup's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// Users of the backup who were erased after it and have been removed again.
    pub erased: u64,
    /// Users whose block was set to its state in the former database.
    pub blocks: u64,
    /// Users whose pending erasure was set to its state in the former database.
    pub erasures: u64,
    /// Shares of the backup that were ended or hidden after it.
    pub shares: u64,
    /// Rooms of the backup that were frozen or closed, or in which people were banned, after it.
    pub rooms: u64,
    /// Review cases that were opened or changed after the backup.
    pub cases: u64,
    /// Orders that were made or changed after the backup.
    pub orders: u64,
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

/// Copies blocks, pending erasures, ended and hidden shares, review cases, orders and the audit log from the replaced
/// database, which is not in use.
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
    if version >= WITH_SHARES {
        (carried.shares, carried.cases) = carry_review(&transaction, version)?;
    }
    if version >= WITH_ROOMS {
        carried.rooms = carry_rooms(&transaction)?;
    }
    if transaction.table_exists(Some("former"), "orders")? {
        carried.orders = carry_orders(&transaction)?;
    }
    transaction.commit()?;
    carried.erasures = erasures as u64;
    carried.blocks = blocks as u64;
    carried.audit = audit as u64;
    Ok(())
}

/// Keeps rooms frozen or closed, and banned people out. The strokes are those of the backup. Returns the number of rooms.
fn carry_rooms(transaction: &Connection) -> rusqlite::Result<u64> {
    let rooms = transaction.execute(
        "UPDATE drawings SET room = json_set(json_remove(drawings.room, '$.hold'),
            '$.version', max(drawings.room ->> 'version', theirs.room ->> 'version') + 1,
            '$.banned', json(theirs.room -> 'banned'),
            '$.state', iif(theirs.room ->> 'state' IN ('frozen', 'closed'),
                theirs.room ->> 'state', drawings.room ->> 'state'),
            '$.frozen_by', theirs.room ->> 'frozen_by',
            '$.frozen_seq', theirs.room ->> 'frozen_seq')
         FROM former.drawings AS theirs
         WHERE (theirs.user, theirs.id) = (drawings.user, drawings.id)
            AND theirs.room ->> 'code' = drawings.room ->> 'code'
            AND (theirs.room ->> 'state' IN ('frozen', 'closed') AND theirs.room ->> 'state' != drawings.room ->> 'state'
                OR theirs.room -> 'banned' != drawings.room -> 'banned')",
        [],
    )?;
    // Codes of rooms that were opened after the backup lead nowhere.
    transaction.execute(
        "DELETE FROM share_codes WHERE EXISTS
            (SELECT 1 FROM former.share_codes AS theirs WHERE theirs.code = share_codes.code AND theirs.what = 'room')
            AND NOT EXISTS (SELECT 1 FROM drawings WHERE (user, id) = (share_codes.user, share_codes.drawing)
                AND room ->> 'code' = share_codes.code)",
        [],
    )?;
    transaction.execute("UPDATE share_codes SET what = 'room' WHERE what != 'room' AND EXISTS
        (SELECT 1 FROM former.share_codes AS theirs WHERE theirs.code = share_codes.code AND theirs.what = 'room')", [])?;
    Ok(rooms as u64)
}

/// Carries orders, so that no payment after the backup is forgotten. Returns the number of orders.
fn carry_orders(transaction: &Connection) -> rusqlite::Result<u64> {
    transaction.execute(
        "INSERT OR IGNORE INTO order_copies (id, seq, width, height, actions)
         SELECT id, seq, width, height, actions FROM former.order_copies",
        [],
    )?;
    let orders = transaction.execute(
        "INSERT OR REPLACE INTO orders (id, user, state, created_at, due_at, version, body)
         SELECT id, user, state, created_at, due_at, version, body FROM former.orders AS theirs
         WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = theirs.id AND version >= theirs.version)",
        [],
    )?;
    // The erasure of a user took the pictures.
    transaction
        .execute("DELETE FROM order_copies WHERE id IN (SELECT id FROM orders WHERE user = '')", [])?;
    Ok(orders as u64)
}

/// Carries the decisions of operators and the ends of shares. Returns the numbers of shares and cases.
fn carry_review(transaction: &Connection, version: u32) -> rusqlite::Result<(u64, u64)> {
    let ended_at = if version >= WITH_ENDS { "ended_at" } else { "NULL" };
    // The address of an ended share still tells that it ended.
    transaction.execute(
        &format!(
            "INSERT INTO share_codes (code, user, drawing, created_at, ended_at)
             SELECT code, user, drawing, created_at, {ended_at} FROM former.share_codes AS theirs
             WHERE EXISTS (SELECT 1 FROM shares WHERE (user, drawing) = (theirs.user, theirs.drawing))
             ON CONFLICT DO UPDATE SET ended_at = coalesce(share_codes.ended_at, excluded.ended_at)"
        ),
        [],
    )?;
    // An operator may still pass what is hidden.
    transaction.execute(
        "INSERT OR IGNORE INTO share_copies (user, code, seq, title, width, height, drawn_at, actions)
         SELECT theirs.user, theirs.code, seq, title, width, height, drawn_at, actions
         FROM former.share_copies AS theirs
         JOIN former.shares AS hidden USING (user, code)
         WHERE hidden.body ->> 'state' IN ('held', 'removed')
            AND EXISTS (SELECT 1 FROM shares WHERE (user, drawing) = (hidden.user, hidden.drawing))",
        [],
    )?;
    let shares = transaction.execute(
        "UPDATE shares SET code = theirs.code, created_at = theirs.created_at, version = theirs.version,
            body = theirs.body
         FROM former.shares AS theirs
         WHERE (theirs.user, theirs.drawing) = (shares.user, shares.drawing) AND theirs.body != shares.body
            AND theirs.body ->> 'state' IN ('held', 'removed', 'revoked')",
        [],
    )?;
    transaction.execute(
        "DELETE FROM share_copies WHERE NOT EXISTS (SELECT 1 FROM shares
            WHERE (user, code) = (share_copies.user, share_copies.code) AND body ->> 'state' != 'revoked')",
        [],
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO share_reports (code, reporter, user, seq, at, body)
         SELECT code, reporter, user, seq, at, body FROM former.share_reports AS theirs
         WHERE EXISTS (SELECT 1 FROM share_codes WHERE code = theirs.code)",
        [],
    )?;
    let cases = transaction.execute(
        "INSERT OR REPLACE INTO cases
            (id, owner, state, reason, opened_by, opened_at, rank_at, version, body)
         SELECT id, owner, state, reason, opened_by, opened_at, rank_at, version, body FROM former.cases AS theirs
         WHERE NOT EXISTS (SELECT 1 FROM cases WHERE id = theirs.id AND version >= theirs.version)",
        [],
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO evidence (id, sealed, expires_at)
         SELECT id, sealed, expires_at FROM former.evidence",
        [],
    )?;
    Ok((shares as u64, cases as u64))
}
