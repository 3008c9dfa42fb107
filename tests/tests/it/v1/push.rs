//! Message push: genuine and forged notifications of WeChat.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use yibi_tests::{Api, App, Backend, Reply, Server, unique, wait_until};

on_both_backends! {
    an_address_is_verified,
    a_message_is_taken_once,
    pushes_not_from_wechat_are_refused,
}

pub const TOKEN: &str = "apushtoken";
const KEY: &str = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn query(token: &str, timestamp: u64, nonce: &str) -> String {
    let timestamp = timestamp.to_string();
    let mut parts = [token, &timestamp, nonce];
    parts.sort_unstable();
    let signature = HEXLOWER.encode(&Sha1::digest(parts.concat()));
    format!("signature={signature}&timestamp={timestamp}&nonce={nonce}")
}

/// A push in plain mode.
pub async fn push(api: &Api, query: &str, message: &Value) -> Reply {
    api.post(&format!("/wx/push?{query}"), message).await
}

fn message(id: &str) -> Value {
    json!({"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": now(), "MsgType": "event", "Event": id})
}

/// Number of pushes with this outcome.
pub async fn outcomes(server: &Server, event: &str, outcome: &str) -> u64 {
    counter(server, &format!("yibi_wechat_pushes_total{{event=\"{event}\",outcome=\"{outcome}\"}}")).await
}

/// A counter of `/metrics`; 0 if it does not exist yet.
pub async fn counter(server: &Server, name: &str) -> u64 {
    let text = Api::new(&server.admin).get("/metrics").await.text();
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
}

/// Sends a risky verdict with a valid signature and an unknown trace id.
pub async fn forged_verdict(server: &Server, trace_id: &str) {
    let mut verdict = message("wxa_media_check");
    verdict["trace_id"] = json!(trace_id);
    verdict["result"] = json!({"suggest": "risky", "label": 20_002});
    let reply = push(&server.api(), &query(TOKEN, now(), &unique()), &verdict).await;
    assert_eq!(reply.text(), "success");
}

async fn an_address_is_verified(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__PUSH_TOKEN", TOKEN)]);
    let api = app.api();
    for path in ["/wx/push".to_owned(), format!("/wx/push/{}", app.wechat.app_id)] {
        let good = query(TOKEN, now(), "1514711492");
        let reply = api.get(&format!("{path}?{good}&echostr=4375120948345356249")).await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "4375120948345356249"));
        assert!(reply.header("content-type").starts_with("text/plain"));
        for wrong in [
            format!("{}&echostr=1", query("another", now(), "1")),
            format!("{}&echostr=1", query(TOKEN, now() - 700, "1")),
            format!("{}&echostr=1", query(TOKEN, now() + 700, "1")),
            format!("{good}&echostr=%3Cscript%3E"),
            "echostr=1".to_owned(),
        ] {
            api.get(&format!("{path}?{wrong}")).await.problem(403, "push_refused");
        }
    }
    api.get(&format!("/wx/push/wx0?{}&echostr=1", query(TOKEN, now(), "1"))).await.problem(404, "not_found");
    let without = Server::start(backend, &app.wechat);
    without
        .api()
        .get(&format!("/wx/push?{}&echostr=1", query("", now(), "1")))
        .await
        .problem(404, "not_found");
}

