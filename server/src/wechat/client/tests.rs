//! The client against the simulator, and against servers that do not behave like WeChat.

use std::error::Error;

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use wechat_simulator::{MiniProgram, Scripted, Step};

use super::*;
use crate::wechat::testing::{Running, client, development_app};
use crate::wechat::{decrypt_open_data, verify_raw_data};

const PATIENT: Duration = Duration::from_secs(10);
const IMPATIENT: Duration = Duration::from_millis(200);

/// A code that is easy to find in logs.
const CODE: &str = "0a3xTellNobodyAboutThisCode00000";

fn app() -> WechatApp {
    development_app()
}

/// Fails to exchange [`CODE`] and checks that the error contains no secret.
async fn refused(client: &WechatClient, app: &WechatApp) -> WechatError {
    let error = client.exchange(app, CODE).await.unwrap_err();
    let mut words = format!("{error} {error:?} {:?}", error.detail());
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!words.contains(CODE), "{words}");
    assert!(!words.contains(app.secret.expose_secret()), "{words}");
    error
}

fn scripted(steps: Vec<Step>) -> (Running, WechatClient) {
    let wechat = Running::start();
    wechat.simulator.script(steps.into_iter().map(Scripted::from).collect()).unwrap();
    let client = wechat.client(PATIENT);
    (wechat, client)
}

fn body(body: &str) -> Step {
    Step::Http { status: 200, body: body.to_owned(), location: None }
}

fn busy() -> Step {
    Step::Error { errcode: -1, errmsg: "system error".to_owned() }
}

#[tokio::test]
async fn a_code_is_exchanged_for_the_user_who_signed_in() {
    let wechat = Running::start();
    let login = wechat.simulator.login("alice", None).unwrap();
    let got = wechat.client(PATIENT).exchange(&app(), &login.code).await.unwrap();
    assert_eq!(got.openid.len(), 28);
    assert_eq!(got.unionid.unwrap().len(), 28);
    assert!(verify_raw_data(&login.raw_data, &got.session_key, &login.signature));
    let open = decrypt_open_data(&got.session_key, &login.encrypted_data, &login.iv).unwrap();
    assert_eq!(open.open_id(), Some(&*got.openid));
    assert_eq!(wechat.simulator.calls().codes, [(login.code, 1)].into());
}

#[tokio::test]
async fn a_reply_with_errcode_0_and_without_a_unionid_is_a_success() {
    for reply in [
        r#"{"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","session_key":"tiihtNczf5v6AKRyjwEUhQ==","errcode":0,"errmsg":"ok"}"#,
        r#" {"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","session_key":"tiihtNczf5v6AKRyjwEUhQ==","errcode":"0","unionid":"","expires_in":7200}"#,
        r#"{"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","session_key":"tiihtNczf5v6AKRyjwEUhQ==","errcode":null,"unionid":null}"#,
    ] {
        let (_wechat, client) = scripted(vec![body(reply)]);
        let got = client.exchange(&app(), CODE).await.unwrap();
        assert_eq!((&*got.openid, got.unionid), ("oGZUI0egBJY1zhBYw2KhdUfwVJJE", None));
        assert_eq!(got.session_key.expose_secret(), "tiihtNczf5v6AKRyjwEUhQ==");
    }
}

#[tokio::test]
async fn a_code_is_escaped_whatever_it_contains() {
    let wechat = Running::start();
    let client = wechat.client(PATIENT);
    for code in ["a&js_code=b=%汉", "the code is a mock one", "+ +", "#?/..\\%2e", "x\u{0}\r\nHost: other"] {
        client.exchange(&app(), code).await.unwrap();
        assert_eq!(wechat.simulator.calls().codes.get(code), Some(&1), "{code}");
    }
    let (id, secret) = ("wx&secret=".to_owned(), "a=&%汉 +".to_owned());
    let wechat = Running::with(MiniProgram { id: id.clone(), secret: secret.clone() });
    let odd = WechatApp { id, secret: secret.into() };
    wechat.client(PATIENT).exchange(&odd, CODE).await.unwrap();
}

#[tokio::test]
async fn the_address_may_have_a_path() {
    let wechat = Running::start();
    for (address, found) in [("/", true), ("//", false), ("/gate/way", false)] {
        let result = client(&format!("{}{address}", wechat.url), PATIENT).exchange(&app(), CODE).await;
        assert_eq!(result.is_ok(), found, "{address}");
    }
    assert_eq!(base_address("https://gate.example/way").unwrap().as_str(), "https://gate.example/way/");
}

#[test]
fn an_address_that_is_no_plain_url_is_refused() {
    for address in [
        "",
        "api.weixin.qq.com",
        "ftp://a/",
        "https://user@a/",
        "https://:pw@a/",
        "https://a/?b",
        "https://a/#b",
        "data:,",
    ] {
        assert!(matches!(WechatClient::new(address, PATIENT), Err(InvalidClient::Address)), "{address}");
    }
}

