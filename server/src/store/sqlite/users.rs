//! Users, in SQL.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{SqliteStore, drawings, orders, shares};
use crate::domain::clock::Micros;
use crate::domain::user::{NewUser, UserKey, UserRecord};
use crate::store::{StoreError, StoreResult, Users};

/// Drawings or codes that one step of an erasure removes, each with up to thousands of actions: other writes
/// wait for the step.
const ERASED_AT_ONCE: u32 = 8;

impl Users for SqliteStore {
    async fn ping(&self) -> StoreResult<()> {
        self.sign_of_life().await
    }

    async fn sign_in(&self, user: &UserKey, new: &NewUser, now: Micros) -> StoreResult<(UserRecord, bool)> {
        // A sign-in without a change must not wait for a flush.
        let known = self.user(user).await?.filter(|known| changed(known, new, now).is_none());
        if let Some(known) = known {
            return Ok((known, false));
        }
        let (user, new) = (user.clone(), new.clone());
        self.writing(0, move |connection| sign_in(connection, &user, &new, now)).await
    }

    async fn user(&self, user: &UserKey) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.reading(move |connection| find(connection, &user)).await
    }

    async fn users(&self, keys: &[UserKey]) -> StoreResult<Vec<UserRecord>> {
        let keys = keys.to_vec();
        self.reading(move |connection| {
            let mut found = Vec::new();
            for key in keys {
                found.extend(find(connection, &key)?);
            }
            Ok(found)
        })
        .await
    }

    async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        let public_id = public_id.to_owned();
        self.reading(move |connection| user_by_public_id(connection, &public_id)).await
    }

    async fn users_of_person(&self, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
        let unionid = unionid.to_owned();
        self.reading(move |connection| of_person(connection, &unionid, limit)).await
    }

    async fn set_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<Option<UserRecord>> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.writing(0, move |connection| set_nickname(connection, &user, &nickname)).await
    }

    async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.writing(0, move |connection| fill_nickname(connection, &user, &nickname)).await
    }

    async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> StoreResult<bool> {
        let (user, address) = (user.clone(), address.to_owned());
        self.writing(0, move |connection| set_wechat_avatar(connection, &user, &address)).await
    }

    async fn set_unionid(&self, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
        let (user, unionid) = (user.clone(), unionid.to_owned());
        self.writing(0, move |connection| set_unionid(connection, &user, &unionid)).await
    }

    async fn set_phone(&self, user: &UserKey, sealed: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let (user, sealed) = (user.clone(), sealed.map(ToOwned::to_owned));
        self.writing(0, move |connection| set_phone(connection, &user, sealed.as_deref())).await
    }

    async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
        let (user, sealed, anew) = (user.clone(), sealed.to_owned(), anew.to_owned());
        self.writing(0, move |connection| replace_phone(connection, &user, &sealed, &anew)).await
    }

    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.writing(0, move |connection| set_blocked(connection, &user, since)).await
    }

    async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> StoreResult<bool> {
        let user = user.clone();
        self.writing(0, move |connection| schedule_erasure(connection, &user, at)).await
    }

    async fn erasures_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
        self.reading(move |connection| erasures_due(connection, now, limit)).await
    }

    async fn erase(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        loop {
            let (user, log, empty_log) =
                (user.clone(), self.0.erasure_log.clone(), self.0.writer.empty_log());
            let erase = move |connection: &Connection| {
                erase_some(connection, &user, now, || {
                    empty_log.store(true, Ordering::Relaxed);
                    log.add(&user, now).map_err(|error| StoreError::Unavailable(error.into()))
                })
            };
            if !self.writing(0, erase).await? {
                return Ok(());
            }
        }
    }
}

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

pub fn find(connection: &Connection, user: &UserKey) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE key = ?")?;
    Ok(statement.query_row(params![user], from_row).optional()?)
}

fn user_by_public_id(connection: &Connection, public_id: &str) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE public_id = ?")?;
    Ok(statement.query_row(params![public_id], from_row).optional()?)
}

