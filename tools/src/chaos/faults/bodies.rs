//! Random bodies for every route: the routes of the OpenAPI document, of older clients and of WeChat.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::requests::requests;
use crate::chaos::cluster::Cluster;
use yibi_tests::{Api, unique};

/// Number of concurrent senders.
const SENDERS: u8 = 4;
/// Number of requests between two sign-ins of a sender, because some requests end the session or delete the user.
const SIGNED_IN: usize = 100;
/// Routes outside the OpenAPI document of v1.
const OTHERS: [(&str, &str); 12] = [
    ("GET", "/applet/session/paints/list"),
    ("POST", "/applet/session/paints/save"),
    ("POST", "/applet/session/paints/delete"),
    ("PUT", "/applet/session/{any}"),
    ("GET", "/applet/login"),
    ("POST", "/applet/login"),
    ("GET", "/applet/user"),
    ("GET", "/wx/push"),
    ("POST", "/wx/push"),
    ("POST", "/wx/push/{any}"),
    ("POST", "/{any}"),
    ("DELETE", "/api/v1/{any}"),
];
/// The claimed address of the senders, so that their wrong tokens do not count against others.
const ADDRESS: &str = "203.0.113.66";
/// Time-out of a reply, longer than the time-out of a body.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    well: AtomicU64,
    refused: AtomicU64,
    busy: AtomicU64,
    cut: AtomicU64,
}

/// Sends random requests. Failures are status 500 and a missing reply; the memory is checked elsewhere.
pub async fn random(cluster: &mut Cluster, duration: Duration) -> String {
    let api = cluster.servers[0].api().with_header("x-forwarded-for", ADDRESS);
    let routes = Arc::new(routes(&api).await);
    let (counts, end) = (Arc::<Counts>::default(), Instant::now() + duration);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..SENDERS {
        seed[0] = number;
        tasks.spawn(send(api.clone(), Arc::clone(&routes), Arc::clone(&counts), seed, end));
    }
    for failures in tasks.join_all().await {
        cluster.failures.extend(failures);
    }
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    format!(
        "{} requests over {} routes: {} well, {} refused, {} busy, {} cut; seed {}",
        of(&counts.all),
        routes.len(),
        of(&counts.well),
        of(&counts.refused),
        of(&counts.busy),
        of(&counts.cut),
        data_encoding::HEXLOWER.encode(&seed[1..])
    )
}

/// All methods and paths of the OpenAPI document.
async fn routes(api: &Api) -> Vec<(Method, String)> {
    let document = api.get("/api/v1/openapi.json").await.ok();
    let base = document["servers"][0]["url"].as_str().unwrap();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            if let "GET" | "POST" | "PUT" | "PATCH" | "DELETE" = method.as_str() {
                routes.push((method.parse().unwrap(), format!("{base}{path}")));
            }
        }
    }
    assert!(!routes.is_empty());
    routes.extend(OTHERS.map(|(method, path)| (method.parse().unwrap(), path.to_owned())));
    routes
}

async fn send(
    api: Api,
    routes: Arc<Vec<(Method, String)>>,
    counts: Arc<Counts>,
    seed: [u8; 32],
    end: Instant,
) -> Vec<String> {
    let mut requests = requests(routes.len(), seed);
    let mut failures = Vec::new();
    let mut user = api.clone();
    for number in 0.. {
        if Instant::now() >= end || failures.len() >= 5 {
            break;
        }
        if number % SIGNED_IN == 0 {
            let code = json!({"code": format!("eve.{}", unique())});
            user = match api.post("/api/v1/session", &code).await.json()["token"].as_str() {
                Some(token) => api.with_token(token),
                None => user,
            };
        }
        let Some(request) = requests.recv().await else { break };
        let (method, route) = &routes[request.route];
        let path = request.path(route);
        let sender = if request.signed_in { &user } else { &api };
        let mut sent = sender.request(method.clone(), &path).timeout(PATIENCE).body(request.body.clone());
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        counts.all.fetch_add(1, Ordering::SeqCst);
        let count = match sent.send().await {
            Ok(reply) => match reply.status().as_u16() {
                503 => &counts.busy,
                status if status >= 500 => {
                    failures.push(format!("{status} for {method} {path} {:?}", request.beginning()));
                    &counts.refused
                }
                status if status >= 400 => &counts.refused,
                _ => &counts.well,
            },
            Err(error) => {
                if error.is_timeout() {
                    failures.push(format!("no answer to {method} {path} {:?}", request.beginning()));
                }
                // The server may close the connection before the whole body of a rejected request is sent.
                &counts.cut
            }
        };
        count.fetch_add(1, Ordering::SeqCst);
    }
    failures
}
