//! A client of 2016, like that of the original demo: it uses `/applet/session`, sends WeChat's code in its headers, and
//! reads only the JSON of a reply.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wafer::Pair;
use crate::wechat::Login;
use crate::{Api, Reply};

/// The member that marks a reply of the session layer.
pub const MAGIC: &str = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A";

/// The base path of the routes.
pub const BASE: &str = "/applet/session";

/// A phone with the session headers of its requests.
#[derive(Debug, Clone)]
pub struct Phone {
    api: Api,
    headers: Vec<(String, Vec<u8>)>,
}

impl Phone {
    /// A phone without session headers.
    #[must_use]
    pub fn stranger(server: &str) -> Self {
        Self { api: Api::new(server), headers: Vec::new() }
    }

    /// A phone with all headers of a login that uses this client.
    #[must_use]
    pub fn by(api: Api, login: &Login) -> Self {
        let phone = Self { api, headers: Vec::new() };
        let phone = phone.header("X-WX-Code", &login.code);
        phone
            .header("X-WX-RawData", encode_uri_component(&login.raw_data))
            .header("X-WX-Signature", &login.signature)
    }

    /// A phone with a code alone.
    #[must_use]
    pub fn with_code(server: &str, code: &str) -> Self {
        Self::stranger(server).header("X-WX-Code", code)
    }

    /// A phone with all headers of a login, as in its first request.
    #[must_use]
    pub fn with_login(server: &str, login: &Login) -> Self {
        Self::with_code(server, &login.code)
            .header("X-WX-RawData", encode_uri_component(&login.raw_data))
            .header("X-WX-Signature", &login.signature)
    }

    /// Sends the first request; returns the phone with the code alone.
    pub async fn signed_in(server: &str, login: &Login) -> Self {
        Self::with_login(server, login).shown().await;
        Self::with_code(server, &login.code)
    }

    /// A phone with the pair of a wafer sign-in.
    #[must_use]
    pub fn with_pair(server: &str, pair: &Pair) -> Self {
        Self::stranger(server).header("X-WX-Id", &pair.id).header("X-WX-Skey", &pair.skey)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same phone for another server.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self { api: self.api.at(server), headers: self.headers.clone() }
    }

    /// Begins a request below the base path.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_at(method, &format!("{BASE}{path}"))
    }

    /// Begins a request for any path.
    pub fn request_at(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.api.request(method, path);
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value.as_slice()))
    }

    pub async fn list(&self) -> Reply {
        Api::send(self.request(Method::GET, "/paints/list")).await
    }

    /// Requests the list with `Accept-Encoding`; returns the reply without decoding it.
    pub async fn list_as(&self, accept_encoding: &str) -> Reply {
        let list = self.request(Method::GET, "/paints/list");
        Api::send(list.header("Accept-Encoding", accept_encoding)).await
    }

    /// Saves actions under an id.
    pub async fn save(&self, id: impl Serialize, actions: impl Serialize) -> Reply {
        self.post("/paints/save", &json!({"id": id, "actions": actions})).await
    }

    pub async fn delete(&self, id: impl Serialize) -> Reply {
        self.post("/paints/delete", &json!({"id": id})).await
    }

    /// Sends a `POST` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Api::send(self.request(Method::POST, path).json(body)).await
    }

    /// The ids and actions of the list.
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
    /// Asserts status 200; returns the JSON.
    #[track_caller]
    #[must_use]
    pub fn applet(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert!(self.header("content-type").starts_with("application/json"), "{self:?}");
        self.json()
    }

    /// Asserts a successful save or deletion.
    #[track_caller]
    pub fn done(&self) {
        assert_eq!(self.applet(), json!({"code": 0, "msg": "success", "data": {}}));
    }

    /// Asserts a failure with a reason.
    #[track_caller]
    pub fn fails(&self, reason: &str) {
        assert_eq!(self.applet(), json!({"code": -1, "msg": "fail", "error": {"reason": reason}}));
    }

    /// Asserts a rejection because the code has no session.
    #[track_caller]
    pub fn expired(&self) {
        let error = json!({"name": "Error", "message": "`wxUserInfo` not found by `code`"});
        assert_eq!(self.applet(), json!({MAGIC: 1, "reason": "ERR_SESSION_EXPIRED", "error": error}));
    }

    /// Asserts a rejection because of the signature.
    #[track_caller]
    pub fn untrusted(&self) {
        let error = json!({"name": "Error", "message": "untrusted raw data"});
        assert_eq!(self.applet(), json!({MAGIC: 1, "reason": "ERR_UNTRUSTED_RAW_DATA", "error": error}));
    }

    /// Asserts a rejection because WeChat did not exchange the code; returns the error of WeChat, if any.
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

#[must_use]
pub fn encode_uri_component(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    let encoded = text
        .bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    encoded.collect()
}
