//! The operators' view of all drawings.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend};

use super::{audited, column, operator, rows};

async fn looking_and_deleting(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    for (number, user) in (1..).zip([&alice, &bob, &alice, &bob]) {
        let strokes: Vec<Value> = (0..number).map(stroke).collect();
        user.append(&format!("d{number}"), 0, json!(strokes)).await.ok();
    }
    let once = json!({"from_seq": 0, "actions": [stroke(1)], "drawing": {"mode": "one_stroke"}});
    bob.post("/api/v1/drawings/d5/actions", &once).await.ok();
    alice.append("d1", 1, json!([stroke(7)])).await.ok();
    bob.delete("/api/v1/drawings/d2").await.ok();

    for (order, expected) in
        [("updated", ["d1", "d5", "d4", "d3", "d2"]), ("created", ["d5", "d4", "d3", "d2", "d1"])]
    {
        let path = format!("/admin/v1/drawings?order={order}");
        let found = rows(&api, &path, "drawings", 2).await;
        assert_eq!(column(&found, "/id"), expected, "{order}");
        let mut reversed = rows(&api, &format!("{path}&reverse=true"), "drawings", 2).await;
        reversed.reverse();
        assert_eq!(reversed, found);
    }
    let by_size = rows(&api, "/admin/v1/drawings?order=size", "drawings", 2).await;
    let bytes: Vec<u64> = by_size.iter().map(|row| row["bytes"].as_u64().unwrap()).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b) && bytes.len() == 5, "{bytes:?}");
    let id = alice.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let moment = by_size.iter().find(|row| row["id"] == "d4").unwrap()["created_at"].as_str().unwrap();
    for (filter, expected) in [
        (format!("user={id}"), vec!["d1", "d3"]),
        (format!("user={id}&order=created"), vec!["d3", "d1"]),
        ("deleted=true".to_owned(), vec!["d2"]),
        ("deleted=false".to_owned(), vec!["d1", "d5", "d4", "d3"]),
        ("mode=one_stroke".to_owned(), vec!["d5"]),
        (format!("order=created&since={moment}"), vec!["d5", "d4"]),
        (format!("order=created&until={moment}"), vec!["d3", "d2", "d1"]),
    ] {
        let path = format!("/admin/v1/drawings?{filter}");
        let found = rows(&api, &path, "drawings", 1).await;
        assert_eq!(column(&found, "/id"), expected, "{filter}");
        let counted = api.get(&format!("/admin/v1/drawings/count?{filter}")).await.ok();
        assert_eq!(counted, json!({"value": expected.len(), "exact": true}), "{filter}");
    }
    for wrong in ["order=beauty", "since=yesterday", "mode=wild"] {
        api.get(&format!("/admin/v1/drawings?{wrong}")).await.problem(422, "invalid_value");
    }
    api.get("/admin/v1/drawings?user=nobody").await.problem(404, "user_not_found");

    let path = format!("/admin/v1/users/{id}/drawings/d1");
    let drawing = api.get(&format!("{path}?since=1")).await.ok();
    assert_eq!((&drawing["since"], &drawing["actions"]), (&1.into(), &json!([stroke(7)])));
    assert_eq!(drawing["drawing"]["user"]["id"], id.as_str());
    let export = api.get(&format!("{path}/export")).await;
    assert_eq!(export.header("content-disposition"), "attachment; filename=\"d1.json\"");
    assert_eq!(export.ok()["actions"], json!([stroke(0), stroke(7)]));
    let deleted = api.delete(&path).await.ok();
    assert!(deleted["deleted_at"].is_string());
    alice.append("d1", 2, json!([stroke(8)])).await.problem(410, "drawing_deleted");
    let png = api.get(&format!("{path}/image.png?size=128")).await;
    assert!(png.body.starts_with(b"\x89PNG") && png.header("content-type") == "image/png");
    assert!(api.get(&format!("{path}/image.svg")).await.text().starts_with("<svg"));
    api.get(&format!("{path}/image.png?size=99999")).await.problem(422, "invalid_value");
    let restored = api.post(&format!("{path}/restore"), &Value::Null).await.ok();
    assert_eq!(restored["deleted_at"], Value::Null);
    alice.append("d1", 2, json!([stroke(8)])).await.ok();
    assert_eq!(column(&audited(&api).await, "/change"), ["restore_drawing", "delete_drawing"]);
    assert_eq!(column(&audited(&api).await, "/target"), ["d1", "d1"]);
    for missing in ["d2", "none", "a%20b"] {
        let path = format!("/admin/v1/users/{id}/drawings/{missing}");
        api.get(&path).await.problem(404, "drawing_not_found");
        api.delete(&path).await.problem(404, "drawing_not_found");
    }
    assert_eq!(audited(&api).await.len(), 2);
}

#[tokio::test]
async fn looking_and_deleting_embedded() {
    looking_and_deleting(Backend::Embedded).await;
}

#[tokio::test]
async fn looking_and_deleting_shared() {
    looking_and_deleting(Backend::Shared).await;
}
