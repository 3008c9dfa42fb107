//! Bodies with half an emoji, as programs write that cut a text in the middle of a surrogate pair.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Reply};

async fn send(api: &Api, method: Method, path: &str, body: &Value) -> Reply {
    // serde_json writes no half of a pair, so a placeholder is replaced in the text.
    let body = body.to_string().replace("HALF", r"\ud83d").replace("REST", r"\ude00");
    Api::send(api.request(method, path).header("content-type", "application/json").body(body)).await
}

#[tokio::test]
async fn half_an_emoji_is_a_wrong_value_and_changes_nothing() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let titled = json!({"from_seq": 0, "drawing": {"title": "小HALF"}, "actions": []});
    for (method, path, body) in [
        (Method::PATCH, "/api/v1/me", json!({"nickname": "小明HALF"})),
        (Method::PATCH, "/api/v1/me", json!({"nickname": "REST小明"})),
        (Method::PATCH, "/api/v1/me", json!({"nickname": "RESTHALF"})),
        (Method::PATCH, "/api/v1/drawings/a", json!({"title": "HALF"})),
        (Method::POST, "/api/v1/drawings/b/actions", titled),
        (Method::POST, "/api/v1/session", json!({"code": "c", "device": "HALF"})),
    ] {
        let problem = send(&alice, method, path, &body).await.problem(422, "invalid_value");
        assert!(problem["detail"].as_str().unwrap().contains("surrogate"), "{path}: {problem}");
    }
    assert_eq!(alice.get("/api/v1/me").await.ok()["nickname"], "");
    assert_eq!(alice.drawing("a").await["title"], "");
    alice.get("/api/v1/drawings/b").await.problem(404, "drawing_not_found");
    // Both halves are an emoji, and half of one in broken JSON is broken JSON.
    let whole = send(&alice, Method::PATCH, "/api/v1/me", &json!({"nickname": "HALFREST"})).await;
    assert_eq!(whole.ok()["nickname"], "\u{1f600}");
    let broken = alice.request(Method::PATCH, "/api/v1/me").header("content-type", "application/json");
    Api::send(broken.body(r#"{"nickname":"\ud83d""#)).await.problem(400, "invalid_json");
}
