//! WeChat that does not answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::{Api, App, Backend, Reply, eventually};

use super::{append, names_nothing, of_2016};

/// Sign-ins at once.
const SIGN_INS: usize = 40;
/// Appends that are timed.
const APPENDS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_are_signed_in_do_not_notice() {
    let settings = [("WECHAT__TIMEOUT", "2"), ("LIMITS__ENABLED", "false")];
    let app = App::start_with(Backend::Embedded, &settings);
    let user = app.user("alice").await;
    let mut codes = Vec::new();
    for number in 0..SIGN_INS {
        codes.push(app.wechat.code(&format!("user{number}")).await);
    }
    let login = app.wechat.login("demo").await;
    let before = draw(&user, "before").await;

    app.wechat.script(json!([{"step": "hang", "times": SIGN_INS + 1}])).await;
    let anybody = app.api();
    let begun = Instant::now();
    let sign_ins = join_all(codes.iter().map(async |code| {
        let reply = anybody.post("/api/v1/session", &json!({"code": code})).await;
        (reply, begun.elapsed())
    }));
    let demo = of_2016(&anybody, &login);
    let (sign_ins, during, demo) =
        tokio::join!(sign_ins, draw(&user, "during"), demo.get("/applet/session/paints/list"));
    assert!(during < before * 3 + Duration::from_millis(500), "{before:?} before, {during:?} then");
    for (reply, took) in sign_ins {
        cannot_ask_wechat(&reply);
        assert!(took < Duration::from_secs(4), "after {took:?}");
    }
    let demo = demo.json();
    assert_eq!(demo["reason"], "ERR_SESSION_KEY_EXCHANGE_FAILED", "{demo}");
    names_nothing(&demo.to_string());

    // By now WeChat is left alone: nobody waits for it any more, but for one a pause who tries.
    app.wechat.script(json!([{"step": "hang", "times": 1_000_000}])).await;
    let calls = app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap();
    let asks = join_all(codes.iter().map(async |code| {
        let begun = Instant::now();
        cannot_ask_wechat(&anybody.post("/api/v1/session", &json!({"code": code})).await);
        begun.elapsed()
    }));
    let (waits, during) = tokio::join!(asks, draw(&user, "still"));
    let waited = waits.iter().filter(|took| **took > Duration::from_millis(1_000)).count();
    assert!(waited <= 1, "{waits:?}");
    assert!(during < before * 3 + Duration::from_millis(500), "{before:?} before, {during:?} then");
    let further = app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap() - calls;
    assert!(further <= 1, "{further} calls");
    let metrics = Api::new(&app.admin).get("/metrics").await.text();
    assert!(metrics.contains(r#"yibi_wechat_circuit_open{api="jscode2session"} 1"#), "{metrics}");

    // It recovers by itself. The codes were not used up, and nothing is kept against them.
    app.wechat.clear_script().await;
    eventually("a sign-in", Duration::from_secs(20), async || {
        anybody.post("/api/v1/session", &json!({"code": codes[0]})).await.status == 200
    })
    .await;
    let signed_in = join_all(codes.iter().map(|code| anybody.sign_in(code))).await;
    append(&signed_in[0], "d", 0).await.ok();
    let metrics = Api::new(&app.admin).get("/metrics").await.text();
    assert!(metrics.contains(r#"yibi_wechat_circuit_open{api="jscode2session"} 0"#), "{metrics}");
}

fn cannot_ask_wechat(reply: &Reply) {
    reply.problem(503, "wechat_unavailable");
    assert!(reply.header("retry-after").parse::<u64>().is_ok_and(|after| after >= 1));
    names_nothing(&reply.text());
}

/// How long a stroke after the other takes.
async fn draw(user: &Api, id: &str) -> Duration {
    let begun = Instant::now();
    for seq in 0..APPENDS {
        append(user, id, seq).await.ok();
    }
    begun.elapsed()
}
