//! Avatars, in SQL.

use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::users::{find, from_row};
use crate::domain::clock::Micros;
use crate::domain::user::{UserKey, UserRecord};
use crate::store::{Avatars, StoreResult};

impl Avatars for SqliteStore {
    async fn set_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
        _now: Micros,
    ) -> StoreResult<Option<UserRecord>> {
        let (user, id, image) = (user.clone(), id.to_owned(), image.to_vec());
        self.writing(image.len(), move |connection| set(connection, &user, &id, &image)).await
    }

    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let (user, id) = (user.clone(), id.map(ToOwned::to_owned));
        self.writing(0, move |connection| remove(connection, &user, id.as_deref())).await
    }

    async fn avatar(&self, user: &UserKey, id: &str) -> StoreResult<Option<Vec<u8>>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT image FROM avatars WHERE user = ? AND id = ?")?;
            Ok(statement.query_row(params![user, id], |row| row.get(0)).optional()?)
        })
        .await
    }
}

fn set(connection: &Connection, user: &UserKey, id: &str, image: &[u8]) -> StoreResult<Option<UserRecord>> {
    let mut statement = connection.prepare_cached("UPDATE users SET avatar = ? WHERE key = ? RETURNING *")?;
    let changed = statement.query_row(params![id, user], from_row).optional()?;
    if changed.is_some() {
        connection
            .prepare_cached("INSERT OR REPLACE INTO avatars (user, id, image) VALUES (?, ?, ?)")?
            .execute(params![user, id, image])?;
    }
    Ok(changed)
}

fn remove(connection: &Connection, key: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
    let removed = connection
        .prepare_cached("DELETE FROM avatars WHERE user = ?1 AND id = coalesce(?2, id)")?
        .execute(params![key, id])?;
    if removed > 0 {
        connection.prepare_cached("UPDATE users SET avatar = NULL WHERE key = ?")?.execute(params![key])?;
    }
    if id.is_none() {
        connection
            .prepare_cached("UPDATE users SET wechat_avatar = '' WHERE key = ?")?
            .execute(params![key])?;
    }
    find(connection, key)
}
