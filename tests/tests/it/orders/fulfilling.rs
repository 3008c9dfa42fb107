//! The check of the picture, the printer's page, refunds, and what operators see.

use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Backend, on_both_backends, wait_until};

use super::{PHONE, STREET, Shop, address};
use crate::console::scripts::{lines, run};

on_both_backends! {
    a_rejected_picture_gives_the_money_back,
    a_doubtful_picture_waits_for_an_operator,
    the_printer_gets_vectors_and_pixels_of_the_frozen_picture,
    an_address_is_read_by_an_audited_call_alone,
    a_refund_that_the_bank_refuses_waits_for_an_operator,
    scripts_list_and_change_orders,
}

async fn verdict(shop: &Shop, suggest: &str) {
    let verdict = json!([{"verdict": {"suggest": suggest, "label": 20_002}}]);
    shop.app.wechat.image_results(verdict).await;
}

async fn a_rejected_picture_gives_the_money_back(backend: Backend) {
    let shop = Shop::start(backend).await;
    verdict(&shop, "risky").await;
    let id = shop.order("k").await;
    // Paying does not wait for the check: whichever comes first, no money stays.
    let begun = shop.change(&id, "pay").await;
    if begun.status == 200 {
        let prepay_id = super::prepay_id(&begun.json());
        let payment = json!({"prepay_id": prepay_id, "outcome": "paid", "late": true});
        shop.app.wechat.pay_as(payment).unwrap();
    }
    let is_over = |order: &Value| {
        let state = order["state"].as_str().unwrap();
        order["check"] == "rejected" && ["refunded", "closed"].contains(&state)
    };
    shop.until(&id, "the order is over", is_over).await;
    wait_until("the money went back", async || shop.balance() == 0).await;
    let page = shop.operator.get(&format!("/admin/v1/orders/{id}/print.pdf")).await;
    page.problem(409, "print_unchecked");
}

async fn a_doubtful_picture_waits_for_an_operator(backend: Backend) {
    let shop = Shop::start(backend).await;
    verdict(&shop, "review").await;
    let first = shop.paid("k").await;
    shop.until(&first, "a person decides", |order| order["check"] == "held").await;
    shop.operate(&first, "printing", &json!({})).await.problem(409, "print_unchecked");
    let picture = shop.operator.get(&format!("/admin/v1/orders/{first}/picture.png")).await;
    assert!(picture.ok_bytes().starts_with(b"\x89PNG"));
    for _ in 0..2 {
        assert_eq!(shop.operate(&first, "pass", &json!({})).await.ok()["check"], "passed");
    }
    shop.operate(&first, "printing", &json!({})).await.ok();

    verdict(&shop, "review").await;
    let second = shop.paid("k2").await;
    shop.until(&second, "a person decides", |order| order["check"] == "held").await;
    shop.operate(&second, "reject", &json!({})).await.ok();
    shop.becomes(&second, "refunded").await;
    shop.operate(&second, "pass", &json!({})).await.problem(409, "order_state");
    assert_eq!(shop.balance(), 2000);
}

async fn the_printer_gets_vectors_and_pixels_of_the_frozen_picture(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    shop.until(&id, "the picture passes", |order| order["check"] == "passed").await;
    let file = |name: &str| format!("/admin/v1/orders/{id}/{name}");
    let pdf = shop.operator.get(&file("print.pdf")).await;
    assert_eq!(pdf.header("content-type"), "application/pdf");
    let text = pdf.text();
    assert!(text.starts_with("%PDF-") && text.contains("/TrimBox") && text.contains("/BleedBox"));
    let png = shop.operator.get(&file("print.png")).await;
    // 216 × 303 mm at 300 dpi, in the head of the file.
    let side = |at: usize| u32::from_be_bytes(png.ok_bytes()[at..at + 4].try_into().unwrap());
    assert_eq!((side(16), side(20)), (2_551, 3_579));
    // More strokes, or none, leave the order as it is.
    shop.ann.append("d", 1, json!([{"type": "clear", "at": 9}])).await.ok();
    shop.ann.delete("/api/v1/drawings/d").await.ok();
    assert_eq!(shop.operator.get(&file("print.pdf")).await.body, pdf.body);
    shop.ann.append("own", 0, json!([yibi_tests::api::stroke(1)])).await.ok();
    let own = shop.ann.get("/api/v1/drawings/own/image.pdf").await;
    assert!(own.text().starts_with("%PDF-") && own.header("content-type") == "application/pdf");
    shop.ann.get("/api/v1/drawings/none/image.pdf").await.problem(404, "drawing_not_found");
}

async fn an_address_is_read_by_an_audited_call_alone(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    for path in ["/admin/v1/orders", &format!("/admin/v1/orders/{id}"), "/admin/v1/orders?state=paid"] {
        let text = shop.operator.get(path).await.ok().to_string();
        assert!(text.contains(&id) && !text.contains(PHONE) && !text.contains(STREET), "{text}");
    }
    let told = shop.ann.get("/api/v1/orders").await.ok().to_string();
    assert!(!told.contains(PHONE), "{told}");
    assert_eq!(shop.operate(&id, "address", &json!({})).await.ok(), address());
    let audit = shop.operator.get("/admin/v1/audit").await.ok();
    let entry = &audit["entries"][0];
    assert_eq!((&entry["change"], &entry["target"]), (&json!("read_address"), &json!(id)));
    assert!(!entry["user"].as_str().unwrap().is_empty());
    shop.operate("aaaaaaaaaaaaaaaaaaaa", "address", &json!({})).await.problem(404, "order_not_found");
}

async fn a_refund_that_the_bank_refuses_waits_for_an_operator(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    shop.app.wechat.pay_script(json!([{"refund": "abnormal"}]));
    for _ in 0..2 {
        shop.operate(&id, "refund", &json!({})).await.ok();
    }
    shop.becomes(&id, "refund_failed").await;
    wait_until("the failed refund is in the metrics", async || {
        let metrics = shop.operator.get("/metrics").await.text();
        metrics.contains("yibi_orders{state=\"refund_failed\"} 1")
    })
    .await;
    assert_eq!(shop.balance(), 2000);
}

async fn scripts_list_and_change_orders(backend: Backend) {
    let shop = Shop::start(backend).await;
    let id = shop.paid("k").await;
    let run = |arguments: &[&str]| run(&shop.app.admin, ADMIN_TOKEN, arguments);
    let (code, text) = run(&["orders", "--json", "--state", "paid"]);
    assert_eq!(code, Some(0));
    let rows = lines(&text);
    assert_eq!((rows.len(), &rows[0]["id"], &rows[0]["amount"]), (1, &json!(id), &json!(2000)));
    assert!(run(&["orders"]).1.starts_with(&format!("{id}\tpaid\t20.00\ta4\t")));
    assert_eq!(run(&["orders", "--state", "lost"]).0, Some(2));
    let (_, text) = run(&["show", "order", &id, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["attempts"][0]["state"], "paid");
    shop.until(&id, "the picture passes", |order| order["check"] == "passed").await;
    assert_eq!(run(&["order", "ship", &id, "--carrier", "SF", "--tracking", "SF1"]).0, Some(3));
    assert_eq!(run(&["order", "print", &id]).0, Some(0));
    assert_eq!(run(&["order", "ship", &id, "--carrier", "SF", "--tracking", "SF1"]).0, Some(0));
    assert_eq!(run(&["order", "refund", &id, "aaaaaaaaaaaaaaaaaaaa"]).0, Some(3));
    shop.becomes(&id, "refunded").await;
}
