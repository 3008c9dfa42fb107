//! The routes that a session pair opens.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use yibi_tests::wafer::{Pair, USER, log_in, signed_in, user};
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Reply, on_both_backends, wait_until};

use crate::weapp::line;

on_both_backends!(
    an_incomplete_pair_is_refused,
    a_pair_that_opens_nothing_is_invalid,
    a_pair_opens_nothing_of_the_other_dialects,
    the_three_dialects_share_the_drawings,
    a_session_ends_when_it_is_not_used,
    a_session_can_be_revoked,
    sessions_survive_a_restart,
);

const INVALID: &str = "ERR_INVALID_SESSION";

async fn every_route(phone: &Phone) -> [Reply; 4] {
    [phone.list().await, phone.save("p1", line(1.0)).await, phone.delete("p1").await, user(phone).await]
}

async fn an_incomplete_pair_is_refused(backend: Backend) {
    let app = App::start(backend);
    let pair = log_in(&app.public, &app.wechat.login("alice").await).await.opened();
    let stranger = Phone::stranger(&app.public);
    for phone in [
        stranger.clone(),
        stranger.clone().header("X-WX-Id", &pair.id),
        stranger.clone().header("X-WX-Skey", &pair.skey),
        stranger.clone().header("X-WX-Id", "").header("X-WX-Skey", ""),
        stranger.header("X-WX-Id", &pair.id).header("X-WX-Skey", b"\xff"),
    ] {
        let [list, save, delete, user] = every_route(&phone).await;
        for reply in [list, save, delete] {
            reply.fails("openId does not exists");
        }
        user.wafer_error("ERR_CHECK_LOGIN_FAILED");
    }
}

async fn a_pair_that_opens_nothing_is_invalid(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let Pair { id, skey } = log_in(&app.public, &login).await.opened();
    let other = log_in(&app.public, &app.wechat.login("bob").await).await.opened();
    let openid =
        app.wechat.session(&app.wechat.code("alice").await).await["openid"].as_str().unwrap().to_owned();
    let modern = app.user("alice").await;
    let known = modern.get("/api/v1/me/sessions").await.ok()["sessions"].as_array().unwrap().clone();
    let by_number = known.iter().map(|session| (session["id"].as_str().unwrap(), skey.as_str()));
    let wrong = [
        (id.as_str(), other.skey.as_str()),
        (&other.id, &skey),
        (&skey, &id),
        (&id, &id),
        (&id, &skey[..63]),
        (&id[..63], &skey),
        (&id, "null"),
        (&openid, &skey),
        ("undefined", "undefined"),
        (&login.code, &login.signature),
    ];
    for (id, skey) in wrong.into_iter().chain(by_number) {
        let phone = Phone::with_pair(&app.public, &Pair { id: id.to_owned(), skey: skey.to_owned() });
        for reply in every_route(&phone).await {
            reply.wafer_error(INVALID);
        }
    }
    // The pair is compared as text: upper case makes another pair.
    let shouted = Pair { id: id.to_uppercase(), skey: skey.to_uppercase() };
    user(&Phone::with_pair(&app.public, &shouted)).await.wafer_error(INVALID);
    user(&Phone::with_pair(&app.public, &Pair { id, skey })).await.wafer_user();
}

async fn a_pair_opens_nothing_of_the_other_dialects(backend: Backend) {
    let app = App::start(backend);
    let pair = log_in(&app.public, &app.wechat.login("alice").await).await.opened();
    let phone = Phone::with_pair(&app.public, &pair);
    assert_eq!(phone.shown().await, []);
    for token in [&pair.skey, &pair.id, &format!("{}{}", pair.id, pair.skey)] {
        app.api().with_token(token).get("/api/v1/me").await.problem(401, "unauthenticated");
        Phone::with_code(&app.public, token).list().await.expired();
    }
    let me = Api::send(phone.request_at(Method::GET, "/api/v1/me")).await;
    me.problem(401, "unauthenticated");
    let images = Api::send(phone.request_at(Method::GET, "/api/v1/drawings")).await;
    images.problem(401, "unauthenticated");

    // Credentials of the other dialects do not open these routes.
    let modern = app.user("alice").await;
    let token = modern.token.clone().unwrap();
    let login = app.wechat.login("alice").await;
    Phone::signed_in(&app.public, &login).await;
    for (id, skey) in
        [(&token, &token), (&login.code, &login.code), (&pair.id, &token), (&pair.id, &login.code)]
    {
        let pair = Pair { id: id.clone(), skey: skey.clone() };
        user(&Phone::with_pair(&app.public, &pair)).await.wafer_error(INVALID);
    }
    modern.get(USER).await.wafer_error("ERR_CHECK_LOGIN_FAILED");
    user(&Phone::with_code(&app.public, &login.code)).await.wafer_error("ERR_CHECK_LOGIN_FAILED");
    // A valid code does not replace a wrong pair.
    let both = Phone::with_code(&app.public, &login.code).header("X-WX-Id", "x").header("X-WX-Skey", "y");
    both.list().await.wafer_error(INVALID);
}

