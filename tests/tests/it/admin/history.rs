//! The figures of the last hour.

use std::time::Instant;

use serde_json::Value;
use yibi_tests::{Api, App, Backend, DEADLINE};

use super::operator;

/// The requests of a route in each of the last sixty minutes.
async fn requests(api: &Api, route: &str) -> Vec<u64> {
    let history = api.get("/admin/v1/history").await.ok();
    let routes = history["routes"].as_array().unwrap();
    let Some(found) = routes.iter().find(|row| row["route"] == route) else { return Vec::new() };
    let minutes = found["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    minutes.iter().map(|cell| cell["requests"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_last_hour_is_that_of_all_servers() {
    let app = App::start(Backend::Shared);
    let mut other = app.sibling();
    let alice = app.user("alice").await;
    let bob = other.signed_in(&app.wechat, "bob").await;
    for api in [&alice, &alice, &bob] {
        api.get("/api/v1/me").await.ok();
    }
    let api = operator(&app);
    // A minute has to end.
    let end = Instant::now() + 2 * DEADLINE;
    let sum = async || requests(&api, "GET /api/v1/me").await.iter().sum::<u64>();
    while sum().await < 3 {
        assert!(Instant::now() < end, "no whole minute of both servers");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    other.process().kill();
    assert_eq!(sum().await, 3, "the history outlives the server");
}

#[tokio::test]
async fn a_server_is_named_after_its_host_and_port() {
    let app = App::start(Backend::Embedded);
    let me: Value = operator(&app).get("/admin/v1/me").await.ok();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let port = app.public.rsplit(':').next().unwrap().trim_end_matches('/');
    assert_eq!(me["server"], format!("{}:{port}", host.trim()));
}
