//! Many users behind one address, as behind a carrier-grade NAT; some have expired tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::chaos::cluster::Cluster;
use crate::chaos::history::stroke;
use yibi_tests::Api;

const USERS: u64 = 500;
/// The shared address; the server trusts the headers of proxies on loopback.
const ADDRESS: &str = "203.0.113.9";
/// Pause of a user between two requests.
const REST: Duration = Duration::from_secs(2);
/// Wrong tokens a second of all users, below the limit of an address.
const STALE: u64 = 10;

/// The replies to one user.
#[derive(Default)]
struct Told {
    well: u64,
    limited: u64,
    failed: u64,
}

/// Signs all users in and lets them draw.
pub async fn behind_one_address(cluster: &mut Cluster, duration: Duration) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (end, servers) =
        (Instant::now() + duration, cluster.servers.iter().map(|server| server.public.clone()));
    let apis: Arc<[Api]> = servers
        .map(|server| Api::by(http.clone(), &server).with_header("x-forwarded-for", ADDRESS))
        .collect();
    let mut tasks = JoinSet::new();
    for number in 0..USERS {
        tasks.spawn(user(Arc::clone(&apis), number, end));
    }
    tasks.spawn(stale(apis[0].clone(), end));
    let (mut well, mut limited, mut failed) = (0, 0, 0);
    while let Some(told) = tasks.join_next().await {
        let told = told.unwrap();
        (well, limited, failed) = (well + told.well, limited + told.limited, failed + told.failed);
    }
    if limited + failed > 0 || well == 0 {
        cluster
            .failures
            .push(format!("of {USERS} users {limited} requests were limited and {failed} failed"));
    }
    format!("{USERS} users, {well} requests, none limited")
}

async fn user(apis: Arc<[Api]>, number: u64, end: Instant) -> Told {
    let mut told = Told::default();
    // The users start at different moments.
    tokio::time::sleep(REST * u32::try_from(number).unwrap() / u32::try_from(USERS).unwrap()).await;
    let reply = apis[0].post("/api/v1/session", &json!({"code": format!("c{number}.{number}")})).await;
    let Some(token) =
        reply.status.is_success().then(|| reply.ok()["token"].as_str().map(str::to_owned)).flatten()
    else {
        return Told { failed: 1, ..told };
    };
    let mut seq = 0;
    for turn in 0.. {
        if Instant::now() >= end {
            break;
        }
        let api = apis[turn % apis.len()].with_token(&token);
        let request = match turn % 3 {
            0 => {
                seq += 1;
                let body = json!({"from_seq": seq - 1, "actions": [stroke(seq)]});
                api.request(Method::POST, "/api/v1/drawings/mine/actions").json(&body)
            }
            1 => api.request(Method::GET, "/api/v1/drawings"),
            _ => api.request(Method::GET, "/api/v1/me"),
        };
        match Api::send(request).await.status.as_u16() {
            200 => told.well += 1,
            429 => told.limited += 1,
            _ => told.failed += 1,
        }
        tokio::time::sleep(REST).await;
    }
    told
}

/// Sends expired tokens, which the server rejects.
async fn stale(api: Api, end: Instant) -> Told {
    let mut told = Told::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / u32::try_from(STALE).unwrap());
    while Instant::now() < end {
        ticks.tick().await;
        match api.with_token(&super::tokens::wrong_token()).get("/api/v1/me").await.status.as_u16() {
            401 => told.well += 1,
            429 => told.limited += 1,
            _ => told.failed += 1,
        }
    }
    told
}
