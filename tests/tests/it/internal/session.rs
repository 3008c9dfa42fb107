//! `GET /internal/session`: all three dialects, and the rejection for each.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::wafer::{Pair, log_in, signed_in};
use yibi_tests::weapp::{MAGIC, Phone};
use yibi_tests::{Api, App, Backend, Reply, Server, binary, on_both_backends, wait_until};

use super::start;
use crate::weapp::line;

on_both_backends!(
    each_dialect_is_known_by_its_own_headers,
    unknown_sessions_are_rejected_in_their_dialect,
    one_valid_dialect_does_not_excuse_another,
    a_blocked_user_is_rejected,
);

const PATH: &str = "/internal/session";

async fn ask(phone: &Phone, server: &Server) -> Reply {
    Api::send(phone.at(&server.internal).request_at(Method::GET, PATH)).await
}

/// Asserts success; returns the user.
#[track_caller]
fn yes(reply: &Reply, dialect: &str) -> [String; 3] {
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (204, ""));
    assert_eq!(reply.header("x-session-dialect"), dialect);
    ["x-user-id", "x-user-openid", "x-user-app-id"].map(|name| reply.header(name).to_owned())
}

/// Asserts a rejection; returns the status and the JSON for the client. The JSON is the body too.
#[track_caller]
fn no(reply: &Reply, status: u16) -> (u16, Value) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
    for name in ["x-user-id", "x-user-openid", "x-session-dialect"] {
        assert_eq!(reply.header(name), "");
    }
    let told: Value = serde_json::from_str(reply.header("x-session-reply")).unwrap();
    assert_eq!(told, reply.json());
    assert_eq!(reply.header("cache-control"), "no-store");
    (reply.header("x-session-status").parse().unwrap(), told)
}

async fn each_dialect_is_known_by_its_own_headers(backend: Backend) {
    let app = start(backend, &[]);
    let modern = app.user("alice").await;
    let me = modern.get("/api/v1/me").await.ok();
    let openid =
        app.wechat.session(&app.wechat.code("alice").await).await["openid"].as_str().unwrap().to_owned();
    let alice = [me["id"].as_str().unwrap().to_owned(), openid, app.wechat.app_id.clone()];

    assert_eq!(yes(&modern.at(&app.internal).get(PATH).await, "yibi"), alice);
    let of_2017 = signed_in(&app.public, &app.wechat.login("alice").await).await;
    assert_eq!(yes(&ask(&of_2017, &app).await, "wafer"), alice);
    // A client of 2016 signs in with its first request, whatever the path.
    let login = app.wechat.login("alice").await;
    assert_eq!(yes(&ask(&Phone::with_login(&app.public, &login), &app).await, "weapp"), alice);
    let of_2016 = Phone::with_code(&app.public, &login.code);
    assert_eq!(yes(&ask(&of_2016, &app).await, "weapp"), alice);
    of_2016.save("p1", line(1.0)).await.done();
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
    // The internal and the other listeners have no route in common.
    for elsewhere in [&app.public, &app.admin] {
        assert_eq!(modern.at(elsewhere).get(PATH).await.status, 404);
    }
    for path in ["/api/v1/me", "/applet/user", "/admin/v1/users", "/metrics", "/"] {
        assert_eq!(modern.at(&app.internal).get(path).await.status, 404, "{path}");
    }
    assert_eq!(modern.at(&app.internal).post(PATH, &json!({})).await.status, 405);
}