#[tokio::test]
async fn errors_have_the_class_and_the_words_of_wechat() {
    for (errcode, class) in [
        (40029, Class::SignInAgain),
        (40163, Class::SignInAgain),
        (45011, Class::Wait { retry_after: Duration::from_secs(60) }),
        (40226, Class::Blocked),
        (40013, Class::Configuration),
        (40125, Class::Configuration),
        (41002, Class::Configuration),
        (41008, Class::Configuration),
        (99999, Class::Configuration),
    ] {
        let (wechat, client) = scripted(vec![Step::Error { errcode, errmsg: "some words".to_owned() }]);
        let error = refused(&client, &app()).await;
        assert_eq!((error.class, error.errcode), (class, Some(errcode)));
        let rid = error.rid.clone().unwrap();
        let errmsg = format!("some words, rid: {rid}");
        assert_eq!(
            serde_json::to_value(error.detail()).unwrap(),
            json!({ "errcode": errcode, "errmsg": errmsg })
        );
        assert_eq!(wechat.simulator.calls().apis["jscode2session"], 1, "{errcode} is not tried again");
    }
}

#[tokio::test]
async fn an_errcode_may_be_text_and_come_without_words() {
    let (_wechat, client) = scripted(vec![
        body(r#"{"errcode":"40029"}"#),
        body(r#"{"errcode":40163,"errmsg":null,"openid":"o1"}"#),
    ]);
    let text = refused(&client, &app()).await;
    assert_eq!((text.class, text.errcode, text.rid), (Class::SignInAgain, Some(40029), None));
    assert_eq!(refused(&client, &app()).await.errcode, Some(40163));
}

#[tokio::test]
async fn an_echo_of_the_request_does_not_get_into_the_error() {
    let echo = json!({ "errcode": 40029, "errmsg": format!("{CODE} of {}", app().secret.expose_secret()) });
    let (_wechat, client) = scripted(vec![body(&echo.to_string())]);
    assert_eq!(refused(&client, &app()).await.errcode, Some(40029));
}

#[tokio::test]
async fn a_busy_wechat_is_asked_once_more() {
    let (wechat, client) = scripted(vec![busy()]);
    client.exchange(&app(), CODE).await.unwrap();
    assert_eq!(wechat.simulator.calls().codes[CODE], 2);

    let (wechat, client) = scripted(vec![busy(), busy(), busy()]);
    let error = refused(&client, &app()).await;
    assert!(matches!(error.class, Class::Wait { .. }), "{error:?}");
    assert_eq!(wechat.simulator.calls().codes[CODE], 2);

    let used = Step::Error { errcode: 40163, errmsg: "code been used".to_owned() };
    let (_wechat, client) = scripted(vec![busy(), used]);
    assert_eq!(refused(&client, &app()).await.class, Class::SignInAgain);
}

#[tokio::test]
async fn a_busy_wechat_is_not_asked_again_when_no_time_is_left() {
    let (wechat, _) = scripted(vec![busy()]);
    let error = refused(&wechat.client(Duration::from_millis(490)), &app()).await;
    assert_eq!(error.errcode, Some(-1));
    assert_eq!(wechat.simulator.calls().codes[CODE], 1);
}

#[tokio::test]
async fn the_time_out_covers_the_second_attempt() {
    let (wechat, _) = scripted(vec![busy(), Step::Hang]);
    let began = Instant::now();
    let error = refused(&wechat.client(Duration::from_secs(1)), &app()).await;
    assert_eq!(error.class, Class::Unreachable);
    assert!(began.elapsed() < PATIENT, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_wechat_that_never_answers_is_given_up() {
    let (wechat, _) = scripted(vec![Step::Hang]);
    let began = Instant::now();
    let error = refused(&wechat.client(IMPATIENT), &app()).await;
    assert_eq!((error.class, error.detail()), (Class::Unreachable, None));
    assert!(matches!(error.cause, Some(Cause::TimedOut)), "{error:?}");
    assert!((IMPATIENT..PATIENT).contains(&began.elapsed()));
}

#[tokio::test]
async fn a_time_out_that_another_used_up_opens_no_circuit() {
    let wechat = Running::start();
    let hang = || vec![Scripted::from(Step::Hang); 6];
    wechat.simulator.script(hang()).unwrap();
    let patient = wechat.client(PATIENT);
    let ask = ApiCall { api: Api::Jscode2session, query: &[], body: None, hidden: &[] };
    for _ in 0..6 {
        let late = patient.ask::<serde_json::Value>(ask, Instant::now() + Duration::from_millis(50)).await;
        assert!(matches!(late.unwrap_err().cause, Some(Cause::TimedOut)));
    }
    wechat.simulator.clear_script();
    patient.exchange(&app(), CODE).await.unwrap();
    // A full time-out without an answer counts as a failure, and repeated failures open the circuit.
    wechat.simulator.script(hang()).unwrap();
    let impatient = wechat.client(Duration::from_millis(50));
    for _ in 0..5 {
        assert!(matches!(refused(&impatient, &app()).await.cause, Some(Cause::TimedOut)));
    }
    assert!(matches!(refused(&impatient, &app()).await.cause, Some(Cause::CircuitOpen)));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"openid\"").await.unwrap();
        // Reads until the client closes the connection.
        while stream.read(&mut [0; 1024]).await.unwrap_or(0) > 0 {}
    });
    let error = refused(&client(&url, IMPATIENT), &app()).await;
    assert!(matches!(error.cause, Some(Cause::TimedOut)), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_code_whose_reply_came_too_late_is_used_up() {
    let wechat = Running::start();
    wechat.simulator.script(vec![Step::Delay { ms: 60_000 }.into()]).unwrap();
    let code = wechat.simulator.login("alice", None).unwrap().code;
    let late = wechat.client(Duration::from_secs(1)).exchange(&app(), &code).await.unwrap_err();
    assert_eq!(late.class, Class::Unreachable);
    let used = wechat.client(PATIENT).exchange(&app(), &code).await.unwrap_err();
    assert_eq!((used.class, used.errcode), (Class::SignInAgain, Some(40163)));
}

#[tokio::test]
async fn a_closed_connection_and_a_closed_port_are_unreachable() {
    let (_wechat, client_of_closer) = scripted(vec![Step::Close]);
    let error = refused(&client_of_closer, &app()).await;
    assert_eq!(error.class, Class::Unreachable);
    assert!(matches!(error.cause, Some(Cause::Transport(_))), "{error:?}");

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = refused(&client(&format!("http://{unused}"), PATIENT), &app()).await;
    assert!(matches!(error.cause, Some(Cause::Transport(_))), "{error:?}");
}

#[tokio::test]
async fn another_status_is_unreachable_and_no_redirect_is_followed() {
    let good = r#"{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}"#;
    for status in [201, 204, 302, 307, 404, 412, 500, 502, 503] {
        let wechat = Running::start();
        let location = Some(format!("{}/sns/jscode2session", wechat.url));
        let step = Step::Http { status, body: good.to_owned(), location };
        wechat.simulator.script(vec![step.into()]).unwrap();
        let error = refused(&wechat.client(PATIENT), &app()).await;
        assert_eq!(error.class, Class::Unreachable);
        assert!(matches!(error.cause, Some(Cause::Status(got)) if got == status), "{error:?}");
        assert_eq!(wechat.simulator.calls().apis["jscode2session"], 1);
    }
}

#[tokio::test]
async fn a_reply_that_is_not_wechats_is_unreachable() {
    let key = "tiihtNczf5v6AKRyjwEUhQ==";
    let session =
        |openid: &str, session_key: &str| json!({ "openid": openid, "session_key": session_key }).to_string();
    for reply in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"errcode":0,"errmsg":"ok"}"#.to_owned(),
        r#"{"errcode":"many"}"#.to_owned(),
        r#"{"errcode":1.5}"#.to_owned(),
        r#"{"openid":"o1"}"#.to_owned(),
        r#"{"openid":1,"session_key":2}"#.to_owned(),
        format!(r#"{{"openid":{{}},"session_key":"{CODE}"}}"#),
        format!(r#"{{"openid":"o1","session_key":"{key}","unionid":"../x"}}"#),
        session("", key),
        session("o 1", key),
        session("o\u{0}", key),
        session("o$where", key),
        session(&"o".repeat(65), key),
        session("o1", ""),
        session("o1", CODE),
        session("o1", "AAAA"),
        "<html>".to_owned(),
        "{\"openid\":\"o1\"".to_owned(),
    ] {
        let (_wechat, client) = scripted(vec![body(&reply)]);
        let error = refused(&client, &app()).await;
        assert_eq!(error.class, Class::Unreachable, "{reply}");
        assert!(matches!(error.cause, Some(Cause::UnexpectedResponse(_))), "{reply}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_any_reply_of_wechats_has() {
    let (_wechat, client) = scripted(vec![
        Step::Garbage { bytes: MAX_REPLY },
        Step::Garbage { bytes: MAX_REPLY + 1 },
        Step::Garbage { bytes: 16 << 20 },
    ]);
    assert!(matches!(refused(&client, &app()).await.cause, Some(Cause::UnexpectedResponse(_))));
    assert!(matches!(refused(&client, &app()).await.cause, Some(Cause::TooLong)));
    assert!(matches!(refused(&client, &app()).await.cause, Some(Cause::TooLong)));
    client.exchange(&app(), CODE).await.unwrap();
}

#[tokio::test]
async fn many_exchange_at_once() {
    let wechat = Running::start();
    let client = wechat.client(PATIENT);
    let codes: Vec<_> =
        (0..100).map(|user| wechat.simulator.login(&format!("user {user}"), None).unwrap().code).collect();
    let app = app();
    let mut openids: Vec<_> = join_all(codes.iter().map(|code| client.exchange(&app, code)))
        .await
        .into_iter()
        .map(|exchange| exchange.unwrap().openid)
        .collect();
    openids.sort();
    openids.dedup();
    assert_eq!(openids.len(), 100);
    assert!(wechat.simulator.calls().codes.values().all(|calls| *calls == 1));
}
