//! Exchange of a code for a session: once, whatever fails meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::weapp::Phone;
use yibi_tests::wechat::Login;
use yibi_tests::{Api, App, Backend, Server, Wechat, on_both_backends, wait_until};

use super::line;

on_both_backends!(
    eight_requests_at_once_share_one_exchange,
    a_retry_after_a_lost_reply_succeeds,
    a_code_with_a_session_is_that_session,
    errors_of_wechat_are_passed_on,
    a_wechat_that_is_busy_is_asked_once_more,
    malformed_replies_of_wechat_are_failures,
    a_hanging_wechat_delays_requests_for_a_bounded_time,
);

/// Eight requests with the same login, concurrent in some rounds and staggered in others, so that the later ones find a
/// session that is being created.
async fn eight_at_once(wechat: &Wechat, servers: &[&Server]) {
    for round in 0..30_u32 {
        let login = wechat.login(&format!("user {round}")).await;
        if round == 1 {
            // The delay makes all requests wait for the exchange.
            wechat.script(json!([{"step": {"delay": {"ms": 200}}}])).await;
        }
        let apart = Duration::from_micros(500) * (round % 10);
        let saves = (0..8_u32).map(|index| {
            let server = servers[index as usize % servers.len()];
            let phone = Phone::with_login(&server.public, &login);
            async move {
                tokio::time::sleep(apart * index).await;
                phone.save(index, line(1.0)).await
            }
        });
        for reply in join_all(saves).await {
            reply.done();
        }
        assert_eq!(wechat.exchanges(&login.code).await, 1, "round {round}");
        for server in servers {
            assert_eq!(Phone::with_code(&server.public, &login.code).shown().await.len(), 8);
        }
    }
}

async fn eight_requests_at_once_share_one_exchange(backend: Backend) {
    let app = App::start(backend);
    eight_at_once(&app.wechat, &[&app]).await;
}

#[tokio::test]
async fn eight_requests_at_once_share_one_exchange_over_two_servers() {
    let app = App::start(Backend::Shared);
    let sibling = app.sibling();
    eight_at_once(&app.wechat, &[&app, &sibling]).await;
}

async fn a_retry_after_a_lost_reply_succeeds(backend: Backend) {
    let mut app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let phone = Phone::with_login(&app.public, &login);
    app.wechat.script(json!([{"step": {"delay": {"ms": 400}}}])).await;
    let impatient = phone.request(Method::GET, "/paints/list").timeout(Duration::from_millis(150));
    assert!(impatient.send().await.unwrap_err().is_timeout());
    phone.save("p1", line(1.0)).await.done();
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
    app.crash_and_restart();
    let phone = phone.at(&app.public);
    assert_eq!(phone.ids().await, ["p1"]);
    assert_eq!(phone.ids().await, ["p1"]);
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
}

async fn a_code_with_a_session_is_that_session(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let other = app.wechat.login("bob").await;
    let alice = Phone::signed_in(&app.public, &login).await;
    alice.save("p1", line(1.0)).await.done();
    for phone in [
        alice.clone().header("X-WX-RawData", &other.raw_data).header("X-WX-Signature", &other.signature),
        alice.clone().header("X-WX-RawData", &login.raw_data).header("X-WX-Signature", "0"),
        alice.clone().header("X-WX-RawData", &login.raw_data),
        alice.clone().header("X-WX-RawData", "%"),
        alice.clone().header("X-WX-RawData", "null"),
        alice.clone().header("X-WX-Signature", "画"),
    ] {
        assert_eq!(phone.ids().await, ["p1"]);
    }
    assert_eq!(app.wechat.exchanges(&login.code).await, 1);
}

