//! Sign-in: the exchange of a WeChat code.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::{Api, App, Backend, Server};

on_both_backends! {
    the_first_sign_in_alone_is_new,
    wechats_refusals_are_told_apart,
    a_refusal_for_now_leaves_the_code_good,
    invalid_sign_in_requests_never_reach_wechat,
    a_code_that_eight_bring_at_once_is_exchanged_once,
    a_lost_reply_costs_nothing,
    at_most_three_tokens_of_a_code_live,
    a_code_is_spent_with_its_session,
    a_code_survives_a_late_reply_of_wechat,
}

async fn the_first_sign_in_alone_is_new(backend: Backend) {
    let app = App::start(backend);
    let sign_in = async |body: Value| app.api().post("/api/v1/session", &body).await;
    let first = sign_in(json!({"code": app.wechat.code("alice").await, "from": "spring-2026"})).await.ok();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&first), ["token", "expires_in", "user"]);
    assert_eq!(keys(&first["user"]), ["id", "nickname", "created_at", "new"]);
    assert_eq!(first["user"]["new"], true);
    assert_eq!(first["user"]["nickname"], "");
    assert_eq!(first["expires_in"], 7200);

    let second =
        sign_in(json!({"code": app.wechat.code("alice").await, "from": "autumn", "device": "Pixel"}))
            .await
            .ok();
    assert_eq!(keys(&second["user"]), ["id", "nickname", "created_at"], "only the first is new");
    assert_eq!(second["user"]["id"], first["user"]["id"]);
    assert_eq!(second["user"]["created_at"], first["user"]["created_at"]);
    assert_ne!(second["token"], first["token"]);

    let other = sign_in(json!({"code": app.wechat.code("bob").await})).await.ok();
    assert_eq!(other["user"]["new"], true);
    assert_ne!(other["user"]["id"], first["user"]["id"]);

    // The user sees the stored origin, which is that of the first sign-in.
    let alice = app.api().with_token(second["token"].as_str().unwrap());
    let profile: Value = super::export::file(&alice.get("/api/v1/me/export").await.body, "profile.json");
    assert_eq!(profile["origin"], "spring-2026");
    assert_eq!(profile["id"], first["user"]["id"]);
}

async fn wechats_refusals_are_told_apart(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__TIMEOUT", "1")]);
    let error = |errcode: i64| json!({"error": {"errcode": errcode, "errmsg": "in words of WeChat's"}});
    for (step, status, code, retry_after) in [
        (error(40029), 401, "sign_in_again", ""),
        (error(40163), 401, "sign_in_again", ""),
        (error(40226), 403, "user_blocked", ""),
        (error(45011), 503, "wechat_unavailable", "60"),
        (error(-1), 503, "wechat_unavailable", "3"),
        (error(40013), 503, "wechat_misconfigured", "60"),
        (error(40125), 503, "wechat_misconfigured", "60"),
        (error(87009), 503, "wechat_misconfigured", "60"),
        (json!({"http": {"status": 500, "body": "{}"}}), 503, "wechat_unavailable", "5"),
        (json!({"http": {"status": 302, "location": "http://127.0.0.1:1/"}}), 503, "wechat_unavailable", "5"),
        (json!({"http": {"status": 200, "body": "{\"openid\":\"o1\"}"}}), 503, "wechat_unavailable", "5"),
        (json!({"garbage": {"bytes": 40_000_u32}}), 503, "wechat_unavailable", "5"),
        (json!({"garbage": {"bytes": 10_000_000_u32}}), 503, "wechat_unavailable", "5"),
        (json!("close"), 503, "wechat_unavailable", "5"),
        (json!("hang"), 503, "wechat_unavailable", "5"),
    ] {
        // Only WeChat's "busy" error is retried.
        app.wechat.script(json!([{"step": step, "times": 2}])).await;
        let (api, body) = (app.api(), json!({"code": app.wechat.code("alice").await}));
        let reply = tokio::time::timeout(yibi_tests::DEADLINE, api.post("/api/v1/session", &body)).await;
        let reply = reply.unwrap_or_else(|_| panic!("no reply: {step}"));
        reply.problem(status, code);
        assert_eq!(reply.header("retry-after"), retry_after, "{step}");
        assert_eq!(reply.header("www-authenticate"), if status == 401 { "Bearer" } else { "" }, "{step}");
        assert!(!reply.text().contains("words of WeChat"), "{}", reply.text());
        app.wechat.clear_script().await;
    }
    app.user("alice").await;
    let unknown = app.api().post("/api/v1/session", &json!({"code": "invalid-code"})).await;
    unknown.problem(401, "sign_in_again");
}

