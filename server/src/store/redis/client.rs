//! The connection.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, Pipeline, ProtocolVersion,
    RedisError, RedisResult, ServerErrorKind,
};

use super::address::{Address, Watched, tcp};
use super::cluster::Cluster;
use super::scripts::Script;
use super::{StoreError, StoreResult};

/// Time-out of connecting, and of each reply.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// Pauses before the second and the third attempt to connect.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(100)];
/// How long a Cluster connection may recover by itself from missing nodes.
const CLUSTER_REST: Duration = Duration::from_secs(1);

/// One multiplexed connection, made at the first command. It is replaced when it breaks, when a reply times
/// out (the client would keep waiting on a dead connection, as load balancers leave behind), and when its
/// server is no longer the master.
///
/// All commands go through [`one`](Self::one), [`many`](Self::many) and [`script`](Self::script).
#[derive(Clone)]
pub(super) struct RedisClient(Arc<Inner>);

struct Inner {
    address: Address,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    connecting: Connecting,
    begun: Instant,
    /// Sequence number of the connection.
    number: u64,
}

/// A connection, established or in progress; all callers await the same one.
type Connecting = Shared<BoxFuture<'static, RedisResult<Connection>>>;

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(Cluster),
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient").finish_non_exhaustive()
    }
}

impl RedisClient {
    pub(super) fn open(url: &str) -> StoreResult<Self> {
        let address = Address::parse(url)?;
        let current = Current { connecting: connecting(address.clone()), begun: Instant::now(), number: 0 };
        Ok(Self(Arc::new(Inner { address, current: Mutex::new(current) })))
    }

    /// Subscribes to a channel over a separate connection. In a Cluster, all nodes deliver all messages.
    pub(super) async fn subscribe(&self, channel: &str) -> StoreResult<PubSubStream> {
        let clients = match &self.0.address {
            Address::One(info) => vec![Client::open((**info).clone())?],
            Address::Sentinel(watched) => vec![in_time(master(watched)).await?],
            Address::Cluster(nodes, _) => {
                nodes.iter().cloned().map(Client::open).collect::<Result<_, _>>()?
            }
        };
        let mut failure = None;
        for client in clients {
            let subscribed = in_time(async {
                let (mut sink, stream) = client.get_async_pubsub().await?.split();
                sink.subscribe(channel).await?;
                Ok(stream)
            });
            match subscribed.await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.map_or_else(|| StoreError::Unavailable("there is no node".into()), StoreError::from))
    }

    pub(super) async fn one<T: FromRedisValue>(&self, command: &Cmd) -> StoreResult<T> {
        Ok(self.ask(Question::One(command)).await?)
    }

    /// Sends independent commands in one pipeline. In a Cluster, their order is not kept.
    pub(super) async fn many<T: FromRedisValue>(&self, commands: &Pipeline) -> StoreResult<T> {
        Ok(self.ask(Question::Many(commands)).await?)
    }

    /// Runs a script over one key. The script's text is sent only to a server that does not know its hash.
    pub(super) async fn script<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> StoreResult<T> {
        let call = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(1).arg(key).arg(arguments);
            command
        };
        match self.ask(Question::One(&call("EVALSHA", script.hash()))).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.one(&call("EVAL", script.text)).await
            }
            outcome => Ok(outcome?),
        }
    }

    /// Sends a command, and sends it again if the connection failed.
    async fn ask<T: FromRedisValue>(&self, question: Question<'_>) -> RedisResult<T> {
        match self.ask_once(&question).await {
            Err(error) if is_broken(&error) => self.ask_once(&question).await,
            outcome => outcome,
        }
    }

    async fn ask_once<T: FromRedisValue>(&self, question: &Question<'_>) -> RedisResult<T> {
        let Current { connecting, number, .. } = self.current().clone();
        let outcome = match connecting.await {
            Ok(Connection::One(mut connection)) => question.put(&mut connection).await,
            Ok(Connection::Cluster(mut cluster)) => question.put(&mut cluster).await,
            // The cause (a password, a permission) may be fixed while callers still share this failure.
            Err(error) => {
                self.give_up(number);
                return Err(error);
            }
        };
        if outcome.as_ref().is_err_and(is_broken) {
            self.give_up(number);
        }
        outcome
    }

    /// Replaces the connection, unless another caller has done so. A Cluster connection first gets time to
    /// recover by itself from a missing node.
    fn give_up(&self, number: u64) {
        let mut current = self.current();
        let rests = match &self.0.address {
            Address::Cluster(..) => current.begun.elapsed() < CLUSTER_REST && !current.has_failed(),
            Address::One(_) | Address::Sentinel(_) => false,
        };
        if current.number == number && !rests {
            let connecting = connecting(self.0.address.clone());
            *current = Current { connecting, begun: Instant::now(), number: number.wrapping_add(1) };
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    /// Whether the attempt to connect has failed.
    fn has_failed(&self) -> bool {
        self.connecting.peek().is_some_and(Result::is_err)
    }
}

enum Question<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline),
}

impl Question<'_> {
    async fn put<T: FromRedisValue>(
        &self,
        connection: &mut impl redis::aio::ConnectionLike,
    ) -> RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(connection).await,
            Self::Many(commands) => commands.query_async(connection).await,
        }
    }
}

/// Whether the connection failed or its server became a replica, rather than the command. All commands of
/// this store may then be sent again.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
        || error.kind() == ErrorKind::MasterNameNotFoundBySentinel
}

/// Connects, with up to three attempts.
fn connecting(address: Address) -> Connecting {
    let attempts = async move {
        for pause in PAUSES {
            match in_time(connect(&address)).await {
                Err(error) if is_broken(&error) => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
        }
        in_time(connect(&address)).await
    };
    attempts.boxed().shared()
}

async fn connect(address: &Address) -> RedisResult<Connection> {
    let client = match address {
        Address::One(info) => Client::open((**info).clone())?,
        Address::Sentinel(watched) => master(watched).await?,
        Address::Cluster(nodes, authorities) => {
            return Ok(Connection::Cluster(Cluster::connect(nodes, authorities.clone()).await?));
        }
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_pipeline_buffer_size(super::RUNNING);
    Ok(Connection::One(client.get_multiplexed_async_connection_with_config(&config).await?))
}

/// Connects to the master that the sentinels name, after the server itself confirms its role.
async fn master(watched: &Watched) -> RedisResult<Client> {
    let Watched { sentinels, master, tls, settings, authorities } = watched;
    let first = sentinels.first().map(ConnectionInfo::redis_settings);
    let addresses = sentinels.iter().map(|sentinel| sentinel.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
        .set_client_to_sentinel_protocol(ProtocolVersion::RESP2)
        .set_client_to_sentinel_tcp_settings(tcp())
        .set_client_to_redis_protocol(ProtocolVersion::RESP2)
        .set_client_to_redis_tcp_settings(tcp())
        .set_client_to_redis_db(settings.db());
    if let Some(user) = first.and_then(|own| own.username()) {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = first.and_then(|own| own.password()) {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(user) = settings.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = settings.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(tls) = *tls {
        builder = builder.set_client_to_redis_tls_mode(tls);
    }
    if let Some(authorities) = authorities {
        builder = builder.set_client_to_redis_certificates(authorities.clone());
    }
    let mut client = builder.build()?;
    client.async_get_client().await
}

/// Fails a command that takes longer than twice the response time-out with the same error as a lost reply.
async fn in_time<T>(outcome: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let late = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
    tokio::time::timeout(2 * PATIENCE, outcome).await.map_err(late)?
}
