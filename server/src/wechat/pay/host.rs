//! Calls to WeChat Pay's host: bounded in time and size, and repeated only where that is harmless.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url, header};
use tokio::time::{Instant, timeout_at};

use super::PayError;
use crate::telemetry::Metrics;
use crate::wechat::client::breaker::{Breaker, Change};
use crate::wechat::client::{InvalidClient, connect};

/// Maximum length of a reply in bytes.
const MAX_REPLY: usize = 64 * 1024;

/// Maximum number of attempts of one call.
const ATTEMPTS: u32 = 3;

/// Pause before the second attempt; it doubles.
const BACKOFF: Duration = Duration::from_millis(300);

/// Name of the host in metrics of its circuit.
const HOST: &str = "pay";

/// Connection to WeChat Pay's host.
pub struct PayHost {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    breaker: Breaker,
    metrics: Arc<Metrics>,
}

/// A call: each attempt has the same method, path and body.
pub(super) struct PayCall {
    /// Name in metrics and logs.
    pub(super) name: &'static str,
    pub(super) method: Method,
    /// Path with query, and with a leading slash.
    pub(super) target: String,
    pub(super) body: String,
}

/// A reply, whatever its status.
pub(super) struct PayReply {
    pub(super) status: u16,
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) serial: String,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
    /// An earlier attempt may have taken effect.
    pub(super) repeated: bool,
}

/// Why an attempt had no reply.
enum AttemptError {
    /// The request did not leave this machine.
    NotSent(&'static str),
    /// The request may have arrived.
    Lost(&'static str),
}

impl PayHost {
    /// The host at that address (`https://api.mch.weixin.qq.com`). `timeout` limits each attempt; a call as a whole ends
    /// within twice that time.
    ///
    /// # Errors
    /// [`InvalidClient`].
    pub fn new(api_url: &str, timeout: Duration, metrics: Arc<Metrics>) -> Result<Self, InvalidClient> {
        let (http, base) = connect(api_url)?;
        Ok(Self { http, base, timeout, breaker: Breaker::new(), metrics })
    }

    /// The path and query that a request to that target has on the wire, below the address's own path.
    pub(super) fn full_target(&self, target: &str) -> String {
        format!("{}{target}", self.base.path().trim_end_matches('/'))
    }

    /// Makes a call. Replies with status 429 or 5xx and lost replies are followed by another attempt with the same
    /// parameters and new `headers`, so that the signature is fresh.
    ///
    /// # Errors
    /// [`PayError::Unavailable`] when no attempt can have taken effect, [`PayError::Unknown`] otherwise.
    pub(super) async fn call(
        &self,
        call: &PayCall,
        headers: impl Fn() -> Result<Vec<(header::HeaderName, String)>, PayError>,
    ) -> Result<PayReply, PayError> {
        let began = Instant::now();
        let outcome = self.attempts(call, &headers, began + self.timeout * 2).await;
        let word = match &outcome {
            Ok(reply) if reply.status < 300 => "ok",
            Ok(_) => "refused",
            Err(error) => error.name(),
        };
        self.metrics.wechat_call(call.name, word, 0, began.elapsed());
        if let Err(error) = &outcome {
            tracing::warn!(call = call.name, %error, "a call to WeChat Pay failed");
        }
        outcome
    }

    async fn attempts(
        &self,
        call: &PayCall,
        headers: &impl Fn() -> Result<Vec<(header::HeaderName, String)>, PayError>,
        end: Instant,
    ) -> Result<PayReply, PayError> {
        let (mut may_have_effect, mut failure, mut pause) = (false, String::new(), BACKOFF);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                if Instant::now() + pause >= end {
                    break;
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let Some(pass) = self.breaker.enter(Instant::now().into_std()) else {
                failure = "it does not answer, so it was not asked".to_owned();
                break;
            };
            let deadline = end.min(Instant::now() + self.timeout);
            let sent = timeout_at(deadline, self.attempt(call, headers()?)).await;
            let outcome = sent.unwrap_or(Err(AttemptError::Lost("no answer within the time-out")));
            let answered = outcome.as_ref().is_ok_and(|reply| reply.status < 500);
            self.report(pass.ended(answered, Instant::now().into_std()));
            match outcome {
                Ok(reply) if reply.status == 429 || reply.status >= 500 => {
                    may_have_effect |= reply.status != 429;
                    failure = format!("status {}", reply.status);
                }
                Ok(reply) => return Ok(PayReply { repeated: may_have_effect, ..reply }),
                Err(AttemptError::Lost(cause)) => {
                    may_have_effect = true;
                    failure = cause.to_owned();
                }
                Err(AttemptError::NotSent(cause)) => failure = cause.to_owned(),
            }
        }
        Err(if may_have_effect { PayError::Unknown(failure) } else { PayError::Unavailable(failure) })
    }

    async fn attempt(
        &self,
        call: &PayCall,
        headers: Vec<(header::HeaderName, String)>,
    ) -> Result<PayReply, AttemptError> {
        let full = self.full_target(&call.target);
        let url = self.base.join(&full).map_err(|_| AttemptError::NotSent("the address is wrong"))?;
        let mut request = self.http.request(call.method.clone(), url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if call.method == Method::POST {
            request = request.body(call.body.clone());
        }
        let mut reply = request.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                AttemptError::NotSent("the connection failed")
            } else {
                AttemptError::Lost("the connection broke")
            }
        })?;
        let header = |name: &str| {
            let value = reply.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let request_id = header("Request-ID");
        tracing::debug!(
            call = call.name,
            status = reply.status().as_u16(),
            request_id,
            "WeChat Pay answered"
        );
        let mut read = PayReply {
            status: reply.status().as_u16(),
            timestamp: header("Wechatpay-Timestamp"),
            nonce: header("Wechatpay-Nonce"),
            serial: header("Wechatpay-Serial"),
            signature: header("Wechatpay-Signature"),
            body: Vec::new(),
            repeated: false,
        };
        let lost = |_| AttemptError::Lost("the connection broke");
        while let Some(chunk) = reply.chunk().await.map_err(lost)? {
            if read.body.len() + chunk.len() > MAX_REPLY {
                return Err(AttemptError::Lost("the answer is too long"));
            }
            read.body.extend_from_slice(&chunk);
        }
        Ok(read)
    }

    fn report(&self, change: Change) {
        match change {
            Change::Opened(pause) => {
                self.metrics.wechat_circuit(HOST, true);
                tracing::warn!(pause_ms = pause.as_millis(), "WeChat Pay does not answer; it is left alone");
            }
            Change::Closed => {
                self.metrics.wechat_circuit(HOST, false);
                tracing::info!("WeChat Pay answers again");
            }
            Change::None => {}
        }
    }
}
