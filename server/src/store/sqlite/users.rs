//! Users, in SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::drawings;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::store::StoreResult;
use crate::store::gallery::{NewUser, UserRecord};

/// Drawings that one step of an erasure removes, each with up to thousands of actions: others wait for it.
const ERASED_AT_ONCE: u32 = 8;

/// Reads a row with all columns.
pub fn from_row(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    Ok(UserRecord {
        key: row.get("key")?,
        public_id: row.get("public_id")?,
        nickname: row.get("nickname")?,
        avatar: row.get("avatar")?,
        wechat_avatar: row.get("wechat_avatar")?,
        origin: row.get("origin")?,
        unionid: row.get("unionid")?,
        created_at: row.get("created_at")?,
        erase_at: row.get("erase_at")?,
        blocked_at: row.get("blocked_at")?,
        phone: row.get("phone")?,
    })
}

/// See [`Gallery::user`](crate::store::gallery::Gallery::user).
pub fn user(connection: &Connection, user: &UserKey) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE key = ?")?;
    Ok(statement.query_row(params![user], from_row).optional()?)
}

/// See [`Gallery::user_by_public_id`](crate::store::gallery::Gallery::user_by_public_id).
pub fn user_by_public_id(connection: &Connection, public_id: &str) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE public_id = ?")?;
    Ok(statement.query_row(params![public_id], from_row).optional()?)
}

/// See [`Gallery::sign_in`](crate::store::gallery::Gallery::sign_in).
pub fn sign_in(
    connection: &Connection,
    key: &UserKey,
    new: &NewUser,
    now: Micros,
) -> StoreResult<(UserRecord, bool)> {
    let Some(record) = user(connection, key)? else {
        connection
            .prepare_cached(
                "INSERT INTO users (key, public_id, origin, unionid, created_at) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![key, new.public_id, new.origin, new.unionid, now])?;
        let record = UserRecord {
            key: key.clone(),
            public_id: new.public_id.clone(),
            nickname: String::new(),
            avatar: None,
            wechat_avatar: None,
            origin: new.origin.clone(),
            unionid: new.unionid.clone(),
            created_at: now,
            erase_at: None,
            blocked_at: None,
            phone: None,
        };
        return Ok((record, true));
    };
    let Some(changed) = changed(&record, new, now) else { return Ok((record, false)) };
    connection
        .prepare_cached("UPDATE users SET unionid = ?, erase_at = ? WHERE key = ?")?
        .execute(params![changed.unionid, changed.erase_at, key])?;
    Ok((changed, false))
}

/// The record of a known user after a sign-in, if the sign-in changes it.
pub fn changed(record: &UserRecord, new: &NewUser, now: Micros) -> Option<UserRecord> {
    if record.erase_at.is_some() && !new.reopen {
        return None;
    }
    let erase_at = record.erase_at.filter(|at| *at <= now);
    let unionid = record.unionid.as_ref().or(new.unionid.as_ref());
    let same = erase_at == record.erase_at && unionid == record.unionid.as_ref();
    (!same).then(|| UserRecord { erase_at, unionid: unionid.cloned(), ..record.clone() })
}

/// See [`Gallery::set_nickname`](crate::store::gallery::Gallery::set_nickname).
pub fn set_nickname(
    connection: &Connection,
    user: &UserKey,
    nickname: &str,
) -> StoreResult<Option<UserRecord>> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET nickname = ? WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![nickname, user], from_row).optional()?)
}

/// See [`Gallery::fill_nickname`](crate::store::gallery::Gallery::fill_nickname).
pub fn fill_nickname(connection: &Connection, user: &UserKey, nickname: &str) -> StoreResult<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET nickname = ? WHERE key = ? AND nickname = ''")?;
    Ok(statement.execute(params![nickname, user])? > 0)
}

