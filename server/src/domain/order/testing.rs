//! Orders of unit tests.

use super::*;

/// A new order of ann under that idempotency key.
pub(crate) fn new_order(key: &str) -> Order {
    let user = UserKey::new("wx1", "ann");
    let mut order = Order {
        id: order_id(&user, key),
        user,
        drawing: "d".to_owned(),
        product: OrderedProduct {
            id: "a4".to_owned(),
            name: "A4".to_owned(),
            paper: PrintPaper::A4,
            price: 1_990,
        },
        shipping: 0,
        amount: 1_990,
        currency: "CNY".to_owned(),
        address: Some("sealed".to_owned()),
        state: OrderState::Created,
        check: PrintCheck::Pending,
        created_at: Micros(0),
        deadline: Micros(1_800_000_000),
        updated_at: Micros(0),
        paid_at: None,
        shipped_at: None,
        attempts: Vec::new(),
        paid_by: None,
        effects: Vec::new(),
        parcel: None,
        fault: None,
        version: 0,
    };
    order.plan_expiry();
    order
}
