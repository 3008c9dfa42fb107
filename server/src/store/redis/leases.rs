//! Leases, and notes: named texts with a time to live.

use std::time::Duration;

use redis::cmd;

use super::scripts::REMOVE_IF;
use super::sessions::get;
use super::{RedisOps, RedisSessions, StoreResult, millis};
use crate::store::Leases;

impl Leases for RedisSessions {
    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> StoreResult<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.run(async move |ops| ops.take_lease(&name, &holder, lease).await).await
    }

    async fn drop_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.run(async move |ops| ops.drop_lease(&name, &holder).await).await
    }

    async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        let name = name.to_owned();
        self.run(async move |ops| ops.note(&name).await).await
    }

    async fn put_note(&self, name: &str, text: &str, keep: Duration) -> StoreResult<()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.run(async move |ops| ops.put_note(&name, &text, keep).await).await
    }

    async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.run(async move |ops| ops.drop_note(&name, &text).await).await
    }
}

impl RedisOps {
    pub(super) async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        self.client.one(&get(&self.keys.note(name))).await
    }

    pub(super) async fn put_note(&self, name: &str, text: &str, keep: Duration) -> StoreResult<()> {
        let mut set = cmd("SET");
        set.arg(self.keys.note(name)).arg(text).arg("PX").arg(millis(keep));
        self.client.one(&set).await
    }

    pub(super) async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        self.client.script(&REMOVE_IF, &self.keys.note(name), &[text.as_bytes(), b"0"]).await
    }
}
