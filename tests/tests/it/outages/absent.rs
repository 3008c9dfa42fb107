//! Servers that start before their databases.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::databases::{Database, Kind};
use yibi_tests::wait_until;

use super::{
    ANSWERED, append, is_ready, is_unavailable, not_ready_for, recovers, says_unavailable, server_over,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_comes_up_before_its_databases() {
    let (mut mongo, mut redis) = (Database::absent(Kind::Mongo), Database::absent(Kind::Redis));
    let app = server_over(&mongo.url(), &redis.url());
    let anybody = app.api();
    assert_eq!(anybody.get("/api/v1/limits").await.status, 200);
    not_ready_for(&app, &["gallery", "sessions"]).await;
    let code = json!({"code": app.wechat.code("alice").await});
    is_unavailable(anybody.post("/api/v1/session", &code)).await;
    let token = "A".repeat(64);
    is_unavailable(anybody.with_token(&token).get("/api/v1/me")).await;
    redis.start_again().await;
    let back = Instant::now();
    let somebody = anybody.with_token(&token);
    wait_until("the stranger is told so", || async { somebody.get("/api/v1/me").await.status == 401 }).await;
    assert!(back.elapsed() < super::RECOVERED);
    not_ready_for(&app, &["gallery"]).await;
    // The code is exchanged, but its user can't be looked up.
    is_unavailable(anybody.post("/api/v1/session", &json!({"code": app.wechat.code("bob").await}))).await;
    mongo.start_again().await;
    let back = Instant::now();
    let mut codes = Vec::new();
    for _ in 0..200 {
        codes.push(app.wechat.code("alice").await);
    }
    let mut codes = codes.into_iter();
    let signed_in = recovers(back, || {
        let code = json!({"code": codes.next().unwrap()});
        let anybody = anybody.clone();
        async move { anybody.post("/api/v1/session", &code).await }
    });
    let user = anybody.with_token(signed_in.await.ok()["token"].as_str().unwrap());
    assert!(is_ready(&app).await);
    append(&user, "d", 0).await.ok();

    // All servers share the keys that the first one created.
    let listed = user.get("/api/v1/drawings").await.ok();
    let image = listed["drawings"][0]["image_url"].as_str().unwrap().to_owned();
    let sibling = app.sibling();
    assert_eq!(sibling.api().get(&image).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_do_not_queue_for_keys() {
    let mongo = Database::start(Kind::Mongo).await;
    let app = server_over(&mongo.url(), "");
    let user = app.user("alice").await;
    append(&user, "d", 0).await.ok();
    let listed = user.get("/api/v1/drawings").await.ok();
    let image = listed["drawings"][0]["image_url"].as_str().unwrap().to_owned();
    mongo.hang();
    // A server without cached keys, and concurrent requests that need them.
    let sibling = server_over(&mongo.url(), "");
    let anybody = sibling.api();
    let begun = Instant::now();
    for reply in join_all((0..20).map(|_| anybody.get(&image))).await {
        says_unavailable(&reply);
    }
    assert!(begun.elapsed() < ANSWERED, "after {:?}", begun.elapsed());
    mongo.go_on();
    let back = Instant::now();
    recovers(back, || anybody.get(&image)).await;
    assert!(back.elapsed() < super::RECOVERED);
}
