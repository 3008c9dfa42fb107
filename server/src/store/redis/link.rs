//! The connection.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// One multiplexed connection that is made at the first command, and made again when it breaks or a reply does
/// not come in time: the client itself would go on waiting on a connection of which nobody says that it is
/// dead, as a balancer leaves them behind.
///
/// All commands go through [`one`](Self::one), [`many`](Self::many) and [`script`](Self::script): another kind
/// of connection (Sentinel, Cluster) is a variant here, and `many` is then what splits by slots.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

struct Shared {
    client: Client,
    config: ConnectionManagerConfig,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    manager: ConnectionManager,
    /// How many there were before.
    number: u64,
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
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        let current = Mutex::new(Current { manager, number: 0 });
        Ok(Self(Arc::new(Shared { client, config, current })))
    }

    /// The messages of a channel from now on, over a connection of their own.
    pub(super) async fn subscribe(&self, channel: &str) -> StoreResult<PubSubStream> {
        let late = |late| StoreError::Unavailable(Box::new(late));
        let connecting = self.0.client.get_async_pubsub();
        let (mut sink, stream) = tokio::time::timeout(PATIENCE, connecting).await.map_err(late)??.split();
        tokio::time::timeout(PATIENCE, sink.subscribe(channel)).await.map_err(late)??;
        Ok(stream)
    }

    /// One command.
    pub(super) async fn one<T: FromRedisValue>(&self, command: &Cmd) -> StoreResult<T> {
        Ok(self.ask(Question::One(command)).await?)
    }

    /// Commands that are independent of each other, in one turn.
    pub(super) async fn many<T: FromRedisValue>(&self, commands: &Pipeline) -> StoreResult<T> {
        Ok(self.ask(Question::Many(commands)).await?)
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
        match self.ask(Question::One(&call("EVALSHA", script.hash()))).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.one(&call("EVAL", script.text)).await
            }
            outcome => Ok(outcome?),
        }
    }

    /// Asks, and once more where the connection failed.
    async fn ask<T: FromRedisValue>(&self, question: Question<'_>) -> RedisResult<T> {
        match self.ask_once(&question).await {
            Err(error) if is_broken(&error) => self.ask_once(&question).await,
            outcome => outcome,
        }
    }

    async fn ask_once<T: FromRedisValue>(&self, question: &Question<'_>) -> RedisResult<T> {
        let Current { mut manager, number } = self.current().clone();
        let outcome = match question {
            Question::One(command) => command.query_async(&mut manager).await,
            Question::Many(commands) => commands.query_async(&mut manager).await,
        };
        if outcome.as_ref().is_err_and(RedisError::is_timeout) {
            self.give_up(number);
        }
        outcome
    }

    /// Turns to another connection, unless somebody else has.
    fn give_up(&self, number: u64) {
        let Shared { client, config, .. } = &*self.0;
        let mut current = self.current();
        if current.number == number
            && let Ok(manager) = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())
        {
            *current = Current { manager, number: number.wrapping_add(1) };
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Question<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline),
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
