//! Listing, reading, renaming, deleting and restoring drawings.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    pages_hold_every_drawing_once,
    the_newest_change_comes_first,
    a_cursor_is_one_of_ours_or_none,
    titles_consist_of_visible_characters,
    deleted_drawings_lie_in_the_bin,
    drawings_of_others_are_not_there,
}

fn ids_of(list: &Value) -> Vec<String> {
    list["drawings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn ids(api: &Api, query: &str) -> Vec<String> {
    ids_of(&api.get(&format!("/api/v1/drawings{query}")).await.ok())
}

async fn make(api: &Api, ids: impl IntoIterator<Item = impl AsRef<str>>) {
    for id in ids {
        api.append(id.as_ref(), 0, json!([stroke(1)])).await.ok();
    }
}

/// All pages of a list.
async fn pages(api: &Api, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/api/v1/drawings?{query}{cursor}")).await.ok();
        pages.push(ids_of(&page));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
        assert!(pages.len() < 100, "pages without end");
    }
}

async fn pages_hold_every_drawing_once(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    assert_eq!(alice.get("/api/v1/drawings").await.ok(), json!({"drawings": [], "next": null}));
    let names: Vec<String> = (0..25).map(|number| format!("d{number:02}")).collect();
    make(&alice, &names).await;
    let newest_first: Vec<String> = names.iter().rev().cloned().collect();
    for (limit, sizes) in
        [(1, vec![1; 25]), (7, vec![7, 7, 7, 4]), (24, vec![24, 1]), (25, vec![25]), (100, vec![25])]
    {
        let pages = pages(&alice, &format!("limit={limit}")).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
        assert_eq!(pages.concat(), newest_first);
    }
    assert_eq!(
        pages(&alice, "").await.iter().map(Vec::len).collect::<Vec<_>>(),
        [20, 5],
        "20 when none is asked"
    );
    for wrong in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=4294967296",
        "deleted=2",
    ] {
        alice.get(&format!("/api/v1/drawings?{wrong}")).await.problem(422, "invalid_value");
    }
    let summary = alice.get("/api/v1/drawings?limit=1").await.ok()["drawings"][0].clone();
    let members: Vec<&String> = summary.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "id",
            "title",
            "width",
            "height",
            "mode",
            "base",
            "seq",
            "stroke_count",
            "point_count",
            "created_at",
            "updated_at",
            "image_url",
        ]
    );
}

