//! Orders and payments as their users make them.

use serde_json::json;
use yibi_tests::{Api, App, Backend, on_both_backends};

use super::{PHONE, STREET, Shop, order};

on_both_backends! {
    a_print_is_ordered_paid_sent_and_received,
    a_used_key_makes_one_order_and_another_order_is_refused,
    five_orders_may_wait_for_their_payment,
    a_user_has_no_order_of_another,
    what_cannot_be_ordered_is_refused,
    a_paused_shop_finishes_its_orders_and_takes_none,
    the_older_version_of_the_interface_sells_too,
}

async fn a_print_is_ordered_paid_sent_and_received(backend: Backend) {
    let shop = Shop::start(backend).await;
    let offer = shop.ann.get("/api/v1/shop").await.ok();
    assert_eq!(offer["products"][1], json!({"id": "a3", "name": "A3 海报", "paper": "a3", "price": 2990}));
    assert_eq!((&offer["shipping"], &offer["open"]), (&json!(10), &json!(true)));
    let id = shop.order("k").await;
    let made = shop.of(&id).await;
    assert_eq!((&made["state"], &made["amount"]), (&json!("created"), &json!(2000)));
    let fields = shop.change(&id, "pay").await.ok();
    for name in ["timeStamp", "nonceStr", "package", "signType", "paySign"] {
        assert!(fields[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {fields}");
    }
    assert_eq!(fields.as_object().unwrap().len(), 5);
    assert_eq!(shop.of(&id).await["state"], "paying");
    let prepay_id = super::prepay_id(&fields);
    assert_eq!(shop.prepay(&id).await, prepay_id, "an open payment goes on");
    shop.app.wechat.pay(&prepay_id).unwrap();
    shop.becomes(&id, "paid").await;
    shop.change(&id, "pay").await.problem(409, "order_state");
    shop.change(&id, "cancel").await.problem(409, "order_state");
    shop.change(&id, "received").await.problem(409, "order_state");

    shop.until(&id, "the picture passes", |order| order["check"] == "passed").await;
    shop.operate(&id, "shipped", &json!({"carrier": "SF", "tracking": "SF1"}))
        .await
        .problem(409, "order_state");
    shop.operate(&id, "printing", &json!({})).await.ok();
    let parcel = json!({"carrier": "SF", "tracking": "SF1"});
    for _ in 0..2 {
        assert_eq!(shop.operate(&id, "shipped", &parcel).await.ok()["state"], "shipped");
    }
    assert_eq!(shop.of(&id).await["shipped"], parcel);
    for _ in 0..2 {
        assert_eq!(shop.change(&id, "received").await.ok()["state"], "received");
    }
    assert_eq!(shop.balance(), 2000);
    let log = shop.app.log();
    for secret in [PHONE, STREET, "小明", "BEGIN PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

async fn a_used_key_makes_one_order_and_another_order_is_refused(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.order("k").await;
    let again = shop.ann.post("/api/v1/orders", &order("k")).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &json!(id)));
    let mut other = order("k");
    other["product"] = json!("a3");
    shop.ann.post("/api/v1/orders", &other).await.problem(422, "idempotency_key_reused");
    let mut other = order("k");
    other["address"]["detail"] = json!("another street");
    shop.ann.post("/api/v1/orders", &other).await.problem(422, "idempotency_key_reused");
    // The same key of another user is another order.
    let ben = shop.app.user("ben").await;
    ben.append("d", 0, json!([yibi_tests::api::stroke(2)])).await.ok();
    let theirs = ben.post("/api/v1/orders", &order("k")).await;
    assert_eq!(theirs.status, 201);
    assert_ne!(theirs.json()["id"], json!(id));
    let listed = shop.ann.get("/api/v1/orders").await.ok();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 1);
}

async fn five_orders_may_wait_for_their_payment(backend: Backend) {
    let shop = Shop::start_with(backend, "v3", &[("LIMITS__ENABLED", "false")]).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(shop.order(&format!("k{number}")).await);
    }
    shop.ann.post("/api/v1/orders", &order("k5")).await.problem(429, "too_many_orders");
    assert_eq!(shop.ann.post("/api/v1/orders", &order("k4")).await.status, 200, "a known order");
    for _ in 0..2 {
        assert_eq!(shop.change(&ids[0], "cancel").await.ok()["state"], "closed");
    }
    shop.order("k5").await;
    shop.change(&ids[0], "pay").await.problem(409, "order_state");
}

