//! Users, and the results of `wx.login` and `wx.getUserInfo` on their phones.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::MiniProgram;
use crate::crypto::{encrypt_open_data, raw_data_signature};
use crate::state::{Code, State};

/// The user whom codes from elsewhere sign in.
pub const DEVTOOLS_USER: &str = "devtools";

/// Prefix of the codes issued here.
pub(crate) const CODE_PREFIX: &str = "sim-";

/// Maximum length of a user's name in characters.
const MAX_USER: usize = 64;

/// The results of `wx.login` (the code) and of the `wx.getUserInfo` of 2016 (the rest).
#[derive(Debug, Clone, Serialize)]
pub struct Login {
    /// The code, valid once and for five minutes.
    pub code: String,
    /// The profile as JSON.
    pub raw_data: String,
    /// `sha1(raw_data + session_key)` in lower-case hex.
    pub signature: String,
    /// The profile with openId, unionId and watermark, encrypted under the session_key, in base64.
    pub encrypted_data: String,
    /// The IV of `encrypted_data` in base64.
    pub iv: String,
}

/// An invalid request for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The simulator knows no such mini-program.
    #[error("no such mini-program")]
    App,
    /// The name is empty, too long or contains control characters.
    #[error("a user's name has 1 to {MAX_USER} characters and no control characters")]
    User,
}

/// The profile of 2016. The order of the members is WeChat's.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    nick_name: &'a str,
    gender: u8,
    language: &'a str,
    city: &'a str,
    province: &'a str,
    country: &'a str,
    avatar_url: String,
}

impl<'a> Profile<'a> {
    fn of(user: &'a str) -> Self {
        let avatar = BASE64URL_NOPAD.encode(&hash(&["avatar", user]));
        Self {
            nick_name: user,
            gender: 1,
            language: "zh_CN",
            city: "Guangzhou",
            province: "Guangdong",
            country: "CN",
            avatar_url: format!("https://wx.qlogo.cn/mmopen/vi_32/{avatar}/132"),
        }
    }
}

/// The content of `encryptedData`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenProfile<'a> {
    open_id: String,
    #[serde(flatten)]
    profile: Profile<'a>,
    union_id: String,
    watermark: Watermark<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Watermark<'a> {
    pub(crate) timestamp: u64,
    pub(crate) appid: &'a str,
}

impl State {
    /// Finds the mini-program and validates the user's name.
    pub(crate) fn validate_login(
        &self,
        user: &str,
        app_id: Option<&str>,
    ) -> Result<&MiniProgram, LoginError> {
        let app = self.app(app_id).ok_or(LoginError::App)?;
        if user.is_empty() || user.chars().count() > MAX_USER || user.chars().any(char::is_control) {
            return Err(LoginError::User);
        }
        Ok(app)
    }

    pub(crate) fn new_session_key(&self) -> String {
        session_key(&self.unique())
    }

    /// `open_data` replaces members of `encryptedData`, including the watermark; `null` removes a member.
    pub(crate) fn login(
        &self,
        user: &str,
        app_id: Option<&str>,
        open_data: Map<String, Value>,
    ) -> Result<Login, LoginError> {
        let app = self.validate_login(user, app_id)?;
        let session_key = self.new_session_key();
        let code = code(&self.unique());
        let now_ms = self.now_ms();
        let profile = Profile::of(user);
        let raw_data = json(&profile);
        let open = OpenProfile {
            open_id: openid(&app.id, user),
            profile,
            union_id: unionid(user),
            watermark: Watermark { timestamp: now_ms / 1_000, appid: &app.id },
        };
        let (encrypted_data, iv) =
            encrypt_open_data(&session_key, block(&self.unique()), json_with(&open, open_data).as_bytes())
                .unwrap_or_default();
        let login = Login {
            code: code.clone(),
            signature: raw_data_signature(&raw_data, &session_key),
            raw_data,
            encrypted_data,
            iv,
        };
        let issued = Code {
            app_id: app.id.clone(),
            user: user.to_owned(),
            session_key,
            issued_ms: now_ms,
            used: false,
        };
        let mut memory = self.memory();
        memory.session_keys.insert(openid(&app.id, user), issued.session_key.clone());
        memory.codes.insert(code, issued);
        Ok(login)
    }
}

/// The user's openid in this mini-program. As at WeChat, the openids of one mini-program share a prefix.
pub(crate) fn openid(app_id: &str, user: &str) -> String {
    format!("o{}{}", letters(&hash(&["app", app_id]), 5), letters(&hash(&["openid", app_id, user]), 22))
}

/// The user's id across mini-programs.
pub(crate) fn unionid(user: &str) -> String {
    format!("o{}{}", letters(&hash(&["union"]), 5), letters(&hash(&["unionid", user]), 22))
}

/// The session_key of a code that was not issued here: derived from the code, because the code is not stored.
pub(crate) fn session_key_of_code(app_id: &str, code: &str) -> String {
    session_key(&hash(&["session_key", app_id, code]))
}

fn session_key(bytes: &[u8; 32]) -> String {
    BASE64.encode(&block(bytes))
}

/// A code of 32 characters, as WeChat's have today.
pub(crate) fn code(bytes: &[u8; 32]) -> String {
    format!("{CODE_PREFIX}{}", HEXLOWER.encode(bytes).chars().take(28).collect::<String>())
}

fn letters(bytes: &[u8; 32], count: usize) -> String {
    BASE64URL_NOPAD.encode(bytes).chars().take(count).collect()
}

pub(crate) fn block(bytes: &[u8; 32]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// A hash in which `["ab", "c"]` differs from `["a", "bc"]`.
pub(crate) fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Serializes a value with some members replaced.
fn json_with(value: &impl Serialize, members: Map<String, Value>) -> String {
    if members.is_empty() {
        return json(value);
    }
    let mut value = serde_json::to_value(value).unwrap_or_default();
    for (name, member) in members {
        match value.as_object_mut() {
            Some(object) if member.is_null() => drop(object.remove(&name)),
            Some(object) => drop(object.insert(name, member)),
            None => {}
        }
    }
    json(&value)
}

/// Serializes a value that consists of text and numbers, which cannot fail.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
