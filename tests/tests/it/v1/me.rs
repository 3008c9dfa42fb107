//! The user: nickname, usage, and account deletion.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend};

on_both_backends! {
    nicknames_consist_of_visible_characters,
    usage_matches_the_stored_drawings,
    leaving_hides_all_and_coming_back_brings_it_back,
    a_full_quota_does_not_affect_other_users,
}

async fn nicknames_consist_of_visible_characters(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let me = alice.get("/api/v1/me").await.ok();
    let members: Vec<&String> = me.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["id", "nickname", "nickname_state", "avatar_url", "avatar_state", "created_at", "usage"]
    );
    assert_eq!((&me["nickname"], &me["usage"]), (&json!(""), &json!({"drawings": 0, "bytes": 0})));
    for (nickname, kept) in [
        ("小明", "小明"),
        ("  Ann  ", "Ann"),
        ("👩‍👧", "👩‍👧"),
        (&"汉".repeat(32), &"汉".repeat(32)),
        ("a\"b'c<d>", "a\"b'c<d>"),
    ] {
        assert_eq!(alice.patch("/api/v1/me", &json!({"nickname": nickname})).await.ok()["nickname"], kept);
    }
    for wrong in
        ["   ", "a\nb", "a\u{202e}b", "\u{200b}", "\u{200d}", "\0", &"汉".repeat(33), "a\u{feff}", "\u{3000}"]
    {
        alice.patch("/api/v1/me", &json!({"nickname": wrong})).await.problem(422, "invalid_value");
    }
    for wrong in [
        json!({}),
        json!({"nickname": null}),
        json!({"nickname": 1}),
        json!({"nickname": "a", "id": "b"}),
        json!([]),
    ] {
        alice.patch("/api/v1/me", &wrong).await.problem(422, "invalid_value");
    }
    // Another sign-in keeps the nickname and returns it.
    let reply =
        app.api().post("/api/v1/session", &json!({"code": app.wechat.code("alice").await})).await.ok();
    assert_eq!(reply["user"]["nickname"], "a\"b'c<d>");
    assert_eq!(alice.get("/api/v1/me").await.ok()["nickname"], "a\"b'c<d>");
    // An empty nickname removes it; then the user sets a new one.
    for nickname in ["", "", "Ann"] {
        assert_eq!(
            alice.patch("/api/v1/me", &json!({"nickname": nickname})).await.ok()["nickname"],
            nickname
        );
        assert_eq!(alice.get("/api/v1/me").await.ok()["nickname"], nickname);
    }
}

async fn usage_matches_the_stored_drawings(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let one = alice.get("/api/v1/me").await.ok()["usage"].clone();
    assert_eq!(one["drawings"], 1);
    alice.append("a", 0, json!([stroke(1), stroke(1)])).await.ok();
    alice.append("b", 0, json!([stroke(1)])).await.ok();
    alice.delete("/api/v1/drawings/b").await;
    let three = json!({"drawings": 2, "bytes": one["bytes"].as_u64().unwrap() * 3});
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"], three, "the bin counts");
    app.restart();
    let alice = alice.at(&app.public);
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"], three, "the same from the store");
}

async fn leaving_hides_all_and_coming_back_brings_it_back(backend: Backend) {
    let app = App::start(backend);
    let code = app.wechat.code("alice").await;
    let alice = app.api().sign_in(&code).await;
    let tablet = app.user("alice").await;
    let bob = app.user("bob").await;
    alice.patch("/api/v1/me", &json!({"nickname": "Alice"})).await.ok();
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    alice.append("b", 0, json!([stroke(2)])).await.ok();
    alice.delete("/api/v1/drawings/b").await;
    bob.append("a", 0, json!([stroke(3)])).await.ok();
    let before = alice.get("/api/v1/me").await.ok();

    assert_eq!(alice.delete("/api/v1/me").await.status, 204);
    for gone in [&alice, &tablet] {
        gone.get("/api/v1/me").await.problem(401, "unauthenticated");
        gone.append("a", 1, json!([stroke(2)])).await.problem(401, "unauthenticated");
    }
    app.api().post("/api/v1/session", &json!({"code": code})).await.problem(401, "sign_in_again");
    assert_eq!(bob.drawing("a").await["actions"], json!([stroke(3)]));

    let back = app.api().reopen(&app.wechat.code("alice").await).await;
    assert_eq!(back.get("/api/v1/me").await.ok(), before);
    assert_eq!(back.drawing("a").await["actions"], json!([stroke(1)]));
    assert_eq!(back.get("/api/v1/drawings?deleted=true").await.ok()["drawings"][0]["id"], "b");
    assert_eq!(back.get("/api/v1/me/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
    tablet.get("/api/v1/me").await.problem(401, "unauthenticated");
}

async fn a_full_quota_does_not_affect_other_users(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__DRAWING__DRAWINGS_PER_USER", "1")]);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    bob.append("a", 0, json!([stroke(1)])).await.ok();
    bob.delete("/api/v1/drawings/a").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    alice.append("b", 0, json!([stroke(1)])).await.problem(422, "too_many_drawings");
    assert_eq!(bob.get("/api/v1/drawings?deleted=true").await.ok()["drawings"][0]["id"], "a");
}
