//! A byte order mark before the texts of 2016, which the 2016 server skipped.

use reqwest::Method;
use yibi_tests::weapp::{Phone, encode_uri_component};
use yibi_tests::{Api, App, Backend, on_both_backends};

use super::line;

on_both_backends!(a_byte_order_mark_is_skipped_in_2016_texts_alone,);

const MARK: &str = "\u{feff}";

async fn a_byte_order_mark_is_skipped_in_2016_texts_alone(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let json = serde_json::json!({"id": "json", "actions": line(1.0)}).to_string();
    let form = format!("id=form&actions={}", encode_uri_component(&line(2.0)));
    for (kind, body) in [("application/json", json), ("application/x-www-form-urlencoded", form)] {
        let save = phone.request(Method::POST, "/paints/save").header("content-type", kind);
        Api::send(save.body(format!("{MARK}{body}"))).await.done();
    }
    let ids = phone.ids().await;
    assert_eq!(ids, ["json", "form"]);

    let login = app.wechat.tourist(&format!("{MARK}{{\"nickName\":\"Band\"}}")).await;
    Phone::with_login(&app.public, &login).shown().await;
    // The signature may be of the text without the mark.
    let login = app.wechat.tourist("{\"nickName\":\"Band\"}").await;
    let marked = Phone::with_code(&app.public, &login.code)
        .header("X-WX-RawData", encode_uri_component(&format!("{MARK}{}", login.raw_data)))
        .header("X-WX-Signature", &login.signature);
    marked.shown().await;

    let alice = app.user("alice").await;
    let rename = alice.request(Method::PATCH, "/api/v1/me").header("content-type", "application/json");
    let reply = Api::send(rename.body(format!("{MARK}{{\"nickname\":\"Band\"}}"))).await;
    reply.problem(400, "invalid_json");
}