async fn the_three_dialects_share_the_drawings(backend: Backend) {
    let app = App::start(backend);
    let (of_2016, of_2017) = (app.wechat.login("alice").await, app.wechat.login("alice").await);
    let of_2016 = Phone::signed_in(&app.public, &of_2016).await;
    let of_2017 = signed_in(&app.public, &of_2017).await;
    let modern = app.user("alice").await;
    of_2017.save("new", line(1.0)).await.done();
    of_2016.save("old", line(2.0)).await.done();
    assert_eq!(of_2016.ids().await, ["new", "old"]);
    assert_eq!(of_2017.shown().await, of_2016.shown().await);
    assert_eq!(modern.drawing("new").await["seq"], 1);
    of_2017.delete("old").await.done();
    assert_eq!(of_2016.ids().await, ["new"]);
    assert_eq!(modern.patch("/api/v1/me", &json!({"nickname": "爱丽丝"})).await.status, 200);
    assert_eq!(user(&of_2017).await.wafer_user()["nickName"], "爱丽丝");
    let bob = signed_in(&app.public, &app.wechat.login("bob").await).await;
    assert_eq!(bob.shown().await, []);
    bob.delete("new").await.done();
    assert_eq!(of_2017.ids().await, ["new"]);
}

async fn a_session_ends_when_it_is_not_used(backend: Backend) {
    let idle = Duration::from_secs(2);
    let app = App::start_with(backend, &[("SESSION__IDLE", "2")]);
    let login = app.wechat.login("alice").await;
    let phone = signed_in(&app.public, &login).await;
    let began = Instant::now();
    wait_until("more than the idle time has passed, in use", || async {
        user(&phone).await.wafer_user();
        began.elapsed() > idle + idle / 2
    })
    .await;
    let modern = app.user("alice").await;
    wait_until("an unused session ends", || async {
        let sessions = modern.get("/api/v1/me/sessions").await.ok();
        sessions["sessions"].as_array().unwrap().iter().all(|session| session["dialect"] != "wafer")
    })
    .await;
    for reply in every_route(&phone).await {
        reply.wafer_error(INVALID);
    }
    // The code ended with its session; a new login succeeds.
    log_in(&app.public, &login).await.wafer_error("ERR_LOGIN_FAILED");
    user(&signed_in(&app.public, &app.wechat.login("alice").await).await).await.wafer_user();
}

async fn a_session_can_be_revoked(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let phone = signed_in(&app.public, &login).await;
    let other = signed_in(&app.public, &app.wechat.login("alice").await).await;
    let modern = app.user("alice").await;
    let sessions = modern.get("/api/v1/me/sessions").await.ok();
    // The list begins with the latest use.
    let mut oldest_first = sessions["sessions"].as_array().unwrap().iter().rev();
    let first = oldest_first.find(|s| s["dialect"] == "wafer").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(modern.delete(&format!("/api/v1/me/sessions/{first}")).await.status, 204);
    user(&phone).await.wafer_error(INVALID);
    log_in(&app.public, &login).await.wafer_error("ERR_LOGIN_FAILED");
    user(&other).await.wafer_user();
}

async fn sessions_survive_a_restart(backend: Backend) {
    let mut app = App::start(backend);
    let phone = signed_in(&app.public, &app.wechat.login("alice").await).await;
    phone.save("p1", line(1.0)).await.done();
    app.crash_and_restart();
    assert_eq!(phone.at(&app.public).ids().await, ["p1"]);
}
