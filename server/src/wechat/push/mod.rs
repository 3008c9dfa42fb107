//! Message push: WeChat's calls to this server.
//!
//! Source: WeChat's "Message push"
//! (<https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>), whose
//! published samples are the unit tests below. A push is signed with a token that the operator enters in
//! WeChat's console. With an AES key it is also encrypted (safe mode), and plain pushes are then rejected, so
//! that the token alone does not suffice to forge a push.

mod crypto;
mod event;
mod xml;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

pub use crypto::AesKey;
pub use event::{Event, MediaVerdict, Message, Suggestion};

use crypto::{decrypt, signature};

use super::lenient;
use xml::XmlError;

/// Maximum difference between WeChat's clock and this one, in seconds.
pub const WINDOW: i64 = 600;
/// Maximum length of a nonce in bytes. WeChat's have about ten digits.
const MAX_NONCE: usize = 64;
/// Maximum length of the text that is echoed to prove knowledge of the token. WeChat's have about 20 digits.
const MAX_ECHO: usize = 128;

/// Secrets that authenticate the pushes of one mini-program.
#[derive(Debug, Clone)]
pub struct PushKey {
    /// Id of the mini-program.
    pub app_id: String,
    pub token: SecretString,
    /// Decrypts pushes in safe mode.
    pub aes_key: Option<AesKey>,
}

/// The query of a push.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PushQuery {
    /// Signature of a plain push, or of the address verification.
    pub signature: Option<String>,
    /// Signature of a push in safe mode.
    pub msg_signature: Option<String>,
    /// Time of the push in seconds since 1970.
    #[serde(default)]
    pub timestamp: String,
    #[serde(default)]
    pub nonce: String,
    /// Text to echo when WeChat verifies the address.
    pub echostr: Option<String>,
}

/// Reason why a push is rejected. The sender does not receive it, since it is not WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The signature is missing or wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The timestamp is outside the window.
    #[error("the timestamp is not within {WINDOW} s of this server's clock")]
    Stale,
    /// The push is plain although an AES key is set.
    #[error("a plain message, where an AES key is set")]
    Plain,
    /// The push can't be decrypted.
    #[error("the message does not decrypt with the AES key")]
    Encryption,
    /// The push belongs to another mini-program.
    #[error("the message is another app's")]
    App,
    /// The push is valid JSON or XML, but not a message.
    #[error("the message is neither JSON nor XML as WeChat writes it")]
    Malformed,
    /// The push is signed, but neither valid JSON nor valid XML.
    #[error("the message is signed, and can't be read")]
    Unreadable,
}

impl PushKey {
    /// Answers WeChat's verification of the address: returns `echostr` unchanged.
    ///
    /// # Errors
    /// [`PushError::Signature`], [`PushError::Stale`].
    pub fn verify<'a>(&self, query: &'a PushQuery, now: i64) -> Result<&'a str, PushError> {
        let given = query.signature.as_deref().unwrap_or_default();
        self.check(given, &[&query.timestamp, &query.nonce])?;
        fresh(query, now)?;
        // The signature does not cover `echostr`: without this check, anybody with one signed address could
        // have arbitrary text served here.
        let echo = query.echostr.as_deref().unwrap_or_default();
        let fits =
            (1..=MAX_ECHO).contains(&echo.len()) && echo.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(echo) } else { Err(PushError::Malformed) }
    }

    /// Checks a push before its body is read, so that forged pushes are rejected early.
    ///
    /// # Errors
    /// [`PushError::Stale`]; [`PushError::Signature`] of a plain push, whose signature does not cover the
    /// body; [`PushError::Plain`] when safe mode's signature is missing.
    pub fn precheck(&self, query: &PushQuery, now: i64) -> Result<(), PushError> {
        fresh(query, now)?;
        match &self.aes_key {
            Some(_) => query.msg_signature.as_ref().map(|_| ()).ok_or(PushError::Plain),
            None => {
                let given = query.signature.as_deref().unwrap_or_default();
                self.check(given, &[&query.timestamp, &query.nonce])
            }
        }
    }

    /// Verifies, decrypts and parses a push.
    ///
    /// # Errors
    /// [`PushError`].
    pub fn open(&self, query: &PushQuery, body: &[u8], now: i64) -> Result<Message, PushError> {
        let body = match &self.aes_key {
            Some(key) => {
                // The envelope has to be parsed before its signature can be checked; only one of its two
                // members is used.
                let envelope = parse(body).map_err(|_| PushError::Malformed)?;
                let encrypted = envelope.get("Encrypt").and_then(Value::as_str).ok_or(PushError::Plain)?;
                let given = query.msg_signature.as_deref().unwrap_or_default();
                self.check(given, &[&query.timestamp, &query.nonce, encrypted])?;
                fresh(query, now)?;
                let (message, app_id) = decrypt(key, encrypted).ok_or(PushError::Encryption)?;
                if app_id != self.app_id.as_bytes() {
                    return Err(PushError::App);
                }
                parse(&message)?
            }
            None => {
                let given = query.signature.as_deref().unwrap_or_default();
                self.check(given, &[&query.timestamp, &query.nonce])?;
                fresh(query, now)?;
                parse(body)?
            }
        };
        let message = Message::of(&body).ok_or(PushError::Malformed)?;
        // Not every message contains the app id.
        if body.get("appid").and_then(Value::as_str).is_some_and(|app_id| app_id != self.app_id) {
            return Err(PushError::App);
        }
        Ok(message)
    }

    fn check(&self, given: &str, parts: &[&str]) -> Result<(), PushError> {
        let right = signature(self.token.expose_secret(), parts);
        // With an empty token, anybody could compute a signature.
        let signed: bool = right.as_bytes().ct_eq(given.as_bytes()).into();
        if signed && !self.token.expose_secret().is_empty() { Ok(()) } else { Err(PushError::Signature) }
    }
}

fn fresh(query: &PushQuery, now: i64) -> Result<(), PushError> {
    let nonce = &query.nonce;
    let plain =
        (1..=MAX_NONCE).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let near = query.timestamp.parse::<i64>().is_ok_and(|sent| now.abs_diff(sent) <= WINDOW.unsigned_abs());
    if plain && near { Ok(()) } else { Err(PushError::Stale) }
}

/// The members of a JSON or XML body, distinguished by the first character.
fn parse(body: &[u8]) -> Result<Value, PushError> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let value = if text.starts_with('<') {
        xml::parse(text).map_err(|error| match error {
            XmlError::Forbidden => PushError::Malformed,
            XmlError::Broken => PushError::Unreadable,
        })?
    } else {
        lenient::from_slice::<Value>(text.as_bytes()).ok_or(PushError::Unreadable)?
    };
    if value.is_object() { Ok(value) } else { Err(PushError::Malformed) }
}

#[cfg(test)]
mod tests;
