//! The connection to WeChat's server API.
//!
//! One [`WechatClient`] serves the whole process. It applies these rules to every API: one overall time-out,
//! a bounded reply, no redirect followed, no proxy taken from the environment; and for each API by itself, a
//! bounded number of calls in flight, and a breaker that refuses calls while it does not answer.

pub(super) mod breaker;
mod date;
mod error;
mod jscode2session;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{StatusCode, Url, header, redirect};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use self::breaker::{Breaker, Change};
use super::api::{Api, Method, Repeat};
use super::lenient;
use crate::telemetry::Metrics;

pub use error::{Cause, Class, Detail, WechatError, is_bad_token};
pub use jscode2session::Exchange;

/// Maximum length of a JSON reply in bytes. The APIs answer with a few hundred.
const MAX_REPLY: usize = 64 * 1024;

/// Maximum length of a picture in bytes. That of a code has about 100 kB.
const MAX_IMAGE: usize = 1024 * 1024;

/// Maximum number of concurrent calls of one API. When WeChat hangs, every sign-in holds a connection until
/// its time-out; further calls wait here instead of using up the process's file descriptors.
const MAX_IN_FLIGHT: usize = 512;

/// WeChat's errcode for "system busy, try again".
const BUSY: i64 = -1;

/// The pause before a second attempt.
const BACKOFF: Duration = Duration::from_millis(500);

/// How long an unused connection is kept: shorter than at WeChat's front ends, so that a request rarely uses
/// a connection that is being closed.
const IDLE: Duration = Duration::from_secs(20);

/// The credentials of one mini-program.
#[derive(Debug, Clone)]
pub struct WechatApp {
    /// The app id, `wx` and 16 hex digits.
    pub id: String,
    pub secret: SecretString,
}

/// Why a [`WechatClient`] cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum InvalidClient {
    /// The address of the API is no http or https URL, or has a user, a query or a fragment.
    #[error("the address of WeChat's API must be a plain http or https URL")]
    Address,
    /// No rustls crypto provider is installed yet.
    #[error("no provider of TLS cryptography is installed in this process")]
    NoCryptoProvider,
    /// TLS cannot be set up, for example because the machine has no root certificates.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// A client of WeChat's server API.
#[derive(Debug)]
pub struct WechatClient {
    http: reqwest::Client,
    /// The API's address; its path ends with a slash.
    base: Url,
    timeout: Duration,
    lanes: Vec<Lane>,
    metrics: Arc<Metrics>,
}

/// The slots and the breaker of one API.
#[derive(Debug)]
struct Lane {
    api: Api,
    slots: Semaphore,
    breaker: Breaker,
}

#[derive(Clone, Copy)]
pub(super) struct ApiCall<'a> {
    pub(super) api: Api,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a [u8]>,
    /// Secret values of the call, which are removed from logged replies that echo them.
    pub(super) hidden: &'a [&'a str],
}

impl WechatClient {
    /// A client of the API at `api_url` (`https://api.weixin.qq.com`, with a path if need be). `timeout`
    /// limits each call as a whole: waiting for a slot, connecting, reading the reply and any second attempt.
    ///
    /// # Errors
    /// [`InvalidClient`], also when the process has installed no rustls provider yet.
    pub fn new(api_url: &str, timeout: Duration) -> Result<Self, InvalidClient> {
        let (http, base) = connect(api_url)?;
        let lane =
            |api: &Api| Lane { api: *api, slots: Semaphore::new(MAX_IN_FLIGHT), breaker: Breaker::new() };
        let lanes = Api::ALL.iter().map(lane).collect();
        Ok(Self { http, base, timeout, lanes, metrics: Arc::default() })
    }

    /// Adds metrics that count the client's calls.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Time limit of each call as a whole.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Makes a call before the deadline. It is repeated once, after a pause, when WeChat is busy, and, if the
    /// call is idempotent, also when the connection broke.
    ///
    /// # Errors
    /// [`WechatError`].
    ///
    /// # Cancel safety
    /// WeChat may have carried out a dropped call.
    pub(super) async fn ask<T: FromReply>(
        &self,
        ask: ApiCall<'_>,
        deadline: Instant,
    ) -> Result<T, WechatError> {
        match self.ask_once(ask, deadline).await {
            Err(failed) if may_repeat(ask.api, &failed) && Instant::now() + BACKOFF < deadline => {
                tracing::info!(api = ask.api.name(), error = %failed, rid = failed.rid, "asking WeChat once more");
                tokio::time::sleep(BACKOFF).await;
                self.ask_once(ask, deadline).await
            }
            outcome => outcome,
        }
    }

