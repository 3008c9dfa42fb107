//! Ids that 2016 clients generated.

use serde_json::{Value, json};
use yibi_tests::{App, Backend, on_both_backends};

use super::line;

on_both_backends!(
    an_id_is_any_text_of_up_to_128_bytes,
    v1_sees_ids_that_fit_as_they_are,
    an_id_is_never_a_condition,
    ids_of_two_users_never_meet,
);

const ODD: [&str; 18] = [
    "1",
    "画画",
    "🎨",
    "a b",
    " ",
    "a/b/../c",
    "\\\"'`",
    "a\nb\tc",
    "\u{0}",
    "\u{feff}x",
    "$where",
    "a.b",
    "__proto__",
    "é",
    "e\u{301}",
    "ABC",
    "abc",
    "%61",
];

async fn an_id_is_any_text_of_up_to_128_bytes(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let long = ["x".repeat(65), "x".repeat(128), "画".repeat(42) + "xy", "🎨".repeat(32)];
    let ids: Vec<String> = ODD.iter().map(|id| (*id).to_owned()).chain(long).collect();
    for (index, id) in ids.iter().enumerate() {
        phone.save(id, line(index as f64)).await.done();
    }
    let expected: Vec<_> = ids.iter().enumerate().map(|(i, id)| (id.clone(), line(i as f64))).collect();
    assert_eq!(phone.shown().await, expected);
    for id in ["x".repeat(129), "画".repeat(43), "🎨".repeat(33), "x".repeat(100_000)] {
        phone.save(&id, line(1.0)).await.fails("id is too long");
        phone.delete(&id).await.done();
    }
    assert_eq!(phone.shown().await, expected);
    for id in &ids {
        phone.save(id, line(0.5)).await.done();
    }
    assert_eq!(phone.ids().await, ids, "the same ids again are the same drawings");
    for id in &ids {
        phone.delete(id).await.done();
    }
    assert_eq!(phone.shown().await, []);
}

async fn v1_sees_ids_that_fit_as_they_are(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let fitting = ["1", "k3v-_Z", &"x".repeat(64)];
    for id in fitting {
        phone.save(id, line(1.0)).await.done();
        assert_eq!(modern.drawing(id).await["id"], id);
    }
    // printf %s a.b | sha256sum | xxd -r -p | base32, in lower case and without padding
    phone.save("a.b", line(1.0)).await.done();
    let other = "w-fzztnxeoxkd66rzn6vumgvecvpzfoxod4xvmbrogfoh7v2wcze2a";
    assert_eq!(modern.drawing(other).await["id"], other);
    let reply = modern.get("/api/v1/drawings").await.ok();
    let listed: Vec<&Value> = reply["drawings"].as_array().unwrap().iter().map(|d| &d["id"]).collect();
    assert_eq!(listed, [other, fitting[2], fitting[1], fitting[0]]);
    // Both names identify one drawing.
    assert_eq!(modern.delete(&format!("/api/v1/drawings/{other}")).await.status, 204);
    assert_eq!(phone.ids().await, fitting);
    phone.save("a.b", line(2.0)).await.done();
    assert_eq!(phone.ids().await, [&fitting[..], &["a.b"]].concat());
    assert_eq!(modern.drawing(other).await["id"], other);
}

async fn an_id_is_never_a_condition(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    phone.save("p1", line(1.0)).await.done();
    for id in [
        json!({"$ne": null}),
        json!({"$gt": ""}),
        json!(["p1"]),
        json!("%"),
        json!("p1' OR '1'='1"),
        json!("*"),
    ] {
        phone.delete(&id).await.done();
        assert_eq!(phone.ids().await, ["p1"], "{id}");
        phone.save(&id, line(2.0)).await.done();
        assert_eq!(phone.shown().await[0], ("p1".to_owned(), line(1.0)), "{id}");
        phone.delete(&id).await.done();
        assert_eq!(phone.ids().await, ["p1"], "{id}");
    }
}

async fn ids_of_two_users_never_meet(backend: Backend) {
    let app = App::start(backend);
    let alice = app.phone_2016("alice").await;
    let bob = app.phone_2016("bob").await;
    let modern = app.user("bob").await;
    for id in ["p1", "画"] {
        alice.save(id, line(1.0)).await.done();
        assert_eq!(bob.shown().await, []);
        bob.delete(id).await.done();
        bob.save(id, line(2.0)).await.done();
        assert_eq!(alice.shown().await.last(), Some(&(id.to_owned(), line(1.0))));
        assert_eq!(bob.shown().await, [(id.to_owned(), line(2.0))]);
        alice.save(id, line(3.0)).await.done();
        bob.delete(id).await.done();
        assert_eq!(alice.shown().await.last(), Some(&(id.to_owned(), line(3.0))));
        assert_eq!(bob.shown().await, []);
    }
    alice.save("hers", line(1.0)).await.done();
    modern.get("/api/v1/drawings/hers").await.problem(404, "drawing_not_found");
}
