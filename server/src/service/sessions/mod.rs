//! Sessions: sign-in, tokens and their renewal, in one service for all dialects.
//!
//! A session is one value in the store, which knows its secret (a token, or the WeChat code of a 2016 client)
//! only by SHA-256. A server trusts its copy of a session for a second, so that the end of a session takes
//! effect everywhere within one second.

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
/// How long a server remembers the user of a session id; a hint that saves a round trip, not a proof.
const HINT: Duration = Duration::from_secs(600);
/// Maximum number of sessions with a copy or a hint in one server.
const COPIES: u64 = 100_000;

/// Reason why there is no session.
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
    /// The code was exchanged for a session that has ended or belongs to another dialect.
    #[error("the code is spent")]
    CodeSpent,
    /// The user's erasure is in progress.
    #[error("the user is being erased")]
    Leaving,
    /// The user has left; a sign-in that reopens the account before `erase_at` cancels the erasure.
    #[error("the account is closing")]
    Closing {
        /// When the user's data is erased.
        erase_at: Micros,
    },
    /// An operator has blocked the user.
    #[error("the user is blocked")]
    Blocked,
    /// A 2016 client's signature does not match its rawData.
    #[error("the signature does not fit the raw data")]
    UntrustedRawData,
    /// A wafer client's open data does not belong to the code's user or is not recent.
    #[error("the open data does not belong to the code")]
    UntrustedOpenData,
    /// WeChat did not exchange the code or refused another call.
    #[error("{0}")]
    Exchange(Refusal),
    /// The session's WeChat key is no longer the user's: a new sign-in brings the current one.
    #[error("the session_key was superseded")]
    KeySuperseded,
    /// The open data is not valid for this user at this time.
    #[error("open data does not fit: {0}")]
    OpenData(&'static str),
    /// The code of the phone number button is invalid or expired.
    #[error("the code for the phone number is not good")]
    PhoneCode,
    /// Too many concurrent changes of one session.
    #[error("a session changes too often")]
    TooManyAtOnce,
    #[error("the store failed")]
    Store(#[source] Arc<StoreError>),
    /// A bug in this program.
    #[error("{0}")]
    Internal(&'static str),
}

impl SessionError {
    /// Whether the caller is at fault, rather than WeChat, a store or this server.
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

/// Client data of a sign-in, for the list of sessions.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Device as the client describes it.
    pub device: String,
    /// Address of the request.
    pub address: String,
}

/// The sessions of all users.
#[derive(Clone)]
pub struct SessionService(Arc<Inner>);

/// A copy of a session.
#[derive(Clone)]
struct SessionCopy {
    session: Arc<StoredSession>,
    /// Start of the read: an end of the session after this moment may be missing from the copy.
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
    /// Sign-ins in progress or just completed, by code and `reopen`: concurrent requests with one code share
    /// its exchange, and slightly later ones its outcome.
    sign_ins: Cache<(SecretHash, bool), yibi::SignedIn>,
    /// The same for wafer sign-ins, by a hash of the whole request.
    log_ins: Cache<SecretHash, WaferPair>,
    /// Renewals in progress, by session and renewed token: concurrent requests share one new token.
    renewals: Cache<(SessionId, SecretHash), (String, u64)>,
    /// Copies of sessions, trusted for [`TRUST`].
    copies: Cache<SessionId, SessionCopy>,
    hints: moka::sync::Cache<SessionId, UserKey>,
}

impl SessionService {
    /// A service over those stores and that WeChat. The first app serves requests that do not name theirs.
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

    /// The app with that id, or the first app if the id is absent or unknown.
    #[must_use]
    pub fn app(&self, id: Option<&str>) -> Option<&WechatApp> {
        let named = id.and_then(|id| self.0.apps.iter().find(|app| app.id == id));
        named.or_else(|| self.0.apps.first())
    }

    /// Ids of the apps in the settings.
    pub(super) fn app_ids(&self) -> Vec<String> {
        self.0.apps.iter().map(|app| app.id.clone()).collect()
    }

    /// The underlying store, for other services.
    pub(super) fn store(&self) -> &SessionStore {
        &self.0.store
    }
}
