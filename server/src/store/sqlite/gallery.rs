//! [`Gallery`] over the writer and the readers. A job outlives the call that waits for it, so it owns what
//! it works on.

use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::{SqliteStore, drawings, lists, users};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::store::gallery::{
    After, Appended, Batch, Gallery, Header, NewDrawing, NewUser, Stored, Usage, UserRecord, WeappHead,
    WeappSave, WeappSaved,
};
use crate::store::{StoreError, StoreResult};

impl Gallery for SqliteStore {
    async fn ping(&self) -> StoreResult<()> {
        self.sign_of_life().await
    }

    async fn sign_in(&self, user: &UserKey, new: &NewUser, now: Micros) -> StoreResult<(UserRecord, bool)> {
        // Whoever is known and brings nothing new need not wait for a flush.
        let known = self.user(user).await?.filter(|known| users::changed(known, new, now).is_none());
        if let Some(known) = known {
            return Ok((known, false));
        }
        let (user, new) = (user.clone(), new.clone());
        self.writing(0, move |connection| users::sign_in(connection, &user, &new, now)).await
    }

    async fn user(&self, user: &UserKey) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.reading(move |connection| users::user(connection, &user)).await
    }

    async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        let public_id = public_id.to_owned();
        self.reading(move |connection| users::user_by_public_id(connection, &public_id)).await
    }

    async fn set_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<Option<UserRecord>> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.writing(0, move |connection| users::set_nickname(connection, &user, &nickname)).await
    }

    async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.writing(0, move |connection| users::fill_nickname(connection, &user, &nickname)).await
    }

    async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> StoreResult<bool> {
        let (user, address) = (user.clone(), address.to_owned());
        self.writing(0, move |connection| users::set_wechat_avatar(connection, &user, &address)).await
    }

    async fn set_unionid(&self, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
        let (user, unionid) = (user.clone(), unionid.to_owned());
        self.writing(0, move |connection| users::set_unionid(connection, &user, &unionid)).await
    }

    async fn set_phone(&self, user: &UserKey, sealed: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let (user, sealed) = (user.clone(), sealed.map(ToOwned::to_owned));
        self.writing(0, move |connection| users::set_phone(connection, &user, sealed.as_deref())).await
    }

    async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
        let (user, sealed, anew) = (user.clone(), sealed.to_owned(), anew.to_owned());
        self.writing(0, move |connection| users::replace_phone(connection, &user, &sealed, &anew)).await
    }

    async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> StoreResult<bool> {
        let user = user.clone();
        self.writing(0, move |connection| users::schedule_erasure(connection, &user, at)).await
    }

    async fn erasures_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
        self.reading(move |connection| users::erasures_due(connection, now, limit)).await
    }

    async fn erase(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        loop {
            let (user, log, empty_log) =
                (user.clone(), self.0.erasure_log.clone(), self.0.writer.empty_log());
            let erase = move |connection: &Connection| {
                users::erase_some(connection, &user, now, || {
                    empty_log.store(true, Ordering::Relaxed);
                    log.add(&user, now).map_err(|error| StoreError::Unavailable(error.into()))
                })
            };
            if !self.writing(0, erase).await? {
                return Ok(());
            }
        }
    }

    async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.reading(move |connection| lists::usage(connection, &user)).await
    }

    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        let bytes = usize::try_from(batch.bytes()).unwrap_or(usize::MAX);
        let (user, id, batch, create) = (user.clone(), id.to_owned(), batch.clone(), create.cloned());
        self.writing(bytes, move |connection| {
            drawings::append(connection, &user, &id, &batch, create.as_ref(), now)
        })
        .await
    }

    async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.reading(move |connection| lists::header(connection, &user, &id)).await
    }

    async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.reading(move |connection| lists::read(connection, &user, &id, since)).await
    }

    async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        let (user, after) = (user.clone(), after.cloned());
        self.reading(move |connection| lists::page(connection, &user, deleted, after.as_ref(), limit)).await
    }

    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        let (user, id, title) = (user.clone(), id.to_owned(), title.to_owned());
        self.writing(0, move |connection| drawings::rename(connection, &user, &id, &title)).await
    }

    async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.writing(0, move |connection| drawings::set_deleted(connection, &user, &id, deleted, now)).await
    }

    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> StoreResult<WeappSaved> {
        let WeappSave { paper, stroke_count, point_count, max_actions, max_bytes, max_points, .. } = *save;
        let (user, id, blob) = (user.clone(), save.id.to_owned(), save.blob.to_vec());
        let weapp_id = save.weapp_id.map(str::to_owned);
        self.writing(blob.len(), move |connection| {
            let save = WeappSave {
                id: &id,
                weapp_id: weapp_id.as_deref(),
                paper,
                blob: &blob,
                stroke_count,
                point_count,
                max_actions,
                max_bytes,
                max_points,
            };
            drawings::weapp_save(connection, &user, &save, now)
        })
        .await
    }

    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> StoreResult<Vec<WeappHead>> {
        let user = user.clone();
        self.reading(move |connection| lists::weapp_heads(connection, &user, limit, max_bytes)).await
    }

    async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        self.reading(move |connection| lists::purges_due(connection, before, limit)).await
    }

    async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        let user = user.clone();
        self.reading(move |connection| lists::bin(connection, &user, limit)).await
    }

    async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.reading(move |connection| lists::bin_usage(connection, &user)).await
    }

    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        let (user, id) = (user.clone(), id.to_owned());
        self.writing(0, move |connection| drawings::purge(connection, &user, &id, before)).await
    }
}
