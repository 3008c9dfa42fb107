//! Redis over TLS with a private authority.

use std::path::Path;
use std::process::Command;

use redis::aio::MultiplexedConnection;
use redis::{Client, TlsCertificates};
use serde_json::json;
use yibi_tests::certificates::{Authority, Certificate};
use yibi_tests::databases::free_port;
use yibi_tests::process::Process;
use yibi_tests::{TempDir, install_tls, service, wait_until};

use crate::outages::server_over;

const HOST: &str = "127.0.0.1";

/// A Redis with a TLS listener only.
struct Node {
    port: u16,
    root: Vec<u8>,
    _process: Process,
    _data: TempDir,
}

impl Node {
    /// Starts a Redis with further settings and waits until it replies.
    async fn start(authority: &Authority, further: &str, mode: &[&str]) -> Self {
        install_tls();
        let (port, data) = (free_port(), TempDir::new());
        let Certificate { chain, key } = authority.issue(HOST, 30);
        let root = authority.root();
        let line = |name: &str, path: &Path| format!("{name} {}\n", path.display());
        let lines = [
            &format!("bind {HOST}\nport 0\ntls-port {port}\ntls-auth-clients no\nsave \"\"\n{further}\n"),
            &line("tls-cert-file", &chain),
            &line("tls-key-file", &key),
            &line("tls-ca-cert-file", &root),
            &line("dir", data.path()),
        ];
        let file = data.path().join("redis.conf");
        std::fs::write(&file, lines.map(String::as_str).concat()).unwrap();
        let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
        let process = Process::start(command.arg(&file).args(mode));
        let node = Self { port, root: std::fs::read(root).unwrap(), _process: process, _data: data };
        wait_until("Redis answers", async || node.connection().await.is_some()).await;
        node
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        let authorities = TlsCertificates { client_tls: None, root_cert: Some(self.root.clone()) };
        let client = Client::build_with_tls(format!("rediss://{HOST}:{}/", self.port), authorities).unwrap();
        client.get_multiplexed_async_connection().await.ok()
    }

    async fn asked(&self, words: &[&str]) -> String {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.connection().await.unwrap()).await.unwrap()
    }
}

#[tokio::test]
async fn one_server() {
    let authority = Authority::new();
    let redis = Node::start(&authority, "", &[]).await;
    is_trusted_by_its_authority_alone(&format!("rediss://{HOST}:{}/0", redis.port), &authority).await;
}

#[tokio::test]
async fn sentinel() {
    let authority = Authority::new();
    let master = Node::start(&authority, "tls-replication yes", &[]).await;
    let watches = format!("tls-replication yes\nsentinel monitor main {HOST} {} 1", master.port);
    let sentinel = Node::start(&authority, &watches, &["--sentinel"]).await;
    let url = format!("rediss+sentinel://{HOST}:{}/main", sentinel.port);
    is_trusted_by_its_authority_alone(&url, &authority).await;
}

#[tokio::test]
async fn cluster() {
    let authority = Authority::new();
    let further = format!("tls-cluster yes\ncluster-enabled yes\ncluster-port {}", free_port());
    let node = Node::start(&authority, &further, &[]).await;
    node.asked(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    let serves = async || node.asked(&["CLUSTER", "INFO"]).await.contains("cluster_state:ok");
    wait_until("the Cluster serves", serves).await;
    is_trusted_by_its_authority_alone(&format!("rediss+cluster://{HOST}:{}/", node.port), &authority).await;
}

async fn is_trusted_by_its_authority_alone(url: &str, authority: &Authority) {
    let trusting = |authority: &Authority| format!("{url}?ca_file={}", authority.root().display());
    let app = server_over("", &trusting(authority));
    app.user("alice").await.get("/api/v1/me").await.ok();

    for url in [trusting(&Authority::new()), url.to_owned()] {
        let server = server_over("", &url);
        let code = json!({"code": server.wechat.code("bob").await});
        server.api().post("/api/v1/session", &code).await.problem(503, "unavailable");
        wait_until("its log tells why", async || server.log().contains("UnknownIssuer")).await;
    }
}
