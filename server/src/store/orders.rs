//! Orders of prints.

use yibi_common::shop::OrderState;

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, Order, OrderCopy};
use crate::domain::user::UserKey;

operations! {
/// Orders. An acknowledged change is durable. An order outlives its user: the erasure takes the user's key, the
/// address, the parcel and the picture.
pub trait Orders {
    /// Stores a new order with its picture, unless the id exists. Returns whether it was stored.
    async fn add_order(&self, order: &Order, copy: &OrderCopy) -> bool;

    /// Order of that id.
    async fn order(&self, id: &str) -> Option<Order>;

    /// Picture of an order; `None` after the erasure of its user, and once the order closed.
    async fn order_copy(&self, id: &str) -> Option<OrderCopy>;

    /// Writes a changed order, unless another change was stored first: the stored version must be the given one.
    /// Returns whether it was written; the stored version is then one higher. The picture stays, unless the order is
    /// closed now.
    async fn change_order(&self, order: &Order) -> bool;

    /// Orders of a user, the newest first by `created_at` and id.
    async fn orders_of(&self, user: &UserKey, after: Option<&AfterOrder>, limit: u32) -> Vec<Order>;

    /// Number of a user's orders in some states, at most `limit`.
    async fn count_orders_of(&self, user: &UserKey, states: &[OrderState], limit: u32) -> u32;

    /// Orders with an effect that is due at `now`, the earliest first. One that can't be read is logged and left out.
    async fn orders_due(&self, now: Micros, limit: u32) -> Vec<Order>;

    /// Orders of all users, or those in a state, the newest first by `created_at` and id.
    async fn order_page(&self, state: Option<OrderState>, after: Option<&AfterOrder>, limit: u32) -> Vec<Order>;

    /// Number of orders in a state, at most `limit`, and the time of the oldest order of these.
    async fn orders_in(&self, state: OrderState, limit: u32) -> (u32, Option<Micros>);
}
}