/// See [`Gallery::set_wechat_avatar`](crate::store::gallery::Gallery::set_wechat_avatar).
pub fn set_wechat_avatar(connection: &Connection, user: &UserKey, address: &str) -> StoreResult<bool> {
    let mut statement = connection
        .prepare_cached("UPDATE users SET wechat_avatar = ? WHERE key = ? AND wechat_avatar IS NOT ''")?;
    Ok(statement.execute(params![address, user])? > 0)
}

/// See [`Gallery::set_unionid`](crate::store::gallery::Gallery::set_unionid).
pub fn set_unionid(
    connection: &Connection,
    user: &UserKey,
    unionid: &str,
) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection
        .prepare_cached("UPDATE users SET unionid = coalesce(unionid, ?) WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![unionid, user], from_row).optional()?)
}

/// See [`Gallery::set_phone`](crate::store::gallery::Gallery::set_phone).
pub fn set_phone(
    connection: &Connection,
    user: &UserKey,
    sealed: Option<&str>,
) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("UPDATE users SET phone = ? WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![sealed, user], from_row).optional()?)
}

/// See [`Gallery::replace_phone`](crate::store::gallery::Gallery::replace_phone).
pub fn replace_phone(connection: &Connection, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET phone = ? WHERE key = ? AND phone = ?")?;
    Ok(statement.execute(params![anew, user, sealed])? > 0)
}

/// See [`GalleryAdmin::users_of_person`](crate::store::admin::GalleryAdmin::users_of_person).
pub fn of_person(connection: &Connection, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM users WHERE unionid = ? ORDER BY key LIMIT ?")?;
    let users = statement.query_map(params![unionid, limit], from_row)?;
    Ok(users.collect::<rusqlite::Result<_>>()?)
}

/// See [`GalleryAdmin::set_blocked`](crate::store::admin::GalleryAdmin::set_blocked).
pub fn set_blocked(
    connection: &Connection,
    user: &UserKey,
    since: Option<Micros>,
) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached(
        "UPDATE users SET blocked_at = iif(?1 IS NULL, NULL, coalesce(blocked_at, ?1)) WHERE key = ?2
         RETURNING *",
    )?;
    Ok(statement.query_row(params![since, user], from_row).optional()?)
}

/// See [`Gallery::schedule_erasure`](crate::store::gallery::Gallery::schedule_erasure).
pub fn schedule_erasure(connection: &Connection, user: &UserKey, at: Micros) -> StoreResult<bool> {
    let mut statement = connection.prepare_cached("UPDATE users SET erase_at = ? WHERE key = ?")?;
    Ok(statement.execute(params![at, user])? > 0)
}

/// See [`Gallery::erasures_due`](crate::store::gallery::Gallery::erasures_due).
pub fn erasures_due(connection: &Connection, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM users WHERE erase_at IS NOT NULL AND erase_at <= ? ORDER BY erase_at LIMIT ?",
    )?;
    let keys = statement.query_map(params![now, limit], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// Takes one step of an erasure that is due: some drawings, and the user after the last of them, once `log` has
/// written that down. Whether there is more to do.
pub fn erase_some(
    connection: &Connection,
    user: &UserKey,
    now: Micros,
    log: impl FnOnce() -> StoreResult<()>,
) -> StoreResult<bool> {
    let due: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE key = ? AND erase_at <= ?)")?
        .query_row(params![user, now], |row| row.get(0))?;
    if !due {
        return Ok(false);
    }
    if drawings::remove_some(connection, user, ERASED_AT_ONCE)? > 0 {
        return Ok(true);
    }
    log()?;
    remove(connection, user)?;
    Ok(false)
}

/// Removes a user with everything that goes with the user.
pub fn remove(connection: &Connection, user: &UserKey) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM drawings WHERE user = ?",
        "DELETE FROM avatars WHERE user = ?",
        "DELETE FROM checks WHERE user = ?",
        "DELETE FROM users WHERE key = ?",
    ] {
        connection.prepare_cached(sql)?.execute(params![user])?;
    }
    Ok(())
}
