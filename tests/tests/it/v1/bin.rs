//! Removing drawings in the bin for good.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    one_drawing_is_removed_from_the_bin_for_good,
    the_bin_is_emptied_and_its_space_is_free,
    only_the_own_bin_is_emptied,
}

/// Makes drawings and puts them in the bin.
async fn bin(api: &Api, ids: &[&str]) {
    for id in ids {
        api.append(id, 0, json!([stroke(1)])).await.ok();
        assert_eq!(api.delete(&format!("/api/v1/drawings/{id}")).await.status, 204);
    }
}

async fn ids(api: &Api, query: &str) -> Vec<String> {
    let list = api.get(&format!("/api/v1/drawings{query}")).await.ok();
    list["drawings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn usage(api: &Api) -> Value {
    api.get("/api/v1/me").await.ok()["usage"].clone()
}

async fn one_drawing_is_removed_from_the_bin_for_good(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("kept", 0, json!([stroke(1)])).await.ok();
    let before = usage(&alice).await;
    bin(&alice, &["a", "b"]).await;
    assert_eq!(alice.delete("/api/v1/bin/a").await.status, 204);
    assert_eq!(ids(&alice, "?deleted=true").await, ["b"]);
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    alice.post("/api/v1/drawings/a/restore", &Value::Null).await.problem(404, "drawing_not_found");
    // A repeated request has the result of the first.
    assert_eq!(alice.delete("/api/v1/bin/a").await.status, 204);
    assert_eq!(alice.delete("/api/v1/bin/b").await.status, 204);
    assert_eq!(usage(&alice).await, before);
    // A drawing outside the bin stays.
    alice.delete("/api/v1/bin/kept").await.problem(404, "drawing_not_found");
    alice.delete("/api/v1/bin/no%20id").await.problem(404, "drawing_not_found");
    assert_eq!(ids(&alice, "").await, ["kept"]);
    app.crash_and_restart();
    let alice = alice.at(&app.public);
    assert_eq!(ids(&alice, "?deleted=true").await, Vec::<String>::new());
    // The id is free.
    alice.append("a", 0, json!([stroke(2)])).await.ok();
    assert_eq!(alice.drawing("a").await["actions"], json!([stroke(2)]));
}

async fn the_bin_is_emptied_and_its_space_is_free(backend: Backend) {
    let names: Vec<String> = (0..120).map(|number| format!("d{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let app = App::start_with(
        backend,
        &[("LIMITS__DRAWING__DRAWINGS_PER_USER", "121"), ("LIMITS__ENABLED", "false")],
    );
    let alice = app.user("alice").await;
    assert_eq!(alice.delete("/api/v1/bin").await.status, 204);
    alice.append("kept", 0, json!([stroke(1)])).await.ok();
    let before = usage(&alice).await;
    bin(&alice, &names).await;
    assert_eq!(alice.delete("/api/v1/bin").await.status, 204);
    assert_eq!(ids(&alice, "?deleted=true").await, Vec::<String>::new());
    assert_eq!(usage(&alice).await, before);
    assert_eq!(ids(&alice, "").await, ["kept"]);
}

async fn only_the_own_bin_is_emptied(backend: Backend) {
    let app = App::start(backend);
    let [alice, mallory] = [app.user("alice").await, app.user("mallory").await];
    bin(&alice, &["a"]).await;
    assert_eq!(mallory.delete("/api/v1/bin/a").await.status, 204);
    assert_eq!(mallory.delete("/api/v1/bin").await.status, 204);
    assert_eq!(ids(&alice, "?deleted=true").await, ["a"]);
}
