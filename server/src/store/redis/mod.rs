//! Redis: sessions, login codes and leases of several servers.
//!
//! The store uses RESP2 and commands of Redis 6.2 that the proxies of managed services support. In a Cluster,
//! a user's sessions, index and epoch are in different slots, so no command or script takes more than one
//! key. The session's own key is authoritative; the index of a user's sessions is a hint, written after it
//! and corrected when it is read.
//!
//! | key | value |
//! |---|---|
//! | `s:{session}` | the session as JSON, with its idle time as time to live |
//! | `u:{user}:s` | the user's sessions, sorted by the expiry (µs) that was last written for each |
//! | `u:{SHA-256 of user}:e` | the user's epoch, if it was ever raised |
//! | `i:{expiry}` | all sessions, as `{user}/{session}`, sorted by expiry (µs) as above |
//! | `i:{use}` | the same, sorted by last use |
//! | `i:{user}` | the same, sorted by name |
//! | `f:servers` | the last heartbeat of each server, by the id of its process |
//! | `f:hours` | the figures of each server's last hour, by the id of its process |
//! | `f:listening` | exists while an operator listens to events, which are then published on the channel `f:events` |
//! | `f:failures` | a stream of the last failures of all servers |
//! | `f:answers:{id}` | answers to the query with that id, which was published on the channel `f:questions` |
//! | `c:{code}` | the state of a login code's exchange |
//! | `l:{lease}` | the holder of a lease |
//! | `n:{note}` | the text of a note |

mod address;
mod client;
mod cluster;
mod codes;
mod error;
mod fleet;
mod index;
mod leases;
mod reports;
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
use super::{StoreError, StoreResult};
use crate::domain::session::{CodeOutcome, CodeState, SecretHash, SessionId, StoredSession};
use crate::domain::user::UserKey;

/// Maximum number of concurrent operations over one connection.
const RUNNING: usize = 1_024;
/// Maximum number of queued operations.
const WAITING: usize = 1_024;

/// Sessions, codes and leases in Redis. Cheap to clone; one connection per process.
#[derive(Debug, Clone)]
pub struct RedisSessions {
    ops: RedisOps,
    bulkhead: Arc<Bulkhead>,
}

/// Connection and key names. Every operation is a method of this type, in the sibling modules.
#[derive(Debug, Clone)]
struct RedisOps {
    client: RedisClient,
    keys: Arc<Keys>,
}

/// Builds key names. Redis Cluster chooses a key's slot by the part in braces.
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

    /// The user is hashed: this key stays for a year, also after the user's erasure.
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

    fn hours(&self) -> String {
        format!("{}f:hours", self.prefix)
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
    /// Opens the store at that URL (one server, the master of some sentinels, or a Cluster; see
    /// `settings.default.toml`); its keys begin with `prefix`. Returns without connecting. Must be called
    /// within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URL is invalid.
    pub fn connect(url: &str, prefix: &str) -> StoreResult<Self> {
        let keys = Arc::new(Keys { prefix: prefix.to_owned() });
        let ops = RedisOps { client: RedisClient::open(url)?, keys };
        Ok(Self { ops, bulkhead: Arc::new(Bulkhead::new(RUNNING, WAITING)) })
    }

    async fn run<T, F>(&self, operation: impl FnOnce(RedisOps) -> F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send + 'static,
    {
        self.bulkhead.run(operation(self.ops.clone())).await
    }
}

/// A time to live in whole milliseconds, at least one, as Redis requires.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64)
}