async fn a_message_is_taken_once(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__PUSH_TOKEN", TOKEN)]);
    let sibling = (backend == Backend::Shared).then(|| app.sibling());
    let everywhere = async |outcome| {
        let own = outcomes(&app, "other", outcome).await;
        let other = match &sibling {
            Some(sibling) => outcomes(sibling, "other", outcome).await,
            None => 0,
        };
        own + other
    };
    let asked = query(TOKEN, now(), &unique());
    let first = message("a");
    for round in 0..4_u64 {
        let target = sibling.as_ref().filter(|_| round % 2 == 1).unwrap_or(&app);
        // WeChat signs a repeated delivery anew; a replay reuses the old signature.
        let asked = if round < 2 { asked.clone() } else { query(TOKEN, now(), &unique()) };
        let reply = push(&target.api(), &asked, &first).await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "success"));
        wait_until("it is dealt with", async || {
            everywhere("ignored").await + everywhere("repeated").await == round + 1
        })
        .await;
    }
    assert_eq!((everywhere("ignored").await, everywhere("repeated").await), (1, 3));
    push(&app.api(), &query(TOKEN, now(), &unique()), &message("b")).await.ok_bytes();
    wait_until("another one is new", async || everywhere("ignored").await == 2).await;
}

async fn pushes_not_from_wechat_are_refused(backend: Backend) {
    let plain = [("WECHAT__PUSH_TOKEN", TOKEN), ("LIMITS__ENABLED", "false")];
    let app = App::start_with(backend, &plain);
    let api = app.api();
    let refused = async |query: &str, message: &Value| {
        push(&api, query, message).await.problem(403, "push_refused");
    };
    refused("", &message("a")).await;
    refused(&query("another", now(), "1"), &message("a")).await;
    refused(&query(TOKEN, now() - 700, "1"), &message("a")).await;
    refused(&query(TOKEN, now(), "a%20b"), &message("a")).await;
    for wrong in [Value::Null, json!([]), json!({}), json!({"MsgType": "event"})] {
        refused(&query(TOKEN, now(), "1"), &wrong).await;
    }
    let other_app =
        json!({"MsgType": "event", "Event": "a", "FromUserName": "o", "CreateTime": 1, "appid": "wx1"});
    refused(&query(TOKEN, now(), "1"), &other_app).await;
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><xml><MsgType>text</MsgType><MsgId>&a;</MsgId></xml>";
    let posted = api.request(reqwest::Method::POST, &format!("/wx/push?{}", query(TOKEN, now(), "1")));
    Api::send(posted.body(bomb)).await.problem(403, "push_refused");
    let large = api.request(reqwest::Method::POST, &format!("/wx/push?{}", query(TOKEN, now(), "1")));
    Api::send(large.body(vec![b' '; 300_000])).await.problem(413, "body_too_large");

    let safe = Server::start_with(backend, &app.wechat, &[plain[0], plain[1], ("WECHAT__PUSH_AES_KEY", KEY)]);
    push(&safe.api(), &query(TOKEN, now(), "1"), &message("a")).await.problem(403, "push_refused");
    let sealed = json!({"ToUserName": "gh_1", "Encrypt": "AAAAAAAAAAAAAAAAAAAAAA=="});
    push(&safe.api(), &query(TOKEN, now(), "1"), &sealed).await.problem(403, "push_refused");
}

#[tokio::test]
async fn wechat_is_answered_while_the_store_is_gone() {
    let gone = format!("redis://{}/", yibi_tests::free_address());
    let settings = [("WECHAT__PUSH_TOKEN", TOKEN), ("STORE__REDIS_URL", gone.as_str())];
    let app = App::start_with(Backend::Shared, &settings);
    let reply = push(&app.api(), &query(TOKEN, now(), "1"), &message("a")).await;
    assert_eq!(reply.text(), "success");
}

#[tokio::test]
async fn addresses_with_wrong_signatures_are_blocked() {
    let settings = [
        ("WECHAT__PUSH_TOKEN", TOKEN),
        ("LIMITS__ADDRESS_FAILURES", "1"),
        ("LIMITS__ADDRESS_FAILURES_BURST", "3"),
    ];
    let app = App::start_with(Backend::Embedded, &settings);
    for _ in 0..4 {
        push(&app.api(), &query("guess", now(), "1"), &message("a")).await.problem(403, "push_refused");
    }
    push(&app.api(), &query("guess", now(), "1"), &message("a")).await.problem(429, "rate_limited");
}
