//! MongoDB: users and drawings of several servers, and the keys that they share.
//!
//! Only atomic commands on single documents of MongoDB 6.0; no transactions. Uniqueness is by `_id` alone.
//! Every filter names the user, by whom the collections may be sharded; codes of shares, cases, reports and evidence
//! are found without a user, and sharded by their own keys.
//!
//! | file | subject |
//! |---|---|
//! | `schema` | documents, their keys and indexes |
//! | `client` | the connection |
//! | `users` | users and their erasure |
//! | `avatars` | images that users uploaded |
//! | `checks` | moderation checks of users' content |
//! | `records` | documents of records in their serialized form |
//! | `shares` | shares of drawings, their codes and copies |
//! | `rooms` | rooms of drawings, and the people in them |
//! | `reviews` | review cases, reports of shares, and evidence |
//! | `miniprogram_codes` | pictures of mini-program codes |
//! | `append` | appends to a drawing's list |
//! | `chunks` | the part of a list before its header's tail |
//! | `drawings` | other operations on one drawing |
//! | `lists` | lists of drawings |
//! | `reports` | pages for operators, and the audit log |
//! | `weapp` | saves of 2016 clients |
//! | `state` | state of the deployment, for `yibi-server check` |
//! | `transfer` | transfer of all records |

mod append;
mod avatars;
mod checks;
mod chunks;
mod client;
mod drawings;
mod error;
mod lists;
mod miniprogram_codes;
mod orders;
mod records;
mod reports;
mod reviews;
mod rooms;
mod schema;
mod shares;
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

/// Attempts at an operation whose data others keep changing, before it fails as [`StoreError::Busy`]. Each
/// failed attempt means that another change succeeded.
const ROUNDS: usize = 32;

/// Users and drawings in MongoDB. Cheap to clone; one connection pool for each runtime.
#[derive(Debug, Clone)]
pub struct MongoGallery {
    client: Arc<MongoClient>,
}

impl MongoGallery {
    /// Opens the store at that URI, in that database. Returns without connecting; the indexes are created in
    /// the background once the server is reachable. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URI is invalid.
    pub fn connect(uri: &str, database: &str) -> StoreResult<Self> {
        Self::connect_with(uri, database, |_| {})
    }

    /// As [`connect`](Self::connect), with a hook that changes the driver's options last, for tests that
    /// observe the driver's events, for example.
    ///
    /// # Errors
    /// The errors of [`connect`](Self::connect).
    pub fn connect_with(
        uri: &str,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let store = Self::linked(uri, database, adjust)?;
        tokio::spawn(client::make_indexes(Arc::downgrade(&store.client)));
        Ok(store)
    }

    /// As [`connect`](Self::connect), for read-only use: no indexes are created.
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

    /// Returns a shared secret; the first server's proposal is stored.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn shared_secret(&self, name: &str, proposal: &[u8]) -> StoreResult<Vec<u8>> {
        let (name, proposal) = (name.to_owned(), proposal.to_vec());
        self.run(async move |db| db.shared_secret(&name, &proposal).await).await
    }

    /// Returns a shared secret, if it is stored.
    ///
    /// # Errors
    /// The errors of every store operation.
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
