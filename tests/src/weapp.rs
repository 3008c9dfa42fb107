//! A client of 2016, as the original demo's: it talks to `/applet/session`, sends WeChat's code in its headers,
//! and reads nothing of a reply but its JSON.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wafer::Pair;
use crate::wechat::Login;
use crate::{Api, Reply};

/// The member that marks a reply of the session layer.
pub const MAGIC: &str = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A";

/// Where the routes begin.
pub const BASE: &str = "/applet/session";

/// A phone, and the session headers that all its requests carry.
#[derive(Debug, Clone)]
pub struct Phone {
    api: Api,
    headers: Vec<(String, Vec<u8>)>,
}

impl Phone {
    /// One that sends no session headers.
    #[must_use]
    pub fn stranger(server: &str) -> Self {
        Self { api: Api::new(server), headers: Vec::new() }
    }

    /// One that sends everything of a login by that client.
    #[must_use]
    pub fn by(api: Api, login: &Login) -> Self {
        let phone = Self { api, headers: Vec::new() };
        let phone = phone.header("X-WX-Code", &login.code);
        phone
            .header("X-WX-RawData", encode_uri_component(&login.raw_data))
            .header("X-WX-Signature", &login.signature)
    }

    /// One that sends a code and nothing else.
    #[must_use]
    pub fn with_code(server: &str, code: &str) -> Self {
        Self::stranger(server).header("X-WX-Code", code)
    }

    /// One that sends everything of a login, as in its first request.
    #[must_use]
    pub fn with_login(server: &str, login: &Login) -> Self {
        Self::with_code(server, &login.code)
            .header("X-WX-RawData", encode_uri_component(&login.raw_data))
            .header("X-WX-Signature", &login.signature)
    }

    /// One that has made its first request, and from now on sends the code alone.
    pub async fn signed_in(server: &str, login: &Login) -> Self {
        Self::with_login(server, login).shown().await;
        Self::with_code(server, &login.code)
    }

    /// One that sends what a wafer sign-in gave.
    #[must_use]
    pub fn with_pair(server: &str, pair: &Pair) -> Self {
        Self::stranger(server).header("X-WX-Id", &pair.id).header("X-WX-Skey", &pair.skey)
    }

    /// With a further header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same phone at another server.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self { api: self.api.at(server), headers: self.headers.clone() }
    }

    /// A request below the base path, to be completed.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_at(method, &format!("{BASE}{path}"))
    }

    /// A request of any path, to be completed.
    pub fn request_at(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.api.request(method, path);
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value.as_slice()))
    }

    /// Asks for the list.
    pub async fn list(&self) -> Reply {
        Api::send(self.request(Method::GET, "/paints/list")).await
    }

    /// Asks for the list with `Accept-Encoding`; the reply as it comes over the wire.
    pub async fn list_as(&self, accept_encoding: &str) -> Reply {
        let list = self.request(Method::GET, "/paints/list");
        Api::send(list.header("Accept-Encoding", accept_encoding)).await
    }

    /// Saves actions under an id.
    pub async fn save(&self, id: impl Serialize, actions: impl Serialize) -> Reply {
        self.post("/paints/save", &json!({"id": id, "actions": actions})).await
    }

    /// Deletes.
    pub async fn delete(&self, id: impl Serialize) -> Reply {
        self.post("/paints/delete", &json!({"id": id})).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Api::send(self.request(Method::POST, path).json(body)).await
    }

    /// Id and actions of every drawing of the list.
    #[track_caller]
    pub fn shown(&self) -> impl Future<Output = Vec<(String, String)>> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.list().await.json();
            assert_eq!(reply["code"], 0, "{caller}: {reply}");
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let drawings = reply["data"].as_array().unwrap();
            drawings.iter().map(|drawing| (text(&drawing["id"]), text(&drawing["actions"]))).collect()
        }
    }

    /// The ids of the list.
    pub async fn ids(&self) -> Vec<String> {
        self.shown().await.into_iter().map(|(id, _)| id).collect()
    }
}

impl Reply {
    /// The JSON of a reply to a client of 2016: always of status 200.
    #[track_caller]
    #[must_use]
    pub fn applet(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert!(self.header("content-type").starts_with("application/json"), "{self:?}");
        self.json()
    }

    /// That the reply is the success of a save or a deletion.
    #[track_caller]
    pub fn done(&self) {
        assert_eq!(self.applet(), json!({"code": 0, "msg": "success", "data": {}}));
    }

    /// That the reply is a failure of that reason.
    #[track_caller]
    pub fn fails(&self, reason: &str) {
        assert_eq!(self.applet(), json!({"code": -1, "msg": "fail", "error": {"reason": reason}}));
    }

    /// That the session layer turned the request away because the code has no session.
    #[track_caller]
    pub fn expired(&self) {
        let error = json!({"name": "Error", "message": "`wxUserInfo` not found by `code`"});
        assert_eq!(self.applet(), json!({MAGIC: 1, "reason": "ERR_SESSION_EXPIRED", "error": error}));
    }

    /// That the session layer turned the request away because of the signature.
    #[track_caller]
    pub fn untrusted(&self) {
        let error = json!({"name": "Error", "message": "untrusted raw data"});
        assert_eq!(self.applet(), json!({MAGIC: 1, "reason": "ERR_UNTRUSTED_RAW_DATA", "error": error}));
    }

    /// That the session layer turned the request away because WeChat did not exchange the code; what WeChat
    /// said of it, if it said something.
    #[track_caller]
    #[must_use]
    pub fn not_exchanged(&self) -> Option<Value> {
        let mut reply = self.applet();
        let detail = reply["error"].as_object_mut().and_then(|error| error.remove("detail"));
        let error = json!({"name": "Error", "message": "jscode failed to exchange session_key"});
        assert_eq!(reply, json!({MAGIC: 1, "reason": "ERR_SESSION_KEY_EXCHANGE_FAILED", "error": error}));
        detail
    }
}

/// As JavaScript's function of that name.
#[must_use]
pub fn encode_uri_component(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    let encoded = text
        .bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    encoded.collect()
}
