//! Processes that are killed during writes.

use std::time::Instant;

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::databases::{Database, Kind};
use yibi_tests::{Api, Server, Wechat, wait_until};

use super::writers::Writers;
use super::{
    append, fails_as_in_2016, is_ready, is_unavailable, not_ready_for, of_2016, recovers, server_over,
};

async fn signed_in(server: &Server, wechat: &Wechat, count: usize) -> Vec<Api> {
    let mut clients = Vec::new();
    for number in 0..count {
        clients.push(server.signed_in(wechat, &format!("user{number}")).await);
    }
    clients
}

/// A number that differs between runs, so that kills happen at different moments.
fn some(range: std::ops::Range<u64>) -> u64 {
    let mut random = [0; 8];
    getrandom::fill(&mut random).unwrap();
    range.start + u64::from_le_bytes(random) % (range.end - range.start)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_on_the_embedded_store() {
    let mut app = server_over("", "");
    let clients = signed_in(&app, &app.wechat, 8).await;
    let mut writers = Writers::start(clients, &app.public);
    for _ in 0..5 {
        writers.progress(some(20..120)).await;
        app.crash_and_restart();
        writers.follow(&app.public);
    }
    writers.progress(20).await;
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let mut redis = Database::start(Kind::Redis).await;
    let mut app = server_over("", &redis.url());
    let clients = signed_in(&app, &app.wechat, 6).await;
    let (user, login) = (clients[0].clone(), app.wechat.login("user0").await);
    let demo = of_2016(&app.api(), &login);
    demo.get("/applet/session/paints/list").await.ok();
    let mut writers = Writers::start(clients, &app.public);
    for round in 0..2 {
        writers.progress(some(20..60)).await;
        redis.kill();
        // Sign-ins write to this database too.
        is_unavailable(app.api().post("/api/v1/session", &json!({"code": login.code}))).await;
        // Servers cache a session for a second.
        super::eventually_not(|| user.get("/api/v1/me")).await;
        is_unavailable(user.get("/api/v1/drawings")).await;
        fails_as_in_2016(demo.get("/applet/session/paints/list")).await;
        not_ready_for(&app, &["sessions"]).await;
        assert_eq!(app.api().get("/api/v1/limits").await.status, 200);
        redis.start_again().await;
        let back = Instant::now();
        recovers(back, || user.get("/api/v1/drawings")).await;
        writers.progress(10).await;
        let listed = demo.get("/applet/session/paints/list").await.ok();
        assert_eq!(listed["code"], 0, "round {round}: {listed}");
        // New sign-ins succeed again.
        app.user("late").await.get("/api/v1/me").await.ok();
    }
    assert!(app.process().runs() && is_ready(&app).await);
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    let mut mongo = Database::start(Kind::Mongo).await;
    let mut app = server_over(&mongo.url(), "");
    let clients = signed_in(&app, &app.wechat, 6).await;
    let user = clients[0].clone();
    let demo = of_2016(&app.api(), &app.wechat.login("user0").await);
    let saved = json!({"id": "old", "actions": "[]"});
    demo.get("/applet/session/paints/list").await.ok();
    let mut writers = Writers::start(clients, &app.public);
    for _ in 0..2 {
        writers.progress(some(20..60)).await;
        mongo.kill();
        let (anybody, code) = (app.api(), json!({"code": app.wechat.code("new").await}));
        tokio::join!(
            is_unavailable(user.get("/api/v1/drawings")),
            is_unavailable(user.append("other", 0, json!([stroke(1)]))),
            is_unavailable(anybody.post("/api/v1/session", &code)),
            fails_as_in_2016(demo.get("/applet/session/paints/list")),
            fails_as_in_2016(demo.post("/applet/session/paints/save", &saved)),
            not_ready_for(&app, &["gallery"]),
        );
        assert_eq!(app.api().get("/api/v1/limits").await.status, 200);
        // Sessions are in the other database.
        user.get("/api/v1/me/sessions").await.ok();
        mongo.start_again().await;
        let back = Instant::now();
        recovers(back, || user.get("/api/v1/drawings")).await;
        writers.progress(10).await;
        let listed = demo.get("/applet/session/paints/list").await.ok();
        assert_eq!(listed["code"], 0, "{listed}");
    }
    assert!(app.process().runs() && is_ready(&app).await);
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_in_the_middle_of_a_sign_in() {
    let mut redis = Database::start(Kind::Redis).await;
    let app = server_over("", &redis.url());
    let code = app.wechat.code("alice").await;
    app.wechat.script(json!([{"step": {"delay": {"ms": 500}}}])).await;
    let body = json!({"code": code});
    let anybody = app.api();
    let sign_in = || anybody.post("/api/v1/session", &body);
    let killing = async {
        let asked = async || app.wechat.calls().await["codes"][&code] == 1;
        wait_until("WeChat is asked", asked).await;
        redis.kill();
    };
    tokio::join!(is_unavailable(sign_in()), killing);
    redis.start_again().await;
    // Redis still holds the lease of the killed server.
    is_unavailable(sign_in()).await;
    app.user("alice").await.get("/api/v1/me").await.ok();
}

#[tokio::test]
async fn redis_that_lost_everything_costs_sign_ins_and_no_drawing() {
    let redis = Database::start(Kind::Redis).await;
    let app = server_over("", &redis.url());
    let user = app.user("alice").await;
    append(&user, "d", 0).await.ok();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
    super::eventually_not(|| user.get("/api/v1/drawings")).await;
    user.get("/api/v1/drawings").await.problem(401, "unauthenticated");
    user.post("/api/v1/session/renew", &json!({})).await.problem(401, "unauthenticated");
    let user = app.user("alice").await;
    assert_eq!(user.drawing("d").await["actions"], json!([stroke(0)]));
    assert_eq!(append(&user, "d", 1).await.ok()["seq"], 2);
}
