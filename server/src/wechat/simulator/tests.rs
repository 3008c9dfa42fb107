//! The simulator as other programs see it: over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::wechat::testing::Running;

const OTHER_APP: &str = "wx0000000000000000";

fn apps() -> Vec<WechatApp> {
    let other = WechatApp { id: OTHER_APP.to_owned(), secret: "another".into() };
    vec![Simulator::development_app(), other]
}

struct Http {
    wechat: Running,
    client: reqwest::Client,
}

impl Http {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            wechat: Running::with(apps()),
            client: reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap(),
        }
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let reply = self.client.post(format!("{}{path}", self.wechat.url)).json(&body).send().await.unwrap();
        let status = reply.status().as_u16();
        (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
    }

    async fn query(&self, query: &str) -> Value {
        let url = format!("{}/sns/jscode2session?{query}", self.wechat.url);
        let reply = self.client.get(url).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/plain");
        reply.json().await.unwrap()
    }

    async fn exchange(&self, app: &WechatApp, code: &str) -> Value {
        let secret = app.secret.expose_secret();
        self.query(&format!("appid={}&secret={secret}&js_code={code}&grant_type=authorization_code", app.id))
            .await
    }

    async fn login(&self, request: Value) -> Value {
        let (status, login) = self.post("/simulator/login", request).await;
        assert_eq!(status, 200);
        login
    }
}

fn code(login: &Value) -> &str {
    login["code"].as_str().unwrap()
}

fn errcode(reply: &Value) -> i64 {
    assert!(reply["errmsg"].as_str().unwrap().contains(", rid: "), "{reply}");
    reply["errcode"].as_i64().unwrap()
}

#[tokio::test]
async fn a_person_is_the_same_one_at_every_login_and_after_a_restart() {
    let app = Simulator::development_app();
    let mut seen = Vec::new();
    for http in [Http::start(), Http::start()] {
        for _ in 0..2 {
            let login = http.login(json!({ "user": "爱丽丝" })).await;
            let session = http.exchange(&app, code(&login)).await;
            assert!(session.get("errcode").is_none(), "{session}");
            seen.push((
                session["openid"].clone(),
                session["unionid"].clone(),
                session["session_key"].clone(),
            ));
        }
    }
    assert!(seen.iter().all(|(openid, unionid, _)| (openid, unionid) == (&seen[0].0, &seen[0].1)));
    let mut keys: Vec<_> = seen.iter().map(|seen| seen.2.to_string()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4, "every login has a session_key of its own");
}

#[tokio::test]
async fn ids_differ_by_user_and_openids_by_mini_program() {
    let http = Http::start();
    let [app, other] = &apps()[..] else { panic!() };
    let alice = http.exchange(app, code(&http.login(json!({ "user": "alice" })).await)).await;
    let bob = http.exchange(app, code(&http.login(json!({ "user": "bob" })).await)).await;
    let there = http.login(json!({ "user": "alice", "app_id": OTHER_APP })).await;
    let alice_there = http.exchange(other, code(&there)).await;
    assert_ne!(alice["openid"], bob["openid"]);
    assert_ne!(alice["unionid"], bob["unionid"]);
    assert_ne!(alice["openid"], alice_there["openid"]);
    assert_eq!(alice["unionid"], alice_there["unionid"]);
}

