//! The connection to WeChat's server API.
//!
//! One [`WechatClient`] serves the whole process. What holds for every API is decided here: one overall
//! time-out, a bounded reply, no redirect followed, no proxy taken from the environment, and a bounded
//! number of calls in flight. Each API is an `impl` in a file of its own.

mod date;
mod error;
mod jscode2session;

use std::time::Duration;

use reqwest::{StatusCode, Url, redirect};
use secrecy::SecretString;
use tokio::sync::Semaphore;

pub use error::{Cause, Class, Detail, ExchangeError};
pub use jscode2session::Exchange;

/// The longest reply that is read, in bytes. The APIs answer with a few hundred.
const MAX_REPLY: usize = 64 * 1024;

/// Calls in flight at once. When WeChat hangs, every sign-in holds a connection until its time-out; the
/// rest waits here instead of using up the process' file descriptors.
const MAX_IN_FLIGHT: usize = 512;

/// How long an unused connection is kept: shorter than WeChat's front ends keep theirs, so that a request
/// rarely meets a connection which is just being closed.
const IDLE: Duration = Duration::from_secs(20);

/// The credentials of one mini-program.
#[derive(Debug, Clone)]
pub struct WechatApp {
    /// The app id, `wx` and 16 hex digits.
    pub id: String,
    /// The app secret.
    pub secret: SecretString,
}

/// Why a [`WechatClient`] cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum InvalidClient {
    /// The address of the API is no http or https URL, or has a user, a query or a fragment.
    #[error("the address of WeChat's API must be a plain http or https URL")]
    Address,
    /// rustls has no provider of cryptography yet.
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
    in_flight: Semaphore,
}

impl WechatClient {
    /// A client of the API at `api_url` (`https://api.weixin.qq.com`, with a path if need be). `timeout`
    /// bounds each call as a whole: waiting for a slot, connecting, the reply's last byte and any second
    /// attempt.
    ///
    /// # Errors
    /// [`InvalidClient`], also when the process has installed no rustls provider yet.
    pub fn new(api_url: &str, timeout: Duration) -> Result<Self, InvalidClient> {
        let base = base_address(api_url).ok_or(InvalidClient::Address)?;
        // reqwest would panic.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(InvalidClient::NoCryptoProvider);
        }
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("yibi/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // The simulator also has to work on a machine without root certificates.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(InvalidClient::Tls)?;
        Ok(Self { http, base, timeout, in_flight: Semaphore::new(MAX_IN_FLIGHT) })
    }

    /// What bounds each call as a whole.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Calls `path` with `query`, each part percent-escaped, and returns the body of a 200.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Cause> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url.query_pairs_mut().extend_pairs(query);
        self.read(url).await
    }

    async fn read(&self, url: Url) -> Result<Vec<u8>, Cause> {
        let mut reply = self.http.get(url).send().await.map_err(Cause::transport)?;
        if reply.status() != StatusCode::OK {
            return Err(Cause::Status(reply.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(Cause::transport)? {
            if body.len() + chunk.len() > MAX_REPLY {
                return Err(Cause::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
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
