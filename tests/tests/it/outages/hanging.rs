//! Databases that accept connections and do not reply.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::databases::{Database, Kind};
use yibi_tests::{Api, Reply, Server};

use super::{
    ANSWERED, append, fails_as_in_2016, is_ready, is_unavailable, not_ready_for, of_2016, recovers,
    says_unavailable, server_over,
};

/// Number of concurrent requests.
const CROWD: usize = 300;
/// Memory limit of these requests in KiB: 100 for each.
const MEMORY: u64 = 30 * 1_024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let redis = Database::start(Kind::Redis).await;
    let app = server_over("", &redis.url());
    let user = app.user("alice").await;
    let demo = of_2016(&app.api(), &app.wechat.login("alice").await);
    demo.get("/applet/session/paints/list").await.ok();
    append(&user, "d", 0).await.ok();
    warm_up(&user).await;

    redis.hang();
    super::eventually_not(|| user.get("/api/v1/drawings")).await;
    tokio::join!(
        is_unavailable(user.get("/api/v1/drawings")),
        fails_as_in_2016(demo.get("/applet/session/paints/list")),
        not_ready_for(&app, &["sessions"]),
    );
    let (anybody, code) = (app.api(), app.wechat.code("bob").await);
    crowd(&app, |number| {
        let (user, anybody, code) =
            (user.clone(), anybody.clone(), json!({"code": format!("{code}{number}")}));
        // Every other request has no session.
        async move {
            match number % 2 {
                0 => user.get("/api/v1/me").await,
                _ => anybody.post("/api/v1/session", &code).await,
            }
        }
    })
    .await;
    redis.go_on();
    let back = Instant::now();
    recovers(back, || append(&user, "d", 1)).await;
    assert!(is_ready(&app).await);
    app.user("carol").await.get("/api/v1/me").await.ok();
    assert_eq!(demo.get("/applet/session/paints/list").await.ok()["code"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    let mongo = Database::start(Kind::Mongo).await;
    let app = server_over(&mongo.url(), "");
    let user = app.user("alice").await;
    let demo = of_2016(&app.api(), &app.wechat.login("bob").await);
    demo.get("/applet/session/paints/list").await.ok();
    append(&user, "d", 0).await.ok();
    warm_up(&user).await;

    mongo.hang();
    let saved = json!({"id": "old", "actions": "[]"});
    tokio::join!(
        is_unavailable(append(&user, "d", 1)),
        is_unavailable(user.get("/api/v1/drawings")),
        fails_as_in_2016(demo.get("/applet/session/paints/list")),
        fails_as_in_2016(demo.post("/applet/session/paints/save", &saved)),
        not_ready_for(&app, &["gallery"]),
    );
    crowd(&app, |number| {
        let user = user.clone();
        async move { user.append(&format!("crowd{number}"), 0, json!([stroke(1)])).await }
    })
    .await;
    mongo.go_on();
    let back = Instant::now();
    // An unacknowledged append may be stored; the retry stores it once.
    recovers(back, || append(&user, "d", 1)).await;
    assert_eq!(user.drawing("d").await["actions"], json!([stroke(0), stroke(1)]));
    assert!(is_ready(&app).await);
    assert_eq!(demo.post("/applet/session/paints/save", &saved).await.ok()["code"], 0);
}

/// Opens the connections and allocates the buffers that a server keeps.
async fn warm_up(user: &Api) {
    let crowd = join_all((0..CROWD).map(|_| user.get("/api/v1/drawings"))).await;
    assert!(crowd.iter().all(|reply| reply.status == 200));
}

/// Asserts that concurrent requests get a reply in time within the memory limit, and that other requests succeed.
async fn crowd<F: Future<Output = Reply>>(server: &Server, ask: impl Fn(usize) -> F) {
    let before = memory(server);
    let begun = Instant::now();
    let asking = join_all((0..CROWD).map(|number| {
        let asking = ask(number);
        async move {
            let reply = asking.await;
            assert!(begun.elapsed() < ANSWERED, "after {:?}", begun.elapsed());
            says_unavailable(&reply);
        }
    }));
    let others = async {
        let anybody = server.api();
        let mut most = 0;
        while begun.elapsed() < Duration::from_secs(2) {
            assert_eq!(anybody.get("/api/v1/limits").await.status, 200);
            most = most.max(memory(server));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(most < before + MEMORY, "{before} KiB before, {most} KiB then");
    };
    tokio::join!(asking, others);
}

/// Resident memory in KiB.
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