async fn a_refusal_for_now_leaves_the_code_good(backend: Backend) {
    let app = App::start(backend);
    let code = app.wechat.code("alice").await;
    app.wechat.script(json!([{"step": {"error": {"errcode": 45011, "errmsg": "quota"}}}])).await;
    app.api().post("/api/v1/session", &json!({"code": code})).await.problem(503, "wechat_unavailable");
    app.api().sign_in(&code).await.get("/api/v1/me").await.ok();

    // A final failure is cached, so WeChat is not asked again.
    let code = app.wechat.code("alice").await;
    app.wechat.script(json!([{"step": {"error": {"errcode": 40226, "errmsg": "risk"}}}])).await;
    for _ in 0..3 {
        app.api().post("/api/v1/session", &json!({"code": code})).await.problem(403, "user_blocked");
    }
    assert_eq!(app.wechat.calls().await["codes"][&code], 1);
}

async fn invalid_sign_in_requests_never_reach_wechat(backend: Backend) {
    let app = App::start(backend);
    let api = app.api();
    let long = "c".repeat(257);
    for (body, status, code) in [
        (json!({}), 422, "invalid_value"),
        (json!([]), 422, "invalid_value"),
        (json!(null), 422, "invalid_value"),
        (json!({"code": null}), 422, "invalid_value"),
        (json!({"code": 1}), 422, "invalid_value"),
        (json!({"code": ""}), 422, "invalid_value"),
        (json!({"code": long}), 422, "invalid_value"),
        (json!({"code": "a\nb"}), 422, "invalid_value"),
        (json!({"code": "c", "from": ""}), 422, "invalid_value"),
        (json!({"code": "c", "from": "f".repeat(33)}), 422, "invalid_value"),
        (json!({"code": "c", "from": 7}), 422, "invalid_value"),
        (json!({"code": "c", "admin": true}), 422, "invalid_value"),
    ] {
        api.post("/api/v1/session", &body).await.problem(status, code);
    }
    let raw = async |media_type: &str, body: &[u8]| {
        let request = api.request(Method::POST, "/api/v1/session").header("content-type", media_type);
        Api::send(request.body(body.to_vec())).await
    };
    for body in [&b""[..], b"{", b"{\"code\":\"c\"} x", b"\xff\xfe", b"{\"code\":\"\xff\"}", b"code=c"] {
        raw("application/json", body).await.problem(400, "invalid_json");
    }
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        raw(media_type, b"{\"code\":\"c\"}").await.problem(415, "unsupported_media_type");
    }
    let none = Api::send(api.request(Method::POST, "/api/v1/session").body("{\"code\":\"c\"}")).await;
    none.problem(415, "unsupported_media_type");
    assert_eq!(app.wechat.calls().await["apis"], json!({}), "WeChat was asked");
    // A code is arbitrary text and reaches WeChat unchanged.
    let code = "a&appid=wx1%26#+ 汉?=";
    raw("application/json; charset=utf-8", json!({"code": code}).to_string().as_bytes()).await.ok();
    assert_eq!(app.wechat.calls().await["codes"], json!({code: 1}));
}

