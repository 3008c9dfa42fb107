//! Rate limits: writes of a user, and failures of an address.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Reply, Server};

const FEW: [(&str, &str); 4] = [
    ("LIMITS__USER_WRITES", "1"),
    ("LIMITS__USER_WRITES_BURST", "5"),
    ("LIMITS__ADDRESS_FAILURES", "1"),
    ("LIMITS__ADDRESS_FAILURES_BURST", "5"),
];

fn start(further: &[(&str, &str)]) -> App {
    App::start_with(Backend::Embedded, &[&FEW, further].concat())
}

fn refused(reply: &Reply) {
    reply.problem(429, "rate_limited");
    let after: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
}

#[tokio::test]
async fn a_user_writes_so_often_and_reads_at_will() {
    let app = start(&[]);
    let alice = app.user("alice").await;
    let mut seq = 0;
    let reply = loop {
        let reply = alice.append("a", seq, json!([stroke(1)])).await;
        if reply.status != 200 {
            break reply;
        }
        seq += 1;
        assert!(seq < 20, "no end of it");
    };
    refused(&reply);
    assert!(seq >= 5, "{seq}");
    assert_eq!(alice.drawing("a").await["seq"], seq, "what is refused is not stored");
    for _ in 0..20 {
        alice.get("/api/v1/drawings").await.ok();
    }
    // Other users at the same address are unaffected.
    let bob = app.user("bob").await;
    bob.append("a", 0, json!([stroke(1)])).await.ok();
    // The announced wait is sufficient.
    tokio::time::sleep(Duration::from_secs(reply.header("retry-after").parse().unwrap())).await;
    alice.append("a", seq, json!([stroke(1)])).await.ok();
}

#[tokio::test]
async fn one_user_does_not_use_up_the_quotas_at_wechat() {
    let few = [("LIMITS__USER_WECHAT_CALLS", "1"), ("LIMITS__USER_WECHAT_CALLS_BURST", "2")];
    let app = App::start_with(Backend::Embedded, &few);
    let alice = app.user("alice").await;
    let mut heard = 0;
    let reply = loop {
        let reply = alice.get("/api/v1/me/session-key").await;
        if reply.status != 200 {
            break reply;
        }
        heard += 1;
        assert!(heard < 50, "no end of it");
    };
    refused(&reply);
    assert!(heard >= 2, "{heard}");
    // Appends continue, and other users are unaffected.
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    app.user("bob").await.get("/api/v1/me/session-key").await.ok();
}

