//! The connection.

use std::fmt;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSubStream};
use redis::io::tcp::{TcpSettings, socket2};
use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisError,
    RedisResult, ServerErrorKind,
};

use super::error;
use super::scripts::Script;
use super::{StoreError, StoreResult};

/// How long to wait for a connection, and for each reply.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pauses between attempts to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(400));

/// One multiplexed connection that is made at the first command and made again when it breaks.
///
/// All commands go through [`one`](Self::one), [`many`](Self::many) and [`script`](Self::script): another kind
/// of connection (Sentinel, Cluster) is a variant here, and `many` is then what splits by slots.
#[derive(Clone)]
pub(super) struct Link {
    manager: ConnectionManager,
    /// For connections that listen.
    client: Client,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn open(url: &str) -> StoreResult<Self> {
        let info = url.into_connection_info().map_err(|error| error::unreadable_url(&error))?;
        let protocol = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        let info = info.set_redis_settings(protocol).set_tcp_settings(tcp());
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(2)
            .set_min_delay(PAUSES.0)
            .set_max_delay(PAUSES.1)
            .set_pipeline_buffer_size(super::RUNNING);
        let client = Client::open(info).map_err(StoreError::from)?;
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { manager, client })
    }

    /// The messages of a channel from now on, over a connection of their own.
    pub(super) async fn subscribe(&self, channel: &str) -> StoreResult<PubSubStream> {
        let late = |late| StoreError::Unavailable(Box::new(late));
        let (mut sink, stream) =
            tokio::time::timeout(PATIENCE, self.client.get_async_pubsub()).await.map_err(late)??.split();
        tokio::time::timeout(PATIENCE, sink.subscribe(channel)).await.map_err(late)??;
        Ok(stream)
    }

    /// One command.
    pub(super) async fn one<T: FromRedisValue>(&self, command: &Cmd) -> StoreResult<T> {
        let mut manager = self.manager.clone();
        match command.query_async(&mut manager).await {
            Err(error) if is_broken(&error) => Ok(command.query_async(&mut manager).await?),
            outcome => Ok(outcome?),
        }
    }

    /// Commands that are independent of each other, in one turn.
    pub(super) async fn many<T: FromRedisValue>(&self, commands: &Pipeline) -> StoreResult<T> {
        let mut manager = self.manager.clone();
        match commands.query_async(&mut manager).await {
            Err(error) if is_broken(&error) => Ok(commands.query_async(&mut manager).await?),
            outcome => Ok(outcome?),
        }
    }

    /// A script over one key. It is sent whole only to a server that does not know it.
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
        let mut manager = self.manager.clone();
        let by_hash = call("EVALSHA", script.hash());
        let mut outcome: RedisResult<T> = by_hash.query_async(&mut manager).await;
        if outcome.as_ref().is_err_and(is_broken) {
            outcome = by_hash.query_async(&mut manager).await;
        }
        match outcome {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.one(&call("EVAL", script.text)).await
            }
            outcome => Ok(outcome?),
        }
    }
}

/// Whether the connection failed, not the command. All of this store's commands may then be sent again.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

/// A peer that vanished without a word is noticed within seconds, not by the system's default of minutes.
fn tcp() -> TcpSettings {
    let probe = Duration::from_secs(1);
    let keepalive = socket2::TcpKeepalive::new().with_time(probe).with_interval(probe);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(2 * PATIENCE);
    settings
}
