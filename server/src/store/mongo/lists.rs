//! Lists of drawings: read along an index, without their tails.

use futures_util::{StreamExt, TryStream, TryStreamExt};
use mongodb::bson::{Document, doc};
use serde::Deserialize;

use super::StoreResult;
use super::chunks::bytes;
use super::schema::{Collections, DrawingDoc, DrawingState, MAX_TIME, without_tail};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, Usage};
use crate::domain::user::UserKey;
use crate::domain::weapp::{Heads, WeappHead};

impl Collections {
    pub(super) async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        let (state, order) =
            if deleted { (DrawingState::Bin, "deleted_at") } else { (DrawingState::Live, "updated_at") };
        let mut filter = doc! {"u": user.as_str(), "state": state.name()};
        if let Some(After { moment, id }) = after {
            // The first condition bounds the index scan, the second separates equal times.
            filter.insert(order, doc! {"$lte": moment.0});
            filter.insert("$or", [doc! {order: {"$lt": moment.0}}, doc! {"id": {"$lt": id}}]);
        }
        self.headers(filter, doc! {order: -1, "id": -1}, limit).await
    }

    pub(super) async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        let filter = doc! {"u": user.as_str(), "state": DrawingState::Bin.name()};
        self.headers(filter, doc! {"deleted_at": 1, "id": 1}, limit).await
    }

    pub(super) async fn weapp_heads(
        &self,
        user: &UserKey,
        limit: u32,
        max_bytes: u64,
    ) -> StoreResult<Vec<WeappHead>> {
        let filter = doc! {"u": user.as_str(), "state": DrawingState::Live.name()};
        // A save is always the last action of its tail: a tail is emptied only to make room for a modern
        // action.
        let last_only = doc! {"tail": {"$slice": -1}};
        let order = doc! {"first_saved_at": -1, "id": -1};
        let mut found = self.list(filter, order, last_only, limit).await?;
        let mut heads = Heads::new(max_bytes);
        while let Some(mut drawing) = found.try_next().await? {
            let last = drawing.tail.pop().filter(|_| drawing.last_weapp).map(bytes);
            if !heads.take(WeappHead { header: drawing.header(), last }) {
                break;
            }
        }
        Ok(heads.into_vec())
    }

    pub(super) async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        #[derive(Deserialize)]
        struct Due {
            u: String,
            id: String,
        }
        let due = self
            .drawings
            .clone_with_type::<Due>()
            .find(doc! {"deleted_at": {"$lt": before.0}})
            .projection(doc! {"u": 1, "id": 1})
            .sort(doc! {"deleted_at": 1})
            .limit(i64::from(limit.max(1)))
            .max_time(MAX_TIME)
            .await?;
        Ok(due.map_ok(|due| (UserKey::from_text(&due.u), due.id)).try_collect().await?)
    }

    pub(super) async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        self.usage_in(user, &[DrawingState::Live.name(), DrawingState::Bin.name()]).await
    }

    pub(super) async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        self.usage_in(user, &[DrawingState::Bin.name()]).await
    }

    async fn usage_in(&self, user: &UserKey, states: &[&str]) -> StoreResult<Usage> {
        #[derive(Deserialize)]
        struct Sum {
            drawings: u32,
            bytes: u64,
        }
        let sum = self
            .drawings
            .aggregate([
                doc! {"$match": {"u": user.as_str(), "state": {"$in": states}}},
                doc! {"$group": {"_id": null, "drawings": {"$sum": 1}, "bytes": {"$sum": "$bytes"}}},
            ])
            .max_time(MAX_TIME)
            .with_type::<Sum>()
            .await?
            .try_next()
            .await?;
        Ok(sum.map(|Sum { drawings, bytes }| Usage { drawings, bytes }).unwrap_or_default())
    }

    async fn headers(&self, filter: Document, order: Document, limit: u32) -> StoreResult<Vec<Header>> {
        let found = self.list(filter, order, without_tail(), limit).await?;
        Ok(found.map_ok(|drawing| drawing.header()).try_collect().await?)
    }

    async fn list(
        &self,
        filter: Document,
        order: Document,
        projection: Document,
        limit: u32,
    ) -> StoreResult<impl TryStream<Ok = DrawingDoc, Error = mongodb::error::Error> + Unpin + use<>> {
        // MongoDB interprets a limit of 0 as no limit.
        let taken = usize::try_from(limit).unwrap_or(usize::MAX);
        let found = self
            .drawings
            .find(filter)
            .projection(projection)
            .sort(order)
            .limit(i64::from(limit.max(1)))
            .batch_size(limit)
            .max_time(MAX_TIME)
            .await?;
        Ok(found.take(taken))
    }
}