async fn bad(server: &Server, headers: &[(&'static str, &str)]) -> Reply {
    asked(server.api().with_token(&"A".repeat(64)), "/api/v1/me", headers).await
}

async fn asked(api: Api, path: &str, headers: &[(&'static str, &str)]) -> Reply {
    headers.iter().fold(api, |api, (name, value)| api.with_header(name, value)).get(path).await
}

/// Fails until the address is blocked; returns the number of processed requests before that.
async fn exhaust(server: &Server, headers: &[(&'static str, &str)]) -> usize {
    for heard in 0..100 {
        let reply = bad(server, headers).await;
        if reply.status == 429 {
            refused(&reply);
            return heard;
        }
        reply.problem(401, "unauthenticated");
    }
    panic!("an address may fail for ever");
}

#[tokio::test]
async fn an_address_fails_so_often_while_its_good_tokens_work() {
    let app = start(&[]);
    let alice = app.user("alice").await;
    let heard = exhaust(&app, &[]).await;
    assert!((5..12).contains(&heard), "{heard}");
    alice.get("/api/v1/me").await.ok();
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    // The block ends.
    yibi_tests::wait_until("the address is heard again", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        bad(&app, &[]).await.status == 401
    })
    .await;
}

/// Thousands of blocked requests must not fill the disk with log lines.
#[tokio::test]
async fn blocked_requests_write_no_log_lines() {
    let mut app = start(&[]);
    let alice = app.user("alice").await.with_header("x-request-id", "the-last-one");
    // Repeats each dialect until the address is blocked; a slow run may need further failures.
    let ways: [(&str, &[(&str, &str)]); 3] = [
        ("/api/v1/me", &[("authorization", "Bearer AAAA")]),
        ("/applet/session/paints/list", &[("x-wx-code", "guess")]),
        ("/applet/user", &[("x-wx-id", "guess"), ("x-wx-skey", "guess")]),
    ];
    let mut away = Vec::new();
    for (path, headers) in ways {
        for number in 0..100 {
            let id = format!("stranger-{}-{number}", away.len());
            let api = app.api().with_header("x-request-id", &id);
            let reply = asked(api, path, headers).await;
            if reply.text().contains("too many requests") || reply.status == 429 {
                away.push(id);
                break;
            }
        }
    }
    assert_eq!(away.len(), ways.len(), "{away:?}");
    alice.get("/api/v1/me").await.ok();
    let log = app.process();
    log.wait_for("a user's line", |line| line.contains("the-last-one").then_some(()));
    let output = log.output();
    assert!(output.contains("an address is rejected"), "{output}");
    assert!(output.contains("stranger-0-0"), "a failure that was heard has its line: {output}");
    for id in &away {
        assert!(!output.contains(id.as_str()), "{id}: {output}");
    }
    // Blocked requests are still counted.
    let metrics = Api::new(&app.admin).get("/metrics").await.text();
    assert!(metrics.contains("yibi_http_requests_turned_away_total 3"), "{metrics}");
}

/// Each address fails once, so none is blocked. Tokens with a valid tag are still processed.
#[tokio::test]
async fn invalid_tokens_do_not_delay_other_requests() {
    let mut app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    // The restarted server has no cached sessions.
    app.restart_with(&[]);
    let (alice, bob) = (alice.at(&app.public), bob.at(&app.public));
    let api = app.api();
    let strangers = (0..2_000_u32).map(|number| {
        let token = format!("{number:064}{}", "A".repeat(if number % 2 == 0 { 16 } else { 0 }));
        let from = format!("198.18.{}.{}", number / 250, number % 250);
        let stranger = api.with_token(&token).with_header("x-forwarded-for", &from);
        async move { stranger.get("/api/v1/me").await }
    });
    let begun = std::time::Instant::now();
    let replies: Vec<Reply> = futures_util::stream::iter(strangers).buffer_unordered(32).collect().await;
    alice.get("/api/v1/me").await.ok();
    let (late, heard): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 429);
    late.iter().for_each(refused);
    heard.iter().for_each(|reply| _ = reply.problem(401, "unauthenticated"));
    // The budget of each second, the requests in flight at the end, and the initial burst.
    let most = (200.0 + 32.0) * (begun.elapsed().as_secs_f64() + 1.0) + 400.0;
    assert!((400.0..most).contains(&(heard.len() as f64)), "{} were looked up", heard.len());
    // Tokens without a tag are still valid, within their shared budget.
    let before = bob.with_token(&bob.token.clone().unwrap()[..64]);
    yibi_tests::wait_until("a token without a tag is taken", async || {
        let reply = before.get("/api/v1/me").await;
        assert!(reply.status == 200 || reply.status == 429, "{}", reply.status);
        reply.status == 200
    })
    .await;
}

#[tokio::test]
async fn failed_sign_ins_count_as_failures() {
    let app = start(&[]);
    let sign_in = async |code: &str| app.api().post("/api/v1/session", &json!({"code": code})).await;
    let mut tried = 0;
    let reply = loop {
        let reply = sign_in(&format!("invalid-{tried}")).await;
        if reply.status == 429 {
            break reply;
        }
        reply.problem(401, "sign_in_again");
        tried += 1;
        assert!(tried < 100, "no end of it");
    };
    refused(&reply);
    assert!(tried >= 5, "{tried}");
    let asked = app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap();
    refused(&sign_in("invalid-again").await);
    assert_eq!(
        app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap(),
        asked,
        "WeChat is left in peace"
    );
}

#[tokio::test]
async fn successes_never_count() {
    let app = start(&[]);
    for number in 0..12 {
        let user = app.user(&format!("user{number}")).await;
        user.get("/api/v1/me").await.ok();
        user.delete("/api/v1/session").await;
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_is_its_own_address() {
    let app = start(&[]);
    exhaust(&app, &[("x-forwarded-for", "198.51.100.7")]).await;
    bad(&app, &[("x-forwarded-for", "198.51.100.8")]).await.problem(401, "unauthenticated");
    // Entries that the client wrote stand before the proxy's entry and are ignored.
    refused(&bad(&app, &[("x-forwarded-for", "203.0.113.9, 198.51.100.7")]).await);
    // A loopback proxy before another proxy is skipped.
    refused(&bad(&app, &[("x-forwarded-for", "198.51.100.7, 127.0.0.1")]).await);
    // IPv6 addresses of one /64 count together.
    exhaust(&app, &[("x-forwarded-for", "2001:db8:1:1::1")]).await;
    refused(&bad(&app, &[("x-forwarded-for", "2001:db8:1:1:ffff::2")]).await);
    bad(&app, &[("x-forwarded-for", "2001:db8:1:2::1")]).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn forwarded_headers_of_untrusted_clients_are_ignored() {
    let app = start(&[("HTTP__TRUSTED_PROXIES", "192.0.2.0/24")]);
    let mut answers = Vec::new();
    for number in 0..30 {
        answers
            .push(bad(&app, &[("x-forwarded-for", &format!("198.51.100.{number}"))]).await.status.as_u16());
    }
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let app = start(&[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    for seq in 0..15 {
        alice.append("a", seq, json!([stroke(1)])).await.ok();
        bad(&app, &[]).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn saves_of_2016_count_with_appends() {
    let app = start(&[]);
    let alice = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    let encoded = login.raw_data.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let phone = |request: reqwest::RequestBuilder| {
        let request = request.header("x-wx-code", &login.code).header("x-wx-rawdata", &encoded);
        request.header("x-wx-signature", &login.signature)
    };
    let save = async |number: usize| -> Value {
        let request = app.api().request(Method::POST, "/applet/session/paints/save");
        let body = json!({"id": format!("p{number}"), "actions": "[]"});
        let reply = Api::send(phone(request).json(&body)).await;
        assert_eq!(reply.status, 200);
        reply.json()
    };
    for seq in 0..3 {
        alice.append("a", seq, json!([stroke(1)])).await.ok();
    }
    let mut saved = 0;
    let reply = loop {
        let reply = save(saved).await;
        if reply["code"] != 0 {
            break reply;
        }
        saved += 1;
        assert!(saved < 20, "no end of it");
    };
    assert_eq!(reply, json!({"code": -1, "msg": "fail", "error": {"reason": "too many requests"}}));
    refused(&alice.append("a", 3, json!([stroke(1)])).await);
}
