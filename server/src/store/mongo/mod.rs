//! MongoDB: users and drawings of several servers, and the keys that they share.
//!
//! Only atomic commands on single documents of MongoDB 6.0; no transactions. Uniqueness is by `_id` alone. Every
//! filter names the user, by whom the collections may be sharded.
//!
//! | file | subject |
//! |---|---|
//! | `schema` | documents, their keys and indexes |
//! | `client` | the connection |
//! | `users` | users and their erasure |
//! | `avatars` | what users look like |
//! | `checks` | what WeChat says of what users show |
//! | `append` | putting actions behind a drawing's list |
//! | `chunks` | the part of a list that is no longer in its header's tail |
//! | `drawings` | everything else done to one drawing |
//! | `lists` | reading many |
//! | `reports` | pages for operators, and the audit log |
//! | `weapp` | saves of 2016 clients |
//! | `state` | what the database is |
//! | `transfer` | moving everything |

mod append;
mod avatars;
mod checks;
mod chunks;
mod client;
mod drawings;
mod error;
mod lists;
mod reports;
mod schema;
mod state;
mod transfer;
mod users;
mod weapp;

use std::sync::Arc;

use mongodb::options::{ClientOptions, ConnectionString};

use self::client::MongoClient;
use self::schema::Collections;
pub use self::state::{Acknowledged, MongoState};
use super::{StoreError, StoreResult};

/// How often an operation looks again when others changed what it had read, before it gives up as
/// [`StoreError::Busy`]. Each round means that another one's change got through.
const ROUNDS: usize = 32;

/// Users and drawings in MongoDB. Cheap to clone; one connection pool for each runtime that asks.
#[derive(Debug, Clone)]
pub struct MongoGallery {
    client: Arc<MongoClient>,
}

impl MongoGallery {
    /// The store at that URI, in that database. Returns at once, whether or not the server can be reached;
    /// indexes are made in the background as soon as it can. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URI can't be read.
    pub fn connect(uri: &str, database: &str) -> StoreResult<Self> {
        Self::connect_with(uri, database, |_| {})
    }

    /// As [`connect`](Self::connect), with the driver's options changed last, by a test that watches the
    /// driver's events, say.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_with(
        uri: &str,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let store = Self::linked(uri, database, adjust)?;
        tokio::spawn(client::make_indexes(Arc::downgrade(&store.client)));
        Ok(store)
    }

    /// As [`connect`](Self::connect), for one who only looks: no indexes are made.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_to_look(uri: &str, database: &str) -> StoreResult<Self> {
        Self::linked(uri, database, |_| {})
    }

    fn linked(
        uri: &str,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let uri = ConnectionString::parse(uri).map_err(|cause| error::unreadable_uri(uri, &cause))?;
        Ok(Self { client: Arc::new(MongoClient::new(uri, database, adjust)) })
    }

    /// A secret that all servers share: the proposal of the one that came first.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn shared_secret(&self, name: &str, proposal: &[u8]) -> StoreResult<Vec<u8>> {
        let (name, proposal) = (name.to_owned(), proposal.to_vec());
        self.run(async move |db| db.shared_secret(&name, &proposal).await).await
    }

    /// A secret that all servers share, if there is one.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn known_secret(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        let name = name.to_owned();
        self.run(async move |db| db.known_secret(&name).await).await
    }

    async fn run<T, F>(&self, operation: impl FnOnce(Collections) -> F + Send + 'static) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send,
    {
        self.client.run(operation).await
    }
}
