//! Drawings of several authors: who drew what, for clients of both ages, operators, exports and pictures.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, free_address, wait_until};

on_both_backends! {
    an_append_names_no_author_and_removes_nothing,
    a_drawing_names_the_people_who_drew_it,
    an_older_client_sees_the_visible_strokes,
    the_2016_list_and_the_pictures_show_the_strokes_of_all,
    an_export_and_operators_know_who_drew,
    a_share_shows_the_strokes_of_all_without_naming_others,
}

const TOKEN: &str = "authors";

/// A server with rooms.
async fn start(backend: Backend) -> App {
    let address = free_address();
    let public_url = format!("http://{address}");
    let app = App::start_with(
        backend,
        &[
            ("HTTP__LISTEN", address.as_str()),
            ("HTTP__PUBLIC_URL", &public_url),
            ("MODERATION__MODE", "enforce"),
            ("MODERATION__RETRY", "1"),
            ("WECHAT__PUSH_TOKEN", TOKEN),
            ("SHARING__LEVEL", "link"),
            ("LIMITS__ENABLED", "false"),
        ],
    );
    app.wechat.push_to(&format!("{public_url}/wx/push"), TOKEN, None, false).await;
    app
}

/// A drawing of Alice: her stroke 1, Bob's strokes 2 and 3, of which he takes back the latter, and Carol's stroke 4, which
/// Alice removes.
async fn drawn(app: &App) -> [Api; 3] {
    let [alice, bob, carol] = [app.user("alice").await, app.user("bob").await, app.user("carol").await];
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let opened = alice.post("/api/v1/rooms", &json!({"kind": "together", "drawing": "a"})).await.json();
    let code = opened["code"].as_str().unwrap();
    let draw = async |user: &Api, id: &str, action: Value| {
        let strokes = json!({"stroke_id": id, "actions": [action]});
        user.post(&format!("/api/v1/rooms/{code}/strokes"), &strokes).await.ok();
    };
    draw(&bob, "b1", stroke(2)).await;
    draw(&bob, "b2", stroke(3)).await;
    draw(&carol, "c1", stroke(4)).await;
    draw(&bob, "b3", json!({"type": "undo"})).await;
    alice.post(&format!("/api/v1/rooms/{code}/remove"), &json!({"seq": 3})).await.ok();
    [alice, bob, carol]
}

/// A request of a client that knows authors.
async fn today(user: &Api, path: &str) -> Reply {
    Api::send(user.request(Method::GET, path).header("x-yibi-client", "2")).await
}

async fn id_of(user: &Api) -> Value {
    user.get("/api/v1/me").await.ok()["id"].clone()
}

fn by(author: u16, mark: i64) -> Value {
    let mut signed = stroke(mark);
    signed["by"] = json!(author);
    signed
}

fn listed() -> Value {
    json!([
        stroke(1),
        by(1, 2),
        by(1, 3),
        by(2, 4),
        {"type": "undo", "by": 1},
        {"type": "remove", "seq": 3},
    ])
}

async fn a_drawing_names_the_people_who_drew_it(backend: Backend) {
    let app = start(backend).await;
    let [alice, bob, carol] = drawn(&app).await;
    let drawing = today(&alice, "/api/v1/drawings/a").await.ok();
    assert_eq!(without_times(&drawing["actions"]), without_times(&listed()));
    assert_eq!((&drawing["seq"], drawing.get("read_only")), (&json!(6), None));
    let authors = drawing["authors"].as_array().unwrap();
    for (author, user) in authors.iter().zip([&alice, &bob, &carol]) {
        assert_eq!(author["id"], id_of(user).await);
        assert_eq!(author["nickname"], Value::Null);
        assert!(author["avatar_url"].is_null(), "{author}");
    }
    assert_eq!(authors.len(), 3);
    let tail = today(&alice, "/api/v1/drawings/a?since=4").await.ok();
    assert_eq!(tail["actions"].as_array().unwrap().len(), 2);
    assert_eq!(tail["authors"], drawing["authors"]);
    let list = today(&alice, "/api/v1/drawings").await.ok();
    assert_eq!(list["drawings"][0].get("read_only"), None);

    alice.append("own", 0, json!([stroke(1)])).await.ok();
    let own = today(&alice, "/api/v1/drawings/own").await.ok();
    assert_eq!((own.get("authors"), own.get("read_only")), (None, None));
}

/// The actions without their times, which a room may set.
fn without_times(actions: &Value) -> Value {
    let mut actions = actions.clone();
    for action in actions.as_array_mut().unwrap() {
        action.as_object_mut().unwrap().remove("at");
    }
    actions
}

