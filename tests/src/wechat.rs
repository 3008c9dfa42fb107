//! The simulated WeChat of a test.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wechat_simulator::pay::{KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, PUBLIC_KEY_ID, PayError, PhonePayment};
use wechat_simulator::{MiniProgram, PushTarget, RunningSimulator};

use crate::{TempDir, install_tls, unique};

pub use wechat_simulator::{Login, Phone};

/// A simulated WeChat that runs until it is dropped.
#[derive(Debug)]
pub struct Wechat {
    running: RunningSimulator,
    pub url: String,
    /// The id of the mini-program that the tests use.
    pub app_id: String,
    app_secret: String,
    http: reqwest::Client,
}

#[expect(clippy::unused_async, reason = "tests await all actions of the phone and of WeChat alike")]
impl Wechat {
    /// Starts a simulator that knows the two mini-programs of development.
    #[must_use]
    pub fn start() -> Self {
        install_tls();
        let app = MiniProgram::development();
        let running = RunningSimulator::start(vec![app.clone(), MiniProgram::second_development()]).unwrap();
        let (url, http) = (running.url.clone(), reqwest::Client::new());
        Self { running, url, app_id: app.id, app_secret: app.secret, http }
    }

    /// Signs a user in on the phone.
    pub async fn login(&self, user: &str) -> Login {
        self.running.simulator.login(user, None).unwrap()
    }

    /// Signs a user in with changed members in the encrypted data; `null` removes a member.
    pub async fn login_with(&self, user: &str, open_data: Value) -> Login {
        let open_data = serde_json::from_value(open_data).unwrap();
        self.running.simulator.login_with(user, None, open_data).unwrap()
    }

    /// Signs a user in to another mini-program.
    pub async fn login_to(&self, app_id: &str, user: &str) -> Login {
        self.running.simulator.login(user, Some(app_id)).unwrap()
    }

    /// Presses the phone-number button on a user's phone.
    pub async fn phone(&self, user: &str) -> Phone {
        self.running.simulator.phone(user, None).unwrap()
    }

