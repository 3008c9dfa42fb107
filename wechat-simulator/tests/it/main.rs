//! Tests of the simulator over HTTP, as other programs use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation in a test is reported by its panic"
)]

mod codes;
mod crypto;
mod images;
mod logins;
mod scripts;
mod tokens;

use serde_json::Value;
use wechat_simulator::{MiniProgram, RunningSimulator};

const OTHER_APP: &str = "wx0000000000000000";

fn apps() -> Vec<MiniProgram> {
    let other = MiniProgram { id: OTHER_APP.to_owned(), secret: "another".to_owned() };
    vec![MiniProgram::development(), other]
}

struct Http {
    wechat: RunningSimulator,
    client: reqwest::Client,
}

impl Http {
    fn start() -> Self {
        let wechat = RunningSimulator::start(apps()).unwrap();
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { wechat, client: reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap() }
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

    async fn exchange(&self, app: &MiniProgram, code: &str) -> Value {
        let secret = &app.secret;
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
