//! The people of the simulated WeChat, and what their phones get.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::state::{Code, State};
use crate::wechat::client::WechatApp;
use crate::wechat::crypto::{encrypt_open_data, raw_data_signature};

/// The user that codes from elsewhere sign in.
pub const DEVTOOLS_USER: &str = "devtools";

/// What codes made here begin with.
pub(super) const CODE_PREFIX: &str = "sim-";

/// The longest name of a user, in characters.
const MAX_USER: usize = 64;

/// What a phone gets from `wx.login` (the code) and from `wx.getUserInfo` of 2016 (the rest).
#[derive(Debug, Clone, Serialize)]
pub struct Login {
    /// The code, good once and for five minutes.
    pub code: String,
    /// The profile as JSON.
    pub raw_data: String,
    /// `sha1(raw_data + session_key)` in lower-case hex.
    pub signature: String,
    /// The profile with openId, unionId and watermark, encrypted under the session_key; base64.
    pub encrypted_data: String,
    /// The IV of `encrypted_data`; base64.
    pub iv: String,
}

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The simulator knows no such mini-program.
    #[error("no such mini-program")]
    App,
    /// The name is empty, too long, or has control characters.
    #[error("a user's name is 1 to {MAX_USER} characters without control characters")]
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

/// What `encryptedData` holds.
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
pub(super) struct Watermark<'a> {
    pub(super) timestamp: u64,
    pub(super) appid: &'a str,
}

impl State {
    /// The mini-program that somebody of that name uses.
    pub(super) fn known(&self, user: &str, app_id: Option<&str>) -> Result<&WechatApp, LoginError> {
        let app = self.app(app_id).ok_or(LoginError::App)?;
        if user.is_empty() || user.chars().count() > MAX_USER || user.chars().any(char::is_control) {
            return Err(LoginError::User);
        }
        Ok(app)
    }

    pub(super) fn new_session_key(&self) -> SecretString {
        session_key(&self.unique())
    }

    /// `open_data` takes the place of those members of what `encryptedData` holds: of the watermark, too, when it
    /// names one; `null` takes a member away.
    pub(super) fn login(
        &self,
        user: &str,
        app_id: Option<&str>,
        open_data: Map<String, Value>,
    ) -> Result<Login, LoginError> {
        let app = self.known(user, app_id)?;
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
            encrypt_open_data(&session_key, block(&self.unique()), replaced(&open, open_data).as_bytes())
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

/// The user's openid in this mini-program. As with WeChat's, those of one mini-program begin alike.
pub(super) fn openid(app_id: &str, user: &str) -> String {
    format!("o{}{}", letters(&hash(&["app", app_id]), 5), letters(&hash(&["openid", app_id, user]), 22))
}

/// The user's id for all mini-programs.
pub(super) fn unionid(user: &str) -> String {
    format!("o{}{}", letters(&hash(&["union"]), 5), letters(&hash(&["unionid", user]), 22))
}

/// The session_key of a code that was not made here: always the same, as nobody remembers it.
pub(super) fn session_key_of_code(app_id: &str, code: &str) -> SecretString {
    session_key(&hash(&["session_key", app_id, code]))
}

fn session_key(bytes: &[u8; 32]) -> SecretString {
    SecretString::from(BASE64.encode(&block(bytes)))
}

/// 32 characters, as WeChat's have today.
pub(super) fn code(bytes: &[u8; 32]) -> String {
    format!("{CODE_PREFIX}{}", HEXLOWER.encode(bytes).chars().take(28).collect::<String>())
}

fn letters(bytes: &[u8; 32], count: usize) -> String {
    BASE64URL_NOPAD.encode(bytes).chars().take(count).collect()
}

pub(super) fn block(bytes: &[u8; 32]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// A hash in which `["ab", "c"]` differs from `["a", "bc"]`.
pub(super) fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().into()
}

/// A value's JSON with other members in place of its own.
fn replaced(value: &impl Serialize, members: Map<String, Value>) -> String {
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

/// Text and numbers always have a JSON form.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