async fn a_code_that_eight_bring_at_once_is_exchanged_once(backend: Backend) {
    let first = App::start(backend);
    // The embedded store allows one server only.
    let second = (backend == Backend::Shared).then(|| first.sibling());
    first.wechat.script(json!([{"step": {"delay": {"ms": 150}}}])).await;
    let code = first.wechat.code("alice").await;
    let sign_in = async |number: usize| {
        let server = second.as_ref().filter(|_| number % 2 == 1).unwrap_or(&first);
        server.api().post("/api/v1/session", &json!({"code": code})).await.ok()
    };
    let replies = join_all((0..8).map(sign_in)).await;
    assert_eq!(first.wechat.calls().await["codes"][&code], 1);
    for reply in &replies {
        assert_eq!(reply["user"], replies[0]["user"]);
        let api = first.api().with_token(reply["token"].as_str().unwrap());
        let sessions = api.get("/api/v1/me/sessions").await.ok();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "one session, whoever asks");
    }
}

async fn a_lost_reply_costs_nothing(backend: Backend) {
    let mut app = App::start(backend);
    let code = app.wechat.code("alice").await;
    let lost = app.api().sign_in(&code).await;
    // The result survives a crash of the server.
    app.crash_and_restart();
    let reply = app.api().post("/api/v1/session", &json!({"code": code})).await.ok();
    assert_eq!(reply["user"]["new"], true, "the client has not been told yet");
    let again = app.api().with_token(reply["token"].as_str().unwrap());
    assert_eq!(app.wechat.calls().await["codes"][&code], 1);
    let sessions = again.get("/api/v1/me/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    lost.at(&app.public).get("/api/v1/me").await.ok();
}

/// Signs in with a code until the token is a new one.
async fn further(server: &Server, code: &str, known: &mut Vec<String>) {
    let end = Instant::now() + yibi_tests::DEADLINE;
    loop {
        let token = server.api().sign_in(code).await.token.unwrap();
        if !known.contains(&token) {
            known.push(token);
            return;
        }
        assert!(Instant::now() < end, "no further token");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn at_most_three_tokens_of_a_code_live(backend: Backend) {
    let app = App::start(backend);
    let code = app.wechat.code("alice").await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        further(&app, &code, &mut tokens).await;
    }
    let status = async |token: &String| app.api().with_token(token).get("/api/v1/me").await.status.as_u16();
    assert_eq!(join_all(tokens.iter().map(status)).await, [401, 200, 200, 200]);
    assert_eq!(app.wechat.calls().await["codes"][&code], 1);
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 4);
}

async fn a_code_is_spent_with_its_session(backend: Backend) {
    let app = App::start(backend);
    let again = async |code: &str| app.api().post("/api/v1/session", &json!({"code": code})).await;

    let code = app.wechat.code("alice").await;
    let alice = app.api().sign_in(&code).await;
    assert_eq!(alice.delete("/api/v1/session").await.status, 204);
    alice.get("/api/v1/me").await.problem(401, "unauthenticated");
    again(&code).await.problem(401, "sign_in_again");

    let code = app.wechat.code("alice").await;
    let lost_phone = app.api().sign_in(&code).await;
    let alice = app.user("alice").await;
    let sessions = alice.get("/api/v1/me/sessions").await.ok();
    let other = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == false);
    let path = format!("/api/v1/me/sessions/{}", other.unwrap()["id"].as_str().unwrap());
    assert_eq!(alice.delete(&path).await.status, 204);
    lost_phone.get("/api/v1/me").await.problem(401, "session_ended");
    again(&code).await.problem(401, "sign_in_again");
    assert_eq!(app.wechat.calls().await["codes"][&code], 1, "a spent code is not shown to WeChat again");
}

async fn a_code_survives_a_late_reply_of_wechat(backend: Backend) {
    let app = App::start(backend);
    app.wechat.script(json!([{"step": {"delay": {"ms": 400}}}])).await;
    let code = app.wechat.code("alice").await;
    // The client disconnects; the exchange, which has used up the code, continues.
    let impatient = app.api().request(Method::POST, "/api/v1/session").json(&json!({"code": code}));
    assert!(impatient.timeout(Duration::from_millis(100)).send().await.unwrap_err().is_timeout());
    app.api().sign_in(&code).await.get("/api/v1/me").await.ok();
    assert_eq!(app.wechat.calls().await["codes"][&code], 1);
}
