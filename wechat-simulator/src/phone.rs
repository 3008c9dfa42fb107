//! Phone numbers: the button on the phone, and `POST /wxa/business/getuserphonenumber`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::crypto::encrypt_open_data;
use crate::login::{LoginError, Watermark, block, code, hash, json as text, openid};
use crate::reply::Refusal;
use crate::state::State;
use crate::token_apis::Call;

/// Life of a code in milliseconds.
const CODE_LIFE: u64 = 5 * 60 * 1_000;

/// An issued code of the button.
#[derive(Debug)]
pub(crate) struct PhoneCode {
    app_id: String,
    user: String,
    issued_ms: u64,
    used: bool,
}

/// The result of the button with `open-type="getPhoneNumber"`.
#[derive(Debug, Clone, Serialize)]
pub struct Phone {
    /// The code of the current API, valid once and for five minutes. It is not a code of `wx.login`.
    pub code: String,
    /// The number as the API of 2018 returns it: encrypted under the phone's current session_key, in base64. Empty
    /// when the user has never signed in.
    pub encrypted_data: String,
    /// The IV of `encrypted_data` in base64.
    pub iv: String,
}

/// The number with and without its country code, which are equal for numbers in China.
fn number_of(user: &str) -> (String, String) {
    let digits =
        hash(&["phone", user]).iter().take(8).map(|byte| char::from(b'0' + byte % 10)).collect::<String>();
    let pure = format!("138{digits}");
    (pure.clone(), pure)
}

impl State {
    pub(crate) fn phone(&self, user: &str, app_id: Option<&str>) -> Result<Phone, LoginError> {
        let app = self.validate_login(user, app_id)?;
        let (number, pure) = number_of(user);
        let now_ms = self.now_ms();
        let open = json!({
            "phoneNumber": number,
            "purePhoneNumber": pure,
            "countryCode": "86",
            "watermark": Watermark { timestamp: now_ms / 1_000, appid: &app.id },
        });
        let session_key: Option<String> = self.memory().session_keys.get_mut(&openid(&app.id, user)).cloned();
        let iv = block(&self.unique());
        let encrypted = session_key.and_then(|key| encrypt_open_data(&key, iv, text(&open).as_bytes()));
        let (encrypted_data, iv) = encrypted.unwrap_or_default();
        let code = code(&self.unique());
        let issued =
            PhoneCode { app_id: app.id.clone(), user: user.to_owned(), issued_ms: now_ms, used: false };
        self.memory().phone_codes.insert(code.clone(), issued);
        Ok(Phone { code, encrypted_data, iv })
    }
}

/// Exchanges a code for the number.
pub(crate) fn exchange(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
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
    // In this reply WeChat writes the country code as a number.
    Ok(json!({ "phone_info": {
        "phoneNumber": number,
        "purePhoneNumber": pure,
        "countryCode": 86,
        "watermark": Watermark { timestamp: now_ms / 1_000, appid: &call.app.id },
    } }))
}
