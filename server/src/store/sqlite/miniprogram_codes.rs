//! Pictures of mini-program codes, in SQL.

use rusqlite::{OptionalExtension, Row, params};

use super::SqliteStore;
use crate::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};
use crate::store::{MiniprogramCodes, StoreResult};

impl MiniprogramCodes for SqliteStore {
    async fn miniprogram_code(&self, key: &MiniprogramCodeKey) -> StoreResult<Option<Vec<u8>>> {
        let MiniprogramCodeKey { app_id, page, scene, env, width } = key.clone();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT image FROM miniprogram_codes
                 WHERE app = ? AND scene = ? AND page = ? AND env = ? AND width = ?",
            )?;
            Ok(statement.query_row(params![app_id, scene, page, env, width], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn add_miniprogram_code(&self, code: &MiniprogramCode) -> StoreResult<()> {
        let MiniprogramCode { key, image } = code.clone();
        let MiniprogramCodeKey { app_id, page, scene, env, width } = key;
        self.writing(image.len(), move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO miniprogram_codes (app, scene, page, env, width, image)
                     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![app_id, scene, page, env, width, image])?;
            Ok(())
        })
        .await
    }

    async fn remove_miniprogram_codes(&self, app_id: &str, scene: &str) -> StoreResult<()> {
        let (app_id, scene) = (app_id.to_owned(), scene.to_owned());
        self.writing(0, move |connection| {
            connection
                .prepare_cached("DELETE FROM miniprogram_codes WHERE app = ? AND scene = ?")?
                .execute(params![app_id, scene])?;
            Ok(())
        })
        .await
    }
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<MiniprogramCode> {
    let key = MiniprogramCodeKey {
        app_id: row.get("app")?,
        page: row.get("page")?,
        scene: row.get("scene")?,
        env: row.get("env")?,
        width: row.get("width")?,
    };
    Ok(MiniprogramCode { key, image: row.get("image")? })
}
