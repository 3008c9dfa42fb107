//! Failed requests as operators see them: with what the client saw, and after a restart.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, on_both_backends, wait_until};

/// The latest failure with a code.
async fn latest(app: &App, code: &str) -> Option<Value> {
    let errors = Api::new(&app.admin).with_token(ADMIN_TOKEN).get("/admin/v1/errors").await.ok();
    let groups = errors["groups"].as_array().unwrap();
    groups.iter().find(|group| group["code"] == code).map(|group| group["latest"][0].clone())
}

/// Fails in two ways; returns the detail that the client saw.
async fn fail_twice(app: &App) -> String {
    let user = app.user("alice").await;
    user.append("mountain", 0, json!([stroke(1)])).await.ok();
    user.append("mountain", 7, json!([stroke(2)])).await.problem(409, "conflict");
    let long = json!({"nickname": "x".repeat(500)});
    let refused = user.patch("/api/v1/me", &long).await.problem(422, "invalid_value");
    refused["detail"].as_str().expect("a detail").to_owned()
}

async fn a_failure_has_the_detail_and_the_drawing(backend: Backend) {
    let app = App::start(backend);
    let detail = fail_twice(&app).await;
    wait_until("both failures are listed", async || {
        latest(&app, "conflict").await.is_some() && latest(&app, "invalid_value").await.is_some()
    })
    .await;
    assert_eq!(latest(&app, "invalid_value").await.unwrap()["detail"], json!(detail));
    assert_eq!(latest(&app, "conflict").await.unwrap()["drawing"], "mountain");
}

on_both_backends!(a_failure_has_the_detail_and_the_drawing);

#[tokio::test]
async fn failures_outlive_a_crash() {
    let mut app = App::start(Backend::Embedded);
    fail_twice(&app).await;
    let before = latest(&app, "conflict").await.expect("it is listed");
    let file = app.data_dir().join("failures.jsonl");
    let lines = || std::fs::read_to_string(&file).map_or(0, |text| text.lines().count());
    wait_until("both are in the file", async || lines() == 2).await;
    app.process().kill();
    app.start_again();
    wait_until("both are listed again", async || latest(&app, "invalid_value").await.is_some()).await;
    assert_eq!(latest(&app, "conflict").await, Some(before.clone()));
    let id = before["request_id"].as_str().unwrap();
    let api = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    assert_eq!(api.get(&format!("/admin/v1/requests/{id}")).await.ok()["failure"], before);
}
