//! Phone numbers in the simulated WeChat: the phone's button, and `POST /wxa/business/getuserphonenumber`.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};

use super::further::Call;
use super::person::{LoginError, Watermark, block, code, hash, json as text, openid};
use super::reply::Refusal;
use super::state::State;
use crate::wechat::crypto::encrypt_open_data;

/// How long a code is good, in milliseconds.
const CODE_LIFE: u64 = 5 * 60 * 1_000;

/// A code of the button.
#[derive(Debug)]
pub(super) struct PhoneCode {
    app_id: String,
    user: String,
    issued_ms: u64,
    used: bool,
}

/// What a phone gets from the button with `open-type="getPhoneNumber"`.
#[derive(Debug, Clone, Serialize)]
pub struct Phone {
    /// Today's: good once and for five minutes. It is no code of `wx.login`.
    pub code: String,
    /// That of 2018: the number, encrypted under the session_key that the phone has now; base64. Empty when the
    /// user never signed in.
    pub encrypted_data: String,
    /// The IV of `encrypted_data`; base64.
    pub iv: String,
}

/// The number with its country's code, and without.
fn number_of(user: &str) -> (String, String) {
    let digits =
        hash(&["phone", user]).iter().take(8).map(|byte| char::from(b'0' + byte % 10)).collect::<String>();
    let pure = format!("138{digits}");
    (pure.clone(), pure)
}

impl State {
    pub(super) fn phone(&self, user: &str, app_id: Option<&str>) -> Result<Phone, LoginError> {
        let app = self.known(user, app_id)?;
        let (number, pure) = number_of(user);
        let now_ms = self.now_ms();
        let open = json!({
            "phoneNumber": number,
            "purePhoneNumber": pure,
            "countryCode": "86",
            "watermark": Watermark { timestamp: now_ms / 1_000, appid: &app.id },
        });
        let session_key: Option<SecretString> =
            self.memory().session_keys.get_mut(&openid(&app.id, user)).cloned();
        let iv = block(&self.unique());
        let sealed = session_key.map(|key| encrypt_open_data(&key, iv, text(&open).as_bytes()));
        let (encrypted_data, iv) = sealed.and_then(Result::ok).unwrap_or_default();
        let code = code(&self.unique());
        let issued =
            PhoneCode { app_id: app.id.clone(), user: user.to_owned(), issued_ms: now_ms, used: false };
        self.memory().phone_codes.insert(code.clone(), issued);
        Ok(Phone { code, encrypted_data, iv })
    }
}

/// The number behind a code.
pub(super) fn number(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    let now_ms = state.now_ms();
    let user = {
        let mut memory = state.memory();
        memory.phone_codes.get_mut(call.text("code")).and_then(|code| {
            let good =
                code.app_id == call.app.id && !code.used && now_ms.saturating_sub(code.issued_ms) < CODE_LIFE;
            code.used |= good;
            good.then(|| code.user.clone())
        })
    };
    let user = user.ok_or_else(|| Refusal::new(state, 40029, "invalid code"))?;
    let (number, pure) = number_of(&user);
    // Here WeChat writes the country's code as a number.
    Ok(json!({ "phone_info": {
        "phoneNumber": number,
        "purePhoneNumber": pure,
        "countryCode": 86,
        "watermark": Watermark { timestamp: now_ms / 1_000, appid: &call.app.id },
    } }))
}
