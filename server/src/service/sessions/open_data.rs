//! Data that the phone encrypts or signs under WeChat's session_key (open data), and that key itself.
//!
//! Source: <https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html>. A user
//! has one session_key at a time, and every `wx.login` may bring a new one. So when data does not match the
//! key, WeChat is asked whether the session's key is still the user's: if not, the client has to sign in
//! again, and its data may have been valid.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::Instrument;
use yibi_common::json_text::repair_surrogates;

use super::profile::Profile;
use super::{Caller, Refusal, SessionError, SessionService};
use crate::domain::clock::Micros;
use crate::domain::session::StoredSession;
use crate::domain::user::UserKey;
use crate::store::{Sessions, Users};
use crate::wechat::{
    Api, OpenData, WechatApp, WechatError, crypto, decrypt_open_data, session_signature, verify_raw_data,
};

/// Maximum age of open data, and maximum lead of its watermark over this server's clock, in seconds.
const MAX_AGE: i64 = 600;
const MAX_AHEAD: i64 = 300;

/// WeChat's errcodes for a session_key that is not, or no longer, the user's.
const NO_KEY: i64 = 87007;
const OTHER_KEY: i64 = 87009;

/// Attempts at a change that other servers overtake.
const TRIES: usize = 8;

impl SessionService {
    /// Decrypts the open data in `encryptedData` and `iv`. Its unionid is stored; a profile fills an empty
    /// nickname, and its avatar's address is stored.
    ///
    /// # Errors
    /// [`SessionError::KeySuperseded`] when the session's key is no longer the user's,
    /// [`SessionError::OpenData`] when the data is not valid for this user at this time,
    /// [`SessionError::Exchange`] when WeChat can't be asked which of the two applies,
    /// [`SessionError::Store`].
    pub async fn open_data(
        &self,
        caller: &Caller,
        encrypted_data: &str,
        iv: &str,
    ) -> Result<OpenData, SessionError> {
        if !crypto::has_form_of_open_data(encrypted_data, iv) {
            return Err(SessionError::OpenData("encrypted_data or iv is not as WeChat makes it"));
        }
        let key = self.session_key(&caller.session).await?;
        let Ok(open) = decrypt_open_data(&key, encrypted_data, iv) else {
            return Err(self.misfit(caller, "it does not decrypt under the session_key").await);
        };
        fits(&open, caller.user(), Micros::now())?;
        self.profile_of(caller, open.members()).await?;
        if let Some(unionid) = open.members().get("unionId").and_then(Value::as_str)
            && crypto::is_user_id(unionid)
        {
            self.0.users.set_unionid(caller.user(), unionid).await?;
        }
        Ok(open)
    }

    /// The profile in `rawData`, if `signature` is WeChat's. It fills an empty nickname, and its avatar's
    /// address is stored.
    ///
    /// # Errors
    /// The errors of [`SessionService::open_data`].
    pub async fn raw_data(
        &self,
        caller: &Caller,
        raw_data: &str,
        signature: &str,
    ) -> Result<Map<String, Value>, SessionError> {
        let Ok(Value::Object(profile)) = serde_json::from_str(&repair_surrogates(raw_data)) else {
            return Err(SessionError::OpenData("raw_data is no JSON object"));
        };
        let key = self.session_key(&caller.session).await?;
        if !verify_raw_data(raw_data, &key, signature) {
            return Err(self.misfit(caller, "the signature does not fit raw_data").await);
        }
        self.profile_of(caller, &profile).await?;
        Ok(profile)
    }

    /// Stores the data of the caller's profile.
    async fn profile_of(&self, caller: &Caller, members: &Map<String, Value>) -> Result<(), SessionError> {
        let profile = Profile::of(members);
        if profile != Profile::default()
            && let Some(user) = self.0.users.user(caller.user()).await?
        {
            self.take_profile(&user, &profile).await?;
        }
        Ok(())
    }

