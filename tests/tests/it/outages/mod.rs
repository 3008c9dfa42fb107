//! Outages of the databases and of WeChat: replies during them, recovery after them, and no loss of acknowledged data.

mod absent;
mod disk;
mod ended;
mod hanging;
mod hung_up;
mod killed;
mod lost_replies;
mod several_servers;
mod silent;
mod wechat;
pub mod writers;

use std::time::{Duration, Instant};

use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Reply, Server};

/// Time limit of every reply during an outage.
const ANSWERED: Duration = Duration::from_secs(30);
/// Time limit of the recovery after a database is back.
const RECOVERED: Duration = Duration::from_secs(60);

/// A server with the test's databases; an empty address means the embedded store. The writers exceed the usual rates,
/// so rate limits are off.
pub fn server_over(mongodb_uri: &str, redis_url: &str) -> App {
    // The limits of a drawing are high enough for all that the writers send.
    let settings = [
        ("STORE__MONGODB_URI", mongodb_uri),
        ("STORE__REDIS_URL", redis_url),
        ("LIMITS__ENABLED", "false"),
        ("LIMITS__DRAWING__ACTIONS_PER_DRAWING", "1000000"),
        ("LIMITS__DRAWING__BYTES_PER_DRAWING", "67108864"),
    ];
    App::start_with(Backend::Embedded, &settings)
}

/// Asserts a reply in time: a problem that asks for a retry and does not name the missing database.
async fn is_unavailable(request: impl Future<Output = Reply>) {
    let begun = Instant::now();
    let reply = request.await;
    assert!(begun.elapsed() < ANSWERED, "after {:?}", begun.elapsed());
    says_unavailable(&reply);
}

fn says_unavailable(reply: &Reply) {
    let code = reply.json()["code"].clone();
    let expected = if code == "busy" { "busy" } else { "unavailable" };
    reply.problem(503, expected);
    let after: u64 = reply.header("retry-after").parse().expect("a Retry-After in seconds");
    assert!((1..=60).contains(&after), "{after}");
    names_nothing(&reply.text());
}

/// Asserts that a text contains neither addresses nor program names.
fn names_nothing(text: &str) {
    let lower = text.to_lowercase();
    for word in ["127.0.0.1", "localhost", "redis", "mongo", "sqlite", "os error", "timed out"] {
        assert!(!lower.contains(word), "{text}");
    }
}

/// Asserts the 2016 form of the failure: status 200 and a failure in the JSON.
async fn fails_as_in_2016(request: impl Future<Output = Reply>) {
    let begun = Instant::now();
    let reply = request.await;
    assert!(begun.elapsed() < ANSWERED, "after {:?}", begun.elapsed());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json = reply.json();
    assert_eq!((&json["code"], &json["msg"]), (&(-1).into(), &"fail".into()), "{json}");
    assert!(json["error"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{json}");
    names_nothing(&reply.text());
}

/// Asserts that the server is alive and not ready, and names the missing databases to the operator.
async fn not_ready_for(server: &Server, missing: &[&str]) {
    let admin = Api::new(&server.admin);
    assert_eq!(admin.get("/healthz").await.status, 200);
    let begun = Instant::now();
    let ready = admin.get("/readyz").await;
    assert!(begun.elapsed() < ANSWERED, "after {:?}", begun.elapsed());
    assert_eq!(ready.status, 503, "{}", ready.text());
    let dependencies = ready.json()["dependencies"].clone();
    for (name, state) in dependencies.as_object().expect("dependencies by name") {
        assert_eq!(state != "ok", missing.contains(&name.as_str()), "{dependencies}");
    }
}

/// Whether the server reports that it is ready.
async fn is_ready(server: &Server) -> bool {
    Api::new(&server.admin).get("/readyz").await.status == 200
}

/// Repeats a request until it succeeds, within the limit after `since`; failures before that must say that the server
/// is unavailable.
async fn recovers<F: Future<Output = Reply>>(since: Instant, mut ask: impl FnMut() -> F) -> Reply {
    loop {
        let reply = ask().await;
        let took = since.elapsed();
        if reply.status.is_success() {
            assert!(took < RECOVERED, "well again only after {took:?}");
            return reply;
        }
        says_unavailable(&reply);
        assert!(took < RECOVERED, "not well after {took:?}: {}", reply.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Host and port of an address.
fn host(url: &str) -> String {
    url.split_once("://").unwrap().1.trim_end_matches('/').to_owned()
}

/// Appends one stroke to a drawing that ends at `seq`.
async fn append(api: &Api, id: &str, seq: u64) -> Reply {
    api.append(id, seq, serde_json::json!([stroke(i64::try_from(seq).unwrap())])).await
}

/// The session headers of a 2016 client.
pub fn of_2016(api: &Api, login: &yibi_tests::wechat::Login) -> Api {
    api.clone()
        .with_header("x-wx-code", &login.code)
        .with_header("x-wx-rawdata", &percent_encoded(&login.raw_data))
        .with_header("x-wx-signature", &login.signature)
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Repeats a request until it fails: servers cache a session for a second.
async fn eventually_not<F: Future<Output = Reply>>(mut ask: impl FnMut() -> F) {
    let refused = || {
        let reply = ask();
        async { !reply.await.status.is_success() }
    };
    yibi_tests::wait_until("a refusal", refused).await;
}
