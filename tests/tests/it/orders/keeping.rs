//! Orders in exports, through leaving, a change of keys and restarts.

use data_encoding::BASE64;
use serde_json::json;
use yibi_tests::{Backend, on_both_backends, wait_until};

use super::{PHONE, Shop, address};

on_both_backends! {
    a_user_with_a_paid_order_can_leave_once_it_is_sent,
    an_export_holds_the_orders_with_their_addresses,
    addresses_outlive_the_key_that_sealed_them,
}

async fn a_user_with_a_paid_order_can_leave_once_it_is_sent(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    shop.ann.delete("/api/v1/me").await.problem(409, "open_orders");
    shop.until(&id, "the picture passes", |order| order["check"] == "passed").await;
    shop.operate(&id, "printing", &json!({})).await.ok();
    shop.ann.delete("/api/v1/me").await.problem(409, "open_orders");
    shop.operate(&id, "shipped", &json!({"carrier": "SF", "tracking": "SF1"})).await.ok();
    assert_eq!(shop.ann.delete("/api/v1/me").await.status, 204);
}

async fn an_export_holds_the_orders_with_their_addresses(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    let export = shop.ann.get("/api/v1/me/export").await;
    let orders = crate::v1::export::file(export.ok_bytes(), "orders.json");
    assert_eq!((&orders[0]["id"], &orders[0]["address"]), (&json!(id), &address()));
    assert_eq!((&orders[0]["amount"], &orders[0]["state"]), (&json!(2000), &json!("paid")));
    let ben = shop.app.user("ben").await;
    let theirs = ben.get("/api/v1/me/export").await;
    assert!(!String::from_utf8_lossy(theirs.ok_bytes()).contains("orders.json"));
}

async fn addresses_outlive_the_key_that_sealed_them(backend: Backend) {
    let key = |number: u8| BASE64.encode(&[number; 32]);
    let mut shop = Shop::start_with(backend, "v3", &[("KEYS__SEALING", &key(1))]).await;
    let id = shop.paid("k").await;
    for (new, old) in [(2, 1), (3, 2)] {
        shop.app.restart_with(&[("KEYS__SEALING", &key(new)), ("KEYS__SEALING_OLD", &key(old))]);
        wait_until("the addresses are sealed anew", async || {
            shop.app.log().contains("addresses of orders are sealed by the present key")
        })
        .await;
    }
    shop.app.restart_with(&[("KEYS__SEALING", &key(3)), ("KEYS__SEALING_OLD", "")]);
    shop.operator = shop.operator.at(&shop.app.admin);
    assert_eq!(shop.operate(&id, "address", &json!({})).await.ok(), address());
    assert!(!shop.app.log().contains(PHONE));
}
