//! Secrets that open a session.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::domain::session::{Dialect, SecretHash, SessionId};
use crate::keys::Signer;
use crate::random;

/// A bearer token in base64url: the session's id, 256 random bits, and a tag that proves without the store
/// that a server of the fleet issued it. The tag grants nothing, and a token without it is equally valid: it
/// only has a lower priority in look-ups (see [`Credential::is_tagged`]).
pub struct Token {
    id: SessionId,
    secret: [u8; 32],
}

type Tag = [u8; 12];

/// Message that a tag signs: the session's id and the token's hash. The prefix separates it from all other
/// signed messages.
fn tagged(id: SessionId, hash: SecretHash) -> Vec<u8> {
    [b"session token\0", &id.0[..], &hash.0].concat()
}

impl Token {
    /// Generates a token for that session.
    #[must_use]
    pub fn new(id: SessionId) -> Self {
        Self { id, secret: random::bytes() }
    }

    /// The session that it opens.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The token's hash, which the store keeps.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret).into())
    }

    /// The token's text, which the client receives.
    #[must_use]
    pub fn text(&self, signer: &Signer) -> String {
        let tag: Tag = signer.tag(&tagged(self.id, self.hash()));
        BASE64URL_NOPAD.encode(&[&self.id.0[..], &self.secret, &tag].concat())
    }
}

/// A request's credential, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// The session that the credential names.
    pub id: SessionId,
    /// Hash that is compared with the store's.
    pub hash: SecretHash,
    /// The dialect of the request.
    pub dialect: Dialect,
    tag: Option<Tag>,
}

impl Credential {
    /// Parses a bearer token, with or without a tag. `None` if the format is wrong.
    #[must_use]
    pub fn bearer(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (secret, tag) = rest.split_first_chunk::<32>()?;
        let tag = if tag.is_empty() { None } else { Some(tag.try_into().ok()?) };
        let hash = SecretHash(Sha256::digest(secret).into());
        Some(Self { id: SessionId(*id), hash, dialect: Dialect::Yibi, tag })
    }

    /// Whether it is a bearer token.
    #[must_use]
    pub fn is_bearer(&self) -> bool {
        self.dialect == Dialect::Yibi
    }

    /// Whether it has a tag at all.
    #[must_use]
    pub fn has_tag(&self) -> bool {
        self.tag.is_some()
    }

    /// Whether the tag was made with that key. An untagged token may still be valid: it may predate tags, or
    /// its key may be retired.
    #[must_use]
    pub fn is_tagged(&self, signer: &Signer) -> bool {
        self.tag.is_some_and(|tag| signer.is_tag(&tagged(self.id, self.hash), &tag))
    }

    /// A 2016 client's code is its token: the session's id is derived from it.
    #[must_use]
    pub fn weapp_code(app_id: &str, code: &str) -> Self {
        let hash = code_hash(app_id, code);
        let id = Sha256::new().chain_update(b"weapp session ").chain_update(hash.0).finalize();
        let id = id.first_chunk::<16>().copied().unwrap_or_default();
        Self { id: SessionId(id), hash, dialect: Dialect::Weapp, tag: None }
    }

    /// A wafer client's id and key, without any check of their format.
    #[must_use]
    pub fn wafer(id: &str, skey: &str) -> Self {
        let id = Sha256::new().chain_update(b"wafer session ").chain_update(id).finalize();
        let id = id.first_chunk::<16>().copied().unwrap_or_default();
        let hash = SecretHash(Sha256::digest(skey).into());
        Self { id: SessionId(id), hash, dialect: Dialect::Wafer, tag: None }
    }
}

/// Credential of a wafer client: two texts of the same format. The id is derived from the code that created
/// the session, so that a retry with the same code finds the session, while the store knows only its hash.
/// Only the key is secret.
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

    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential::wafer(&self.id, &self.skey)
    }
}

/// Hash by which the stores know a WeChat code.
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
        let (token, signer) = (Token::new(SessionId([9; 16])), Signer::for_tests([1; 32]));
        let text = token.text(&signer);
        assert_eq!(text.len(), 80);
        let credential = Credential::bearer(&text).unwrap();
        assert_eq!((credential.id, credential.hash), (SessionId([9; 16]), token.hash()));
        assert!(credential.is_tagged(&signer));
        assert!(!credential.is_tagged(&Signer::for_tests([2; 32])));
        // The first 48 bytes alone open a session.
        let without = Credential::bearer(&text[..64]).unwrap();
        assert_eq!((without.id, without.hash), (credential.id, credential.hash));
        assert!(!without.is_tagged(&signer));
    }

    #[test]
    fn every_bit_of_a_token_is_under_its_tag() {
        let signer = Signer::for_tests([1; 32]);
        let text = Token::new(SessionId([9; 16])).text(&signer);
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let credential = Credential::bearer(&BASE64URL_NOPAD.encode(&changed)).unwrap();
            assert!(!credential.is_tagged(&signer), "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        let token = Token::new(SessionId([9; 16])).text(&Signer::for_tests([1; 32]));
        let lengths = (0..80).filter(|length| *length != 64).map(|length| token[..length].to_owned());
        let others = [format!("{token}AAAA"), "é".to_owned(), "A".repeat(10_000)];
        for text in lengths.chain(others) {
            assert!(Credential::bearer(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_retry_finds_the_session_of_its_code_with_another_key() {
        let (first, second) = (WaferPair::new("wx", "c"), WaferPair::new("wx", "c"));
        assert_eq!(first.credential().id, second.credential().id);
        assert_ne!(first.credential().hash, second.credential().hash);
        for other in [WaferPair::new("wx", "d"), WaferPair::new("wy", "c")] {
            assert_ne!(other.credential().id, first.credential().id);
        }
        assert_ne!(first.credential().id, Credential::weapp_code("wx", "c").id);
    }

    #[test]
    fn a_code_of_one_app_is_none_of_another() {
        let (a, b) = (Credential::weapp_code("wxa", "c"), Credential::weapp_code("wxb", "c"));
        assert_ne!(a.id, b.id);
        assert_ne!(a.hash, b.hash);
    }
}
