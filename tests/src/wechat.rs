//! A simulated WeChat of the test's own.

use std::process::Command;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::process::Process;
use crate::server::APP_SECRET;
use crate::{binary, install_tls, unique};

/// The simulator as a process, and its controls.
#[derive(Debug)]
pub struct Wechat {
    _process: Process,
    /// Where it listens, `http://127.0.0.1:…`.
    pub url: String,
    /// The app that it knows.
    pub app_id: String,
    http: reqwest::Client,
}

/// What a phone has after `wx.login` and `wx.getUserInfo`.
#[derive(Debug, Clone)]
pub struct Login {
    /// The code.
    pub code: String,
    /// The profile's text.
    pub raw_data: String,
    /// Its signature.
    pub signature: String,
    /// The profile with openid and watermark, encrypted; base64.
    pub encrypted_data: String,
    /// Its IV; base64.
    pub iv: String,
}

impl Wechat {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        install_tls();
        let mut command = Command::new(binary("yibi-server"));
        let process = Process::start(command.args(["simulator", "--listen", "127.0.0.1:0"]));
        let (url, app_id) = process.wait_for("the simulator's address", |line| {
            let (url, app) = line.strip_prefix("listening on ")?.split_once(" for app ")?;
            Some((url.to_owned(), app.to_owned()))
        });
        Self { _process: process, url, app_id, http: reqwest::Client::new() }
    }

    /// What a named user's phone gets.
    pub async fn login(&self, user: &str) -> Login {
        self.login_with(user, json!({})).await
    }

    /// The same, with other members in the encrypted data, `null` taking one away.
    pub async fn login_with(&self, user: &str, open_data: Value) -> Login {
        let reply = self.http.post(format!("{}/simulator/login", self.url));
        let reply = reply.json(&json!({"user": user, "open_data": open_data}));
        let login: Value = reply.send().await.unwrap().json().await.unwrap();
        let text = |name: &str| login[name].as_str().unwrap().to_owned();
        Login {
            code: text("code"),
            raw_data: text("raw_data"),
            signature: text("signature"),
            encrypted_data: text("encrypted_data"),
            iv: text("iv"),
        }
    }

    /// A fresh code of a named user.
    pub async fn code(&self, user: &str) -> String {
        self.login(user).await.code
    }

    /// What the phone of DevTools' tourist would get for any profile: its code is made up, and WeChat takes it
    /// as often as it comes.
    pub async fn tourist(&self, raw_data: &str) -> Login {
        let code = format!("tourist-{}", unique());
        let session = self.session(&code).await;
        let key = session["session_key"].as_str().unwrap();
        let digest = Sha1::new().chain_update(raw_data).chain_update(key).finalize();
        Login {
            code,
            raw_data: raw_data.to_owned(),
            signature: HEXLOWER.encode(&digest),
            encrypted_data: String::new(),
            iv: String::new(),
        }
    }

    /// WeChat's own reply to a code, which uses it up.
    pub async fn session(&self, code: &str) -> Value {
        let query = [
            ("appid", self.app_id.as_str()),
            ("secret", APP_SECRET),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let url =
            reqwest::Url::parse_with_params(&format!("{}/sns/jscode2session", self.url), query).unwrap();
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// How often WeChat was asked about a code.
    pub async fn exchanges(&self, code: &str) -> u64 {
        self.calls().await["codes"][code].as_u64().unwrap_or(0)
    }

    /// Scripts the next calls: a list of steps as the simulator takes them.
    pub async fn script(&self, steps: Value) {
        let reply =
            self.http.post(format!("{}/simulator/script", self.url)).json(&steps).send().await.unwrap();
        assert!(reply.status().is_success(), "{}", reply.text().await.unwrap());
    }

    /// Forgets the script.
    pub async fn clear_script(&self) {
        self.http.delete(format!("{}/simulator/script", self.url)).send().await.unwrap();
    }

    /// How often each API was called, and each code was shown.
    pub async fn calls(&self) -> Value {
        self.http.get(format!("{}/simulator/calls", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Has WeChat refuse the access token that it gave, and give another.
    pub async fn revoke_access_token(&self) {
        let refuse = self.http.post(format!("{}/simulator/access-tokens/refuse", self.url));
        assert!(refuse.json(&json!({})).send().await.unwrap().status().is_success());
    }

    /// Lets time pass for codes.
    pub async fn advance(&self, milliseconds: u64) {
        let clock = self.http.post(format!("{}/simulator/clock", self.url));
        let reply = clock.json(&json!({"advance_ms": milliseconds})).send().await.unwrap();
        assert!(reply.status().is_success());
    }
}
