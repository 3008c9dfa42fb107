//! Operations on single drawings, except appends.

use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use super::chunks::bytes;
use super::schema::{Collections, DrawingDoc, DrawingState, MAX_TIME, drawing_key, without_tail};
use super::{MongoGallery, ROUNDS, StoreError, StoreResult};
use crate::domain::batch::{Appended, Batch};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, NewDrawing, Stored, Usage};
use crate::domain::moderation::Subject;
use crate::domain::user::UserKey;
use crate::domain::weapp::{WeappHead, WeappSave, WeappSaved};
use crate::store::Drawings;

impl Drawings for MongoGallery {
    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        let (user, id, batch, create) = (user.clone(), id.to_owned(), batch.clone(), create.cloned());
        self.run(async move |db| db.append(&user, &id, &batch, create.as_ref(), now).await).await
    }

    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> StoreResult<WeappSaved> {
        let (user, save) = (user.clone(), super::weapp::Save::from(save));
        self.run(async move |db| db.weapp_save(&user, &save, now).await).await
    }

    async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.header(&user, &id).await).await
    }

    async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.read(&user, &id, since).await).await
    }

    async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        let (user, after) = (user.clone(), after.cloned());
        self.run(async move |db| db.page(&user, deleted, after.as_ref(), limit).await).await
    }

    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> StoreResult<Vec<WeappHead>> {
        let user = user.clone();
        self.run(async move |db| db.weapp_heads(&user, limit, max_bytes).await).await
    }

    async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        let user = user.clone();
        self.run(async move |db| db.bin(&user, limit).await).await
    }

    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        let (user, id, title) = (user.clone(), id.to_owned(), title.to_owned());
        self.run(async move |db| db.rename(&user, &id, &title).await).await
    }

    async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.set_deleted(&user, &id, deleted, now).await).await
    }

    async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.run(async move |db| db.usage(&user).await).await
    }

    async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.run(async move |db| db.bin_usage(&user).await).await
    }

    async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        self.run(async move |db| db.purges_due(before, limit).await).await
    }

    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.purge(&user, &id, before).await).await
    }
}

impl Collections {
    pub(super) async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        let found = self.find_header(user, &drawing_key(user, id)).await?;
        Ok(found.filter(|drawing| drawing.state != DrawingState::Purging).map(|drawing| drawing.header()))
    }

    pub(super) async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        let key = drawing_key(user, id);
        let mut missed = None;
        for _ in 0..ROUNDS {
            let drawing = self.find_drawing(user, &key).await?;
            let Some(drawing) = drawing.filter(|drawing| drawing.state != DrawingState::Purging) else {
                return Ok(None);
            };
            let since = since.clamp(drawing.base, drawing.seq);
            // A chunk may be missing because it was purged meanwhile. If the header is unchanged, the chunk
            // is lost.
            if missed == Some((drawing.inc, drawing.base)) {
                return Err(StoreError::Damaged(format!("actions of drawing {} are missing", drawing.id)));
            }
            let sealed = if since < drawing.tail_from {
                self.sealed(&drawing, since).await?
            } else {
                Some(Vec::new())
            };
            let Some(mut actions) = sealed else {
                missed = Some((drawing.inc, drawing.base));
                continue;
            };
            let header = drawing.header();
            let skip = since.saturating_sub(drawing.tail_from) as usize;
            actions.extend(drawing.tail.into_iter().skip(skip).map(bytes));
            if actions.len() != (header.seq - since) as usize {
                return Err(StoreError::Damaged(format!(
                    "drawing {} does not hold what it counts",
                    header.id
                )));
            }
            return Ok(Some(Stored { header, since, actions }));
        }
        Err(StoreError::Busy)
    }

    pub(super) async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        let set = doc! {"$set": {"title": title}};
        self.change_header(user, id, DrawingState::Live, set).await
    }

    pub(super) async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        let (from, update) = if deleted {
            let bin = doc! {"state": DrawingState::Bin.name(), "deleted_at": now.0};
            (DrawingState::Live, doc! {"$set": bin})
        } else {
            let live = doc! {"state": DrawingState::Live.name()};
            (DrawingState::Bin, doc! {"$set": live, "$unset": {"deleted_at": ""}})
        };
        match self.change_header(user, id, from, update).await? {
            Some(header) => Ok(Some(header)),
            None => self.header(user, id).await,
        }
    }

    /// Marks the drawing as absent, so that no operation restores it, then removes its chunks and finally its
    /// header. A later call continues from a marked header.
    pub(super) async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        let removed = [DrawingState::Bin.name(), DrawingState::Purging.name()];
        let due = doc! {
            "_id": drawing_key(user, id),
            "u": user.as_str(),
            "state": {"$in": &removed[..]},
            "deleted_at": {"$lt": before.0},
        };
        let marked = self
            .drawings
            .find_one_and_update(due, doc! {"$set": {"state": DrawingState::Purging.name()}})
            .projection(without_tail())
            .max_time(MAX_TIME)
            .await?;
        match marked {
            Some(drawing) => {
                // The check is removed first: while the header is marked, an interrupted purge is repeated.
                self.remove_check(user, &Subject::Title(id.to_owned())).await?;
                self.finish_purge(&drawing).await.map(|()| true)
            }
            None => Ok(false),
        }
    }

    /// Removes a marked drawing. The incarnation protects a drawing that was created meanwhile under the same
    /// id.
    pub(super) async fn finish_purge(&self, drawing: &DrawingDoc) -> StoreResult<()> {
        self.remove_share_of(drawing).await?;
        self.delete_chunks(drawing).await?;
        let marked = doc! {
            "_id": &drawing.key,
            "u": &drawing.u,
            "inc": drawing.inc,
            "state": DrawingState::Purging.name(),
        };
        self.drawings.delete_one(marked).await?;
        Ok(())
    }

    /// The document with its tail, in any state.
    pub(super) async fn find_drawing(&self, user: &UserKey, key: &str) -> StoreResult<Option<DrawingDoc>> {
        let found = self.drawings.find_one(doc! {"_id": key, "u": user.as_str()});
        Ok(found.max_time(MAX_TIME).await?)
    }

    /// The document without its tail, in any state.
    pub(super) async fn find_header(&self, user: &UserKey, key: &str) -> StoreResult<Option<DrawingDoc>> {
        let found = self.drawings.find_one(doc! {"_id": key, "u": user.as_str()});
        Ok(found.projection(without_tail()).max_time(MAX_TIME).await?)
    }

    async fn change_header(
        &self,
        user: &UserKey,
        id: &str,
        state: DrawingState,
        update: Document,
    ) -> StoreResult<Option<Header>> {
        let filter = doc! {"_id": drawing_key(user, id), "u": user.as_str(), "state": state.name()};
        let changed = self
            .drawings
            .find_one_and_update(filter, update)
            .projection(without_tail())
            .return_document(ReturnDocument::After)
            .max_time(MAX_TIME)
            .await?;
        Ok(changed.map(|drawing| drawing.header()))
    }
}