fn sign_in(
    connection: &Connection,
    key: &UserKey,
    new: &NewUser,
    now: Micros,
) -> StoreResult<(UserRecord, bool)> {
    let Some(record) = find(connection, key)? else {
        connection
            .prepare_cached(
                "INSERT INTO users (key, public_id, origin, unionid, created_at) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![key, new.public_id, new.origin, new.unionid, now])?;
        let record = UserRecord::fresh(key, new, now);
        return Ok((record, true));
    };
    let Some(changed) = changed(&record, new, now) else { return Ok((record, false)) };
    connection
        .prepare_cached("UPDATE users SET unionid = ?, erase_at = ? WHERE key = ?")?
        .execute(params![changed.unionid, changed.erase_at, key])?;
    Ok((changed, false))
}

/// The record of a known user after a sign-in, if the sign-in changes it.
fn changed(record: &UserRecord, new: &NewUser, now: Micros) -> Option<UserRecord> {
    if record.erase_at.is_some() && !new.reopen {
        return None;
    }
    let erase_at = record.erase_at.filter(|at| *at <= now);
    let unionid = record.unionid.as_ref().or(new.unionid.as_ref());
    let same = erase_at == record.erase_at && unionid == record.unionid.as_ref();
    (!same).then(|| UserRecord { erase_at, unionid: unionid.cloned(), ..record.clone() })
}

fn set_nickname(connection: &Connection, user: &UserKey, nickname: &str) -> StoreResult<Option<UserRecord>> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET nickname = ? WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![nickname, user], from_row).optional()?)
}

fn fill_nickname(connection: &Connection, user: &UserKey, nickname: &str) -> StoreResult<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET nickname = ? WHERE key = ? AND nickname = ''")?;
    Ok(statement.execute(params![nickname, user])? > 0)
}

fn set_wechat_avatar(connection: &Connection, user: &UserKey, address: &str) -> StoreResult<bool> {
    let mut statement = connection
        .prepare_cached("UPDATE users SET wechat_avatar = ? WHERE key = ? AND wechat_avatar IS NOT ''")?;
    Ok(statement.execute(params![address, user])? > 0)
}

fn set_unionid(connection: &Connection, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection
        .prepare_cached("UPDATE users SET unionid = coalesce(unionid, ?) WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![unionid, user], from_row).optional()?)
}

fn set_phone(
    connection: &Connection,
    user: &UserKey,
    sealed: Option<&str>,
) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("UPDATE users SET phone = ? WHERE key = ? RETURNING *")?;
    Ok(statement.query_row(params![sealed, user], from_row).optional()?)
}

fn replace_phone(connection: &Connection, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
    let mut statement =
        connection.prepare_cached("UPDATE users SET phone = ? WHERE key = ? AND phone = ?")?;
    Ok(statement.execute(params![anew, user, sealed])? > 0)
}

fn of_person(connection: &Connection, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM users WHERE unionid = ? ORDER BY key LIMIT ?")?;
    let users = statement.query_map(params![unionid, limit], from_row)?;
    Ok(users.collect::<rusqlite::Result<_>>()?)
}

fn set_blocked(
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

fn schedule_erasure(connection: &Connection, user: &UserKey, at: Micros) -> StoreResult<bool> {
    let mut statement = connection.prepare_cached("UPDATE users SET erase_at = ? WHERE key = ?")?;
    Ok(statement.execute(params![at, user])? > 0)
}

fn erasures_due(connection: &Connection, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM users WHERE erase_at IS NOT NULL AND erase_at <= ? ORDER BY erase_at LIMIT ?",
    )?;
    let keys = statement.query_map(params![now, limit], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// Runs one step of a due erasure: removes some shares or drawings, and with the last of them the user, after `log` has
/// recorded the erasure. Returns whether another step is needed.
fn erase_some(
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
    // A code without its share is a page that does not exist, so the shares go first.
    connection.prepare_cached("DELETE FROM shares WHERE user = ?")?.execute(params![user])?;
    if shares::remove_some(connection, user, ERASED_AT_ONCE)? > 0 {
        return Ok(true);
    }
    if drawings::remove_some(connection, user, ERASED_AT_ONCE)? > 0 {
        return Ok(true);
    }
    log()?;
    remove(connection, user)?;
    Ok(false)
}

/// Removes a user with all related records.
pub fn remove(connection: &Connection, user: &UserKey) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM drawings WHERE user = ?",
        "DELETE FROM avatars WHERE user = ?",
        "DELETE FROM checks WHERE user = ?",
        "DELETE FROM shares WHERE user = ?",
        "DELETE FROM share_copies WHERE user = ?",
        "DELETE FROM share_reports WHERE code IN (SELECT code FROM share_codes WHERE user = ?)",
        "DELETE FROM share_codes WHERE user = ?",
        "DELETE FROM share_reports WHERE user = ?",
        "DELETE FROM room_members WHERE user = ?",
        // A case outlives its author, without what names the author.
        "UPDATE cases SET owner = '', version = version + 1,
            body = json_replace(body, '$.owner', '', '$.author', '', '$.subject.content', '', '$.version', version + 1)
         WHERE owner = ?",
        "DELETE FROM users WHERE key = ?",
    ] {
        connection.prepare_cached(sql)?.execute(params![user])?;
    }
    orders::forget_user(connection, user)
}
