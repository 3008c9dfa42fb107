//! The dialect of 2016, weapp-session: the WeChat code itself is the token.
//!
//! A client's first request brings a code, the raw text of its profile, and that text's SHA-1 with the
//! session key; later ones the code alone. SHA-1 is WeChat's protocol: a collision allows a forged profile,
//! never a forged identity, which comes from WeChat's exchange of the code.

use serde_json::Value;
use tracing::Instrument;
use yibi_common::json_text::repair_surrogates;

use super::code_exchange::CodeExchange;
use super::profile::Profile;
use super::yibi::outcome_name;
use super::{Caller, Client, Credential, Refusal, SessionError, SessionService};
use crate::domain::session::Dialect;
use crate::wechat::{Exchange, WechatApp, crypto};

/// Maximum length of a code. WeChat's codes have 32 characters.
pub(super) const MAX_CODE: usize = 256;

/// A byte order mark, which is skipped before JSON.
const BOM: char = '\u{feff}';

/// The session headers of a request.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// `X-WX-Code`.
    pub code: Option<String>,
    /// `X-WX-RawData`, unchanged.
    pub raw_data: Option<Vec<u8>>,
    /// `X-WX-Signature`.
    pub signature: Option<String>,
}

impl Headers {
    /// Whether a code without a session is to be exchanged.
    #[must_use]
    pub fn is_sign_in(&self) -> bool {
        self.raw_data.as_ref().is_some_and(|raw_data| !raw_data.is_empty())
    }
}

/// Reason why a request with a code is rejected.
#[derive(Debug)]
pub enum Rejection {
    /// The code has no living session.
    SessionExpired,
    /// WeChat did not exchange the code.
    ExchangeFailed(Refusal),
    /// The signature does not match the raw data.
    UntrustedRawData,
    /// The raw data is not percent-encoded UTF-8.
    RawDataEncoding,
    /// The raw data is not JSON.
    RawDataSyntax,
    /// The raw data is JSON, but no object.
    RawDataType,
    /// The session can't be determined.
    Failed(SessionError),
}

impl Rejection {
    /// Whether the caller is at fault, rather than WeChat, a store or this server.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        match self {
            Self::ExchangeFailed(refusal) => refusal.for_good(),
            Self::Failed(error) => error.is_callers(),
            Self::SessionExpired
            | Self::UntrustedRawData
            | Self::RawDataEncoding
            | Self::RawDataSyntax
            | Self::RawDataType => true,
        }
    }
}

impl From<SessionError> for Rejection {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unauthenticated
            | SessionError::EndedByUser
            | SessionError::NoSession
            | SessionError::CodeSpent => Self::SessionExpired,
            SessionError::UntrustedRawData => Self::UntrustedRawData,
            SessionError::Exchange(refusal) => Self::ExchangeFailed(refusal),
            SessionError::Leaving
            | SessionError::Closing { .. }
            | SessionError::Blocked
            | SessionError::UntrustedOpenData
            | SessionError::KeySuperseded
            | SessionError::OpenData(_)
            | SessionError::PhoneCode
            | SessionError::TooManyAtOnce
            | SessionError::Store(_)
            | SessionError::Internal(_) => Self::Failed(error),
        }
    }
}

impl SessionService {
    /// The caller of a request with those headers: `None` without a code, otherwise the user of the code's
    /// session, which is created if the code comes with raw data and has no session yet.
    ///
    /// # Errors
    /// The [`Rejection`] that the client receives.
    pub async fn identify(
        &self,
        app: &WechatApp,
        headers: Headers,
        client: Client,
    ) -> Result<Option<Caller>, Rejection> {
        let Some(code) = headers.code.filter(|code| !code.is_empty()) else { return Ok(None) };
        if code.len() > MAX_CODE {
            return Err(Rejection::SessionExpired);
        }
        let credential = Credential::weapp_code(&app.id, &code);
        let raw_data = headers.raw_data.filter(|raw_data| !raw_data.is_empty());
        match (self.authenticate(&credential).await, raw_data) {
            (Ok(caller), _) => return Ok(Some(caller)),
            (Err(SessionError::Unauthenticated), Some(raw_data)) => {
                let (raw_data, profile) = decode(&raw_data)?;
                let exchange = CodeExchange {
                    dialect: Dialect::Weapp,
                    app: app.clone(),
                    code,
                    id: credential.id,
                    token: credential.hash,
                    from: None,
                    reopen: false,
                    client,
                };
                let signature = headers.signature.unwrap_or_default();
                let made = self.made_of_code(exchange, raw_data, profile, signature).await;
                self.0.metrics.sign_in("weapp", outcome_name(made.as_ref().map(|_| ())));
                made?;
            }
            (Err(error), _) => return Err(error.into()),
        }
        Ok(Some(self.authenticate(&credential).await?))
    }

    /// Runs in a task of its own: WeChat accepts a code only once, so the remaining steps must not be dropped
    /// with the request.
    async fn made_of_code(
        &self,
        exchange: CodeExchange,
        raw_data: String,
        profile: Profile,
        signature: String,
    ) -> Result<(), SessionError> {
        let service = self.clone();
        let task = async move {
            let trusted = |exchange: &Exchange| {
                let signed = |text: &str| crypto::verify_raw_data(text, &exchange.session_key, &signature);
                let fits = signed(&raw_data) || raw_data.strip_prefix(BOM).is_some_and(signed);
                if fits { Ok(profile) } else { Err(SessionError::UntrustedRawData) }
            };
            service.session_of_code(exchange, trusted).await
        };
        tokio::spawn(task.in_current_span())
            .await
            .unwrap_or(Err(SessionError::Internal("a sign-in panicked")))
            .map(|_| ())
    }
}

/// The signed raw data: percent-decoded, and parsed as a profile.
fn decode(header: &[u8]) -> Result<(String, Profile), Rejection> {
    let text = percent_decode(header).ok_or(Rejection::RawDataEncoding)?;
    match serde_json::from_str::<Value>(&repair_surrogates(text.strip_prefix(BOM).unwrap_or(&text))) {
        Ok(Value::Object(members)) => {
            let profile = Profile::of(&members);
            Ok((text, profile))
        }
        Ok(_) => Err(Rejection::RawDataType),
        Err(_) => Err(Rejection::RawDataSyntax),
    }
}

/// Same as JavaScript's `decodeURIComponent`, which rejects all malformed input.
fn percent_decode(bytes: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let (digits, behind) = behind.split_first_chunk::<2>()?;
            decoded.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?);
            rest = behind;
        } else {
            decoded.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_data_is_decoded_as_javascript_does() {
        assert_eq!(percent_decode(b"%7B%22a%22%3A%22%E6%B1%89%22%7D").unwrap(), "{\"a\":\"汉\"}");
        assert_eq!(percent_decode("{\"a\":\"汉\"}".as_bytes()).unwrap(), "{\"a\":\"汉\"}");
        assert_eq!(percent_decode(b"a+b").unwrap(), "a+b");
        for wrong in [&b"%"[..], b"%4", b"100%!", b"%zz", b"%ff", b"\xff"] {
            assert!(percent_decode(wrong).is_none());
        }
    }

    #[test]
    fn raw_data_is_a_json_object() {
        assert!(decode(b"{}").is_ok());
        assert!(matches!(decode(b"%"), Err(Rejection::RawDataEncoding)));
        assert!(matches!(decode(b"{"), Err(Rejection::RawDataSyntax)));
        for other in [&b"null"[..], b"1", b"%22a%22", b"[]", b"true"] {
            assert!(matches!(decode(other), Err(Rejection::RawDataType)));
        }
    }
}
