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

/// What a phone has after its button for the phone number.
#[derive(Debug, Clone)]
pub struct Phone {
    /// Today's code.
    pub code: String,
    /// The number, encrypted under the session_key that the phone has now.
    pub encrypted_data: String,
    /// The IV of that.
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
        self.login_as(&json!({"user": user, "open_data": open_data})).await
    }

    /// What a named user's phone gets in another mini-program.
    pub async fn login_to(&self, app_id: &str, user: &str) -> Login {
        self.login_as(&json!({"user": user, "app_id": app_id})).await
    }

    async fn login_as(&self, asked: &Value) -> Login {
        let login = self.control("login", asked).await;
        let text = |name: &str| login[name].as_str().unwrap().to_owned();
        Login {
            code: text("code"),
            raw_data: text("raw_data"),
            signature: text("signature"),
            encrypted_data: text("encrypted_data"),
            iv: text("iv"),
        }
    }

    /// What a named user's phone gets from the button for the phone number.
    pub async fn phone(&self, user: &str) -> Phone {
        let phone = self.control("phone", &json!({"user": user})).await;
        let text = |name: &str| phone[name].as_str().unwrap().to_owned();
        Phone { code: text("code"), encrypted_data: text("encrypted_data"), iv: text("iv") }
    }

    /// The access token that servers use now.
    pub async fn access_token(&self) -> String {
        let body = json!({"grant_type": "client_credential", "appid": self.app_id, "secret": APP_SECRET});
        let url = format!("{}/cgi-bin/stable_token", self.url);
        let token: Value = self.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Refuses all access tokens given so far.
    pub async fn refuse_tokens(&self) {
        self.control("access-tokens/refuse", &json!({})).await;
    }

    /// How often an access token was fetched.
    pub async fn fetches(&self) -> u64 {
        self.calls().await["apis"]["stable_token"].as_u64().unwrap_or(0)
    }

    async fn control(&self, name: &str, body: &Value) -> Value {
        let reply = self.http.post(format!("{}/simulator/{name}", self.url)).json(body).send().await.unwrap();
        assert!(reply.status().is_success(), "{name}: {}", reply.status());
        serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default()
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
        let signature = HEXLOWER.encode(&digest);
        let (encrypted_data, iv) = Default::default();
        Login { code, raw_data: raw_data.to_owned(), signature, encrypted_data, iv }
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

    /// Has pushes sent to that server's address, signed with that token, in safe mode where there is a key.
    pub async fn push_to(&self, url: &str, token: &str, aes_key: Option<&str>, xml: bool) {
        let target = json!({"url": url, "token": token, "aes_key": aes_key, "xml": xml});
        let target = self.http.post(format!("{}/simulator/push-target", self.url)).json(&target);
        assert!(target.send().await.unwrap().status().is_success());
    }

    /// What becomes of the next images, as the simulator takes it.
    pub async fn fates(&self, fates: Value) {
        let fates = self.http.post(format!("{}/simulator/fates", self.url)).json(&fates);
        let reply = fates.send().await.unwrap();
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

    /// Lets time pass for codes.
    pub async fn advance(&self, milliseconds: u64) {
        let clock = self.http.post(format!("{}/simulator/clock", self.url));
        let reply = clock.json(&json!({"advance_ms": milliseconds})).send().await.unwrap();
        assert!(reply.status().is_success());
    }
}
