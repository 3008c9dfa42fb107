//! A Redis failover under load loses no drawing and no replicated session.

use std::time::{Duration, Instant};

use serde_json::json;
use yibi_tests::redis_fleet::RedisFleet;
use yibi_tests::{Api, Reply, Server, Wechat};

use crate::outages::server_over;
use crate::outages::writers::Writers;

/// Time limit of a failover: the agreement of the sentinels or nodes, and a margin.
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
    // In a Cluster, each node has some of these sessions.
    let signed_in = users(&app, &app.wechat, 12, "user").await;
    redis.replicated().await;
    redis.kill_a_master().await;
    let killed = Instant::now();
    // A lost session would end its writer, which does not retry after a 401.
    writers.progress(60).await;
    for api in &signed_in {
        until_answered(killed, || api.get("/api/v1/me")).await;
    }
    // All users can write again.
    for number in 0..12 {
        let code = json!({"code": app.wechat.code(&format!("late{number}")).await});
        let anybody = app.api();
        until_answered(killed, || anybody.post("/api/v1/session", &code)).await;
    }
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

/// Repeats a request until it succeeds, within the limit; failures before that must say that the server is unavailable.
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