async fn the_newest_change_comes_first(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    make(&alice, ["a", "b", "c", "d"]).await;
    alice.append("a", 1, json!([stroke(2)])).await.ok();
    assert_eq!(ids(&alice, "").await, ["a", "d", "c", "b"]);
    alice.patch("/api/v1/drawings/c", &json!({"title": "sea"})).await.ok();
    assert_eq!(ids(&alice, "").await, ["a", "d", "c", "b"], "a new title moves nothing");
    // Requests without an effect do not change the order.
    alice.append("b", 0, json!([stroke(1)])).await.ok();
    alice.append("b", 1, json!([])).await.ok();
    alice.append("b", 0, json!([stroke(9)])).await.problem(409, "conflict");
    alice.get("/api/v1/drawings/b").await.ok();
    alice.post("/api/v1/drawings/b/restore", &json!({})).await.ok();
    assert_eq!(ids(&alice, "").await, ["a", "d", "c", "b"]);
    // A drawing that changes between two pages may occur twice, but none is missing.
    let first = alice.get("/api/v1/drawings?limit=2").await.ok();
    alice.append("b", 1, json!([stroke(2)])).await.ok();
    alice.delete("/api/v1/drawings/a").await;
    let second = ids(&alice, &format!("?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((ids_of(&first), second), (vec!["a".to_owned(), "d".to_owned()], vec!["c".to_owned()]));
}

async fn a_cursor_is_one_of_ours_or_none(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    make(&alice, ["a", "b", "c"]).await;
    let next = alice.get("/api/v1/drawings?limit=1").await.ok()["next"].as_str().unwrap().to_owned();
    let encoded = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    for wrong in [
        "x",
        "%00",
        "null",
        "'; drop table drawings; --",
        "%7B%22$gt%22:%22%22%7D",
        &next[1..],
        &format!("{next}AAAA"),
        &encoded("1.a b"),
        &encoded("1.{\"$gt\":\"\"}"),
        &encoded("x.a"),
        &encoded("9223372036854775808.a"),
        &encoded("1"),
        &encoded(""),
        &"A".repeat(5_000),
    ] {
        alice.get(&format!("/api/v1/drawings?cursor={wrong}")).await.problem(422, "invalid_value");
    }
    for far in [encoded("9223372036854775807.z"), encoded("-9223372036854775808.a"), encoded("0.a")] {
        let page = alice.get(&format!("/api/v1/drawings?cursor={far}")).await;
        assert!(page.status == 200 || page.status == 422, "{}", page.text());
    }
    // Another user's cursor selects at most one's own drawings.
    let bob = app.user("bob").await;
    make(&bob, ["bobs"]).await;
    let foreign = bob.get(&format!("/api/v1/drawings?cursor={next}")).await.ok();
    assert!(ids_of(&foreign).iter().all(|id| id == "bobs"), "{foreign}");
}

async fn titles_consist_of_visible_characters(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    make(&alice, ["a"]).await;
    let path = "/api/v1/drawings/a";
    for title in ["海边的 Café", "", "👩‍👧‍👦", &"汉".repeat(64), "<script>alert(1)</script>", "{\"$set\":1}"]
    {
        assert_eq!(alice.patch(path, &json!({"title": title})).await.ok()["title"], title);
        assert_eq!(alice.drawing("a").await["title"], title);
    }
    for wrong in [
        "a\nb",
        "\0",
        "a\u{202e}b",
        "\u{2066}x",
        "a\u{200b}b",
        "\u{feff}",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{85}",
        &"汉".repeat(65),
    ] {
        alice.patch(path, &json!({"title": wrong})).await.problem(422, "invalid_value");
    }
    for wrong in [
        json!({}),
        json!({"title": null}),
        json!({"title": 1}),
        json!({"title": "a", "mode": "free"}),
        json!([]),
    ] {
        alice.patch(path, &wrong).await.problem(422, "invalid_value");
    }
    assert_eq!(alice.drawing("a").await["title"], "{\"$set\":1}");
    alice.patch("/api/v1/drawings/none", &json!({"title": "a"})).await.problem(404, "drawing_not_found");
    alice.delete(path).await;
    alice.patch(path, &json!({"title": "a"})).await.problem(410, "drawing_deleted");
}

async fn deleted_drawings_lie_in_the_bin(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    make(&alice, ["a", "b", "c"]).await;
    assert_eq!(alice.delete("/api/v1/drawings/b").await.status, 204);
    let binned = alice.get("/api/v1/drawings?deleted=true").await.ok();
    // A repeated deletion succeeds and does not extend the time in the bin.
    assert_eq!(alice.delete("/api/v1/drawings/b").await.status, 204);
    assert_eq!(alice.get("/api/v1/drawings?deleted=true").await.ok(), binned);
    assert_eq!(ids_of(&binned), ["b"]);
    assert!(binned["drawings"][0]["deleted_at"].is_string());
    assert_eq!(binned["drawings"][0]["image_url"], Value::Null);
    assert_eq!(ids(&alice, "").await, ["c", "a"]);
    assert_eq!(ids(&alice, "?deleted=false").await, ["c", "a"]);
    for picture in ["image.png", "image.svg", "image.gif"] {
        alice.get(&format!("/api/v1/drawings/b/{picture}")).await.problem(410, "drawing_deleted");
    }
    alice.delete("/api/v1/drawings/a").await;
    assert_eq!(pages(&alice, "deleted=true&limit=1").await.concat(), ["a", "b"]);

    app.crash_and_restart();
    let alice = alice.at(&app.public);
    let restored = alice.post("/api/v1/drawings/b/restore", &Value::Null).await.ok();
    assert_eq!(restored.get("deleted_at"), None);
    assert!(restored["image_url"].is_string());
    assert_eq!(ids(&alice, "").await, ["c", "b"], "a restored drawing has its old place");
    assert_eq!(ids(&alice, "?deleted=true").await, ["a"]);
    assert_eq!(alice.drawing("b").await["actions"], json!([stroke(1)]));
    alice.delete("/api/v1/drawings/none").await.problem(404, "drawing_not_found");
    alice.post("/api/v1/drawings/none/restore", &Value::Null).await.problem(404, "drawing_not_found");
}

async fn drawings_of_others_are_not_there(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let mallory = app.user("mallory").await;
    make(&alice, ["a", "binned"]).await;
    alice.delete("/api/v1/drawings/binned").await;
    for id in ["a", "binned"] {
        let path = |rest: &str| format!("/api/v1/drawings/{id}{rest}");
        for reply in [
            mallory.get(&path("")).await,
            mallory.get(&path("?since=0")).await,
            mallory.get(&path("/image.png")).await,
            mallory.get(&path("/image.svg")).await,
            mallory.get(&path("/image.gif")).await,
            mallory.patch(&path(""), &json!({"title": "mine"})).await,
            mallory.delete(&path("")).await,
            mallory.post(&path("/restore"), &Value::Null).await,
            mallory.append(id, 1, json!([stroke(2)])).await,
        ] {
            reply.problem(404, "drawing_not_found");
        }
    }
    assert_eq!(ids(&mallory, "").await, Vec::<String>::new());
    assert_eq!(ids(&mallory, "?deleted=true").await, Vec::<String>::new());
    assert_eq!(alice.drawing("a").await["seq"], 1);
    assert_eq!(ids(&alice, "?deleted=true").await, ["binned"]);
}