    /// Whether the session's key is still the user's.
    ///
    /// # Errors
    /// [`SessionError::Exchange`] when WeChat can't be asked, [`SessionError::Store`].
    pub async fn has_current_key(&self, session: &StoredSession) -> Result<bool, SessionError> {
        let key = match self.session_key(session).await {
            Ok(key) => key,
            Err(SessionError::KeySuperseded) => return Ok(false),
            Err(error) => return Err(error),
        };
        match self.about_key::<Value>(Api::CheckSession, session, &key).await {
            Ok(_) => Ok(true),
            Err(SessionError::KeySuperseded) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has WeChat replace the session's key, and stores the new one. Data encrypted under the old key can no
    /// longer be decrypted.
    ///
    /// # Errors
    /// [`SessionError::KeySuperseded`] when the key is no longer the user's, [`SessionError::NoSession`] when
    /// the session ends meanwhile, [`SessionError::Exchange`] when WeChat refuses, [`SessionError::Store`].
    pub async fn reset_key(&self, session: &StoredSession) -> Result<(), SessionError> {
        // Runs in a task of its own: WeChat invalidates the old key, so the new one must not be dropped with
        // the request.
        let (service, session) = (self.clone(), session.clone());
        let task = async move { service.take_new_key(&session).await };
        let done = tokio::spawn(task.in_current_span()).await;
        done.unwrap_or(Err(SessionError::Internal("the reset of a session_key panicked")))
    }

    async fn take_new_key(&self, session: &StoredSession) -> Result<(), SessionError> {
        #[derive(Deserialize)]
        struct Reply {
            session_key: SecretString,
        }
        let key = self.session_key(session).await?;
        let reply: Reply = self.about_key(Api::ResetUserSessionKey, session, &key).await?;
        if !crypto::is_session_key(reply.session_key.expose_secret()) {
            return Err(SessionError::Internal("WeChat's new session_key has another form"));
        }
        let sealer = &self.0.keys.get().await?.sealer;
        let sealed_key = sealer.seal(reply.session_key.expose_secret(), &session.id.to_string());
        for _ in 0..TRIES {
            let old = self.0.store.read(session.id, Some(&session.user), None).await?;
            let old = old.ok_or(SessionError::NoSession)?;
            let new = StoredSession { sealed_key: sealed_key.clone(), ..old.clone() };
            if self.0.store.replace(&old, &new, self.0.settings.idle).await? {
                self.forget(session.id).await;
                return Ok(());
            }
        }
        Err(SessionError::TooManyAtOnce)
    }

    /// The session's key. A key that can't be unsealed, because its sealing key is retired, counts as
    /// superseded.
    async fn session_key(&self, session: &StoredSession) -> Result<SecretString, SessionError> {
        let sealer = &self.0.keys.get().await?.sealer;
        sealer.open(&session.sealed_key, &session.id.to_string()).ok_or(SessionError::KeySuperseded)
    }

    /// The error for data that does not match the session's key.
    async fn misfit(&self, caller: &Caller, why: &'static str) -> SessionError {
        match self.has_current_key(&caller.session).await {
            Ok(true) => SessionError::OpenData(why),
            Ok(false) => SessionError::KeySuperseded,
            Err(error) => error,
        }
    }

    /// Calls an API that authenticates by a signature with the session_key.
    async fn about_key<T: serde::de::DeserializeOwned>(
        &self,
        api: Api,
        session: &StoredSession,
        key: &SecretString,
    ) -> Result<T, SessionError> {
        let signature = session_signature(key, b"");
        let query =
            [("openid", session.user.openid()), ("signature", &signature), ("sig_method", "hmac_sha256")];
        let app = self.app_of(&session.user)?;
        let asked = self.0.wechat.query(app, api, &query, &[&signature]).await;
        asked.map_err(|error| match error.errcode {
            Some(NO_KEY | OTHER_KEY) => SessionError::KeySuperseded,
            Some(_) | None => refused(api, &error),
        })
    }

    /// The mini-program of a user.
    pub(super) fn app_of(&self, user: &UserKey) -> Result<&WechatApp, SessionError> {
        let app = self.0.apps.iter().find(|app| app.id == user.app_id());
        app.ok_or(SessionError::Internal("a session's mini-program is not in the settings any more"))
    }
}

/// Converts WeChat's refusal, and logs its errcode.
pub(super) fn refused(api: Api, error: &WechatError) -> SessionError {
    let refusal = Refusal::from(error);
    tracing::warn!(api = api.name(), error = %refusal, rid = error.rid, "WeChat did not do as asked");
    SessionError::Exchange(refusal)
}

/// Checks that open data belongs to this user and mini-program and is recent.
pub(super) fn fits(open: &OpenData, user: &UserKey, now: Micros) -> Result<(), SessionError> {
    if open.app_id() != Some(user.app_id()) {
        return Err(SessionError::OpenData("its watermark names another mini-program"));
    }
    if open.open_id().is_some_and(|openid| openid != user.openid()) {
        return Err(SessionError::OpenData("it is another user's"));
    }
    match open.timestamp().map(|at| now.seconds().saturating_sub(at)) {
        Some(age) if age > MAX_AGE => Err(SessionError::OpenData("its watermark is too old")),
        Some(age) if age < -MAX_AHEAD => Err(SessionError::OpenData("its watermark is of the future")),
        Some(_) => Ok(()),
        None => Err(SessionError::OpenData("its watermark has no timestamp")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (OpenData, i64) {
        let key = SecretString::from("tiihtNczf5v6AKRyjwEUhQ==");
        let data = include_str!("../../wechat/crypto/sample.txt").trim();
        let open = decrypt_open_data(&key, data, "r7BXXKkLb8qrSNn05n0qiA==").unwrap();
        (open, 1_477_314_187)
    }

    #[test]
    fn the_published_sample_fits_its_user_in_its_time() {
        let (open, made) = sample();
        let user = UserKey::new("wx4f4bc4dec97d474b", "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
        let at = |seconds: i64| Micros((made + seconds) * 1_000_000);
        for seconds in [0, 1, MAX_AGE, -MAX_AHEAD] {
            assert!(fits(&open, &user, at(seconds)).is_ok(), "{seconds}");
        }
        for seconds in [MAX_AGE + 1, -MAX_AHEAD - 1, i64::from(i32::MAX), -made] {
            assert!(matches!(fits(&open, &user, at(seconds)), Err(SessionError::OpenData(_))), "{seconds}");
        }
        for (app, openid) in [("wx4f4bc4dec97d474b", "oSomebodyElse"), ("wxother", user.openid())] {
            let other = UserKey::new(app, openid);
            assert!(matches!(fits(&open, &other, at(0)), Err(SessionError::OpenData(_))), "{other}");
        }
    }
}
