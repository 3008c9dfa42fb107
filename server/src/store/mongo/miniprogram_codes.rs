//! Pictures of mini-program codes: one document each, sharded by its key.

use mongodb::bson::{Binary, doc};
use serde::{Deserialize, Serialize};

use super::chunks::bytes;
use super::records::{Keyed, find};
use super::schema::binary;
use super::{MongoGallery, StoreResult};
use crate::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};
use crate::store::MiniprogramCodes;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MiniprogramCodeDoc {
    app: String,
    scene: String,
    page: String,
    env: String,
    width: u32,
    image: Binary,
}

impl MiniprogramCodeDoc {
    fn of(code: &MiniprogramCode) -> Keyed<Self> {
        let MiniprogramCode { key, image } = code;
        // Destructured exhaustively, so that a new field can't be forgotten.
        let MiniprogramCodeKey { app_id, page, scene, env, width } = key.clone();
        let content = Self { app: app_id, scene, page, env, width, image: binary(image) };
        Keyed::of_all(&key_of(key), content)
    }

    pub(super) fn code(self) -> MiniprogramCode {
        let Self { app, scene, page, env, width, image } = self;
        let key = MiniprogramCodeKey { app_id: app, page, scene, env, width };
        MiniprogramCode { key, image: bytes(image) }
    }
}

fn key_of(key: &MiniprogramCodeKey) -> String {
    let MiniprogramCodeKey { app_id, page, scene, env, width } = key;
    format!("{app_id}/{scene}/{env}/{width}/{page}")
}

impl MiniprogramCodes for MongoGallery {
    async fn miniprogram_code(&self, key: &MiniprogramCodeKey) -> StoreResult<Option<Vec<u8>>> {
        let key = key_of(key);
        self.run(async move |db| {
            let found = find(&db.miniprogram_codes, doc! {"_id": key}).await?;
            Ok(found.map(|found| found.code().image))
        })
        .await
    }

    async fn add_miniprogram_code(&self, code: &MiniprogramCode) -> StoreResult<()> {
        let code = MiniprogramCodeDoc::of(code);
        self.run(async move |db| code.insert(&db.miniprogram_codes).await.map(drop)).await
    }

    async fn remove_miniprogram_codes(&self, app_id: &str, scene: &str) -> StoreResult<()> {
        let theirs = doc! {"app": app_id, "scene": scene};
        self.run(async move |db| {
            db.miniprogram_codes.delete_many(theirs).await?;
            Ok(())
        })
        .await
    }
}
