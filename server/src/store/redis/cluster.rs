//! A connection to a Cluster.

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use redis::aio::ConnectionLike;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ConnectionInfo, Pipeline, RedisFuture, RedisResult, TlsCertificates, Value};

use super::address::tcp;
use super::client::PATIENCE;

/// Attempts of a command that is redirected or whose node fails, within the time-out of one reply.
const RETRIES: u32 = 4;

/// Connections to all nodes, as one handle. The commands of a pipeline may go to different nodes; the client
/// itself refuses such pipelines.
#[derive(Clone)]
pub(super) struct Cluster(ClusterConnection);

impl Cluster {
    pub(super) async fn connect(
        nodes: &[ConnectionInfo],
        authorities: Option<TlsCertificates>,
    ) -> RedisResult<Self> {
        let builder = ClusterClientBuilder::new(nodes.to_vec())
            .retries(RETRIES)
            .min_retry_wait(20)
            .max_retry_wait(200)
            .connection_timeout(PATIENCE)
            .response_timeout(PATIENCE)
            .tcp_settings(tcp());
        let builder = match authorities {
            None => builder,
            Some(authorities) => builder.certs(authorities),
        };
        let client = builder.build()?;
        Ok(Self(client.get_async_connection().await?))
    }
}

impl ConnectionLike for Cluster {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.req_packed_command(cmd)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        _offset: usize,
        _count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        // No pipeline of this store is a transaction, so `offset` and `count`, which select a transaction's
        // replies, are unused.
        let connection = &self.0;
        let each = pipeline.cmd_iter().map(|command| {
            let mut connection = connection.clone();
            async move { connection.req_packed_command(command).await }
        });
        try_join_all(each).boxed()
    }

    fn get_db(&self) -> i64 {
        0
    }
}
