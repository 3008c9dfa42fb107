//! The signatures and the encryption of WeChat's open data.
//!
//! Source: WeChat's "Verification and decryption of open data"
//! (<https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html>),
//! whose published samples are the unit tests below. Signatures are keyed by the *text* of the
//! session_key, which is base64; only the decryption uses the 16 bytes behind that text.

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::lenient;

/// Length of an AES-128 key and of an AES block, in bytes.
const BLOCK: usize = 16;

/// Maximum length of `encryptedData` in base64 characters. WeChat's longest, thirty days of step counts, has
/// about 3,000.
const MAX_ENCRYPTED: usize = 64 * 1024;

/// The signature that `wx.getUserInfo` returns beside `rawData`: `sha1(rawData + session_key)` in lower-case
/// hex.
pub fn raw_data_signature(raw_data: &str, session_key: &SecretString) -> String {
    let mut hash = Sha1::new();
    hash.update(raw_data);
    hash.update(session_key.expose_secret());
    HEXLOWER.encode(&hash.finalize())
}

/// Whether `signature` is the one of `raw_data` under this session_key, compared in constant time. Empty and
/// upper-case signatures are invalid.
pub fn verify_raw_data(raw_data: &str, session_key: &SecretString, signature: &str) -> bool {
    raw_data_signature(raw_data, session_key).as_bytes().ct_eq(signature.as_bytes()).into()
}

/// The signature that WeChat's API requires instead of the session_key itself (`signature` with
/// `sig_method=hmac_sha256`): HMAC-SHA256 over `body` in lower-case hex.
pub fn session_signature(session_key: &SecretString, body: &[u8]) -> String {
    let key = session_key.expose_secret().as_bytes();
    // HMAC accepts keys of any length, so this error can't occur; every verifier rejects an empty signature.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| HEXLOWER.encode(&mac.chain_update(body).finalize().into_bytes()))
        .unwrap_or_default()
}

/// Whether the text has the form of a session_key: base64 of 16 bytes.
pub fn is_session_key(text: &str) -> bool {
    decode_block(text).is_some()
}

/// Whether the texts have the form of `encryptedData` and `iv`: base64 of whole blocks, and of one block.
pub fn has_form_of_open_data(encrypted_data: &str, iv: &str) -> bool {
    let blocks =
        |text: &str| BASE64.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len().is_multiple_of(BLOCK));
    let length = 1..=MAX_ENCRYPTED;
    length.contains(&encrypted_data.len()) && blocks(encrypted_data) && decode_block(iv).is_some()
}

/// Whether the text has the form of an openid or a unionid: 1 to 64 of `A-Za-z0-9_-`.
pub fn is_user_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Open data (`encryptedData`) does not decrypt under the session_key. The failed step is withheld on
/// purpose: distinguishing bad padding from bad content is a padding oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the open data does not decrypt with this session")]
pub struct OpenDataError;

/// Decrypted open data: a JSON object with a watermark of the mini-program and the time. Successful
/// decryption does not prove the origin (CBC is malleable): compare [`OpenData::app_id`], and
/// [`OpenData::open_id`] where there is one, with those of the session.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenData(Map<String, Value>);

impl OpenData {
    /// The app id in the watermark.
    pub fn app_id(&self) -> Option<&str> {
        self.0.get("watermark")?.get("appid")?.as_str()
    }

    /// Time at which WeChat made the data, from the watermark, in Unix seconds.
    pub fn timestamp(&self) -> Option<i64> {
        lenient::whole(self.0.get("watermark")?.get("timestamp")?)
    }

    /// The user of the data; absent from phone numbers, step counts and current profiles.
    pub fn open_id(&self) -> Option<&str> {
        self.0.get("openId")?.as_str()
    }

    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }
}

/// Decrypts `encryptedData` (AES-128-CBC, PKCS#7) with the session_key and its `iv`; all three are base64.
///
/// # Errors
/// [`OpenDataError`] when any part deviates from WeChat's format.
pub fn decrypt_open_data(
    session_key: &SecretString,
    encrypted_data: &str,
    iv: &str,
) -> Result<OpenData, OpenDataError> {
    let open = || {
        let key = decode_block(session_key.expose_secret())?;
        let iv = decode_block(iv)?;
        let encrypted = BASE64
            .decode(Some(encrypted_data).filter(|text| text.len() <= MAX_ENCRYPTED)?.as_bytes())
            .ok()?;
        let plain = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into())
            .decrypt_padded_vec::<Pkcs7>(&encrypted)
            .ok()?;
        std::str::from_utf8(&plain).ok().and_then(|json| lenient::from_slice(json.as_bytes())).map(OpenData)
    };
    open().ok_or(OpenDataError)
}

fn decode_block(text: &str) -> Option<[u8; BLOCK]> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