async fn a_user_has_no_order_of_another(backend: Backend) {
    let shop = Shop::start(backend).await;
    let (id, _) = shop.paying("k").await;
    let ben = shop.app.user("ben").await;
    ben.get(&format!("/api/v1/orders/{id}")).await.problem(404, "order_not_found");
    for change in ["pay", "refresh", "cancel", "received"] {
        let path = format!("/api/v1/orders/{id}/{change}");
        ben.post(&path, &json!({})).await.problem(404, "order_not_found");
        shop.app.api().post(&path, &json!({})).await.problem(401, "unauthenticated");
    }
    shop.ann.get("/api/v1/orders/aaaaaaaaaaaaaaaaaaaa").await.problem(404, "order_not_found");
    assert_eq!(ben.get("/api/v1/orders").await.ok()["orders"], json!([]));
    assert_eq!(shop.of(&id).await["state"], "paying");
}

async fn what_cannot_be_ordered_is_refused(backend: Backend) {
    let shop = Shop::start(backend).await;
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = order("k");
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    for body in [
        with("/product", json!("a5")),
        with("/address/phone", json!("none")),
        with("/address/name", json!("")),
        with("/idempotency_key", json!("")),
        with("/idempotency_key", json!("a b")),
        with("/address/postcode", json!(510_000)),
    ] {
        shop.ann.post("/api/v1/orders", &body).await.problem(422, "invalid_value");
    }
    shop.ann.post("/api/v1/orders", &with("/drawing", json!("none"))).await.problem(404, "drawing_not_found");
    // Prices come from the server alone.
    let mut cheap = order("k");
    cheap["amount"] = json!(1);
    shop.ann.post("/api/v1/orders", &cheap).await.problem(422, "invalid_value");
    shop.ann.delete("/api/v1/drawings/d").await.ok();
    shop.ann.post("/api/v1/orders", &order("k")).await.problem(410, "drawing_deleted");
}

async fn a_paused_shop_finishes_its_orders_and_takes_none(backend: Backend) {
    let mut shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    shop.app.restart_with(&[("SHOP__PAUSED", "true")]);
    shop.reconnect();
    assert_eq!(shop.ann.get("/api/v1/shop").await.ok()["open"], false);
    shop.ann.post("/api/v1/orders", &order("k2")).await.problem(409, "shop_closed");
    assert_eq!(shop.ann.post("/api/v1/orders", &order("k")).await.ok()["id"], json!(id));
    shop.app.wechat.pay(&prepay_id).unwrap();
    shop.becomes(&id, "paid").await;
}

async fn the_older_version_of_the_interface_sells_too(backend: Backend) {
    let shop = Shop::start_with(backend, "v2", &[]).await;
    let id = shop.paid("k").await;
    assert_eq!(shop.of(&id).await["state"], "paid");
    let (other, prepay_id) = shop.paying("k2").await;
    shop.app.wechat.pay_script(json!([{"notice": {"times": 0}}]));
    shop.app.wechat.pay(&prepay_id).unwrap();
    assert_eq!(shop.change(&other, "refresh").await.ok()["state"], "paid");
}

#[tokio::test]
async fn a_server_without_a_shop_has_none_of_its_addresses() {
    let app = App::start(Backend::Embedded);
    let ann = app.user("ann").await;
    let operator = Api::new(&app.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    let id = "aaaaaaaaaaaaaaaaaaaa";
    for path in ["/shop", "/orders", &format!("/orders/{id}")] {
        ann.get(&format!("/api/v1{path}")).await.problem(404, "not_found");
    }
    ann.post("/api/v1/orders", &order("k")).await.problem(404, "not_found");
    for change in ["pay", "refresh", "cancel", "received"] {
        ann.post(&format!("/api/v1/orders/{id}/{change}"), &json!({})).await.problem(404, "not_found");
    }
    for path in ["notify", "refund"] {
        app.api().post(&format!("/wx/pay/{path}"), &json!({})).await.problem(404, "not_found");
    }
    operator.get("/admin/v1/orders").await.problem(404, "not_found");
    let metrics = operator.get("/metrics").await.text();
    assert!(!metrics.contains("operation=\"orders"), "no order is looked for");
}
