//! `GET /sns/jscode2session`: the code of `wx.login` against the user it stands for.
//!
//! Source: <https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session>.
//! WeChat's replies differ from that page: a success carries no errcode, and the Content-Type is
//! `text/plain`.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use super::{Cause, ExchangeError, WechatApp, WechatClient};
use crate::wechat::crypto::is_session_key;

/// WeChat's errcode for "system busy, try again".
const BUSY: i64 = -1;

/// The pause before the second attempt after [`BUSY`].
const BACKOFF: Duration = Duration::from_millis(500);

/// Who a code stands for.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The user's id in this mini-program: 1–64 of `A-Za-z0-9_-`.
    pub openid: String,
    /// The key of the user's open data, base64 of 16 bytes. A secret of the server's.
    pub session_key: SecretString,
    /// The user's id across the mini-programs of one owner, where there is one; of the openid's form.
    pub unionid: Option<String>,
}

#[derive(Deserialize)]
struct Reply {
    openid: Option<String>,
    session_key: Option<SecretString>,
    unionid: Option<String>,
    #[serde(default, deserialize_with = "number_or_text")]
    errcode: Option<i64>,
    errmsg: Option<String>,
}

impl WechatClient {
    /// Exchanges a code, once: WeChat takes it only one time. The one case in which it is sent again is
    /// WeChat's own "busy", and only where the time-out leaves room; when that attempt finds the code used
    /// up, the answer is to sign in again.
    ///
    /// # Errors
    /// [`ExchangeError`], within the client's time-out.
    ///
    /// # Cancel safety
    /// A dropped call may have used up the code.
    pub async fn exchange(&self, app: &WechatApp, code: &str) -> Result<Exchange, ExchangeError> {
        let deadline = Instant::now() + self.timeout;
        let attempts = async {
            // The semaphore is never closed.
            let _slot = self.in_flight.acquire().await.ok();
            match self.exchange_once(app, code).await {
                Err(busy) if busy.errcode == Some(BUSY) && Instant::now() + BACKOFF < deadline => {
                    tracing::warn!(rid = busy.rid, "WeChat is busy; exchanging the code once more");
                    tokio::time::sleep(BACKOFF).await;
                    self.exchange_once(app, code).await
                }
                done => done,
            }
        };
        tokio::time::timeout_at(deadline, attempts).await.unwrap_or_else(|_| Err(Cause::TimedOut.into()))
    }

    async fn exchange_once(&self, app: &WechatApp, code: &str) -> Result<Exchange, ExchangeError> {
        let secret = app.secret.expose_secret();
        let query = [
            ("appid", app.id.as_str()),
            ("secret", secret),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let body = self.get("sns/jscode2session", &query).await?;
        // serde_json's own words are dropped because they quote the content.
        let reply = serde_json::from_slice(&body).ok();
        match reply.ok_or(Cause::Foreign("it is not the JSON of the API"))? {
            Reply { openid: Some(openid), session_key: Some(session_key), unionid, .. } => {
                accept(openid, session_key, unionid).map_err(ExchangeError::from)
            }
            Reply { errcode: Some(errcode), errmsg, .. } if errcode != 0 => {
                Err(ExchangeError::refused(errcode, &errmsg.unwrap_or_default(), [secret, code]))
            }
            Reply { .. } => Err(Cause::Foreign("it has neither a session_key nor an errcode").into()),
        }
    }
}

/// These values become keys of the stores, so nothing but WeChat's documented forms gets in.
fn accept(openid: String, session_key: SecretString, unionid: Option<String>) -> Result<Exchange, Cause> {
    let unionid = unionid.filter(|id| !id.is_empty());
    if !is_user_id(&openid) || !unionid.as_deref().is_none_or(is_user_id) {
        return Err(Cause::Foreign("its openid or unionid has another form"));
    }
    if !is_session_key(session_key.expose_secret()) {
        return Err(Cause::Foreign("its session_key has another form"));
    }
    Ok(Exchange { openid, session_key, unionid })
}

fn is_user_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Some of WeChat's front ends write the errcode as text.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Errcode {
        Number(i64),
        Text(String),
    }
    match Option::<Errcode>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Errcode::Number(number)) => Ok(Some(number)),
        Some(Errcode::Text(text)) => text.trim().parse().map(Some).map_err(serde::de::Error::custom),
    }
}
