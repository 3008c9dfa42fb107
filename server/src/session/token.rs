//! What opens a session.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::random;
use crate::store::sessions::{Dialect, SecretHash, SessionId};

/// A bearer token: the session's id and 256 random bits, together in base64url.
pub struct Token {
    id: SessionId,
    secret: [u8; 32],
}

impl Token {
    /// A new one for that session.
    #[must_use]
    pub fn new(id: SessionId) -> Self {
        Self { id, secret: random::bytes() }
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret).into())
    }

    /// What the client gets.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&[&self.id.0[..], &self.secret].concat())
    }
}

/// What a request shows to be let in, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    /// The session that it says it opens.
    pub id: SessionId,
    /// What the store compares.
    pub hash: SecretHash,
    /// The dialect in which it was shown.
    pub dialect: Dialect,
}

impl Presented {
    /// Reads a bearer token. Nothing when it has not the form of one.
    #[must_use]
    pub fn bearer(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (id, secret) = bytes.split_first_chunk::<16>()?;
        let secret: &[u8; 32] = secret.try_into().ok()?;
        let hash = SecretHash(Sha256::digest(secret).into());
        Some(Self { id: SessionId(*id), hash, dialect: Dialect::Yibi })
    }

    /// A 2016 client's code is its token: the session's id is derived from it.
    #[must_use]
    pub fn weapp_code(app_id: &str, code: &str) -> Self {
        let hash = code_hash(app_id, code);
        let id = Sha256::new().chain_update(b"weapp session ").chain_update(hash.0).finalize();
        let id = id.first_chunk::<16>().copied().unwrap_or_default();
        Self { id: SessionId(id), hash, dialect: Dialect::Weapp }
    }

    /// A wafer client's id and key, whatever they are.
    #[must_use]
    pub fn wafer(id: &str, skey: &str) -> Self {
        let id = Sha256::new().chain_update(b"wafer session ").chain_update(id).finalize();
        let id = id.first_chunk::<16>().copied().unwrap_or_default();
        let hash = SecretHash(Sha256::digest(skey).into());
        Self { id: SessionId(id), hash, dialect: Dialect::Wafer }
    }
}

/// What a wafer client holds: two texts that look alike. The id follows from the code that the session was made
/// of, so that a retry of the sign-in, which brings the code again, finds the same one while the store knows no
/// more than its hash. Only the key is a secret.
#[derive(Clone)]
pub struct WaferPair {
    /// `X-WX-Id`.
    pub id: String,
    /// `X-WX-Skey`.
    pub skey: String,
}

impl WaferPair {
    /// A pair with a new key, for the session of that code.
    #[must_use]
    pub fn new(app_id: &str, code: &str) -> Self {
        let id = Sha256::new().chain_update(b"wafer id ").chain_update(code_hash(app_id, code).0).finalize();
        Self { id: HEXLOWER.encode(&id), skey: HEXLOWER.encode(&random::bytes::<32>()) }
    }

    /// What the store compares.
    #[must_use]
    pub fn presented(&self) -> Presented {
        Presented::wafer(&self.id, &self.skey)
    }
}

/// What the stores know a WeChat code by.
#[must_use]
pub fn code_hash(app_id: &str, code: &str) -> SecretHash {
    let digest = Sha256::new().chain_update(app_id).chain_update([0]).chain_update(code).finalize();
    SecretHash(digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_session_and_hash() {
        let token = Token::new(SessionId([9; 16]));
        let presented = Presented::bearer(&token.text()).unwrap();
        assert_eq!((presented.id, presented.hash), (SessionId([9; 16]), token.hash()));
        assert_eq!(token.text().len(), 64);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let token = Token::new(SessionId([9; 16])).text();
        for text in ["", "x", &token[1..], &format!("{token}AAAA"), "é", &"A".repeat(10_000)] {
            assert!(Presented::bearer(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_retry_finds_the_session_of_its_code_with_another_key() {
        let (first, second) = (WaferPair::new("wx", "c"), WaferPair::new("wx", "c"));
        assert_eq!(first.presented().id, second.presented().id);
        assert_ne!(first.presented().hash, second.presented().hash);
        for other in [WaferPair::new("wx", "d"), WaferPair::new("wy", "c")] {
            assert_ne!(other.presented().id, first.presented().id);
        }
        assert_ne!(first.presented().id, Presented::weapp_code("wx", "c").id);
    }

    #[test]
    fn a_code_of_one_app_is_none_of_another() {
        let (a, b) = (Presented::weapp_code("wxa", "c"), Presented::weapp_code("wxb", "c"));
        assert_ne!(a.id, b.id);
        assert_ne!(a.hash, b.hash);
    }
}
