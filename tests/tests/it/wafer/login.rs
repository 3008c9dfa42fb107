//! The sign-in: every row of its specification table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::wafer::{LOGIN, USER, before, log_in, signed_in, user};
use yibi_tests::weapp::{MAGIC, Phone};
use yibi_tests::wechat::Login;
use yibi_tests::{Api, App, Backend, on_both_backends};

use crate::weapp::line;

on_both_backends!(
    a_sign_in_gives_a_pair_that_opens_the_session,
    a_sign_in_without_all_of_its_headers_fails,
    undecryptable_data_is_refused,
    open_data_of_another_moment_user_or_app_is_refused,
    a_code_refused_by_wechat_fails_the_sign_in,
    the_profile_sets_missing_fields,
    a_retry_gets_a_further_key_of_the_same_session,
    eight_sign_ins_at_once_share_one_exchange,
    a_retry_is_verified_like_the_first_sign_in,
    a_code_serves_one_dialect,
    a_blocked_user_does_not_get_in,
    addresses_with_many_failed_sign_ins_are_blocked,
);

const FAILED: &str = "ERR_LOGIN_FAILED";

/// Asserts that a sign-in fails; returns the message.
#[track_caller]
fn fails(reply: &yibi_tests::Reply) -> String {
    reply.wafer_error(FAILED)
}

async fn a_sign_in_gives_a_pair_that_opens_the_session(backend: Backend) {
    let app = App::start(backend);
    for method in [Method::GET, Method::POST] {
        let login = app.wechat.login("小明").await;
        let openid = app.wechat.session(&app.wechat.code("小明").await).await["openid"].clone();
        let reply = Api::send(before(&app.public, &login).request_at(method, LOGIN)).await;
        assert_eq!(reply.header("cache-control"), "no-store");
        let pair = reply.opened();
        let hexadecimal = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        assert!(pair.id.len() == 64 && pair.skey.len() == 64 && pair.id != pair.skey);
        assert!(hexadecimal(&pair.id) && hexadecimal(&pair.skey));
        let phone = Phone::with_pair(&app.public, &pair);
        assert_eq!(user(&phone).await.wafer_user()["openId"], openid);
        phone.save("p1", line(1.0)).await.done();
        assert_eq!(phone.ids().await, ["p1"]);
        assert_eq!(app.wechat.exchanges(&login.code).await, 1);
        let log = app.log();
        for secret in [&login.code, &login.encrypted_data, &pair.skey] {
            assert!(!log.contains(secret.as_str()));
        }
    }
    // A wrong method is an unknown route, as everywhere below the path.
    let stranger = Phone::stranger(&app.public);
    for (method, path) in [
        (Method::PUT, LOGIN),
        (Method::POST, USER),
        (Method::GET, "/applet/login/"),
        (Method::GET, "/applet"),
    ] {
        assert_eq!(Api::send(stranger.request_at(method, path)).await.status, 404, "{path}");
    }
}

async fn a_sign_in_without_all_of_its_headers_fails(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let all =
        [("X-WX-Code", &login.code), ("X-WX-Encrypted-Data", &login.encrypted_data), ("X-WX-IV", &login.iv)];
    for (missing, _) in all {
        for empty in [false, true] {
            let mut phone = Phone::stranger(&app.public);
            for (name, value) in all {
                if name != missing {
                    phone = phone.header(name, value);
                } else if empty {
                    phone = phone.header(name, "");
                }
            }
            let message = fails(&Api::send(phone.request_at(Method::GET, LOGIN)).await);
            assert!(message.contains(missing), "{message}");
        }
    }
    assert_eq!(app.wechat.calls().await["apis"], json!({}), "nothing to ask WeChat about");
    log_in(&app.public, &login).await.opened();
}