    async fn ask_once<T: FromReply>(&self, ask: ApiCall<'_>, deadline: Instant) -> Result<T, WechatError> {
        let began = Instant::now();
        let outcome = match timeout_at(deadline, self.lane(ask, deadline)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Cause::TimedOut.into()),
        };
        let (name, errcode) = match &outcome {
            Ok(_) => ("ok", 0),
            Err(error) => (error.outcome(), error.errcode.unwrap_or_default()),
        };
        self.metrics.wechat_call(ask.api.name(), name, errcode, began.elapsed());
        if let Err(error) = &outcome
            && error.errcode.is_some()
        {
            tracing::debug!(api = ask.api.name(), error = %error, rid = error.rid, "WeChat refused");
        }
        outcome
    }

    /// Makes a call when the API has a free slot.
    async fn lane<T: FromReply>(&self, ask: ApiCall<'_>, deadline: Instant) -> Result<T, WechatError> {
        // Every API has a lane.
        let lane = self.lanes.iter().find(|lane| lane.api == ask.api).ok_or(Cause::CircuitOpen)?;
        if lane.breaker.refuses(Instant::now().into_std()) {
            return Err(Cause::CircuitOpen.into());
        }
        // The semaphore is never closed.
        let _slot = lane.slots.acquire().await.ok();
        let began = Instant::now();
        let pass = lane.breaker.enter(began.into_std()).ok_or(Cause::CircuitOpen)?;
        let read = timeout_at(deadline, self.read(ask)).await.unwrap_or(Err(Cause::TimedOut));
        let outcome = read.map_err(WechatError::from).and_then(|body| T::from_reply(ask, body));
        let silent = outcome.as_ref().err().and_then(|error: &WechatError| error.cause.as_ref());
        if matches!(silent, Some(Cause::TimedOut)) && began.elapsed() < self.timeout / 2 {
            // The token, the wait for a slot or the first attempt used up the time: the time-out proves
            // nothing about this API.
            return outcome;
        }
        let api = ask.api.name();
        let answered = !silent.is_some_and(Cause::is_silence);
        match pass.ended(answered, Instant::now().into_std()) {
            Change::Opened(pause) => {
                self.metrics.wechat_circuit(api, true);
                tracing::warn!(api, pause_ms = pause.as_millis(), "WeChat does not answer; it is left alone");
            }
            Change::Closed => {
                self.metrics.wechat_circuit(api, false);
                tracing::info!(api, "WeChat answers again");
            }
            Change::None => {}
        }
        outcome
    }

    async fn read(&self, ask: ApiCall<'_>) -> Result<Vec<u8>, Cause> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), ask.api.path()));
        url.query_pairs_mut().extend_pairs(ask.query);
        let request = match ask.api.method() {
            Method::Get => self.http.get(url),
            Method::Post => self
                .http
                .post(url)
                .header(header::CONTENT_TYPE, "application/json")
                .body(ask.body.unwrap_or_default().to_vec()),
        };
        let mut reply = request.send().await.map_err(Cause::transport)?;
        if reply.status() != StatusCode::OK {
            return Err(Cause::Status(reply.status().as_u16()));
        }
        let most = if ask.api == Api::GetWxaCodeUnlimit { MAX_IMAGE } else { MAX_REPLY };
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(Cause::transport)? {
            if body.len() + chunk.len() > most {
                return Err(Cause::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn may_repeat(api: Api, failed: &WechatError) -> bool {
    failed.errcode == Some(BUSY)
        || (api.repeat() == Repeat::Harmless && matches!(failed.cause, Some(Cause::Transport(_))))
}

/// Error members that every reply may contain.
#[derive(Deserialize)]
struct Verdict {
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    errcode: Option<i64>,
    errmsg: Option<String>,
}

/// Content of a successful reply.
pub(super) trait FromReply: Sized {
    /// Decodes a reply.
    ///
    /// # Errors
    /// WeChat's error, or that the reply is not the API's.
    fn from_reply(ask: ApiCall<'_>, body: Vec<u8>) -> Result<Self, WechatError>;
}

impl<T: DeserializeOwned> FromReply for T {
    fn from_reply(ask: ApiCall<'_>, body: Vec<u8>) -> Result<Self, WechatError> {
        decode(ask, &body)
    }
}

/// A PNG or JPEG file. WeChat reports errors of such an API as JSON, also with HTTP status 200.
#[derive(Debug)]
pub(super) struct Image(pub(super) Vec<u8>);

impl FromReply for Image {
    fn from_reply(ask: ApiCall<'_>, body: Vec<u8>) -> Result<Self, WechatError> {
        if body.starts_with(b"\x89PNG\r\n\x1a\n") || body.starts_with(&[0xff, 0xd8, 0xff]) {
            return Ok(Self(body));
        }
        match lenient::from_slice(&body) {
            Some(Verdict { errcode: Some(errcode), errmsg }) if errcode != 0 => {
                Err(WechatError::refused(ask.api, errcode, &errmsg.unwrap_or_default(), ask.hidden))
            }
            Some(_) | None => Err(Cause::UnexpectedResponse("it is neither a picture nor an error").into()),
        }
    }
}

/// Decodes a successful reply. serde_json's error text is dropped because it quotes the content.
fn decode<T: DeserializeOwned>(ask: ApiCall<'_>, body: &[u8]) -> Result<T, WechatError> {
    match lenient::from_slice(body) {
        Some(Verdict { errcode: Some(errcode), errmsg }) if errcode != 0 => {
            Err(WechatError::refused(ask.api, errcode, &errmsg.unwrap_or_default(), ask.hidden))
        }
        Some(Verdict { .. }) => lenient::from_slice(body).ok_or_else(|| {
            Cause::UnexpectedResponse("it has neither what was asked for nor an errcode").into()
        }),
        None => Err(Cause::UnexpectedResponse("it is not the JSON of the API").into()),
    }
}

/// An HTTP client for a host of WeChat's, and the address of that host.
///
/// # Errors
/// [`InvalidClient`], also when the process has installed no rustls provider yet.
pub(super) fn connect(api_url: &str) -> Result<(reqwest::Client, Url), InvalidClient> {
    let base = base_address(api_url).ok_or(InvalidClient::Address)?;
    // Without a provider, reqwest panics.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(InvalidClient::NoCryptoProvider);
    }
    let mut builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("yibi/", env!("CARGO_PKG_VERSION")));
    if base.scheme() == "http" {
        // The simulator must work on a machine without root certificates.
        builder = builder.tls_certs_only([]);
    }
    Ok((builder.build().map_err(InvalidClient::Tls)?, base))
}

fn base_address(api_url: &str) -> Option<Url> {
    let mut url = Url::parse(api_url).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    plain.then_some(url)
}

#[cfg(test)]
mod tests;
