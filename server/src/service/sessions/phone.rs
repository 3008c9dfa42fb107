//! The user's phone number: bound with the result of WeChat's button, and removed again.
//!
//! Source:
//! <https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber>.

use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument;

use super::open_data::refused;
use super::{Caller, SessionError, SessionService};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::UserRecord;
use crate::store::Users;
use crate::wechat::Api;

/// WeChat's errcodes for an invalid or expired code.
const INVALID_CODE: i64 = 40029;
const USED_CODE: i64 = 40163;

/// Result of WeChat's phone number button.
#[derive(Debug)]
pub enum PhoneProof {
    /// Current form: a code, valid once and for five minutes.
    Code(String),
    /// Form of 2018: the number itself, encrypted under the session_key.
    OpenData {
        /// `encryptedData`.
        encrypted_data: String,
        /// `iv`.
        iv: String,
    },
}

impl SessionService {
    /// Stores the caller's phone number as WeChat reports it, sealed.
    ///
    /// # Errors
    /// [`SessionError::PhoneCode`] for a code that WeChat rejects, [`SessionError::Exchange`] when WeChat
    /// does not answer; those of [`SessionService::open_data`]; [`SessionError::Unauthenticated`] when the
    /// user no longer exists.
    pub async fn bind_phone(&self, caller: &Caller, proof: PhoneProof) -> Result<UserRecord, SessionError> {
        // Runs in a task of its own: WeChat accepts a code only once, so the number must not be dropped with
        // the request.
        let (service, caller) = (self.clone(), caller.clone());
        let task = async move { service.keep_phone(&caller, proof).await };
        let done = tokio::spawn(task.in_current_span()).await;
        done.unwrap_or(Err(SessionError::Internal("the binding of a phone number panicked")))
    }

    async fn keep_phone(&self, caller: &Caller, proof: PhoneProof) -> Result<UserRecord, SessionError> {
        let told = match proof {
            PhoneProof::Code(code) => self.phone_of_code(caller, &code).await?,
            PhoneProof::OpenData { encrypted_data, iv } => {
                Value::Object(self.open_data(caller, &encrypted_data, &iv).await?.into_members())
            }
        };
        let phone = PhoneNumber::told_by_wechat(&told);
        let phone = phone.ok_or(SessionError::OpenData("there is no phone number in it"))?;
        let sealed = phone.seal(&self.0.keys.get().await?.sealer, caller.user());
        let user = self.0.users.set_phone(caller.user(), Some(&sealed)).await?;
        user.ok_or(SessionError::Unauthenticated)
    }

    /// Removes the caller's phone number.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn remove_phone(&self, caller: &Caller) -> Result<(), SessionError> {
        self.0.users.set_phone(caller.user(), None).await?;
        Ok(())
    }

    /// The user's phone number, if it is set and can be decrypted.
    ///
    /// # Errors
    /// [`SessionError::Store`] when the keys can't be read.
    pub async fn phone_of(&self, user: &UserRecord) -> Result<Option<PhoneNumber>, SessionError> {
        let Some(sealed) = &user.phone else { return Ok(None) };
        let phone = PhoneNumber::open(sealed, &self.0.keys.get().await?.sealer, &user.key);
        if phone.is_none() {
            tracing::warn!(user = user.public_id, "a phone number does not open: was keys.sealing replaced?");
        }
        Ok(phone)
    }

    async fn phone_of_code(&self, caller: &Caller, code: &str) -> Result<Value, SessionError> {
        #[derive(Deserialize)]
        struct Reply {
            phone_info: Value,
        }
        let app = self.app_of(caller.user())?;
        let api = Api::GetUserPhoneNumber;
        let asked = self.0.wechat.call_hiding::<Reply>(app, api, &json!({ "code": code }), &[code]).await;
        let Reply { phone_info } = asked.map_err(|error| match error.errcode {
            Some(INVALID_CODE | USED_CODE) => SessionError::PhoneCode,
            Some(_) | None => refused(api, &error),
        })?;
        let watermark = phone_info.pointer("/watermark/appid").and_then(Value::as_str);
        if watermark != Some(caller.user().app_id()) {
            return Err(SessionError::OpenData("its watermark names another mini-program"));
        }
        Ok(phone_info)
    }
}
