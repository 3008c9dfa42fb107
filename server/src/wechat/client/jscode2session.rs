//! `GET /sns/jscode2session`: exchanges the code of `wx.login` for the user's ids and session_key.
//!
//! Source: <https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session>.
//! WeChat's replies differ from that page: a success carries no errcode, and the Content-Type is
//! `text/plain`.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::{ApiCall, Cause, WechatApp, WechatClient, WechatError};
use crate::wechat::api::Api;
use crate::wechat::crypto::{is_session_key, is_user_id};

/// Result of exchanging a login code.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The user's id in this mini-program: 1–64 of `A-Za-z0-9_-`.
    pub openid: String,
    /// Key of the user's open data: base64 of 16 bytes. It must not leave the server.
    pub session_key: SecretString,
    /// The user's id across the mini-programs of one owner, if there is one; same form as the openid.
    pub unionid: Option<String>,
}

#[derive(Deserialize)]
struct Reply {
    openid: String,
    session_key: SecretString,
    unionid: Option<String>,
}

impl WechatClient {
    /// Exchanges a code, which WeChat accepts only once. The call is repeated only when WeChat is busy and
    /// the time-out leaves room; if the second attempt finds the code used up, the error is
    /// [`Class::SignInAgain`](super::Class::SignInAgain).
    ///
    /// # Errors
    /// [`WechatError`], within the client's time-out.
    ///
    /// # Cancel safety
    /// A dropped call may have used up the code.
    pub async fn exchange(&self, app: &WechatApp, code: &str) -> Result<Exchange, WechatError> {
        let secret = app.secret.expose_secret();
        let query = [
            ("appid", app.id.as_str()),
            ("secret", secret),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let ask = ApiCall { api: Api::Jscode2session, query: &query, body: None, hidden: &[secret, code] };
        let Reply { openid, session_key, unionid } = self.ask(ask, Instant::now() + self.timeout).await?;
        Ok(accept(openid, session_key, unionid)?)
    }
}

/// Validates WeChat's values before they become store keys.
fn accept(openid: String, session_key: SecretString, unionid: Option<String>) -> Result<Exchange, Cause> {
    let unionid = unionid.filter(|id| !id.is_empty());
    if !is_user_id(&openid) || !unionid.as_deref().is_none_or(is_user_id) {
        return Err(Cause::UnexpectedResponse("its openid or unionid has another form"));
    }
    if !is_session_key(session_key.expose_secret()) {
        return Err(Cause::UnexpectedResponse("its session_key has another form"));
    }
    Ok(Exchange { openid, session_key, unionid })
}
