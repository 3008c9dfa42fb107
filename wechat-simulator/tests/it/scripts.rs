//! Scripts and the control API.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use wechat_simulator::{MiniProgram, Simulator, Step};

use super::{Http, OTHER_APP, apps, code, errcode};

#[tokio::test]
async fn a_script_runs_in_order_and_then_ends() {
    let http = Http::start();
    let app = MiniProgram::development();
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
async fn an_invalid_script_or_login_is_rejected() {
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
    assert!(http.exchange(&MiniProgram::development(), "c").await["openid"].is_string(), "no step was added");
}

#[tokio::test]
async fn a_web_page_of_another_origin_cannot_use_the_control_api() {
    let http = Http::start();
    for path in ["login", "script", "clock"] {
        let url = format!("{}/simulator/{path}", http.wechat.url);
        let request = http.client.post(url).header("Content-Type", "text/plain").body(r#"{"user":"alice"}"#);
        assert!(request.send().await.unwrap().status().is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn a_closed_connection_carries_no_bytes() {
    let http = Http::start();
    http.wechat.simulator.script(vec![Step::Close.into()]).unwrap();
    let address = http.wechat.url.strip_prefix("http://").unwrap().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET /sns/jscode2session HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        read
    });
    assert_eq!(String::from_utf8(read.await.unwrap()).unwrap(), "");
}

#[tokio::test]
async fn a_hanging_call_does_not_delay_the_shutdown() {
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
    let ended = tokio::time::timeout(Duration::from_secs(30), simulator.run(listener, called)).await;
    ended.unwrap().unwrap();
    assert_eq!(caller.read(&mut [0; 16]).unwrap_or(0), 0, "the call is cut off");
}
