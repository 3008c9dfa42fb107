//! The main use case on both backends.

use yibi_tests::api::stroke;
use yibi_tests::{App, Backend};

async fn a_drawing_is_saved_kept_and_listed(backend: Backend) {
    let mut app = App::start(backend);
    let user = app.user("alice").await;
    let saved = user.append("first", 0, serde_json::json!([stroke(1), stroke(2)])).await.ok();
    assert_eq!(saved["seq"], 2);
    app.crash_and_restart();
    let user = user.at(&app.public);
    let listed = user.get("/api/v1/drawings").await.ok();
    assert_eq!(listed["drawings"][0]["id"], "first");
    assert_eq!(listed["drawings"][0]["stroke_count"], 2);
    assert_eq!(user.drawing("first").await["actions"], serde_json::json!([stroke(1), stroke(2)]));
    let picture = user.get("/api/v1/drawings/first/image.png?size=256").await;
    assert_eq!(picture.header("content-type"), "image/png");
    assert!(picture.body.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn embedded() {
    a_drawing_is_saved_kept_and_listed(Backend::Embedded).await;
}

#[tokio::test]
async fn shared() {
    a_drawing_is_saved_kept_and_listed(Backend::Shared).await;
}