#[tokio::test]
async fn a_login_has_the_profile_of_2016_under_its_signatures() {
    let http = Http::start();
    let login = http.login(json!({ "user": "李\"雷\"" })).await;
    let session = http.exchange(&Simulator::development_app(), code(&login)).await;
    let key = SecretString::from(session["session_key"].as_str().unwrap());
    let raw_data = login["raw_data"].as_str().unwrap();
    assert!(crate::wechat::verify_raw_data(raw_data, &key, login["signature"].as_str().unwrap()));
    let profile: Value = serde_json::from_str(raw_data).unwrap();
    assert_eq!(profile["nickName"], "李\"雷\"");
    let open = crate::wechat::decrypt_open_data(
        &key,
        login["encrypted_data"].as_str().unwrap(),
        login["iv"].as_str().unwrap(),
    )
    .unwrap();
    assert_eq!(open.app_id(), Some(&*Simulator::development_app().id));
    assert!(open.timestamp().unwrap() > 1_700_000_000);
    assert_eq!(open.members()["openId"], session["openid"]);
    assert_eq!(open.members()["unionId"], session["unionid"]);
    for (name, value) in profile.as_object().unwrap() {
        assert_eq!(&open.members()[name], value);
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_five_minutes_in_its_mini_program() {
    let http = Http::start();
    let [app, other] = &apps()[..] else { panic!() };

    let login = http.login(json!({ "user": "alice" })).await;
    assert_eq!(errcode(&http.exchange(other, code(&login)).await), 40029);
    assert!(http.exchange(app, code(&login)).await["openid"].is_string());
    assert_eq!(errcode(&http.exchange(app, code(&login)).await), 40163);

    let login = http.login(json!({ "user": "alice" })).await;
    http.wechat.simulator.advance(Duration::from_secs(290));
    let (status, _) = http.post("/simulator/clock", json!({ "advance_ms": 10_000 })).await;
    assert_eq!(status, 200);
    assert_eq!(errcode(&http.exchange(app, code(&login)).await), 40029);

    let login = http.login(json!({ "user": "alice" })).await;
    http.wechat.simulator.advance(Duration::from_secs(290));
    assert!(http.exchange(app, code(&login)).await["openid"].is_string());
}

#[tokio::test]
async fn a_code_from_elsewhere_signs_in_devtools_as_often_as_it_comes() {
    let http = Http::start();
    let app = Simulator::development_app();
    let first = http.exchange(&app, "the%20code%20is%20a%20mock%20one").await;
    assert_eq!(http.exchange(&app, "the+code+is+a+mock+one").await, first);
    assert_eq!(http.exchange(&app, "0b1").await["openid"], first["openid"]);
    let named = http.login(json!({ "user": DEVTOOLS_USER })).await;
    assert_eq!(http.exchange(&app, code(&named)).await["openid"], first["openid"]);
    for refused in ["invalid", "invalid-code", "sim-0000000000000000000000000000", "sim-"] {
        assert_eq!(errcode(&http.exchange(&app, refused).await), 40029, "{refused}");
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_has_wechats_errcode() {
    let http = Http::start();
    let app = Simulator::development_app();
    let (id, secret) = (&app.id, app.secret.expose_secret());
    for (query, expected) in [
        (String::new(), 41002),
        (format!("appid={id}"), 41004),
        (format!("appid={id}&secret={secret}"), 41008),
        (format!("appid={id}&secret={secret}&js_code=c"), 40002),
        (format!("appid={id}&secret={secret}&js_code=c&grant_type=client_credential"), 40002),
        (format!("appid=wx1&secret={secret}&js_code=c&grant_type=authorization_code"), 40013),
        (format!("appid={id}&secret=another&js_code=c&grant_type=authorization_code"), 40125),
    ] {
        assert_eq!(errcode(&http.query(&query).await), expected, "{query}");
    }
}

#[tokio::test]
async fn a_script_is_played_in_order_and_then_all_is_normal() {
    let http = Http::start();
    let app = Simulator::development_app();
    let login = http.login(json!({ "user": "alice" })).await;
    let script = json!([
        { "step": { "error": { "errcode": -1, "errmsg": "system error" } }, "times": 2 },
        { "step": { "error": { "errcode": 45011, "errmsg": "quota" } }, "api": "jscode2session" },
        { "step": { "delay": { "ms": 1 } } },
        { "step": "hang", "times": 7 },
    ]);
    assert_eq!(http.post("/simulator/script", script).await.0, 204);
    for expected in [-1, -1, 45011] {
        assert_eq!(errcode(&http.exchange(&app, code(&login)).await), expected);
    }
    assert!(http.exchange(&app, code(&login)).await["openid"].is_string(), "the script used the code up");
    let clear = http.client.delete(format!("{}/simulator/script", http.wechat.url)).send().await.unwrap();
    assert_eq!(clear.status(), 204);
    assert_eq!(errcode(&http.exchange(&app, code(&login)).await), 40163);
    let calls = http.client.get(format!("{}/simulator/calls", http.wechat.url)).send().await.unwrap();
    let calls: Value = calls.json().await.unwrap();
    let expected =
        json!({ "apis": { "jscode2session": 5 }, "codes": { code(&login): 5 }, "forced_refreshes": 0 });
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn a_script_or_login_that_is_not_understood_is_refused() {
    let http = Http::start();
    for script in [
        json!({}),
        json!([{ "step": "explode" }]),
        json!([{ "step": "hang", "time": 2 }]),
        json!([{ "step": "hang", "times": 0 }]),
        json!([{ "step": "hang", "api": "sns" }]),
        json!([{ "step": { "http": { "status": 101 } } }]),
        json!([{ "step": { "http": { "status": 600 } } }]),
        json!([{ "step": { "http": { "status": 302, "location": "a\r\nb" } } }]),
        json!([{ "step": { "garbage": { "bytes": 1 << 30 } } }]),
        json!([{ "step": { "delay": { "ms": 1 << 30 } } }]),
        json!(vec![json!({ "step": "hang" }); 1_001]),
    ] {
        assert_eq!(http.post("/simulator/script", script.clone()).await.0, 400, "{script}");
    }
    for login in [
        json!({}),
        json!({ "user": "" }),
        json!({ "user": "a\nb" }),
        json!({ "user": "x".repeat(65) }),
        json!({ "user": "alice", "app_id": "wx1" }),
        json!({ "user": "alice", "appid": OTHER_APP }),
    ] {
        assert_eq!(http.post("/simulator/login", login.clone()).await.0, 400, "{login}");
    }
    assert!(
        http.exchange(&Simulator::development_app(), "c").await["openid"].is_string(),
        "no step was added"
    );
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_pull_the_handles() {
    let http = Http::start();
    for path in ["login", "script", "clock"] {
        let url = format!("{}/simulator/{path}", http.wechat.url);
        let request = http.client.post(url).header("Content-Type", "text/plain").body(r#"{"user":"alice"}"#);
        assert!(request.send().await.unwrap().status().is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn a_closed_connection_carries_no_byte() {
    let http = Http::start();
    http.wechat.simulator.script(vec![Step::Close.into()]).unwrap();
    let address = http.wechat.url.strip_prefix("http://").unwrap().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET /sns/jscode2session HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        read
    });
    assert_eq!(String::from_utf8(read.await.unwrap()).unwrap(), "");
}

#[tokio::test]
async fn it_shuts_down_although_a_call_hangs() {
    let simulator = Simulator::new(apps());
    simulator.script(vec![Step::Hang.into()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    write!(caller, "GET /sns/jscode2session HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let watched = simulator.clone();
    let called = async move {
        while watched.calls().apis.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), simulator.run(listener, called)).await;
    ended.unwrap().unwrap();
    assert_eq!(caller.read(&mut [0; 16]).unwrap_or(0), 0, "the call is cut off");
}
