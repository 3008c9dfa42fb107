//! The one door to WeChat's APIs: the client, and the access tokens that most of them ask for.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::api::Api;
use super::client::{ApiCall, Cause, WechatApp, WechatClient, WechatError, is_bad_token};
use super::token::{AccessToken, AccessTokenCache};
use crate::keys::LazyKeyring;
use crate::store::SessionStore;

/// WeChat's server side. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Wechat {
    client: Arc<WechatClient>,
    tokens: AccessTokenCache,
}

impl Wechat {
    /// WeChat behind that client. Access tokens are kept in that store, under those keys.
    #[must_use]
    pub fn new(client: WechatClient, store: SessionStore, keys: Arc<LazyKeyring>) -> Self {
        let client = Arc::new(client);
        Self { tokens: AccessTokenCache::new(Arc::clone(&client), store, keys), client }
    }

    /// The client, for what needs no access token.
    #[must_use]
    pub fn client(&self) -> &WechatClient {
        &self.client
    }

    /// The fleet's access token of that mini-program, for others who speak to WeChat in its name.
    ///
    /// # Errors
    /// [`WechatError`] when WeChat gives none.
    pub async fn access_token(&self, app: &WechatApp) -> Result<AccessToken, WechatError> {
        self.tokens.token(app).await
    }

    /// The same, but for one that WeChat has refused.
    ///
    /// # Errors
    /// [`WechatError`] when WeChat gives no other.
    pub async fn access_token_other_than(
        &self,
        app: &WechatApp,
        refused: &SecretString,
    ) -> Result<AccessToken, WechatError> {
        let began = Instant::now();
        let token = self.tokens.token(app).await?;
        if token.text().expose_secret() == refused.expose_secret() {
            return self.tokens.replace(app, &token, began).await;
        }
        Ok(token)
    }

    /// Calls an API that takes JSON, with the access token. `T` is what a success holds; `errcode` and `errmsg`
    /// need not be in it. A token that WeChat refuses is replaced and the call made once more: WeChat has not
    /// done anything then.
    ///
    /// # Errors
    /// [`WechatError`], within the client's time-out. Its class is told by errcodes that all APIs share; those
    /// of this one are the caller's to know.
    ///
    /// # Cancel safety
    /// WeChat may have done what a dropped call asked for.
    pub async fn call<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        body: &impl Serialize,
    ) -> Result<T, WechatError> {
        self.call_hiding(app, api, body, &[]).await
    }

    /// The same with values in the body that must not get into a log, also when the reply repeats them.
    ///
    /// # Errors
    /// As [`Wechat::call`]'s.
    ///
    /// # Cancel safety
    /// As [`Wechat::call`]'s.
    pub async fn call_hiding<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        body: &impl Serialize,
        hidden: &[&str],
    ) -> Result<T, WechatError> {
        let body =
            serde_json::to_vec(body).map_err(|_| Cause::UnexpectedResponse("its request has no JSON"))?;
        self.call_with_token(app, ApiCall { api, query: &[], body: Some(&body), hidden }).await
    }

    /// The same for an API that is asked by its address, with values that must not get into a log.
    ///
    /// # Errors
    /// As [`Wechat::call`]'s.
    ///
    /// # Cancel safety
    /// As [`Wechat::call`]'s.
    pub async fn query<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        query: &[(&str, &str)],
        hidden: &[&str],
    ) -> Result<T, WechatError> {
        self.call_with_token(app, ApiCall { api, query, body: None, hidden }).await
    }

    /// The keeper of tokens.
    #[cfg(test)]
    pub(super) fn tokens_for_tests(&self) -> AccessTokenCache {
        self.tokens.clone()
    }

    async fn call_with_token<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        ask: ApiCall<'_>,
    ) -> Result<T, WechatError> {
        let deadline = Instant::now() + self.client.timeout();
        let token = in_time(deadline, self.tokens.token(app)).await?;
        let began = Instant::now();
        match self.call_once(&token, ask, deadline).await {
            Err(error) if error.errcode.is_some_and(is_bad_token) => {
                tracing::warn!(app = app.id, error = %error, rid = error.rid, "WeChat refuses the access token");
                let token = in_time(deadline, self.tokens.replace(app, &token, began)).await?;
                self.call_once(&token, ask, deadline).await
            }
            outcome => outcome,
        }
    }

    async fn call_once<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        ask: ApiCall<'_>,
        deadline: Instant,
    ) -> Result<T, WechatError> {
        let token = token.text().expose_secret();
        let query = [&[("access_token", token)], ask.query].concat();
        let hidden = [&[token], ask.hidden].concat();
        self.client.ask(ApiCall { query: &query, hidden: &hidden, ..ask }, deadline).await
    }
}

async fn in_time(
    deadline: Instant,
    token: impl Future<Output = Result<AccessToken, WechatError>>,
) -> Result<AccessToken, WechatError> {
    let late = |_| Err(Cause::NoToken("it did not come in time".to_owned()).into());
    timeout_at(deadline, token).await.unwrap_or_else(late)
}
