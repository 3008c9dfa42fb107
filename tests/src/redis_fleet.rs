//! Redis deployments with failover: a master and a replica under three sentinels, or a Cluster of three masters with a
//! replica each. A test starts one and kills masters.

use std::process::Command;

use redis::aio::MultiplexedConnection;

use crate::databases::free_port;
use crate::process::Process;
use crate::{TempDir, service, wait_until};

/// Name of the master in the sentinels' configuration.
const MASTER: &str = "main";

/// One server of a fleet.
#[derive(Debug)]
struct Node {
    port: u16,
    process: Process,
    _data: TempDir,
}

/// A deployment with failover.
#[derive(Debug)]
pub struct RedisFleet {
    nodes: Vec<Node>,
    sentinels: Vec<Node>,
}

impl Node {
    fn start(arguments: &[&str]) -> Self {
        let (port, data) = (free_port(), TempDir::new());
        let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--repl-diskless-sync-delay", "0", "--dir"]).arg(data.path());
        command.args(arguments);
        Self { port, process: Process::start(&mut command), _data: data }
    }

    fn of_a_cluster() -> Self {
        // The default bus port is 10,000 above the port, in the range of outgoing connections.
        let bus = free_port().to_string();
        let timeout = ["--cluster-node-timeout", "1000"];
        Self::start(&[&["--cluster-enabled", "yes", "--cluster-port", &bus], &timeout[..]].concat())
    }

    fn sentinel(master: u16) -> Self {
        let (port, data) = (free_port(), TempDir::new());
        let file = data.path().join("sentinel.conf");
        let lines = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} 1000\nsentinel failover-timeout {MASTER} 4000\n",
            data.path().display()
        );
        std::fs::write(&file, lines).unwrap();
        let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
        command.arg(&file).arg("--sentinel");
        Self { port, process: Process::start(&mut command), _data: data }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://{}/", self.address())).unwrap();
        client.get_multiplexed_async_connection().await.ok()
    }

    /// The reply to `INFO section`; nothing without a server.
    async fn info(&self, section: &str) -> String {
        let Some(mut connection) = self.connection().await else { return String::new() };
        redis::cmd("INFO").arg(section).query_async(&mut connection).await.unwrap_or_default()
    }

    async fn is_master(&self) -> bool {
        self.info("replication").await.contains("role:master")
    }
}

impl RedisFleet {
    /// A master with a replica, and three sentinels that agree on them.
    pub async fn sentinel() -> Self {
        let master = Node::start(&[]);
        let replica = Node::start(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        let synced = async || master.info("replication").await.contains("state=online");
        wait_until("the replica follows", synced).await;
        let sentinels: Vec<Node> = (0..3).map(|_| Node::sentinel(master.port)).collect();
        for sentinel in &sentinels {
            let agree =
                async || sentinel.info("sentinel").await.contains("status=ok") && knows_all(sentinel).await;
            wait_until("the sentinels know of each other", agree).await;
        }
        Self { nodes: vec![master, replica], sentinels }
    }

    /// A Cluster of three masters with a replica each.
    pub async fn cluster() -> Self {
        let nodes: Vec<Node> = (0..6).map(|_| Node::of_a_cluster()).collect();
        for node in &nodes {
            wait_until("a node answers", async || node.connection().await.is_some()).await;
        }
        let addresses: Vec<String> = nodes.iter().map(Node::address).collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(&addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        let fleet = Self { nodes, sentinels: Vec::new() };
        let synced = async || fleet.info_of_all().await.matches("state=online").count() == 3;
        wait_until("the replicas follow", synced).await;
        for node in &fleet.nodes {
            let serves = async || {
                let mut connection = node.connection().await.unwrap();
                let state: String =
                    redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
                state.contains("cluster_state:ok")
            };
            wait_until("the Cluster serves", serves).await;
        }
        fleet
    }

    /// The value for the setting of the server.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses = |nodes: &[Node]| nodes.iter().map(Node::address).collect::<Vec<_>>().join(",");
        if self.sentinels.is_empty() {
            format!("redis+cluster://{}/", addresses(&self.nodes))
        } else {
            format!("redis+sentinel://{}/{MASTER}", addresses(&self.sentinels))
        }
    }

    /// Waits until the replicas have all previous writes.
    pub async fn replicated(&self) {
        for node in &self.nodes {
            if node.is_master().await {
                let goal = offsets(&node.info("replication").await).unwrap().0;
                let reached = async || {
                    offsets(&node.info("replication").await).is_some_and(|(_, replica)| replica >= goal)
                };
                wait_until("the replica has it all", reached).await;
            }
        }
    }

    pub async fn kill_a_master(&mut self) {
        for node in &mut self.nodes {
            if node.is_master().await {
                node.process.kill();
                return;
            }
        }
        panic!("there is no master");
    }

    async fn info_of_all(&self) -> String {
        let mut all = String::new();
        for node in &self.nodes {
            all.push_str(&node.info("replication").await);
        }
        all
    }
}

async fn knows_all(sentinel: &Node) -> bool {
    let told = sentinel.info("sentinel").await;
    told.contains("sentinels=3") && told.contains("slaves=1")
}

/// The replication offsets of a master and of its replica.
fn offsets(info: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok();
    let own = number(info.split_once("master_repl_offset:")?.1)?;
    let replica = number(info.split_once("slave0:")?.1.split_once("offset=")?.1)?;
    Some((own, replica))
}
