//! Notifications that repeat, come early, late or never, and payments that meet a cancellation.

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::{Backend, on_both_backends, wait_until};

use super::Shop;

on_both_backends! {
    eight_notifications_at_once_pay_an_order_once,
    a_notification_before_the_reply_of_the_order_call_is_taken,
    a_lost_reply_of_the_order_call_loses_no_payment,
    a_payment_without_a_notification_is_found,
    foreign_notifications_are_refused,
    a_payment_of_another_sum_is_held,
    a_payment_after_the_close_goes_back,
    payments_and_cancellations_at_once_leave_no_money_behind,
    a_crash_after_the_payment_forgets_nothing,
}

async fn eight_notifications_at_once_pay_an_order_once(backend: Backend) {
    let shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    shop.app.wechat.pay_script(json!([{"notice": {"times": 8}}]));
    shop.app.wechat.pay(&prepay_id).unwrap();
    wait_until("all notifications are acknowledged", async || {
        shop.app.wechat.pay_ledger()["orders"][0]["acknowledged"] == 8
    })
    .await;
    shop.becomes(&id, "paid").await;
    let detail = shop.operator.get(&format!("/admin/v1/orders/{id}")).await.ok();
    assert_eq!(detail["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(detail["attempts"][0]["refund"], json!(null));
    assert_eq!(shop.balance(), 2000);
}

async fn a_notification_before_the_reply_of_the_order_call_is_taken(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.order("k").await;
    shop.app.wechat.pay_script(json!([{"call": {"api": "prepay", "fault": "pay_first"}}]));
    shop.change(&id, "pay").await.problem(409, "order_state");
    assert_eq!(shop.of(&id).await["state"], "paid");
}

async fn a_lost_reply_of_the_order_call_loses_no_payment(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.order("k").await;
    let lost = json!({"call": {"api": "prepay", "fault": "lose_reply"}});
    shop.app.wechat.pay_script(json!([lost, lost, lost]));
    shop.change(&id, "pay").await.problem(503, "payment_unavailable");
    assert_eq!(shop.of(&id).await["state"], "paying");
    let prepay_id = shop.prepay(&id).await;
    shop.app.wechat.pay(&prepay_id).unwrap();
    shop.becomes(&id, "paid").await;
    assert_eq!(shop.app.wechat.pay_ledger()["orders"].as_array().unwrap().len(), 1, "one order at WeChat");
}

async fn a_payment_without_a_notification_is_found(backend: Backend) {
    let shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    let never = json!({"notice": {"times": 0}});
    shop.app.wechat.pay_script(json!([never, never]));
    shop.app.wechat.pay(&prepay_id).unwrap();
    assert_eq!(shop.change(&id, "refresh").await.ok()["state"], "paid", "the server asks WeChat");
    let (id, prepay_id) = shop.paying("k2").await;
    shop.app.wechat.pay(&prepay_id).unwrap();
    shop.becomes(&id, "paid").await;
}

async fn foreign_notifications_are_refused(backend: Backend) {
    let shop = Shop::start(backend).await;
    for (number, signature) in ["foreign", "unknown_serial", "probe"].into_iter().enumerate() {
        let (id, prepay_id) = shop.paying(&format!("k{number}")).await;
        shop.app.wechat.pay_script(json!([{"notice": {"signature": signature}}]));
        shop.app.wechat.pay(&prepay_id).unwrap();
        wait_until("the notification was sent", async || {
            let ledger = shop.app.wechat.pay_ledger();
            let orders = ledger["orders"].as_array().unwrap().clone();
            orders.iter().any(|order| {
                order["out_trade_no"].as_str().unwrap().starts_with(&id) && order["notifications"] == 1
            })
        })
        .await;
        // The query finds the payment all the same.
        shop.becomes(&id, "paid").await;
    }
    wait_until("the refusals are counted", async || {
        let metrics = shop.operator.get("/metrics").await.text();
        metrics.contains("yibi_payment_notifications_total{outcome=\"untrusted\"} 3")
    })
    .await;
    let unsigned = shop.app.api().post("/wx/pay/notify", &json!({"id": "x"})).await;
    unsigned.problem(401, "payment_refused");
}

async fn a_payment_of_another_sum_is_held(backend: Backend) {
    let shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    let cheap = json!({"prepay_id": prepay_id, "outcome": "paid", "amount": 1});
    shop.app.wechat.pay_as(cheap).unwrap();
    shop.becomes(&id, "held").await;
    let listed = shop.operator.get("/admin/v1/orders?state=held").await.ok();
    assert_eq!((&listed["orders"][0]["id"], &listed["orders"][0]["fault"]), (&json!(id), &json!("amount")));
    shop.operate(&id, "printing", &json!({})).await.problem(409, "order_state");
    shop.ann.delete("/api/v1/me").await.problem(409, "open_orders");
    shop.operate(&id, "refund", &json!({})).await.ok();
    shop.becomes(&id, "refunded").await;
    assert_eq!(shop.balance(), 0);
}

async fn a_payment_after_the_close_goes_back(backend: Backend) {
    let shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    assert_eq!(shop.change(&id, "cancel").await.ok()["state"], "closed");
    let late = json!({"prepay_id": prepay_id, "outcome": "paid", "late": true});
    shop.app.wechat.pay_as(late).unwrap();
    let settled = shop.until(&id, "the money went back", |order| order["refund"]["state"] == "success").await;
    assert_eq!((&settled["state"], &settled["refund"]["amount"]), (&json!("closed"), &json!(2000)));
    assert_eq!(shop.balance(), 0);
}

async fn payments_and_cancellations_at_once_leave_no_money_behind(backend: Backend) {
    let shop = Shop::start_with(backend, "v3", &[("LIMITS__ENABLED", "false")]).await;
    let mut all = Vec::new();
    for number in 0..4 {
        all.push(shop.paying(&format!("k{number}")).await);
    }
    let racing = all.iter().map(async |(id, prepay_id)| {
        let paying = async {
            let payment = json!({"prepay_id": prepay_id, "outcome": "paid", "late": true});
            shop.app.wechat.pay_as(payment).unwrap();
        };
        tokio::join!(shop.change(id, "cancel"), paying);
    });
    join_all(racing).await;
    let mut kept = 0;
    for (id, _) in &all {
        let is_settled = |order: &serde_json::Value| {
            order["state"] == "paid" || (order["state"] == "closed" && order["refund"]["state"] == "success")
        };
        let settled = shop.until(id, "the order is settled", is_settled).await;
        kept += i64::from(settled["state"] == "paid") * 2000;
    }
    assert_eq!(shop.balance(), kept);
}

async fn a_crash_after_the_payment_forgets_nothing(backend: Backend) {
    let mut shop = Shop::start(backend).await;
    let (id, prepay_id) = shop.paying("k").await;
    shop.app.wechat.pay_script(json!([{"notice": {"times": 0}}]));
    shop.app.wechat.pay(&prepay_id).unwrap();
    shop.app.crash_and_restart();
    shop.reconnect();
    shop.becomes(&id, "paid").await;
    assert_eq!(shop.balance(), 2000);
}
