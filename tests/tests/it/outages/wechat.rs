//! A WeChat that does not reply.

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::{Api, App, Backend, Reply, wait_until};

use super::{append, names_nothing, of_2016};

const SIGN_INS: usize = 40;
/// Number of timed appends.
const APPENDS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_in_users_are_unaffected() {
    let settings = [("WECHAT__TIMEOUT", "2"), ("LIMITS__ENABLED", "false")];
    let app = App::start_with(Backend::Embedded, &settings);
    let user = app.user("alice").await;
    let mut codes = Vec::new();
    for number in 0..SIGN_INS {
        codes.push(app.wechat.code(&format!("user{number}")).await);
    }
    let login = app.wechat.login("demo").await;
    draw(&user, "before").await;

    app.wechat.script(json!([{"step": "hang", "times": SIGN_INS + 1}])).await;
    let anybody = app.api();
    let sign_ins = join_all(
        codes.iter().map(async |code| anybody.post("/api/v1/session", &json!({"code": code})).await),
    );
    let demo = of_2016(&anybody, &login);
    let (sign_ins, (), demo) =
        tokio::join!(sign_ins, draw(&user, "during"), demo.get("/applet/session/paints/list"));
    for reply in sign_ins {
        cannot_ask_wechat(&reply);
    }
    let demo = demo.json();
    assert_eq!(demo["reason"], "ERR_SESSION_KEY_EXCHANGE_FAILED", "{demo}");
    names_nothing(&demo.to_string());

    // The circuit is open: requests fail at once, except for one probe per pause.
    app.wechat.script(json!([{"step": "hang", "times": 1_000_000}])).await;
    let calls = app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap();
    let asks = join_all(codes.iter().map(async |code| {
        cannot_ask_wechat(&anybody.post("/api/v1/session", &json!({"code": code})).await);
    }));
    tokio::join!(asks, draw(&user, "still"));
    let further = app.wechat.calls().await["apis"]["jscode2session"].as_u64().unwrap() - calls;
    assert!(further <= 1, "{further} calls");
    let metrics = Api::new(&app.admin).get("/metrics").await.text();
    assert!(metrics.contains(r#"yibi_wechat_circuit_open{api="jscode2session"} 1"#), "{metrics}");

    // The server recovers by itself. The codes are still valid and no failure is stored for them.
    app.wechat.clear_script().await;
    wait_until("a sign-in", async || {
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

/// Appends strokes to a drawing.
async fn draw(user: &Api, id: &str) {
    for seq in 0..APPENDS {
        append(user, id, seq).await.ok();
    }
}
