//! The seam to sessions, codes on their way, and what servers leave for one another: leases and notes.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// What a session is found by: 128 bits, random or the hash of a 2016 code. It is no secret.
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

/// The SHA-256 of a secret that a caller presents: a token or a WeChat code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Lower-case hexadecimal.
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

/// The protocol that a session was made by. A token of one is no session in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Today's: a bearer token.
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

/// One secret that opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// Its hash; the secret itself is nowhere kept.
    pub hash: SecretHash,
    /// Until when it is good, when a newer one has taken its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Micros>,
}

/// A session as stored; in every store its serialised form is one value under its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSession {
    /// What it is found by.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserKey,
    /// The user's public id.
    pub public_id: String,
    /// How it was made.
    pub dialect: Dialect,
    /// What the client says it runs on; untrusted text.
    pub device: String,
    /// Where it was made from.
    pub address: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last used, to the minute.
    pub last_seen: Micros,
    /// When it ends however much it is used.
    pub ends_at: Micros,
    /// The user's epoch when it was made: a higher one of the user has ended it.
    pub epoch: u64,
    /// What opens it, the newest last.
    pub tokens: Vec<StoredToken>,
    /// WeChat's session_key, sealed.
    pub sealed_key: String,
}

/// How a WeChat code stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeState {
    /// The asking server has it now, and is to exchange it.
    Claimed,
    /// Another one is at it.
    Pending,
    /// It was exchanged, for this session (which may have ended since).
    Session(SessionId),
    /// WeChat refused it; the text is the caller's own, as it was settled.
    Refused(String),
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOutcome {
    /// With a session.
    Session(SessionId),
    /// With a refusal for good, described by the caller.
    Refused(String),
}

/// Sessions, codes, leases and notes. Nothing here is worth more than a sign-in.
pub trait Sessions {
    /// Asks the database for a sign of life.
    fn ping(&self) -> impl Future<Output = StoreResult<()>> + Send;

    /// Claims a code for an exchange, for as long as `lease`. One claim at a time is granted, over all
    /// servers and also to the same holder; a settled code is never claimed while its outcome is kept.
    fn claim_code(
        &self,
        code: SecretHash,
        holder: &str,
        lease: Duration,
    ) -> impl Future<Output = StoreResult<CodeState>> + Send;

    /// Keeps how a code's exchange ended.
    fn settle_code(
        &self,
        code: SecretHash,
        outcome: &CodeOutcome,
        keep: Duration,
    ) -> impl Future<Output = StoreResult<()>> + Send;

    /// Gives a claim back that came to nothing, if `holder` still has it. A settled code stays settled.
    fn release_code(&self, code: SecretHash, holder: &str) -> impl Future<Output = StoreResult<()>> + Send;

    /// Keeps a new session for `idle`, under the user's present epoch, which is written into it.
    fn create(
        &self,
        session: StoredSession,
        idle: Duration,
    ) -> impl Future<Output = StoreResult<StoredSession>> + Send;

    /// The session, if it lives: kept, before its `ends_at`, and not of an older epoch than its user's. With
    /// `slide`, it is kept for that much longer from now (a store may leave out a move of less than a minute and
    /// less than a twentieth of it).
    /// `user` is whose it is thought to be, where that is known: it saves a turn. A wrong guess costs one and
    /// changes nothing else.
    fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> impl Future<Output = StoreResult<Option<StoredSession>>> + Send;

    /// Puts `new` in the place of `old`, which has the same id and user, unless that has changed or gone
    /// meanwhile; keeps it for `idle`. Whether it did.
    fn replace(
        &self,
        old: &StoredSession,
        new: &StoredSession,
        idle: Duration,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Ends a session of that user. Whether there was one.
    fn remove(&self, user: &UserKey, id: SessionId) -> impl Future<Output = StoreResult<bool>> + Send;

    /// All living sessions of a user with the moment each will end by itself, newest use first.
    fn of_user(
        &self,
        user: &UserKey,
    ) -> impl Future<Output = StoreResult<Vec<(StoredSession, Micros)>>> + Send;

    /// Ends all sessions of a user, those unknown to any index too, by raising the user's epoch.
    fn remove_all(&self, user: &UserKey) -> impl Future<Output = StoreResult<()>> + Send;

    /// Takes a lease, or prolongs one that `holder` has. Whether `holder` has it now.
    fn take_lease(
        &self,
        name: &str,
        holder: &str,
        lease: Duration,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Gives a lease back, if `holder` has it.
    fn drop_lease(&self, name: &str, holder: &str) -> impl Future<Output = StoreResult<()>> + Send;

    /// The note of that name, while it is kept.
    fn note(&self, name: &str) -> impl Future<Output = StoreResult<Option<String>>> + Send;

    /// Writes a note, in the place of any other of that name, and keeps it so long.
    fn put_note(
        &self,
        name: &str,
        text: &str,
        keep: Duration,
    ) -> impl Future<Output = StoreResult<()>> + Send;

    /// Removes a note if it still has that text. Whether it did.
    fn drop_note(&self, name: &str, text: &str) -> impl Future<Output = StoreResult<bool>> + Send;
}