async fn errors_of_wechat_are_passed_on(backend: Backend) {
    let app = App::start(backend);
    let refused = async |login: &Login, errcode: i64, errmsg: &str| {
        let phone = Phone::with_login(&app.public, login);
        let asked = app.wechat.exchanges(&login.code).await;
        let detail = phone.list().await.not_exchanged().unwrap();
        assert_eq!(detail["errcode"], errcode);
        assert!(detail["errmsg"].as_str().unwrap().starts_with(&format!("{errmsg}, rid: ")), "{detail}");
        assert_eq!(detail.as_object().unwrap().len(), 2);
        // A retry is refused likewise, without a second call to WeChat.
        assert_eq!(phone.save("p1", line(1.0)).await.not_exchanged(), Some(detail));
        assert_eq!(app.wechat.exchanges(&login.code).await, asked + 1);
        Phone::with_code(&app.public, &login.code).list().await.expired();
    };
    let login = app.wechat.login("alice").await;
    app.wechat.session(&login.code).await;
    refused(&login, 40163, "code been used").await;
    let unknown = Login { code: "invalid code &secret=x".to_owned(), ..login };
    refused(&unknown, 40029, "invalid code").await;
    let late = app.wechat.login("alice").await;
    app.wechat.advance(300_000).await;
    refused(&late, 40029, "invalid code").await;
    for (errcode, errmsg) in
        [(40226, "code blocked"), (45011, "api minute-quota reach limit"), (40013, "invalid appid")]
    {
        app.wechat.script(json!([{"step": {"error": {"errcode": errcode, "errmsg": errmsg}}}])).await;
        let login = app.wechat.login("alice").await;
        let detail = Phone::with_login(&app.public, &login).list().await.not_exchanged().unwrap();
        assert_eq!(detail["errcode"], errcode);
        assert!(detail["errmsg"].as_str().unwrap().starts_with(errmsg));
    }
    // The client calls wx.login and signs in again.
    let login = app.wechat.login("alice").await;
    assert_eq!(Phone::with_login(&app.public, &login).shown().await, []);
}

async fn a_wechat_that_is_busy_is_asked_once_more(backend: Backend) {
    let app = App::start(backend);
    let busy =
        |times: u32| json!([{"step": {"error": {"errcode": -1, "errmsg": "system error"}}, "times": times}]);
    app.wechat.script(busy(1)).await;
    let login = app.wechat.login("alice").await;
    assert_eq!(Phone::with_login(&app.public, &login).shown().await, []);
    app.wechat.script(busy(2)).await;
    let login = app.wechat.login("alice").await;
    let phone = Phone::with_login(&app.public, &login);
    assert_eq!(phone.list().await.not_exchanged().unwrap()["errcode"], -1);
    assert_eq!(phone.shown().await, [], "the code is not spent");
}

async fn malformed_replies_of_wechat_are_failures(backend: Backend) {
    let app = App::start(backend);
    let http = |status: u16, body: &str| json!({"http": {"status": status, "body": body}});
    let elsewhere = format!("{}/simulator/calls", app.wechat.url);
    let steps: [Value; 9] = [
        json!("close"),
        http(500, ""),
        http(502, "<html><body>502 Bad Gateway</body></html>"),
        http(503, r#"{"openid":"o1","session_key":"MDEyMzQ1Njc4OWFiY2RlZg=="}"#),
        http(200, r#"{"openid":"o1"}"#),
        http(200, "null"),
        json!({"http": {"status": 302, "location": elsewhere}}),
        json!({"garbage": {"bytes": 100}}),
        json!({"garbage": {"bytes": 1_000_000}}),
    ];
    for step in steps {
        // The HTTP client may retry a dropped connection once, so the script drops two.
        let times = if step == "close" { 2 } else { 1 };
        app.wechat.script(json!([{"step": step, "times": times}])).await;
        let login = app.wechat.login("alice").await;
        let phone = Phone::with_login(&app.public, &login);
        let reply = phone.list().await;
        assert_eq!(reply.not_exchanged(), None, "{step}");
        assert!(!reply.text().contains("127.0.0.1"), "no addresses");
        app.wechat.clear_script().await;
        assert_eq!(phone.shown().await, [], "after {step} the code is not spent");
    }
}

async fn a_hanging_wechat_delays_requests_for_a_bounded_time(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__TIMEOUT", "2")]);
    let bob = app.phone_2016("bob").await;
    app.wechat.script(json!([{"step": "hang", "times": 3}])).await;
    let logins = join_all((0..3).map(|_| app.wechat.login("alice"))).await;
    let began = Instant::now();
    let hanging = join_all(logins.iter().map(|login| async {
        let reply = Phone::with_login(&app.public, login).list().await;
        (reply.not_exchanged(), began.elapsed())
    }));
    let others = async {
        wait_until("WeChat hangs", || async {
            join_all(logins.iter().map(|login| app.wechat.exchanges(&login.code))).await == [1, 1, 1]
        })
        .await;
        bob.save("meanwhile", line(1.0)).await.done();
        began.elapsed()
    };
    let (hung, served) = tokio::join!(hanging, others);
    for (detail, after) in &hung {
        assert_eq!(*detail, None);
        assert!(served < *after, "a user with a session waits for nobody's");
    }
    let phone = Phone::with_login(&app.public, &logins[0]);
    assert_eq!(phone.shown().await, [], "nobody has used the code up");
    assert_eq!(Api::send(phone.request(Method::GET, "/paints/list?x")).await.applet()["code"], 0);
}
