//! Message push: what WeChat tells a server by calling it.
//!
//! Source: WeChat's "Message push"
//! (<https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>), whose
//! published samples are the unit tests below. A push is signed with a token that the operator typed in at
//! WeChat's console; with an AES key it is encrypted, too (safe mode), and then nothing else is taken, so that
//! who learns the token alone can't speak for WeChat.

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

/// How far WeChat's clock may be from this one, in seconds.
pub const WINDOW: i64 = 600;
/// The longest nonce, in bytes. WeChat's have about ten digits.
const MAX_NONCE: usize = 64;
/// The longest text that is sent back to prove that this server knows the token. WeChat's have about 20 digits.
const MAX_ECHO: usize = 128;

/// What the pushes of one mini-program are known by.
#[derive(Debug, Clone)]
pub struct PushKey {
    /// Whose pushes they are.
    pub app_id: String,
    pub token: SecretString,
    /// Encrypts them, in safe mode.
    pub aes_key: Option<AesKey>,
}

/// The query of a push.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PushQuery {
    /// In plain mode, and when the address is verified.
    pub signature: Option<String>,
    /// In safe mode.
    pub msg_signature: Option<String>,
    /// Seconds since 1970.
    #[serde(default)]
    pub timestamp: String,
    #[serde(default)]
    pub nonce: String,
    /// When the address is verified: what to send back.
    pub echostr: Option<String>,
}

/// Why a push is not taken. The caller is not told which: it is not WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The signature is missing or wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The timestamp is not of these minutes.
    #[error("the timestamp is not within {WINDOW} s of this server's clock")]
    Stale,
    /// It is plain, and an AES key is set.
    #[error("a plain message, where an AES key is set")]
    Plain,
    /// It does not decrypt.
    #[error("the message does not decrypt with the AES key")]
    Encryption,
    /// It is another mini-program's.
    #[error("the message is another app's")]
    App,
    /// It is JSON or XML, and no message.
    #[error("the message is neither JSON nor XML as WeChat writes it")]
    Malformed,
    /// It is signed, and neither well-formed JSON nor well-formed XML.
    #[error("the message is signed, and can't be read")]
    Unreadable,
}

impl PushKey {
    /// What to answer when WeChat verifies the address: `echostr` as it came.
    ///
    /// # Errors
    /// [`PushError::Signature`], [`PushError::Stale`].
    pub fn verify<'a>(&self, query: &'a PushQuery, now: i64) -> Result<&'a str, PushError> {
        let given = query.signature.as_deref().unwrap_or_default();
        self.check(given, &[&query.timestamp, &query.nonce])?;
        fresh(query, now)?;
        // The signature does not cover it: whoever saw one signed address could have anything said here.
        let echo = query.echostr.as_deref().unwrap_or_default();
        let fits =
            (1..=MAX_ECHO).contains(&echo.len()) && echo.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(echo) } else { Err(PushError::Malformed) }
    }

    /// What can be told of a push before its body is read: whoever fails here has no message to show.
    ///
    /// # Errors
    /// [`PushError::Stale`]; [`PushError::Signature`] of a plain push, whose signature does not cover the body;
    /// [`PushError::Plain`] when safe mode's signature is missing.
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

    /// The message of a push.
    ///
    /// # Errors
    /// [`PushError`].
    pub fn open(&self, query: &PushQuery, body: &[u8], now: i64) -> Result<Message, PushError> {
        let body = match &self.aes_key {
            Some(key) => {
                // Before the signature can be checked there is something to read, but little: of two members one.
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
        // Not every message names the app.
        if body.get("appid").and_then(Value::as_str).is_some_and(|app_id| app_id != self.app_id) {
            return Err(PushError::App);
        }
        Ok(message)
    }

    fn check(&self, given: &str, parts: &[&str]) -> Result<(), PushError> {
        let right = signature(self.token.expose_secret(), parts);
        // Anybody can sign for an empty token.
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

/// The members of a body in JSON or XML: its first character tells.
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
