//! The connection: the driver's configuration, and the execution of operations.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mongodb::Client;
use mongodb::options::{Acknowledgment, ClientOptions, ConnectionString, WriteConcern};
use tokio::runtime::{Handle, Id};
use tokio::sync::OnceCell;

use super::StoreResult;
use super::schema::Collections;
use crate::store::bulkhead::Bulkhead;

/// Maximum number of connections of one client to one server.
const POOL: u32 = 16;
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(300);
/// Maximum number of concurrent operations of all clients.
const RUNNING: usize = 64;
/// Maximum number of queued operations.
const WAITING: usize = 1_024;
/// Maximum pause between two attempts to create the indexes.
const INDEX_PAUSE: Duration = Duration::from_secs(30);

type Adjust = dyn Fn(&mut ClientOptions) + Send + Sync;

/// The driver's clients, each created at its first successful operation (a `mongodb+srv` URI needs the DNS
/// for that).
///
/// Each runtime has its own client, and a server has a runtime on each of its threads: a connection is polled
/// by the runtime that opened it, and passing an answer to another thread costs more than the rest of the
/// operation.
pub(super) struct MongoClient {
    uri: ConnectionString,
    database: String,
    adjust: Box<Adjust>,
    clients: Mutex<HashMap<Id, Arc<OnceCell<Collections>>>>,
    bulkhead: Bulkhead,
}

impl fmt::Debug for MongoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoClient").field("database", &self.database).finish_non_exhaustive()
    }
}

impl MongoClient {
    pub(super) fn new(
        uri: ConnectionString,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> Self {
        Self {
            uri,
            database: database.to_owned(),
            adjust: Box::new(adjust),
            clients: Mutex::default(),
            bulkhead: Bulkhead::new(RUNNING, WAITING),
        }
    }

    /// Runs an operation, see [`Bulkhead::run`].
    pub(super) async fn run<T, F>(
        self: &Arc<Self>,
        operation: impl FnOnce(Collections) -> F + Send + 'static,
    ) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send,
    {
        let client = Arc::clone(self);
        self.bulkhead
            .run(async move {
                let collections = client.collections().await?;
                drop(client);
                operation(collections).await
            })
            .await
    }

    async fn collections(&self) -> StoreResult<Collections> {
        let client = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clients.entry(Handle::current().id()).or_default())
        };
        let made = client.get_or_try_init(|| async {
            let mut options = ClientOptions::parse(self.uri.clone()).await?;
            complete(&mut options);
            (self.adjust)(&mut options);
            let client = Client::with_options(options)?;
            Ok::<_, mongodb::error::Error>(Collections::of(&client.database(&self.database)))
        });
        Ok(made.await?.clone())
    }
}

/// Sets the options that the URI leaves open. The time-outs keep an operation within its deadline while the
/// servers are down, and detect their return within about a second.
fn complete(options: &mut ClientOptions) {
    options.app_name.get_or_insert_with(|| "yibi".to_owned());
    options.connect_timeout.get_or_insert(Duration::from_secs(2));
    options.server_selection_timeout.get_or_insert(Duration::from_secs(2));
    options.heartbeat_freq.get_or_insert(Duration::from_secs(1));
    options.max_pool_size.get_or_insert(POOL);
    options.max_idle_time.get_or_insert(IDLE);
    options.max_connecting.get_or_insert(8);
    options.retry_reads.get_or_insert(true);
    options.retry_writes.get_or_insert(true);
    let concern = options.write_concern.get_or_insert_with(WriteConcern::default);
    concern.w.get_or_insert(Acknowledgment::Majority);
    concern.w_timeout.get_or_insert(Duration::from_secs(3));
}

/// Creates the indexes, with retries until the store is dropped. Without indexes, all results are correct,
/// but slow.
pub(super) async fn make_indexes(client: Weak<MongoClient>) {
    let mut pause = Duration::from_millis(500);
    while let Some(client) = client.upgrade() {
        let made = async { client.collections().await?.make_indexes().await }.await;
        drop(client);
        match made {
            Ok(()) => return,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "the indexes are not made yet");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(INDEX_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn options(uri: &str) -> ClientOptions {
        let mut options = ClientOptions::parse(uri).await.unwrap();
        complete(&mut options);
        options
    }

    #[tokio::test]
    async fn what_the_uri_says_wins() {
        let open = options("mongodb://127.0.0.1/").await;
        assert_eq!(open.app_name.as_deref(), Some("yibi"));
        assert_eq!(open.max_pool_size, Some(16));
        assert_eq!(open.write_concern.unwrap().w, Some(Acknowledgment::Majority));
        let said = "mongodb://127.0.0.1/?appName=mine&maxPoolSize=7&w=2&wtimeoutMS=9&retryWrites=false\
                    &serverSelectionTimeoutMS=5&connectTimeoutMS=6&heartbeatFrequencyMS=700";
        let said = options(said).await;
        assert_eq!(said.app_name.as_deref(), Some("mine"));
        assert_eq!((said.max_pool_size, said.retry_writes), (Some(7), Some(false)));
        assert_eq!(said.server_selection_timeout, Some(Duration::from_millis(5)));
        assert_eq!(said.connect_timeout, Some(Duration::from_millis(6)));
        assert_eq!(said.heartbeat_freq, Some(Duration::from_millis(700)));
        let concern = said.write_concern.unwrap();
        assert_eq!(concern.w, Some(Acknowledgment::Nodes(2)));
        assert_eq!(concern.w_timeout, Some(Duration::from_millis(9)));
    }
}