    /// Fetches the current access token.
    pub async fn access_token(&self) -> String {
        let secret = &self.app_secret;
        let body = json!({"grant_type": "client_credential", "appid": self.app_id, "secret": secret});
        let url = format!("{}/cgi-bin/stable_token", self.url);
        let token: Value = self.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Rejects the access tokens issued so far.
    pub async fn refuse_tokens(&self) {
        self.running.simulator.refuse_tokens(None, false);
    }

    /// The number of requests for an access token.
    pub async fn fetches(&self) -> u64 {
        self.running.simulator.calls().apis.get("stable_token").copied().unwrap_or(0)
    }

    /// A new code of a user.
    pub async fn code(&self, user: &str) -> String {
        self.login(user).await.code
    }

    /// Signs in the tourist of DevTools with any profile. WeChat accepts the made-up code repeatedly.
    pub async fn tourist(&self, raw_data: &str) -> Login {
        let code = format!("tourist-{}", unique());
        let session = self.session(&code).await;
        let key = session["session_key"].as_str().unwrap();
        let digest = Sha1::new().chain_update(raw_data).chain_update(key).finalize();
        let signature = HEXLOWER.encode(&digest);
        let (encrypted_data, iv) = Default::default();
        Login { code, raw_data: raw_data.to_owned(), signature, encrypted_data, iv }
    }

    /// Exchanges a code at WeChat, which uses it up.
    pub async fn session(&self, code: &str) -> Value {
        let query = [
            ("appid", self.app_id.as_str()),
            ("secret", self.app_secret.as_str()),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let url =
            reqwest::Url::parse_with_params(&format!("{}/sns/jscode2session", self.url), query).unwrap();
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The number of exchanges of a code.
    pub async fn exchanges(&self, code: &str) -> u64 {
        self.running.simulator.calls().codes.get(code).copied().unwrap_or(0)
    }

    /// Scripts the next calls: a JSON list of [`wechat_simulator::Scripted`].
    pub async fn script(&self, steps: Value) {
        self.running.simulator.script(serde_json::from_value(steps).unwrap()).unwrap();
    }

    /// Sends pushes to a server's address, signed with a token, in safe mode when there is a key.
    pub async fn push_to(&self, url: &str, token: &str, aes_key: Option<&str>, xml: bool) {
        let (url, token, aes_key) = (url.to_owned(), token.to_owned(), aes_key.map(ToOwned::to_owned));
        self.running.simulator.push_to(PushTarget { url, token, aes_key, xml });
    }

    /// Sets the results of the next image checks: a JSON list of [`wechat_simulator::ImageResult`].
    pub async fn image_results(&self, results: Value) {
        self.running.simulator.image_results(serde_json::from_value(results).unwrap()).unwrap();
    }

    /// Removes the remaining steps of the script.
    pub async fn clear_script(&self) {
        self.running.simulator.clear_script();
    }

    /// The numbers of calls by API and by code.
    pub async fn calls(&self) -> Value {
        serde_json::to_value(self.running.simulator.calls()).unwrap()
    }

    /// Rejects the current access token and issues another.
    pub async fn revoke_access_token(&self) {
        self.refuse_tokens().await;
    }

    pub async fn advance(&self, milliseconds: u64) {
        self.running.simulator.advance(Duration::from_millis(milliseconds));
    }

    /// The settings of the simulated merchant, with its key files in that directory. WeChat notifies
    /// `https://draw.example.com`; [`Wechat::notify_payments_at`] leads that to a server of the test.
    #[must_use]
    pub fn pay_settings(&self, version: &str, directory: &TempDir) -> Vec<(String, String)> {
        let keys = KeyFiles::write(directory.path()).unwrap();
        [
            ("PAY__MERCHANT_ID", MERCHANT_ID.to_owned()),
            ("PAY__API", version.to_owned()),
            ("PAY__API_URL", self.url.clone()),
            ("PAY__SERIAL", MERCHANT_SERIAL.to_owned()),
            ("PAY__PUBLIC_KEY_ID", PUBLIC_KEY_ID.to_owned()),
            ("PAY__PUBLIC_KEY_FILE", keys.public_key.display().to_string()),
            ("PAY__CERTIFICATES_DIR", keys.certificates.display().to_string()),
            ("PAY__PRIVATE_KEY_FILE", keys.private_key.display().to_string()),
            ("PAY__API_V3_KEY_FILE", keys.api_v3_key.display().to_string()),
            ("PAY__V2_KEY_FILE", keys.v2_key.display().to_string()),
            ("PAY__NOTIFY_URL", "https://draw.example.com/wx/pay/notify".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Sends notifications of payments to that server.
    pub fn notify_payments_at(&self, server: &str) {
        self.running.simulator.notify_payments_at(server);
    }

    /// Pays on the phone.
    ///
    /// # Errors
    /// [`PayError`] when WeChat accepts no payment of the order.
    pub fn pay(&self, prepay_id: &str) -> Result<(), PayError> {
        self.running.simulator.pay(&PhonePayment::paid(prepay_id))
    }

    /// Pays or cancels on the phone: a [`wechat_simulator::pay::PhonePayment`] in JSON.
    ///
    /// # Errors
    /// As [`Wechat::pay`].
    pub fn pay_as(&self, payment: Value) -> Result<(), PayError> {
        self.running.simulator.pay(&serde_json::from_value(payment).unwrap())
    }

    /// Scripts the next behaviour of WeChat Pay: a JSON list of [`wechat_simulator::pay::PayStep`].
    pub fn pay_script(&self, steps: Value) {
        self.running.simulator.pay_script(serde_json::from_value(steps).unwrap()).unwrap();
    }

    /// The books of WeChat Pay: a [`wechat_simulator::pay::Ledger`] in JSON.
    #[must_use]
    pub fn pay_ledger(&self) -> Value {
        serde_json::to_value(self.running.simulator.pay_ledger()).unwrap()
    }

    /// Refunds a payment by hand at the merchant's console.
    pub fn refund_by_hand(&self, out_trade_no: &str) {
        assert!(self.running.simulator.refund_by_hand(out_trade_no));
    }
}
