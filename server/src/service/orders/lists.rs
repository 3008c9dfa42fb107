//! Orders of a user, and sealing their addresses anew.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use yibi_common::shop::PostalAddress;

use super::{OrderError, OrderRecords, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, OPEN_STATES, Order, is_order_id};
use crate::domain::user::UserKey;
use crate::store::{Orders, StoreResult, Transfer};

/// Orders that one command reads for an export or a walk through all.
const TURN: u32 = 100;
/// Pause after a store failure.
const PAUSE: Duration = Duration::from_secs(10);

/// A page of a user's orders.
#[derive(Debug, Clone)]
pub struct OrderPage {
    pub orders: Vec<Order>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl OrderService {
    /// An order of the user.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], [`OrderError::Store`].
    pub async fn order(&self, user: &UserKey, id: &str) -> OrderResult<Order> {
        self.owned(user, id).await
    }

    /// A page of the user's orders, the newest first; `cursor` is a former page's `next`.
    ///
    /// # Errors
    /// [`OrderError::Value`] when the cursor is invalid, [`OrderError::Store`].
    pub async fn orders(&self, user: &UserKey, cursor: Option<&str>, limit: u32) -> OrderResult<OrderPage> {
        let invalid = || OrderError::Value("the cursor is not one of ours");
        let after = cursor.map(|text| read_cursor(text).ok_or_else(invalid)).transpose()?;
        let mut orders = self.0.records.store.orders_of(user, after.as_ref(), limit + 1).await?;
        let more = orders.len() > limit as usize;
        orders.truncate(limit as usize);
        let next = orders.last().filter(|_| more).map(write_cursor);
        Ok(OrderPage { orders, next })
    }
}

impl OrderRecords {
    /// Whether the user has an order that is paid and not sent, or whose money is on its way.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn has_open_orders(&self, user: &UserKey) -> StoreResult<bool> {
        Ok(self.store.count_orders_of(user, &OPEN_STATES, 1).await? > 0)
    }

    /// All orders of the user as JSON, with their addresses, for the export. An address whose key is gone is null: the
    /// rest is the user's all the same.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn export(&self, user: &UserKey) -> StoreResult<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.orders_of(user, after.as_ref(), TURN).await?;
            let last = page.last().filter(|_| page.len() == TURN as usize);
            after = last.map(|last| AfterOrder { created_at: last.created_at, id: last.id.clone() });
            for order in &page {
                all.push(exported(order, self.known_address(order).await?.as_ref()));
            }
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}

fn exported(order: &Order, address: Option<&PostalAddress>) -> Value {
    let at = |moment: Option<Micros>| moment.map(|moment| moment.to_string());
    json!({
        "id": order.id,
        "drawing": order.drawing,
        "product": order.product,
        "shipping": order.shipping,
        "amount": order.amount,
        "currency": order.currency,
        "address": address,
        "state": order.state,
        "created_at": order.created_at.to_string(),
        "paid_at": at(order.paid_at),
        "shipped_at": at(order.shipped_at),
        "parcel": order.parcel,
    })
}

fn write_cursor(order: &Order) -> String {
    BASE64URL_NOPAD.encode(format!("{} {}", order.created_at.0, order.id).as_bytes())
}

fn read_cursor(text: &str) -> Option<AfterOrder> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let (at, id) = text.split_once(' ')?;
    is_order_id(id).then_some(())?;
    Some(AfterOrder { created_at: Micros(at.parse().ok()?), id: id.to_owned() })
}

impl OrderRecords {
    /// Goes through all orders while an old key is configured, and seals their addresses with the current one. May be
    /// dropped at any moment.
    pub async fn reseal_all(&self) {
        let mut place = None;
        while let Err(error) = self.reseal_from(&mut place).await {
            tracing::warn!(%error, "addresses are not all sealed by the present key yet");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn reseal_from(&self, place: &mut Option<String>) -> StoreResult<()> {
        if !self.keys.get().await?.sealer.has_old() {
            return Ok(());
        }
        let (mut resealed, mut lost) = (0_u64, 0_u64);
        loop {
            let turn = self.store.orders_behind(place.as_deref(), TURN).await?;
            for order in &turn.items {
                match self.reseal(order).await? {
                    Some(done) => resealed += u64::from(done),
                    None => lost += 1,
                }
            }
            *place = turn.next;
            if place.is_none() {
                tracing::info!(resealed, lost, "addresses of orders are sealed by the present key");
                return Ok(());
            }
        }
    }
}