async fn unknown_sessions_are_rejected_in_their_dialect(backend: Backend) {
    let app = start(backend, &[]);
    let api = Api::new(&app.internal);
    for nobody in [api.clone(), api.with_token("x"), api.clone().with_header("authorization", "Basic eDp5")] {
        let (status, problem) = no(&nobody.get(PATH).await, 401);
        assert_eq!(
            (status, &problem["code"], &problem["status"]),
            (401, &json!("unauthenticated"), &json!(401))
        );
    }
    let pair = Pair { id: "a".to_owned(), skey: "b".to_owned() };
    let (status, told) = no(&ask(&Phone::with_pair(&app.public, &pair), &app).await, 401);
    assert_eq!((status, &told[MAGIC], &told["error"]), (200, &json!(1), &json!("ERR_INVALID_SESSION")));
    let (status, told) = no(&ask(&Phone::with_code(&app.public, "nope"), &app).await, 401);
    assert_eq!((status, &told[MAGIC], &told["reason"]), (200, &json!(1), &json!("ERR_SESSION_EXPIRED")));
    let empty = Phone::with_code(&app.public, "");
    let (status, told) = no(&ask(&empty, &app).await, 401);
    assert_eq!((status, &told["error"]["reason"]), (200, &json!("openId does not exists")));
    let mut login = app.wechat.login("alice").await;
    login.signature = "0".repeat(40);
    let (status, told) = no(&ask(&Phone::with_login(&app.public, &login), &app).await, 401);
    assert_eq!((status, &told["reason"]), (200, &json!("ERR_UNTRUSTED_RAW_DATA")));
}

async fn one_valid_dialect_does_not_excuse_another(backend: Backend) {
    let app = start(backend, &[]);
    let modern = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    Phone::signed_in(&app.public, &login).await;
    let pair = log_in(&app.public, &app.wechat.login("alice").await).await.opened();
    let token = modern.token.clone().unwrap();
    let api = Api::new(&app.internal);
    let wrong_bearer = Phone::with_code(&app.public, &login.code).header("Authorization", "Bearer x");
    assert_eq!(no(&ask(&wrong_bearer, &app).await, 401).0, 401);
    let wrong_pair =
        Phone::with_code(&app.public, &login.code).header("X-WX-Id", "x").header("X-WX-Skey", "y");
    assert_eq!(no(&ask(&wrong_pair, &app).await, 401).0, 200);
    for secret in [&login.code, &pair.skey, &pair.id] {
        no(&api.with_token(secret).get(PATH).await, 401);
    }
    for secret in [&token, &pair.skey] {
        no(&ask(&Phone::with_code(&app.public, secret), &app).await, 401);
    }
    no(&api.with_token(ADMIN_TOKEN).get(PATH).await, 401);
}

async fn a_blocked_user_is_rejected(backend: Backend) {
    let app = start(backend, &[]);
    let phone = signed_in(&app.public, &app.wechat.login("alice").await).await;
    let id = yes(&ask(&phone, &app).await, "wafer")[0].clone();
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    operator.post(&format!("/admin/v1/users/{id}/block"), &Value::Null).await.ok();
    wait_until("nobody is let through", || async { ask(&phone, &app).await.status == 401 }).await;
    let login = app.wechat.login("alice").await;
    let (status, told) = no(&ask(&Phone::with_login(&app.public, &login), &app).await, 403);
    assert_eq!((status, &told["reason"]), (200, &json!("ERR_USER_BLOCKED")));
}

#[tokio::test]
async fn an_unreadable_session_is_not_accepted() {
    let mut redis = yibi_tests::databases::Database::start(yibi_tests::databases::Kind::Redis).await;
    let url = redis.url();
    let app = start(Backend::Embedded, &[("STORE__REDIS_URL", &url)]);
    let modern = app.user("alice").await;
    let phone = signed_in(&app.public, &app.wechat.login("alice").await).await;
    redis.kill();
    wait_until("the copies are too old to be trusted", || async {
        modern.at(&app.internal).get(PATH).await.status == 503
    })
    .await;
    let reply = modern.at(&app.internal).get(PATH).await;
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(no(&reply, 503).0, 503);
    let (status, told) = no(&ask(&phone, &app).await, 503);
    assert_eq!((status, &told["error"]), (200, &json!("ERR_CHECK_LOGIN_FAILED")));
}

#[test]
fn the_internal_listener_is_on_loopback_only() {
    for (address, word) in [("0.0.0.0:5760", "loopback"), ("192.0.2.1:5760", "loopback"), ("5760", "invalid")]
    {
        let mut command = Command::new(binary("yibi-server"));
        command.arg("serve").env_clear().env("YIBI_INTERNAL__LISTEN", address);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{address}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{output:?}");
    }
    yibi_tests::install_tls();
    let server = App::start(Backend::Embedded);
    assert_eq!(server.internal, "", "off unless it is asked for");
}
