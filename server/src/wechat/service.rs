//! The entry point to WeChat's APIs: the client, and the access tokens that most of them require.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::api::Api;
use super::client::{ApiCall, Cause, FromReply, WechatApp, WechatClient, WechatError, is_bad_token};
use super::token::{AccessToken, AccessTokenCache};
use crate::keys::LazyKeyring;
use crate::store::SessionStore;

/// Client of WeChat's server API. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Wechat {
    client: Arc<WechatClient>,
    tokens: AccessTokenCache,
}

impl Wechat {
    /// Combines that client with a cache of access tokens in that store, sealed by those keys.
    #[must_use]
    pub fn new(client: WechatClient, store: SessionStore, keys: Arc<LazyKeyring>) -> Self {
        let client = Arc::new(client);
        Self { tokens: AccessTokenCache::new(Arc::clone(&client), store, keys), client }
    }

    /// The client, for APIs without an access token.
    #[must_use]
    pub fn client(&self) -> &WechatClient {
        &self.client
    }

    /// The fleet's access token of that mini-program, for other backends that call WeChat's API.
    ///
    /// # Errors
    /// [`WechatError`] when WeChat issues none.
    pub async fn access_token(&self, app: &WechatApp) -> Result<AccessToken, WechatError> {
        self.tokens.token(app).await
    }

    /// As [`access_token`](Self::access_token), but a token other than `refused`, which WeChat refused.
    ///
    /// # Errors
    /// [`WechatError`] when WeChat issues no other.
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

    /// Calls a JSON API with the access token. `T` is the content of a successful reply; it may leave out
    /// `errcode` and `errmsg`. When WeChat refuses the token, it is replaced and the call repeated, which is
    /// safe since WeChat has not carried out anything.
    ///
    /// # Errors
    /// [`WechatError`], within the client's time-out. Its class follows from the errcodes that all APIs
    /// share; the caller handles those that are specific to the API.
    ///
    /// # Cancel safety
    /// WeChat may have carried out a dropped call.
    pub async fn call<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        body: &impl Serialize,
    ) -> Result<T, WechatError> {
        self.call_hiding(app, api, body, &[]).await
    }

    /// As [`call`](Self::call), with secret values in the body that must not reach a log, even if the reply
    /// repeats them.
    ///
    /// # Errors
    /// The errors of [`Wechat::call`].
    ///
    /// # Cancel safety
    /// As for [`Wechat::call`].
    pub async fn call_hiding<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        body: &impl Serialize,
        hidden: &[&str],
    ) -> Result<T, WechatError> {
        let body =
            serde_json::to_vec(body).map_err(|_| Cause::UnexpectedResponse("its request has no JSON"))?;
        let call = ApiCall { api, query: &[], body: Some(&body), hidden };
        self.call_with_token(app, call, self.client.timeout()).await
    }

    /// As [`call`](Self::call), with a time limit of its own.
    pub(super) async fn call_within<T: FromReply>(
        &self,
        app: &WechatApp,
        api: Api,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<T, WechatError> {
        let body =
            serde_json::to_vec(body).map_err(|_| Cause::UnexpectedResponse("its request has no JSON"))?;
        let call = ApiCall { api, query: &[], body: Some(&body), hidden: &[] };
        self.call_with_token(app, call, limit).await
    }

    /// As [`call`](Self::call), for an API with parameters in the address, with secret values that must not
    /// reach a log.
    ///
    /// # Errors
    /// The errors of [`Wechat::call`].
    ///
    /// # Cancel safety
    /// As for [`Wechat::call`].
    pub async fn query<T: DeserializeOwned>(
        &self,
        app: &WechatApp,
        api: Api,
        query: &[(&str, &str)],
        hidden: &[&str],
    ) -> Result<T, WechatError> {
        let call = ApiCall { api, query, body: None, hidden };
        self.call_with_token(app, call, self.client.timeout()).await
    }

    /// The cache of access tokens.
    #[cfg(test)]
    pub(super) fn tokens_for_tests(&self) -> AccessTokenCache {
        self.tokens.clone()
    }

    async fn call_with_token<T: FromReply>(
        &self,
        app: &WechatApp,
        ask: ApiCall<'_>,
        limit: Duration,
    ) -> Result<T, WechatError> {
        let deadline = Instant::now() + limit;
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

    async fn call_once<T: FromReply>(
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
