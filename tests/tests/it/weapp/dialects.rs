//! Sessions of 2016 and of v1: one user, separate tokens, and every way to end them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use yibi_tests::weapp::Phone;
use yibi_tests::wechat::Login;
use yibi_tests::{Api, App, Backend, Server, Wechat, on_both_backends, wait_until};

use super::line;

on_both_backends!(
    a_token_of_one_dialect_is_none_in_the_other,
    a_code_serves_one_dialect,
    several_devices_stay_signed_in,
    an_ended_session_spends_its_code,
    leaving_ends_the_sessions_of_2016_too,
    a_session_lives_while_it_is_used,
    sessions_survive_a_restart,
);

/// Asserts that requests with this login or its code fail without a call to WeChat.
async fn is_spent(server: &Server, wechat: &Wechat, login: &Login) {
    let asked = wechat.exchanges(&login.code).await;
    for phone in [Phone::with_code(&server.public, &login.code), Phone::with_login(&server.public, login)] {
        phone.list().await.expired();
        phone.save("p", line(1.0)).await.expired();
    }
    assert_eq!(wechat.exchanges(&login.code).await, asked);
}

async fn a_token_of_one_dialect_is_none_in_the_other(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let token = modern.token.clone().unwrap();
    Phone::with_code(&app.public, &token).list().await.expired();
    Phone::with_code(&app.public, &format!("Bearer {token}")).list().await.expired();

    let login = app.wechat.login("alice").await;
    Phone::signed_in(&app.public, &login).await;
    for token in [&login.code, &login.signature] {
        app.api().with_token(token).get("/api/v1/me").await.problem(401, "unauthenticated");
    }
    let only_headers = app.api().with_header("x-wx-code", &login.code);
    only_headers.get("/api/v1/drawings").await.problem(401, "unauthenticated");
    let only_bearer = modern.get("/applet/session/paints/list").await;
    only_bearer.fails("openId does not exists");
}

async fn a_code_serves_one_dialect(backend: Backend) {
    let app = App::start(backend);
    let session = |code: &str| json!({"code": code});

    let login = app.wechat.login("alice").await;
    let phone = Phone::signed_in(&app.public, &login).await;
    let reply = app.api().post("/api/v1/session", &session(&login.code)).await;
    reply.problem(401, "sign_in_again");
    assert_eq!(phone.shown().await, [], "the session of 2016 goes on");

    let login = app.wechat.login("alice").await;
    let modern = app.api().sign_in(&login.code).await;
    is_spent(&app, &app.wechat, &login).await;
    modern.get("/api/v1/me").await.ok();
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
}

async fn several_devices_stay_signed_in(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let mut phones = Vec::new();
    for index in 0..4 {
        let phone = app.phone_2016("alice").await;
        phone.save(index, line(1.0)).await.done();
        phones.push(phone);
    }
    for phone in &phones {
        assert_eq!(phone.ids().await, ["0", "1", "2", "3"]);
    }
    assert_eq!(sessions(&modern, "weapp").await.len(), 4);
    assert_eq!(sessions(&modern, "yibi").await.len(), 1);
}

/// The user's sessions in a dialect.
async fn sessions(user: &Api, dialect: &str) -> Vec<Value> {
    let reply = user.get("/api/v1/me/sessions").await.ok();
    let all = reply["sessions"].as_array().unwrap().clone();
    all.into_iter().filter(|session| session["dialect"] == dialect).collect()
}

async fn an_ended_session_spends_its_code(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    Phone::signed_in(&app.public, &login).await;
    let ended = sessions(&modern, "weapp").await.remove(0);
    let other = app.phone_2016("alice").await;

    let id = ended["id"].as_str().unwrap();
    assert_eq!(modern.delete(&format!("/api/v1/me/sessions/{id}")).await.status, 204);
    is_spent(&app, &app.wechat, &login).await;
    other.save("still", line(1.0)).await.done();
    assert_eq!(sessions(&modern, "weapp").await.len(), 1);
    // The 2016 client then signs in again.
    let again = app.phone_2016("alice").await;
    assert_eq!(again.ids().await, ["still"]);
}

#[tokio::test]
async fn an_ended_session_ends_within_a_second_on_every_server() {
    let app = App::start(Backend::Shared);
    let sibling = app.sibling();
    let modern = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    let phone = Phone::signed_in(&app.public, &login).await.at(&sibling.public);
    assert_eq!(phone.shown().await, [], "a session of one server is one of the other");
    let id = sessions(&modern, "weapp").await.remove(0)["id"].as_str().unwrap().to_owned();
    assert_eq!(modern.delete(&format!("/api/v1/me/sessions/{id}")).await.status, 204);
    let until = Instant::now() + Duration::from_secs(1);
    // Servers cache a session for a second.
    while Instant::now() < until {
        phone.list().await;
    }
    is_spent(&sibling, &app.wechat, &login).await;
    is_spent(&app, &app.wechat, &login).await;
}

async fn leaving_ends_the_sessions_of_2016_too(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    let phone = Phone::signed_in(&app.public, &login).await;
    phone.save("p1", line(1.0)).await.done();
    assert!(modern.delete("/api/v1/me").await.status.is_success());
    is_spent(&app, &app.wechat, &login).await;
    // Reopening the account in time restores everything.
    app.api().reopen(&app.wechat.code("alice").await).await;
    let phone = app.phone_2016("alice").await;
    assert_eq!(phone.ids().await, ["p1"]);
}

async fn a_session_lives_while_it_is_used(backend: Backend) {
    let idle = Duration::from_secs(2);
    let app = App::start_with(backend, &[("SESSION__IDLE", "2")]);
    let modern = app.user("alice").await;
    let login = app.wechat.login("alice").await;
    let phone = Phone::signed_in(&app.public, &login).await;
    let began = Instant::now();
    wait_until("more than the idle time has passed, in use", || async {
        assert_eq!(phone.shown().await, []);
        modern.get("/api/v1/me").await.ok();
        began.elapsed() > idle + idle / 2
    })
    .await;
    wait_until("an unused session ends", || async { sessions(&modern, "weapp").await.is_empty() }).await;
    assert!(began.elapsed() > idle * 7 / 4, "not before its time: {:?}", began.elapsed());
    is_spent(&app, &app.wechat, &login).await;
}

async fn sessions_survive_a_restart(backend: Backend) {
    let mut app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    phone.save("p1", line(1.0)).await.done();
    app.restart();
    assert_eq!(phone.at(&app.public).ids().await, ["p1"]);
    app.crash_and_restart();
    assert_eq!(phone.at(&app.public).ids().await, ["p1"]);
}
