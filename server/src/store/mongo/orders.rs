//! Orders: one document each, with the picture, sharded by its key.

use futures_util::TryStreamExt;
use mongodb::bson::{Binary, Document, doc};
use serde::{Deserialize, Serialize};
use yibi_common::drawing::Paper;
use yibi_common::shop::OrderState;

use super::chunks::bytes;
use super::records::value;
use super::schema::{Collections, MAX_TIME, binary};
use super::{MongoGallery, StoreResult, error};
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, Order, OrderCopy};
use crate::domain::user::UserKey;
use crate::store::Orders;
use crate::store::transfer::Turn;

/// An order. The members beside the record repeat the parts that lists are ordered and selected by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OrderDoc {
    #[serde(rename = "_id")]
    id: String,
    /// Key of the user; empty once the user is erased.
    u: String,
    state: OrderState,
    created_at: Micros,
    /// Time of the earliest effect; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Micros>,
    version: u32,
    order: Order,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy: Option<CopyPart>,
}

/// The picture within the document.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CopyPart {
    seq: u32,
    width: u32,
    height: u32,
    actions: Vec<Binary>,
}

impl OrderDoc {
    fn of(order: Order, copy: Option<&OrderCopy>) -> Self {
        let copy = copy.map(|OrderCopy { seq, paper, actions }| CopyPart {
            seq: *seq,
            width: paper.width,
            height: paper.height,
            actions: actions.iter().map(|action| binary(action)).collect(),
        });
        Self {
            id: order.id.clone(),
            u: order.user.to_string(),
            state: order.state,
            created_at: order.created_at,
            due_at: order.due_at(),
            version: order.version,
            order,
            copy,
        }
    }

    /// The order. An erasure changes the document's version alone.
    fn order(self) -> Order {
        Order { version: self.version, ..self.order }
    }
}

impl Collections {
    async fn list_orders(&self, filter: Document, order: Document, limit: u32) -> StoreResult<Vec<Order>> {
        let found = self.orders.find(filter).projection(doc! {"copy": 0}).sort(order);
        let found = found.limit(i64::from(limit.max(1))).max_time(MAX_TIME).await?;
        Ok(found.map_ok(OrderDoc::order).try_collect().await?)
    }

    /// Orders after a position, in the order of their keys.
    pub(super) async fn orders_turn(&self, filter: Document, limit: u32) -> StoreResult<Turn<Order>> {
        let items = self.list_orders(filter, doc! {"_id": 1}, limit).await?;
        Ok(Turn { next: items.last().map(|order| order.id.clone()), items })
    }

    /// Writes an order with its picture over one of the same id.
    pub(super) async fn put_order(&self, order: Order, copy: Option<&OrderCopy>) -> StoreResult<()> {
        let order = OrderDoc::of(order, copy);
        self.orders.replace_one(doc! {"_id": &order.id}, &order).upsert(true).await?;
        Ok(())
    }

    /// Takes from a user's orders what names the user.
    pub(super) async fn forget_customer(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        let theirs = doc! {"u": user.as_str(), "created_at": {"$lte": now.0}};
        let change = doc! {
            "$set": {"u": "", "order.user": "", "order.drawing": ""},
            "$unset": {"copy": "", "order.address": "", "order.parcel": ""},
            "$inc": {"version": 1},
        };
        self.orders.update_many(theirs, change).await?;
        Ok(())
    }
}

/// Adds the place behind which a page begins.
fn behind(filter: &mut Document, after: Option<&AfterOrder>) {
    let Some(AfterOrder { created_at, id }) = after else { return };
    // The first condition bounds the index scan, the second separates equal times.
    filter.insert("created_at", doc! {"$lte": created_at.0});
    filter.insert("$or", [doc! {"created_at": {"$lt": created_at.0}}, doc! {"_id": {"$lt": id}}]);
}

impl Orders for MongoGallery {
    async fn add_order(&self, order: &Order, copy: &OrderCopy) -> StoreResult<bool> {
        let order = OrderDoc::of(order.clone(), Some(copy));
        self.run(async move |db| match db.orders.insert_one(&order).await {
            Ok(_) => Ok(true),
            Err(error) if error::is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        })
        .await
    }

    async fn order(&self, id: &str) -> StoreResult<Option<Order>> {
        let key = doc! {"_id": id};
        self.run(async move |db| {
            let found = db.orders.find_one(key).projection(doc! {"copy": 0}).max_time(MAX_TIME).await?;
            Ok(found.map(OrderDoc::order))
        })
        .await
    }

