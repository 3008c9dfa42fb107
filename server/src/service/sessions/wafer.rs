//! The dialect of 2017, wafer: a sign-in that brings a code with encrypted open data, and then a pair of id
//! and key on every request.
//!
//! WeChat's exchange of the code identifies the user. The open data has to name the same user and
//! mini-program and a recent time: that it decrypts proves nothing, as CBC can be forged without the key.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::code_exchange::{CodeExchange, ExchangeOutcome};
use super::profile::Profile;
use super::token::{WaferPair, code_hash};
use super::weapp::MAX_CODE;
use super::yibi::outcome_name;
use super::{Client, SessionError, SessionService};
use crate::domain::clock::Micros;
use crate::domain::session::{Dialect, SecretHash};
use crate::store::Sessions;
use crate::wechat::crypto::{OpenData, decrypt_open_data};
use crate::wechat::{Exchange, WechatApp};

/// Maximum distance of the watermark's time from now, in either direction. A code lives for five minutes, and
/// the data is made right after it.
const SKEW: Duration = Duration::from_secs(600);

/// Content of a sign-in request.
pub struct LogIn {
    pub app: WechatApp,
    /// `X-WX-Code`.
    pub code: String,
    /// `X-WX-Encrypted-Data`.
    pub encrypted_data: String,
    /// `X-WX-IV`.
    pub iv: String,
    pub client: Client,
}

impl SessionService {
    /// Signs a user in. A repeated request (after a lost reply, for example) gets another key of the same
    /// session within five minutes; concurrent requests share one key.
    ///
    /// # Errors
    /// [`SessionError::UntrustedOpenData`] when the open data does not match the code's user, mini-program
    /// and time, [`SessionError::Exchange`] when WeChat refuses the code, [`SessionError::CodeSpent`] when
    /// its session has ended, [`SessionError::Store`].
    pub async fn log_in(&self, log_in: LogIn) -> Result<WaferPair, SessionError> {
        let service = self.clone();
        let entry = self.0.log_ins.entry(log_in.hash());
        // Runs in a task of its own: WeChat accepts a code only once, so the remaining steps must not be
        // dropped with the request.
        let shared = entry.or_try_insert_with(async move {
            let task = async move { service.log_in_once(log_in).await };
            let task = tokio::spawn(task.in_current_span());
            task.await.unwrap_or(Err(SessionError::Internal("a sign-in panicked")))
        });
        let outcome = match shared.await {
            Ok(entry) if entry.is_fresh() => Ok(entry.into_value()),
            Ok(entry) => self.still_open(entry.into_value()).await,
            Err(error) => Err((*error).clone()),
        };
        self.0.metrics.sign_in(Dialect::Wafer.name(), outcome_name(outcome.as_ref().map(|_| ())));
        outcome
    }

    async fn log_in_once(&self, log_in: LogIn) -> Result<WaferPair, SessionError> {
        let LogIn { app, code, encrypted_data, iv, client } = log_in;
        if code.len() > MAX_CODE {
            return Err(SessionError::CodeSpent);
        }
        let pair = WaferPair::new(&app.id, &code);
        let credential = pair.credential();
        let app_id = app.id.clone();
        let trusted = |session_key: &_, openid: &str| {
            let open = decrypt_open_data(session_key, &encrypted_data, &iv).ok();
            let open = open.filter(|open| is_of(open, &app_id, openid, Micros::now()));
            open.map(|open| Profile::of(open.members())).ok_or(SessionError::UntrustedOpenData)
        };
        let exchange = CodeExchange {
            dialect: Dialect::Wafer,
            app,
            code,
            id: credential.id,
            token: credential.hash,
            from: None,
            reopen: false,
            client,
        };
        let trust = |exchange: &Exchange| trusted(&exchange.session_key, &exchange.openid);
        let id = match self.session_of_code(exchange, trust).await? {
            ExchangeOutcome::Created(_) => return Ok(pair),
            ExchangeOutcome::Existing(id) => id,
        };
        // A repeated code may come with other data.
        let session = self.0.store.read(id, None, None).await?.ok_or(SessionError::CodeSpent)?;
        let session_key = self.0.keys.get().await?.sealer.open(&session.sealed_key, &id.to_string());
        trusted(&session_key.ok_or(SessionError::CodeSpent)?, session.user.openid())?;
        self.add_token(id, Dialect::Wafer, credential.hash, None).await?;
        Ok(pair)
    }

    /// The outcome of a recent sign-in, unless its session has ended since.
    async fn still_open(&self, pair: WaferPair) -> Result<WaferPair, SessionError> {
        match self.authenticate(&pair.credential()).await {
            Ok(_) => Ok(pair),
            Err(SessionError::Unauthenticated | SessionError::EndedByUser) => Err(SessionError::CodeSpent),
            Err(error) => Err(error),
        }
    }
}

impl LogIn {
    /// Hash of the whole request.
    fn hash(&self) -> SecretHash {
        let data = Sha256::digest(&self.encrypted_data);
        let iv = Sha256::digest(&self.iv);
        let digest = Sha256::new().chain_update(code_hash(&self.app.id, &self.code).0);
        SecretHash(digest.chain_update(data).chain_update(iv).finalize().into())
    }
}

/// Checks that the open data names that user and mini-program and is recent.
fn is_of(open: &OpenData, app_id: &str, openid: &str, now: Micros) -> bool {
    open.app_id() == Some(app_id)
        && open.open_id() == Some(openid)
        && open.timestamp().is_some_and(|made| now.seconds().abs_diff(made) <= SKEW.as_secs())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::{Value, json};
    use wechat_simulator::crypto::encrypt_open_data;

    use super::*;

    fn open(value: &Value) -> OpenData {
        let key = "tiihtNczf5v6AKRyjwEUhQ==";
        let (data, iv) = encrypt_open_data(key, [7; 16], value.to_string().as_bytes()).unwrap();
        decrypt_open_data(&SecretString::from(key), &data, &iv).unwrap()
    }

    #[test]
    fn open_data_has_to_be_of_the_user_the_app_and_the_time() {
        let now = Micros(1_500_000_000 * 1_000_000);
        let takes = |value: &Value| is_of(&open(value), "wx1", "oA", now);
        let made =
            |timestamp: i64| json!({"openId": "oA", "watermark": {"appid": "wx1", "timestamp": timestamp}});
        for timestamp in [1_500_000_000, 1_500_000_600, 1_499_999_400] {
            assert!(takes(&made(timestamp)), "{timestamp}");
        }
        let text = json!({"openId": "oA", "watermark": {"appid": "wx1", "timestamp": "1500000000"}});
        assert!(takes(&text), "WeChat writes numbers as text, too");
        for timestamp in [1_500_000_601, 1_499_999_399, 0, -1, i64::MIN, i64::MAX] {
            assert!(!takes(&made(timestamp)), "{timestamp}");
        }
        for other in [
            json!({"openId": "oB", "watermark": {"appid": "wx1", "timestamp": 1_500_000_000}}),
            json!({"openId": "oA", "watermark": {"appid": "wx2", "timestamp": 1_500_000_000}}),
            json!({"openId": "oA", "watermark": {"appid": "wx1"}}),
            json!({"openId": ["oA"], "watermark": {"appid": "wx1", "timestamp": 1_500_000_000}}),
            json!({"watermark": {"appid": "wx1", "timestamp": 1_500_000_000}}),
            json!({"openId": "oA"}),
            json!({}),
        ] {
            assert!(!takes(&other), "{other}");
        }
    }
}
