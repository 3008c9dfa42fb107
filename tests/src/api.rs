//! A client of the public API.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A client with or without a token.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    http: reqwest::Client,
    /// The bearer token, if signed in.
    pub token: Option<String>,
    headers: HeaderMap,
}

/// A reply, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header, empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a success; returns its JSON.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Asserts a success; returns its body.
    #[track_caller]
    pub fn ok_bytes(&self) -> &[u8] {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        &self.body
    }

    /// Asserts a complete problem of this status and code; returns it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        problem
    }
}

impl Api {
    /// A client of a server at `http://…` without a token.
    #[must_use]
    pub fn new(server: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: server.to_owned(), http, token: None, headers: HeaderMap::new() }
    }

    /// A client without a token that uses this HTTP client.
    #[must_use]
    pub fn by(http: reqwest::Client, server: &str) -> Self {
        Self { base: server.to_owned(), http, token: None, headers: HeaderMap::new() }
    }

    /// The same client for another server.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self { base: server.to_owned(), ..self.clone() }
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// Signs in with a code; returns the client with the token.
    pub async fn sign_in(&self, code: &str) -> Self {
        let reply = self.post("/api/v1/session", &json!({"code": code})).await.ok();
        self.with_token(reply["token"].as_str().unwrap())
    }

    /// Cancels a pending erasure with a code; returns the client with the token.
    pub async fn reopen(&self, code: &str) -> Self {
        let reply = self.post("/api/v1/session", &json!({"code": code, "reopen": true})).await.ok();
        self.with_token(reply["token"].as_str().unwrap())
    }

    /// Begins a request with the client's token and headers.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the reply.
    pub async fn send(request: reqwest::RequestBuilder) -> Reply {
        let reply = request.send().await.unwrap();
        let (status, headers) = (reply.status(), reply.headers().clone());
        Reply { status, headers, body: reply.bytes().await.unwrap().to_vec() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        Self::send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        Self::send(self.request(Method::DELETE, path)).await
    }

    /// Sends a `POST` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Self::send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a `PATCH` with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        Self::send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Appends actions to a drawing.
    pub async fn append(&self, id: &str, from_seq: u64, actions: Value) -> Reply {
        self.post(
            &format!("/api/v1/drawings/{id}/actions"),
            &json!({"from_seq": from_seq, "actions": actions}),
        )
        .await
    }

    /// Reads a drawing with all its actions.
    pub async fn drawing(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/drawings/{id}")).await.ok()
    }
}

/// A stroke of three points with `mark` as its first coordinate and its time.
#[must_use]
pub fn stroke(mark: i64) -> Value {
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 28, "at": mark,
           "points": [mark, 100, 0, 40, 60, 16, 30, -20, 17]})
}
