//! A Redis that fails over under load loses no drawing, and no session that the replica had.

use std::time::{Duration, Instant};

use serde_json::json;
use yibi_tests::redis_fleet::RedisFleet;
use yibi_tests::{Api, Reply, Server, Wechat};

use crate::outages::server_over;
use crate::outages::writers::Writers;

/// Within this time of a master's end all goes on: what the sentinels or the nodes take to agree, and some more.
const FAILED_OVER: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel() {
    a_master_is_killed(RedisFleet::sentinel().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster() {
    a_master_is_killed(RedisFleet::cluster().await).await;
}

async fn a_master_is_killed(mut redis: RedisFleet) {
    let app = server_over("", &redis.url());
    let mut writers = Writers::start(users(&app, &app.wechat, 6, "writer").await, &app.public);
    writers.progress(60).await;
    // In a Cluster, some sessions of so many lie on each node.
    let signed_in = users(&app, &app.wechat, 12, "user").await;
    redis.replicated().await;
    redis.kill_a_master().await;
    let killed = Instant::now();
    // A session that was lost would end its writer: a 401 is none of what it puts up with.
    writers.progress(60).await;
    for api in &signed_in {
        until_answered(killed, || api.get("/api/v1/me")).await;
    }
    // And all can be written, by now.
    for number in 0..12 {
        let code = json!({"code": app.wechat.code(&format!("late{number}")).await});
        let anybody = app.api();
        until_answered(killed, || anybody.post("/api/v1/session", &code)).await;
    }
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

/// Asks until there is a success, in time; before that, the server may only say that it is unavailable.
async fn until_answered<F: Future<Output = Reply>>(killed: Instant, mut ask: impl FnMut() -> F) {
    loop {
        let reply = ask().await;
        if reply.status.is_success() {
            return;
        }
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(killed.elapsed() < FAILED_OVER, "still not: {}", reply.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn users(server: &Server, wechat: &Wechat, count: usize, name: &str) -> Vec<Api> {
    let mut users = Vec::new();
    for number in 0..count {
        users.push(server.signed_in(wechat, &format!("{name}{number}")).await);
    }
    users
}
