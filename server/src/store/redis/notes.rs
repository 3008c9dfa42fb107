//! Notes: texts under a name, for a while.

use std::time::Duration;

use redis::cmd;

use super::scripts::REMOVE_IF;
use super::sessions::get;
use super::{RedisOps, StoreResult, millis};

impl RedisOps {
    pub(super) async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        self.link.one(&get(&self.keys.note(name))).await
    }

    pub(super) async fn put_note(&self, name: &str, text: &str, keep: Duration) -> StoreResult<()> {
        let mut set = cmd("SET");
        set.arg(self.keys.note(name)).arg(text).arg("PX").arg(millis(keep));
        self.link.one(&set).await
    }

    pub(super) async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        self.link.script(&REMOVE_IF, &self.keys.note(name), &[text.as_bytes(), b"0"]).await
    }
}