async fn undecryptable_data_is_refused(backend: Backend) {
    let app = App::start(backend);
    let other = app.wechat.login("bob").await;
    let iv = BASE64.encode(&[7; 16]);
    type Spoil<'a> = &'a dyn Fn(Login) -> Login;
    let spoils: [(&str, Spoil<'_>); 9] = [
        ("another iv", &|login| Login { iv: iv.clone(), ..login }),
        ("the iv of another's data", &|login| Login { iv: other.iv.clone(), ..login }),
        ("no base64 for an iv", &|login| Login { iv: "wrong iv".to_owned(), ..login }),
        ("an iv too short", &|login| Login { iv: BASE64.encode(&[7; 15]), ..login }),
        ("another's data", &|login| Login {
            encrypted_data: other.encrypted_data.clone(),
            iv: other.iv.clone(),
            ..login
        }),
        ("no base64", &|login| Login { encrypted_data: "%%%".to_owned(), ..login }),
        ("half a block", &|login| Login { encrypted_data: BASE64.encode(&[1; 24]), ..login }),
        ("noise", &|login| Login { encrypted_data: BASE64.encode(&[1; 64]), ..login }),
        ("a block too few", &|login| {
            let bytes = BASE64.decode(login.encrypted_data.as_bytes()).unwrap();
            Login { encrypted_data: BASE64.encode(&bytes[..bytes.len() - 16]), ..login }
        }),
    ];
    let messages = join_all(spoils.iter().map(|(what, spoil)| {
        let app = &app;
        async move {
            let login = spoil(app.wechat.login("alice").await);
            let reply = log_in(&app.public, &login).await;
            assert!(reply.json()["session"].is_null(), "{what}");
            fails(&reply)
        }
    }))
    .await;
    assert!(messages.windows(2).all(|two| two[0] == two[1]), "which step failed is not told: {messages:?}");
    let alice = signed_in(&app.public, &app.wechat.login("alice").await).await;
    assert_eq!(alice.shown().await, []);
}

async fn open_data_of_another_moment_user_or_app_is_refused(backend: Backend) {
    let app = App::start(backend);
    let bob = app.wechat.session(&app.wechat.code("bob").await).await["openid"].clone();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let watermark =
        |timestamp: Value| json!({"watermark": {"appid": app.wechat.app_id, "timestamp": timestamp}});
    for wrong in [
        json!({"openId": bob}),
        json!({"openId": null}),
        json!({"openId": ""}),
        json!({"watermark": null}),
        json!({"watermark": {"appid": "wx0123456789abcdef", "timestamp": now}}),
        json!({"watermark": {"timestamp": now}}),
        json!({"watermark": {"appid": app.wechat.app_id}}),
        watermark(json!(now - 700)),
        watermark(json!(now + 700)),
        watermark(json!(0)),
        watermark(json!((now - 700).to_string())),
    ] {
        let login = app.wechat.login_with("alice", wrong.clone()).await;
        let reply = log_in(&app.public, &login).await;
        assert!(reply.json()["session"].is_null(), "{wrong}");
        fails(&reply);
    }
    // WeChat writes numbers as text, too.
    for near in [json!(now - 400), json!((now - 300).to_string())] {
        let login = app.wechat.login_with("alice", watermark(near)).await;
        log_in(&app.public, &login).await.opened();
    }
}

async fn a_code_refused_by_wechat_fails_the_sign_in(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__TIMEOUT", "1")]);
    let login = app.wechat.login("alice").await;
    app.wechat.session(&login.code).await;
    for _ in 0..2 {
        fails(&log_in(&app.public, &login).await);
    }
    assert_eq!(app.wechat.exchanges(&login.code).await, 2, "the test's own, and one of the server's");
    for step in [
        json!({"error": {"errcode": 40226, "errmsg": "code blocked"}}),
        json!({"error": {"errcode": 45011, "errmsg": "api minute-quota reach limit"}}),
        json!({"error": {"errcode": 40125, "errmsg": "invalid appsecret"}}),
        json!({"http": {"status": 500, "body": "no"}}),
        json!({"garbage": {"bytes": 100}}),
        json!("hang"),
    ] {
        app.wechat.script(json!([{"step": step}])).await;
        let message = fails(&log_in(&app.public, &app.wechat.login("alice").await).await);
        assert!(!message.contains("http") && !message.contains("127.0.0.1"), "{message}");
        app.wechat.clear_script().await;
    }
    let spent = app.wechat.login("alice").await;
    app.wechat.advance(6 * 60 * 1_000).await;
    fails(&log_in(&app.public, &spent).await);
}

async fn the_profile_sets_missing_fields(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let known = async || {
        let me = modern.get("/api/v1/me").await.ok();
        (me["nickname"].clone(), me["avatar_url"].clone())
    };
    let with = async |profile: Value| app.wechat.login_with("alice", profile).await;
    let nothing = (json!(""), Value::Null);
    // The profile is stored only when the openid matches.
    let others = with(json!({"openId": "oSomebodyElse"})).await;
    fails(&log_in(&app.public, &others).await);
    assert_eq!(known().await, nothing);
    let everybodys = with(json!({"nickName": "微信用户"})).await;
    let phone = signed_in(&app.public, &everybodys).await;
    assert_eq!(known().await, nothing);
    assert_eq!(user(&phone).await.wafer_user().get("avatarUrl"), None);

    let phone = signed_in(&app.public, &with(json!({})).await).await;
    let (nickname, avatar) = known().await;
    assert!(avatar.as_str().unwrap().starts_with("https://wx.qlogo.cn/"), "{avatar}");
    let shown = user(&phone).await.wafer_user();
    assert_eq!((&nickname, &shown["nickName"], &shown["avatarUrl"]), (&json!("alice"), &nickname, &avatar));
    let newer = json!({"nickName": "阿丽", "avatarUrl": "https://wx.qlogo.cn/1"});
    signed_in(&app.public, &with(newer).await).await;
    assert_eq!(known().await, (nickname, json!("https://wx.qlogo.cn/1")), "the name is hers by now");
    signed_in(&app.public, &with(json!({"avatarUrl": "http://wx.qlogo.cn/2"})).await).await;
    assert_eq!(known().await.1, "https://wx.qlogo.cn/1");
}

async fn a_retry_gets_a_further_key_of_the_same_session(backend: Backend) {
    let mut app = App::start(backend);
    let login = app.wechat.login("alice").await;
    app.wechat.script(json!([{"step": {"delay": {"ms": 400}}}])).await;
    let impatient = before(&app.public, &login).request_at(Method::GET, LOGIN);
    assert!(impatient.timeout(Duration::from_millis(150)).send().await.unwrap_err().is_timeout());
    let mut pairs = vec![log_in(&app.public, &login).await.opened()];
    // The restarted server has no state of the first sign-in in memory.
    app.crash_and_restart();
    for _ in 0..2 {
        pairs.push(log_in(&app.public, &login).await.opened());
    }
    assert!(pairs.iter().all(|pair| pair.id == pairs[0].id));
    assert_ne!(pairs[0].skey, pairs[1].skey);
    for pair in &pairs {
        user(&Phone::with_pair(&app.public, pair)).await.wafer_user();
    }
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
    let modern = app.user("alice").await;
    let sessions = modern.get("/api/v1/me/sessions").await.ok();
    let dialects: Vec<_> = sessions["sessions"].as_array().unwrap().iter().map(|s| &s["dialect"]).collect();
    assert_eq!(dialects.iter().filter(|dialect| **dialect == "wafer").count(), 1, "{sessions}");
}

async fn eight_sign_ins_at_once_share_one_exchange(backend: Backend) {
    let app = App::start(backend);
    for round in 0..5 {
        let login = app.wechat.login(&format!("user {round}")).await;
        let replies = join_all((0..8).map(|_| log_in(&app.public, &login))).await;
        for reply in replies {
            user(&Phone::with_pair(&app.public, &reply.opened())).await.wafer_user();
        }
        assert_eq!(app.wechat.exchanges(&login.code).await, 1);
    }
}

/// A code without the encrypted data gets nothing from an existing session.
async fn a_retry_is_verified_like_the_first_sign_in(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let other = app.wechat.login("bob").await;
    let alice = signed_in(&app.public, &login).await;
    for wrong in [
        Login { iv: other.iv.clone(), ..login.clone() },
        Login { encrypted_data: other.encrypted_data.clone(), iv: other.iv.clone(), ..login.clone() },
        Login { encrypted_data: "AAAA".to_owned(), ..login.clone() },
    ] {
        for _ in 0..4 {
            fails(&log_in(&app.public, &wrong).await);
        }
    }
    user(&alice).await.wafer_user();
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
}

async fn a_code_serves_one_dialect(backend: Backend) {
    let app = App::start(backend);
    let session = |code: &str| json!({"code": code});
    let login = app.wechat.login("alice").await;
    let phone = signed_in(&app.public, &login).await;
    app.api().post("/api/v1/session", &session(&login.code)).await.problem(401, "sign_in_again");
    Phone::with_login(&app.public, &login).list().await.expired();
    user(&phone).await.wafer_user();

    let login = app.wechat.login("alice").await;
    Phone::signed_in(&app.public, &login).await;
    fails(&log_in(&app.public, &login).await);
    let login = app.wechat.login("alice").await;
    app.api().sign_in(&login.code).await;
    fails(&log_in(&app.public, &login).await);
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
}

async fn a_blocked_user_does_not_get_in(backend: Backend) {
    let app = App::start(backend);
    let operator = Api::new(&app.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    let login = app.wechat.login("alice").await;
    let phone = signed_in(&app.public, &login).await;
    let sessions = operator.get("/admin/v1/sessions?dialect=wafer").await.ok();
    let of_alice = &sessions["sessions"][0];
    assert_eq!((&of_alice["dialect"], sessions["sessions"].as_array().unwrap().len()), (&json!("wafer"), 1));
    let seconds = |name: &str| of_alice[name].as_str().unwrap()[..19].to_owned();
    let (from, to) = (seconds("created_at"), seconds("ends_at"));
    assert_eq!(from[10..], to[10..], "to the second a day later");
    assert_ne!(from[..10], to[..10]);

    let path = format!("/admin/v1/users/{}/block", of_alice["user"]["id"].as_str().unwrap());
    operator.post(&path, &Value::Null).await.ok();
    yibi_tests::wait_until("the session has ended", || async {
        user(&phone).await.json()["error"] == "ERR_INVALID_SESSION"
    })
    .await;
    for login in [login, app.wechat.login("alice").await] {
        let reply = log_in(&app.public, &login).await;
        assert_eq!(reply.json()[MAGIC], 1);
        fails(&reply);
    }
    let next = app.wechat.login("bob").await;
    log_in(&app.public, &next).await.opened();
}

async fn addresses_with_many_failed_sign_ins_are_blocked(backend: Backend) {
    let few = [("LIMITS__ADDRESS_FAILURES", "1"), ("LIMITS__ADDRESS_FAILURES_BURST", "3")];
    let app = App::start_with(backend, &few);
    let login = app.wechat.login("alice").await;
    let alice = signed_in(&app.public, &login).await;
    let wrong = Login { iv: BASE64.encode(&[7; 16]), ..login };
    let mut messages = Vec::new();
    for _ in 0..6 {
        messages.push(fails(&log_in(&app.public, &wrong).await));
    }
    assert!(messages.iter().any(|message| message == "too many requests"), "{messages:?}");
    // Existing sessions are still accepted.
    user(&alice).await.wafer_user();
}
