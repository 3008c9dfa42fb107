//! Levels of sharing, and sharing that operators decide on.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends};

use super::{Sharing, addresses, everywhere, path};

on_both_backends! {
    a_level_is_switched_down_and_up,
    an_operator_decides_on_every_share,
    a_phone_number_may_be_required,
    public_pages_are_limited_per_address,
    dead_links_are_no_failures,
}

async fn a_level_is_switched_down_and_up(backend: Backend) {
    let mut sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let token = sharing.alice.token.clone().unwrap();
    sharing.app.set("SHARING__LEVEL", "off");
    sharing.app.restart();
    sharing.alice = sharing.app.api().with_token(&token);
    assert_eq!(sharing.alice.get("/api/v1/limits").await.ok()["sharing"]["level"], "off");
    for address in addresses(&code) {
        assert_eq!(sharing.public().get(&address).await.status, 404, "{address}");
    }
    sharing.public().get(&format!("/s/{code}.json")).await.problem(404, "sharing_off");
    sharing.alice.post(&path("kite"), &json!({})).await.problem(404, "sharing_off");
    sharing.alice.get(&path("kite")).await.problem(404, "sharing_off");
    sharing.alice.delete(&path("kite")).await.problem(404, "sharing_off");
    sharing.alice.get("/api/v1/shares").await.problem(404, "sharing_off");
    let report = format!("/api/v1/shares/{code}/reports");
    sharing.alice.post(&report, &json!({"reason": 1})).await.problem(404, "sharing_off");
    sharing.app.set("SHARING__LEVEL", "link");
    sharing.app.restart();
    everywhere(&sharing, &code, 200).await;
}

async fn an_operator_decides_on_every_share(backend: Backend) {
    let further = [("MODERATION__MODE", "off"), ("SHARING__REVIEW", "operator")];
    let sharing = Sharing::start_with(backend, &further).await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    let code = sharing.shared("kite").await;
    assert_eq!(sharing.of("kite").await["state"], "held");
    everywhere(&sharing, &code, 202).await;
    let operator = Api::new(&sharing.app.admin).with_token(ADMIN_TOKEN);
    let id = operator.get("/admin/v1/reviews?state=held").await.ok()["reviews"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    operator.post(&format!("/admin/v1/reviews/{id}/pass"), &json!({})).await.ok();
    everywhere(&sharing, &code, 200).await;
    let author =
        async || sharing.public().get(&format!("/s/{code}.json")).await.ok()["author"]["nickname"].clone();
    assert_eq!(author().await, "小明");
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "另一个"})).await.ok();
    assert_eq!(author().await, json!(null), "nobody has seen this name");
    assert_eq!(sharing.app.wechat.calls().await["apis"]["media_check_async"].as_u64().unwrap_or(0), 0);
}

async fn a_phone_number_may_be_required(backend: Backend) {
    let sharing = Sharing::start_with(backend, &[("SHARING__REQUIRE_PHONE", "true")]).await;
    sharing.alice.append("kite", 0, json!([stroke(1)])).await.ok();
    sharing.alice.post(&path("kite"), &json!({})).await.problem(403, "phone_required");
    let code = sharing.app.wechat.phone("alice").await.code;
    sharing.alice.post("/api/v1/me/phone", &json!({"code": code})).await.ok();
    sharing.share("kite").await;
}

async fn public_pages_are_limited_per_address(backend: Backend) {
    let sharing = Sharing::start_with(backend, &[("LIMITS__ENABLED", "true")]).await;
    let code = sharing.shown("kite").await;
    let address = format!("/s/{code}.json");
    let api = sharing.public();
    let requests = (0..600).map(|_| api.get(&address));
    let replies = futures_util::future::join_all(requests).await;
    let limited: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(!limited.is_empty() && limited.len() < 320, "{} of 600", limited.len());
    limited[0].problem(429, "rate_limited");
}

async fn dead_links_are_no_failures(backend: Backend) {
    let further = [
        ("LIMITS__ENABLED", "true"),
        ("LIMITS__ADDRESS_FAILURES", "1"),
        ("LIMITS__ADDRESS_FAILURES_BURST", "2"),
    ];
    let sharing = Sharing::start_with(backend, &further).await;
    for _ in 0..20 {
        assert_eq!(sharing.public().get("/s/000000000000").await.status, 404);
        assert_eq!(sharing.public().get("/s/000000000000.json").await.status, 404);
    }
}
