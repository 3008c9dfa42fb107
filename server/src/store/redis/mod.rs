//! Redis, for several servers side by side: sessions, codes on their way, and leases.
//!
//! RESP2 and commands of Redis 6.2 that the proxies of bought Redis pass on. In a Cluster, a user's session,
//! index and epoch lie in other slots, so no command or script takes more than one key. The session's own key
//! is the truth; the index of a user's sessions is a hint, written after it, and mended when it is read.
//!
//! | key | value |
//! |---|---|
//! | `s:{session}` | the session as JSON, for as long as it may be idle |
//! | `u:{user}:s` | the user's sessions, sorted by the moment (µs) that each would end, when that was last written |
//! | `u:{SHA-256 of user}:e` | the user's epoch, where it was ever raised |
//! | `i:{expiry}` | all sessions, as `{user}/{session}`, by the moment (µs) that each would end, as above |
//! | `i:{use}` | the same by their last use |
//! | `i:{user}` | the same by name |
//! | `f:servers` | what each server last said of itself, by its name |
//! | `f:listening` | there while an operator listens to events, which then go through the channel `f:events` |
//! | `f:failures` | a stream of the last failures of all servers |
//! | `f:answers:{id}` | answers to the question with that id, which went through the channel `f:questions` |
//! | `c:{code}` | how a code stands |
//! | `l:{lease}` | its holder |
//! | `n:{note}` | its text |

mod address;
mod admin;
mod client;
mod cluster;
mod codes;
mod error;
mod fleet;
mod index;
mod notes;
mod scripts;
mod sessions;
mod state;

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use yibi_common::admin::SessionOrder;

use self::client::RedisClient;
pub use self::state::RedisState;
use super::bulkhead::Bulkhead;
use super::sessions::{CodeOutcome, CodeState, SecretHash, SessionId, Sessions, StoredSession};
use super::{StoreError, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// Operations at once, over one connection.
const RUNNING: usize = 1_024;
/// Operations that wait for their turn.
const WAITING: usize = 1_024;

/// Sessions, codes and leases in Redis. Cheap to clone; one connection per process.
#[derive(Debug, Clone)]
pub struct RedisSessions {
    keep: RedisOps,
    gate: Arc<Bulkhead>,
}

/// What an operation needs; all of them are methods of this, in the files beside.
#[derive(Debug, Clone)]
struct RedisOps {
    link: RedisClient,
    keys: Arc<Keys>,
}

/// The names of keys. What stands between braces is what a Cluster places a key by.
#[derive(Debug)]
struct Keys {
    prefix: String,
}

impl Keys {
    fn session(&self, id: SessionId) -> String {
        format!("{}s:{id}", self.prefix)
    }

    fn index(&self, user: &UserKey) -> String {
        format!("{}u:{{{user}}}:s", self.prefix)
    }

    /// By a hash: this key stays for a year, also of users who were erased.
    fn epoch(&self, user: &UserKey) -> String {
        format!("{}u:{}:e", self.prefix, HEXLOWER.encode(&Sha256::digest(user.as_str())))
    }

    fn all(&self, order: SessionOrder) -> String {
        let name = match order {
            SessionOrder::Expiry => "expiry",
            SessionOrder::LastSeen => "use",
            SessionOrder::Openid => "user",
        };
        format!("{}i:{name}", self.prefix)
    }

    fn servers(&self) -> String {
        format!("{}f:servers", self.prefix)
    }

    fn listening(&self) -> String {
        format!("{}f:listening", self.prefix)
    }

    fn events(&self) -> String {
        format!("{}f:events", self.prefix)
    }

    fn failures(&self) -> String {
        format!("{}f:failures", self.prefix)
    }

    fn questions(&self) -> String {
        format!("{}f:questions", self.prefix)
    }

    fn answers(&self, question: &str) -> String {
        format!("{}f:answers:{question}", self.prefix)
    }

    fn code(&self, code: SecretHash) -> String {
        format!("{}c:{}", self.prefix, code.to_hex())
    }

    fn lease(&self, name: &str) -> String {
        format!("{}l:{name}", self.prefix)
    }

    fn note(&self, name: &str) -> String {
        format!("{}n:{name}", self.prefix)
    }
}

impl RedisSessions {
    /// The store at that URL (one server, the master of some sentinels, or a Cluster; see `settings.default.toml`), its
    /// keys beginning with `prefix`. Returns at once, whether or not the server can
    /// be reached. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URL can't be read.
    pub fn connect(url: &str, prefix: &str) -> StoreResult<Self> {
        let keys = Arc::new(Keys { prefix: prefix.to_owned() });
        let keep = RedisOps { link: RedisClient::open(url)?, keys };
        Ok(Self { keep, gate: Arc::new(Bulkhead::new(RUNNING, WAITING)) })
    }

    async fn run<T, F>(&self, operation: impl FnOnce(RedisOps) -> F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send + 'static,
    {
        self.gate.run(operation(self.keep.clone())).await
    }
}

impl Sessions for RedisSessions {
    async fn ping(&self) -> StoreResult<()> {
        self.run(async |keep| keep.ping().await).await
    }

    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> StoreResult<CodeState> {
        let holder = holder.to_owned();
        self.run(async move |keep| keep.claim_code(code, &holder, lease).await).await
    }

    async fn settle_code(
        &self,
        code: SecretHash,
        outcome: &CodeOutcome,
        keep_for: Duration,
    ) -> StoreResult<()> {
        let outcome = outcome.clone();
        self.run(async move |keep| keep.settle_code(code, &outcome, keep_for).await).await
    }

    async fn release_code(&self, code: SecretHash, holder: &str) -> StoreResult<()> {
        let holder = holder.to_owned();
        self.run(async move |keep| keep.release_code(code, &holder).await).await
    }

    async fn create(&self, session: StoredSession, idle: Duration) -> StoreResult<StoredSession> {
        self.run(async move |keep| keep.create(session, idle).await).await
    }

    async fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> StoreResult<Option<StoredSession>> {
        let user = user.cloned();
        self.run(async move |keep| {
            let living = keep.living(id, user.as_ref(), slide).await?;
            Ok(living.map(|living| living.session))
        })
        .await
    }

    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> StoreResult<bool> {
        let (old, new) = (old.clone(), new.clone());
        self.run(async move |keep| keep.replace(&old, &new, idle).await).await
    }

    async fn remove(&self, user: &UserKey, id: SessionId) -> StoreResult<bool> {
        let user = user.clone();
        self.run(async move |keep| keep.remove(&user, id).await).await
    }

    async fn of_user(&self, user: &UserKey) -> StoreResult<Vec<(StoredSession, Micros)>> {
        let user = user.clone();
        self.run(async move |keep| keep.of_user(&user).await).await
    }

    async fn remove_all(&self, user: &UserKey) -> StoreResult<()> {
        let user = user.clone();
        self.run(async move |keep| keep.remove_all(&user).await).await
    }

    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> StoreResult<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.run(async move |keep| keep.take_lease(&name, &holder, lease).await).await
    }

    async fn drop_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.run(async move |keep| keep.drop_lease(&name, &holder).await).await
    }

    async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        let name = name.to_owned();
        self.run(async move |keep| keep.note(&name).await).await
    }

    async fn put_note(&self, name: &str, text: &str, keep_for: Duration) -> StoreResult<()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.run(async move |keep| keep.put_note(&name, &text, keep_for).await).await
    }

    async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.run(async move |keep| keep.drop_note(&name, &text).await).await
    }
}

/// A time to live, as Redis takes it: whole milliseconds, one at least.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64)
}
