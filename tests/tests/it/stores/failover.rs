//! A Redis that fails over under load loses no drawing, and no session that the replica had.

use std::time::{Duration, Instant};

use yibi_tests::redis_fleet::RedisFleet;
use yibi_tests::{Server, Wechat};

use crate::outages::server_over;
use crate::outages::writers::Writers;

/// Within this time of a master's end all goes on: what the sentinels or the nodes take to agree, and some more.
const FAILED_OVER: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinel() {
    a_master_is_killed(RedisFleet::sentinel().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster() {
    a_master_is_killed(RedisFleet::cluster().await).await;
}

async fn a_master_is_killed(mut redis: RedisFleet) {
    let wechat = Wechat::start();
    let server = server_over(&wechat, "", &redis.url());
    let mut writers = Writers::start(users(&server, &wechat, 6, "writer").await, &server.public);
    writers.progress(60).await;
    // In a Cluster, some sessions of so many lie on each node.
    let signed_in = users(&server, &wechat, 12, "user").await;
    redis.replicated().await;
    redis.kill_a_master().await;
    let killed = Instant::now();
    // A session that was lost would end its writer: a 401 is none of what it puts up with.
    writers.progress(60).await;
    for api in &signed_in {
        loop {
            let reply = api.get("/api/v1/me").await;
            if reply.status.is_success() {
                break;
            }
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert!(killed.elapsed() < FAILED_OVER, "still not: {}", reply.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // And writes go on.
    users(&server, &wechat, 12, "late").await;
    assert!(killed.elapsed() < FAILED_OVER, "after {:?}", killed.elapsed());
    for written in writers.stop().await {
        written.is_all_there(&server.public).await;
    }
}

async fn users(server: &Server, wechat: &Wechat, count: usize, name: &str) -> Vec<yibi_tests::Api> {
    let mut users = Vec::new();
    for number in 0..count {
        users.push(server.signed_in(wechat, &format!("{name}{number}")).await);
    }
    users
}
