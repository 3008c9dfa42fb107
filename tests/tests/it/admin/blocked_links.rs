//! Links to the pictures of a user whom an operator blocks.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::form::plain_png;
use yibi_tests::{App, Backend};

use super::operator;

async fn links_end_with_a_block_and_return_with_its_end(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let mut links = Vec::new();
    for user in [&alice, &bob] {
        user.append("d", 0, json!([stroke(1)])).await.ok();
        let listed = user.get("/api/v1/drawings").await.ok();
        let me = user.upload_avatar(&plain_png(64, 64, [1, 2, 3])).await.ok();
        for link in [&listed["drawings"][0]["image_url"], &me["avatar_url"]] {
            links.push(link.as_str().unwrap().to_owned());
        }
    }
    let stranger = app.api();
    for link in &links {
        // The picture is cached from here on.
        stranger.get(link).await.ok_bytes();
    }
    let id = alice.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("/admin/v1/users/{id}");
    api.post(&format!("{path}/block"), &Value::Null).await.ok();
    for link in &links[..2] {
        let status = stranger.get(link).await.status.as_u16();
        assert!([403, 404].contains(&status), "{link}: {status}");
    }
    for link in &links[2..] {
        stranger.get(link).await.ok_bytes();
    }
    api.post(&format!("{path}/unblock"), &Value::Null).await.ok();
    for link in &links {
        stranger.get(link).await.ok_bytes();
    }
}

#[tokio::test]
async fn embedded() {
    links_end_with_a_block_and_return_with_its_end(Backend::Embedded).await;
}

#[tokio::test]
async fn shared() {
    links_end_with_a_block_and_return_with_its_end(Backend::Shared).await;
}
