//! Who is calling: sign-in, tokens and their renewal, one service under all dialects.
//!
//! A session is one value in the store; what opens it (a token, or for a client of 2016 the WeChat code) is
//! known there by its SHA-256 alone. A server trusts its copy of a session for a second, so whatever ends a
//! session anywhere holds everywhere within one.

mod auth;
mod code_exchange;
mod open_data;
mod phone;
mod profile;
mod refusal;
mod reseal;
mod token;
mod token_rotation;
pub mod wafer;
pub mod weapp;
pub mod yibi;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

pub use phone::PhoneProof;
pub use refusal::{Kind as RefusalKind, Refusal};
pub use token::{Credential, Token, WaferPair};

use crate::domain::clock::Micros;
use crate::domain::session::{SecretHash, SessionId, StoredSession};
use crate::domain::user::UserKey;
use crate::keys::LazyKeyring;
use crate::service::moderation::Moderation;
use crate::settings;
use crate::store::StoreError;
use crate::store::{GalleryStore, SessionStore};
use crate::telemetry::Metrics;
use crate::wechat::{Wechat, WechatApp};

/// How long a server trusts its copy of a session.
const TRUST: Duration = Duration::from_secs(1);
/// How long a server remembers whose session an id is; a hint that saves a turn, never a proof.
const HINT: Duration = Duration::from_secs(600);
/// The most sessions of which a server keeps a copy or a hint.
const COPIES: u64 = 100_000;

/// Why there is no session.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    /// The token opens no living session.
    #[error("the token opens no session")]
    Unauthenticated,
    /// The user ended the token's session from another device.
    #[error("the user ended the session from another device")]
    EndedByUser,
    /// There is no such session of that user.
    #[error("no such session")]
    NoSession,
    /// The code has been exchanged for a session that has ended, or of another dialect.
    #[error("the code is spent")]
    CodeSpent,
    /// The user's erasure is being carried out this moment.
    #[error("the user is being erased")]
    Leaving,
    /// The user has left; a sign-in that reopens the account before `erase_at` cancels the erasure.
    #[error("the account is closing")]
    Closing {
        /// When the user's data is erased.
        erase_at: Micros,
    },
    /// An operator keeps the user out.
    #[error("the user is blocked")]
    Blocked,
    /// A 2016 client's signature does not fit its rawData.
    #[error("the signature does not fit the raw data")]
    UntrustedRawData,
    /// A wafer client's open data is not that of the code's user and this moment.
    #[error("the open data does not belong to the code")]
    UntrustedOpenData,
    /// WeChat did not exchange the code, or did not do what else it was asked.
    #[error("{0}")]
    Exchange(Refusal),
    /// The session's WeChat key is no longer the user's: a new sign-in brings the new one.
    #[error("the session_key was superseded")]
    KeySuperseded,
    /// Open data is not what WeChat gives this user now.
    #[error("open data does not fit: {0}")]
    OpenData(&'static str),
    /// The code of the button for the phone number is not good (any more).
    #[error("the code for the phone number is not good")]
    PhoneCode,
    /// Too many changes of one session at the same moment.
    #[error("a session changes too often")]
    TooManyAtOnce,
    #[error("the store failed")]
    Store(#[source] Arc<StoreError>),
    /// A fault of this program.
    #[error("{0}")]
    Internal(&'static str),
}

impl SessionError {
    /// Whether it is the caller who failed, and not WeChat, a store or this server.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        match self {
            Self::Unauthenticated
            | Self::EndedByUser
            | Self::NoSession
            | Self::CodeSpent
            | Self::Blocked
            | Self::UntrustedRawData
            | Self::UntrustedOpenData
            | Self::KeySuperseded
            | Self::OpenData(_)
            | Self::PhoneCode => true,
            Self::Exchange(refusal) => refusal.for_good(),
            Self::Leaving
            | Self::Closing { .. }
            | Self::TooManyAtOnce
            | Self::Store(_)
            | Self::Internal(_) => false,
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Whoever makes a request, authenticated.
#[derive(Debug, Clone)]
pub struct Caller {
    pub session: Arc<StoredSession>,
    pub opened_by: SecretHash,
}

impl Caller {
    #[must_use]
    pub fn user(&self) -> &UserKey {
        &self.session.user
    }
}

/// What a sign-in tells of the client, for the list of sessions.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// What it says it runs on.
    pub device: String,
    /// Where it calls from.
    pub address: String,
}

/// The sessions of all users.
#[derive(Clone)]
pub struct SessionService(Arc<Inner>);

/// A session as it was read.
#[derive(Clone)]
struct SessionCopy {
    session: Arc<StoredSession>,
    /// When the reading began: what has ended the session since then may not show in it.
    began: Instant,
}

struct Inner {
    store: SessionStore,
    users: GalleryStore,
    wechat: Wechat,
    moderation: Moderation,
    apps: Vec<WechatApp>,
    keys: Arc<LazyKeyring>,
    settings: settings::Session,
    metrics: Arc<Metrics>,
    /// Sign-ins on their way, so that a code that comes several times at once is exchanged once; the outcome
    /// stays for a moment for those who come a little late. By the code and whether it reopens an account.
    sign_ins: Cache<(SecretHash, bool), yibi::SignedIn>,
    /// The same for wafer's, told apart by all that such a sign-in brings.
    log_ins: Cache<SecretHash, WaferPair>,
    /// Renewals under way, by session and renewed token: several at once share one new token.
    renewals: Cache<(SessionId, SecretHash), (String, u64)>,
    /// Copies of sessions, trusted for [`TRUST`].
    copies: Cache<SessionId, SessionCopy>,
    hints: moka::sync::Cache<SessionId, UserKey>,
}

impl SessionService {
    /// A service over those stores, asking that WeChat. The first of the apps is the one of requests that do
    /// not tell theirs.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is one of the services that it stands on")]
    pub fn new(
        store: SessionStore,
        users: GalleryStore,
        wechat: Wechat,
        moderation: Moderation,
        apps: Vec<WechatApp>,
        keys: Arc<LazyKeyring>,
        settings: settings::Session,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            users,
            wechat,
            moderation,
            apps,
            keys,
            settings,
            metrics,
            sign_ins: Cache::builder().time_to_live(TRUST).max_capacity(10_000).build(),
            log_ins: Cache::builder().time_to_live(TRUST).max_capacity(10_000).build(),
            renewals: Cache::builder().time_to_live(TRUST).max_capacity(10_000).build(),
            copies: Cache::builder().time_to_live(TRUST).max_capacity(COPIES).build(),
            hints: moka::sync::Cache::builder().time_to_idle(HINT).max_capacity(COPIES).build(),
        }))
    }

    /// The app with that id, or the first where none is named or known.
    #[must_use]
    pub fn app(&self, id: Option<&str>) -> Option<&WechatApp> {
        let named = id.and_then(|id| self.0.apps.iter().find(|app| app.id == id));
        named.or_else(|| self.0.apps.first())
    }

    /// The store below, for leases.
    #[must_use]
    pub fn store(&self) -> &SessionStore {
        &self.0.store
    }
}
