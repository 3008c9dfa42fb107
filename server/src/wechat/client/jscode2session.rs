//! `GET /sns/jscode2session`: the code of `wx.login` against the user it stands for.
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
    openid: String,
    session_key: SecretString,
    unionid: Option<String>,
}

impl WechatClient {
    /// Exchanges a code, once: WeChat takes it only one time. The one case in which it is sent again is
    /// WeChat's own "busy", and only where the time-out leaves room; when that attempt finds the code used
    /// up, the answer is to sign in again.
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

/// These values become keys of the stores, so nothing but WeChat's documented forms gets in.
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
