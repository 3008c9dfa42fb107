//! Points: a short list of curves expands to many points, so the limit counts the expanded points.

use std::io::{Cursor, Read};

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, Backend, Server, Wechat, on_both_backends};

on_both_backends!(
    saves_that_expand_to_many_points_fill_a_drawing,
    a_drawing_beyond_the_limit_is_read_in_parts,
);

/// A list of a few KB, stored in some hundred bytes, that expands to more than 10,000 points.
fn circles() -> String {
    let circle = r#"{"method":"strokePath","data":[{"method":"arc","data":[169,169,160,0,7]}]}"#;
    format!("[{}]", vec![circle; 200].join(","))
}

/// A user in both dialects with a drawing that begins with a v1 action, so saves are appended to it.
async fn begin(server: &Server, wechat: &Wechat) -> (Api, Phone) {
    let modern = server.signed_in(wechat, "alice").await;
    let phone = Phone::signed_in(&server.public, &wechat.login("alice").await).await;
    modern.append("d", 0, json!([stroke(1)])).await.ok();
    (modern, phone)
}

async fn saves_that_expand_to_many_points_fill_a_drawing(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start_with(backend, &wechat, &[("LIMITS__DRAWING__POINTS_PER_DRAWING", "40000")]);
    let (modern, phone) = begin(&server, &wechat).await;
    for _ in 0..3 {
        phone.save("d", circles()).await.done();
    }
    let refused = phone.save("d", circles()).await.applet();
    assert_eq!((&refused["code"], &refused["msg"]), (&json!(-1), &json!("fail")), "{refused}");
    let drawing = modern.drawing("d").await;
    assert_eq!(drawing["seq"], 4, "a refused save leaves nothing");
    let points = drawing["point_count"].as_u64().unwrap();
    assert!((30_000..=40_000).contains(&points), "{points}");

    let dense: Vec<i64> =
        (0..9_990).flat_map(|i| [if i == 0 { 9 } else { i % 3 - 1 }, 1, i64::from(i > 0)]).collect();
    let dense = json!({"type": "stroke", "color": "#112233", "width": 28, "at": 0, "points": dense});
    modern.append("d", 4, json!([dense.clone()])).await.problem(422, "drawing_full");
    modern.append("d", 4, json!([{"type": "undo"}])).await.ok();
    let five: Vec<&Value> = vec![&dense; 5];
    modern.append("new", 0, json!(five)).await.problem(422, "drawing_full");
    modern.get("/api/v1/drawings/new").await.problem(404, "drawing_not_found");

    // Replaced saves do not count.
    for _ in 0..6 {
        phone.save("w", circles()).await.done();
    }
}

async fn a_drawing_beyond_the_limit_is_read_in_parts(backend: Backend) {
    let wechat = Wechat::start();
    let mut server = Server::start(backend, &wechat);
    let (modern, phone) = begin(&server, &wechat).await;
    for _ in 0..20 {
        phone.save("d", circles()).await.done();
    }
    let whole = modern.get("/api/v1/drawings/d").await.ok();
    let user = modern.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    server.restart_with(&[("LIMITS__DRAWING__POINTS_PER_DRAWING", "1000")]);
    let modern = modern.at(&server.public);
    modern.get("/api/v1/drawings/d").await.problem(422, "drawing_too_large");
    let tail = modern.get("/api/v1/drawings/d?since=20").await.ok();
    assert_eq!(tail["actions"][0], whole["actions"][20]);

    let operator = Api::new(&server.admin).with_token(ADMIN_TOKEN);
    let path = format!("/admin/v1/users/{user}/drawings/d");
    operator.get(&path).await.problem(422, "drawing_too_large");
    operator.get(&format!("{path}/export")).await.problem(422, "drawing_too_large");
    assert_eq!(operator.get(&format!("{path}?since=20")).await.ok()["actions"][0], whole["actions"][20]);

    let zip = modern.get("/api/v1/me/export").await.ok_bytes().to_vec();
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let drawing = names.iter().find(|name| name.starts_with("drawings/") && name.ends_with(".json")).unwrap();
    let mut json = String::new();
    archive.by_name(drawing).unwrap().read_to_string(&mut json).unwrap();
    let exported: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&exported["id"], &exported["actions"]), (&json!("d"), &json!([])));
    let picture = drawing.replace(".json", ".png");
    assert!(names.contains(&picture), "the picture is exported all the same: {names:?}");
}
