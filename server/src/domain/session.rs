//! Sessions and login codes as the stores keep them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::clock::Micros;
use super::user::UserKey;

/// Id of a session: 128 bits, random or the hash of a 2016 code. It is not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// Reads the form that [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl Serialize for SessionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a session's id"))
    }
}

/// SHA-256 of a secret that a caller presents: a token or a login code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    #[must_use]
    pub fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| serde::de::Error::custom("a SHA-256"))
    }
}

/// Protocol of a session. A credential of one dialect opens nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The present protocol: a bearer token.
    Yibi,
    /// weapp-session of 2016: the WeChat code itself is the token.
    Weapp,
    /// wafer of 2017: an id and a key made at the sign-in.
    Wafer,
}

impl Dialect {
    /// The name, as the API shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yibi => "yibi",
            Self::Weapp => "weapp",
            Self::Wafer => "wafer",
        }
    }
}

/// A secret that opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// Hash of the secret, which itself is not stored.
    pub hash: SecretHash,
    /// End of its validity, once a newer token replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Micros>,
}

/// A stored session. Every store keeps its JSON as one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSession {
    pub id: SessionId,
    /// Key of the owner.
    pub user: UserKey,
    /// The user's public id.
    pub public_id: String,
    /// Protocol of the sign-in.
    pub dialect: Dialect,
    /// Device that the client names; untrusted text.
    pub device: String,
    /// Network address of the sign-in.
    pub address: String,
    /// Time of the sign-in.
    pub created_at: Micros,
    /// Time of the last use, to the minute.
    pub last_seen: Micros,
    pub ends_at: Micros,
    /// The user's epoch at the sign-in: a higher epoch ends the session.
    pub epoch: u64,
    /// Secrets that open it, the newest last.
    pub tokens: Vec<StoredToken>,
    pub sealed_key: String,
}

/// State of a login code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeState {
    /// The caller holds the claim and has to exchange the code.
    Claimed,
    /// Another server holds the claim.
    Pending,
    /// The code was exchanged for this session, which may have ended since.
    Session(SessionId),
    /// WeChat refused the code; the text is the one that the caller settled.
    Refused(String),
}

/// Result of exchanging a login code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOutcome {
    Session(SessionId),
    /// With a refusal for good, described by the caller.
    Refused(String),
}