    async fn order_copy(&self, id: &str) -> StoreResult<Option<OrderCopy>> {
        #[derive(Deserialize)]
        struct Part {
            copy: Option<CopyPart>,
        }
        let key = doc! {"_id": id};
        self.run(async move |db| {
            let parts = db.orders.clone_with_type::<Part>();
            let found = parts.find_one(key).projection(doc! {"copy": 1}).max_time(MAX_TIME).await?;
            Ok(found.and_then(|part| part.copy).map(|copy| OrderCopy {
                seq: copy.seq,
                paper: Paper { width: copy.width, height: copy.height },
                actions: copy.actions.into_iter().map(bytes).collect(),
            }))
        })
        .await
    }

    async fn change_order(&self, order: &Order) -> StoreResult<bool> {
        let known = order.version;
        let next = Order { version: known.saturating_add(1), ..order.clone() };
        let mut set = doc! {
            "u": next.user.as_str(),
            "state": next.state.name(),
            "version": next.version,
            "order": value(&next)?,
        };
        let mut unset = Document::new();
        match next.due_at() {
            Some(due) => drop(set.insert("due_at", due.0)),
            None => drop(unset.insert("due_at", "")),
        }
        // The picture stays as it is until the order closes unpaid.
        if next.state == OrderState::Closed {
            unset.insert("copy", "");
        }
        let mut change = doc! {"$set": set};
        if !unset.is_empty() {
            change.insert("$unset", unset);
        }
        let key = doc! {"_id": &next.id, "version": known};
        self.run(async move |db| Ok(db.orders.update_one(key, change).await?.matched_count > 0)).await
    }

    async fn orders_of(
        &self,
        user: &UserKey,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> StoreResult<Vec<Order>> {
        let mut filter = doc! {"u": user.as_str()};
        behind(&mut filter, after);
        let order = doc! {"created_at": -1, "_id": -1};
        self.run(async move |db| db.list_orders(filter, order, limit).await).await
    }

    async fn count_orders_of(&self, user: &UserKey, states: &[OrderState], limit: u32) -> StoreResult<u32> {
        let states: Vec<&str> = states.iter().map(|state| state.name()).collect();
        let filter = doc! {"u": user.as_str(), "state": {"$in": states}};
        self.run(async move |db| {
            let count =
                db.orders.count_documents(filter).limit(limit.max(1).into()).max_time(MAX_TIME).await?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        })
        .await
    }

    async fn orders_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<Order>> {
        let filter = doc! {"due_at": {"$lte": now.0}};
        self.run(async move |db| {
            let documents = db.orders.clone_with_type::<Document>();
            let found = documents.find(filter).projection(doc! {"copy": 0}).sort(doc! {"due_at": 1});
            let mut found = found.limit(i64::from(limit.max(1))).max_time(MAX_TIME).await?;
            let mut orders = Vec::new();
            while let Some(document) = found.try_next().await? {
                let id = document.get_str("_id").unwrap_or_default().to_owned();
                match mongodb::bson::deserialize_from_document::<OrderDoc>(document) {
                    Ok(order) => orders.push(order.order()),
                    // The others must not wait for it.
                    Err(error) => tracing::error!(%error, order = id, "an order can't be read"),
                }
            }
            Ok(orders)
        })
        .await
    }

    async fn order_page(
        &self,
        state: Option<OrderState>,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> StoreResult<Vec<Order>> {
        let mut filter = state.map_or_else(Document::new, |state| doc! {"state": state.name()});
        behind(&mut filter, after);
        let order = doc! {"created_at": -1, "_id": -1};
        self.run(async move |db| db.list_orders(filter, order, limit).await).await
    }

    async fn orders_in(&self, state: OrderState, limit: u32) -> StoreResult<(u32, Option<Micros>)> {
        #[derive(Deserialize)]
        struct Moment {
            created_at: Micros,
        }
        let filter = doc! {"state": state.name()};
        self.run(async move |db| {
            let moments = db.orders.clone_with_type::<Moment>();
            let oldest = moments
                .find_one(filter.clone())
                .projection(doc! {"created_at": 1})
                .sort(doc! {"created_at": 1, "_id": 1})
                .max_time(MAX_TIME)
                .await?;
            let count =
                db.orders.count_documents(filter).limit(limit.max(1).into()).max_time(MAX_TIME).await?;
            Ok((u32::try_from(count).unwrap_or(u32::MAX), oldest.map(|oldest| oldest.created_at)))
        })
        .await
    }
}