async fn an_older_client_sees_the_visible_strokes(backend: Backend) {
    let app = start(backend).await;
    let [alice, ..] = drawn(&app).await;
    let drawing = alice.drawing("a").await;
    assert_eq!(drawing["read_only"], true);
    assert_eq!(drawing["actions"], json!([stroke(1), stroke(2)]));
    assert_eq!((&drawing["seq"], &drawing["base"]), (&json!(6), &json!(4)));
    assert_eq!(drawing.get("authors"), None);
    for query in ["?since=4", "?since=6", "?since=99"] {
        let tail = alice.get(&format!("/api/v1/drawings/a{query}")).await.ok();
        assert_eq!(tail["actions"], drawing["actions"], "{query}");
    }
    for version in ["1", "x", ""] {
        let request = alice.request(Method::GET, "/api/v1/drawings/a").header("x-yibi-client", version);
        assert_eq!(Api::send(request).await.ok()["read_only"], true, "{version:?}");
    }
    let list = alice.get("/api/v1/drawings").await.ok();
    assert_eq!(list["drawings"][0]["read_only"], true);
    // The owner draws on, also with that client.
    alice.append("a", 6, json!([stroke(7)])).await.ok();
    assert_eq!(alice.drawing("a").await["actions"], json!([stroke(1), stroke(2), stroke(7)]));
}

async fn the_2016_list_and_the_pictures_show_the_strokes_of_all(backend: Backend) {
    let app = start(backend).await;
    let [alice, ..] = drawn(&app).await;
    alice.append("same", 0, json!([stroke(1), stroke(2)])).await.ok();
    let phone = Phone::signed_in(&app.public, &app.wechat.login("alice").await).await;
    let list = phone.shown().await;
    let actions = |id: &str| list.iter().find(|(listed, _)| listed == id).unwrap().1.clone();
    assert_eq!(actions("a"), actions("same"), "whole, and without what was taken out");
    for picture in ["image.png?size=256", "image.svg?size=256", "image.gif?size=480"] {
        let of = async |id: &str| alice.get(&format!("/api/v1/drawings/{id}/{picture}")).await.body;
        assert!(of("a").await == of("same").await, "{picture}");
    }
}

async fn an_export_and_operators_know_who_drew(backend: Backend) {
    let app = start(backend).await;
    let [alice, bob, carol] = drawn(&app).await;
    let ids = [id_of(&alice).await, id_of(&bob).await, id_of(&carol).await];
    alice.patch("/api/v1/drawings/a", &json!({"title": "三棵树"})).await.ok();
    let zip = alice.get("/api/v1/me/export").await;
    let exported = super::export::file(&zip.body, &super::export::name_of(&zip.body, " 三棵树.json"));
    assert_eq!(without_times(&exported["actions"]), without_times(&listed()));
    let authors = exported["authors"].as_array().unwrap();
    assert_eq!(authors.iter().map(|author| author["id"].clone()).collect::<Vec<_>>(), ids);

    let user = ids[0].as_str().unwrap();
    let detail = Api::new(&app.admin)
        .with_token(ADMIN_TOKEN)
        .get(&format!("/admin/v1/users/{user}/drawings/a"))
        .await
        .ok();
    assert_eq!(without_times(&detail["actions"]), without_times(&listed()));
    let authors = detail["authors"].as_array().unwrap();
    assert_eq!(authors.iter().map(|author| author["id"].clone()).collect::<Vec<_>>(), ids);
    assert!(!authors[1]["openid"].as_str().unwrap().is_empty());
}

async fn a_share_shows_the_strokes_of_all_without_naming_others(backend: Backend) {
    let app = start(backend).await;
    let [alice, ..] = drawn(&app).await;
    let share = alice.post("/api/v1/drawings/a/share", &json!({})).await.json();
    let path = format!("/s/{}.json", share["code"].as_str().unwrap());
    wait_until("the share is shown", || async { app.api().get(&path).await.status == 200 }).await;
    let shown = app.api().get(&path).await.json();
    assert_eq!(without_times(&shown["strokes"]), without_times(&json!([stroke(1), by(1, 2)])));
    let unnamed = json!({"id": null, "nickname": null, "avatar_url": null});
    assert_eq!(shown["authors"][0]["id"], id_of(&alice).await);
    assert_eq!(shown["authors"][1], unnamed);
    assert_eq!(shown["authors"].as_array().unwrap().len(), 2);
}

async fn an_append_names_no_author_and_removes_nothing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let mut foreign = stroke(2);
    foreign["by"] = json!(1);
    for refused in [
        foreign,
        json!({"type": "undo", "by": 1}),
        json!({"type": "redo", "by": 199}),
        json!({"type": "clear", "by": 1}),
        json!({"type": "undo", "by": 200}),
        json!({"type": "remove", "seq": 0}),
        json!({"type": "remove", "seq": 0, "by": 1}),
    ] {
        let reply = alice.append("a", 1, json!([refused])).await;
        assert_eq!(reply.status, 422, "{refused}: {reply:?}");
    }
    for action in [json!({"type": "undo", "by": 1}), json!({"type": "remove", "seq": 0})] {
        alice.append("a", 1, json!([action])).await.problem(422, "invalid_action");
    }
    let mut own = stroke(3);
    own["by"] = json!(0);
    alice.append("a", 1, json!([own])).await.ok();
    assert_eq!(alice.drawing("a").await["actions"], json!([stroke(1), stroke(3)]));
}
