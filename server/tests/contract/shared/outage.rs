//! Outages of the databases: killed, hanging and restarted servers.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use yibi_server::domain::batch::Appended;
use yibi_server::store::mongo::MongoGallery;
use yibi_server::store::redis::RedisSessions;
use yibi_server::store::{Drawings, Leases, Sessions, Users};
use yibi_server::store::{StoreError, StoreResult};

use super::{own_name, required};
use crate::given::{actions, at, batch, blank, blob, user};
use crate::sessions::session;

/// Starts a server with its data in a directory, on a port.
type Start = fn(&Path, u16) -> Command;

/// A database server of one test.
pub(super) struct Server {
    directory: PathBuf,
    pub(super) port: u16,
    command: Start,
    running: Option<Child>,
}

impl Server {
    fn new(command: Start) -> Self {
        let directory = std::env::temp_dir().join(own_name());
        std::fs::create_dir(&directory).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { directory, port, command, running: None }
    }

    pub(super) fn start(&mut self) {
        let mut command = (self.command)(&self.directory, self.port);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.spawn().unwrap());
    }

    pub(super) fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        running.kill().unwrap();
        running.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").arg(signal).arg(pid).status().unwrap().success());
    }

    /// Suspends the process and waits until all its threads have stopped.
    fn hang(&self) {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.running.as_ref().unwrap().id());
        let stopped = |task: std::io::Result<std::fs::DirEntry>| {
            let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
            // The state follows the name, which is in parentheses (proc_pid_stat(5)).
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
        };
        while !std::fs::read_dir(&tasks).unwrap().all(stopped) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

pub(super) fn redis() -> Server {
    Server::new(|directory, port| {
        let mut command = Command::new(required("YIBI_TEST_REDIS_SERVER"));
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(directory);
        command
    })
}

fn mongodb() -> Server {
    Server::new(|directory, port| {
        let mut command = Command::new(required("YIBI_TEST_MONGODB_SERVER"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--sync-on-commit"]);
        command.args(["--cache-size", "64M", "--log-file-max", "16MB", "--storage-path"]).arg(directory);
        command
    })
}

/// Asserts that the call fails in time with the error of an unreachable database.
async fn is_out_of_reach<T: std::fmt::Debug>(call: impl Future<Output = StoreResult<T>>) {
    let begun = Instant::now();
    let outcome = call.await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "after {:?}", begun.elapsed());
}

/// Waits until the server listens and the call succeeds.
pub(super) async fn comes_back<T, F: Future<Output = StoreResult<T>>>(
    port: u16,
    mut call: impl FnMut() -> F,
) -> T {
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    loop {
        match call().await {
            Ok(outcome) => {
                assert!(begun.elapsed() < Duration::from_secs(60), "after {:?}", begun.elapsed());
                return outcome;
            }
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn redis_may_go_and_come_back() {
    let mut server = redis();
    let url = format!("redis://127.0.0.1:{}/", server.port);
    let store = RedisSessions::connect(&url, "").unwrap();
    let made = session(1, &user("ann"));
    let hour = Duration::from_secs(3_600);
    // The server is not started yet.
    is_out_of_reach(store.read(made.id, None, Some(hour))).await;
    server.start();
    comes_back(server.port, || store.create(made.clone(), hour)).await;
    for _ in 0..2 {
        server.kill();
        is_out_of_reach(store.read(made.id, Some(&made.user), Some(hour))).await;
        is_out_of_reach(store.take_lease("purge", "one", hour)).await;
        server.start();
        let read = comes_back(server.port, || store.read(made.id, Some(&made.user), Some(hour))).await;
        assert_eq!(read.as_ref(), Some(&made));
    }
    // A restart between two commands causes no error.
    server.kill();
    server.start();
    comes_back(server.port, || {
        let fresh = RedisSessions::connect(&url, "").unwrap();
        async move { fresh.ping().await }
    })
    .await;
    assert_eq!(store.read(made.id, None, None).await.unwrap().as_ref(), Some(&made));
}

#[tokio::test]
async fn redis_may_refuse_and_be_told_not_to() {
    let mut server = redis();
    server.start();
    let url = format!("redis://127.0.0.1:{}/", server.port);
    let watching = RedisSessions::connect(&url, "").unwrap();
    comes_back(server.port, || watching.ping()).await;
    let client = ::redis::Client::open(url.as_str()).unwrap();
    let mut operator = client.get_multiplexed_async_connection().await.unwrap();
    let mut require = async |password: &str| {
        let mut set = ::redis::cmd("CONFIG");
        set.arg("SET").arg("requirepass").arg(password).query_async::<()>(&mut operator).await.unwrap();
    };
    require("secret").await;
    // The driver selects a database other than 0 while it connects, and the server refuses it.
    let store = RedisSessions::connect(&format!("{url}1"), "").unwrap();
    for _ in 0..2 {
        assert!(store.ping().await.is_err());
    }
    require("").await;
    let mut outcome = store.ping().await;
    if outcome.is_err() {
        // The first attempt may return the cached earlier failure.
        outcome = store.ping().await;
    }
    outcome.unwrap();
}

#[tokio::test]
async fn redis_may_hang() {
    let mut server = redis();
    let store = RedisSessions::connect(&format!("redis://127.0.0.1:{}/", server.port), "").unwrap();
    server.start();
    comes_back(server.port, || store.ping()).await;
    server.hang();
    is_out_of_reach(store.take_lease("purge", "one", Duration::from_secs(60))).await;
    server.signal("-CONT");
    assert!(comes_back(server.port, || store.take_lease("purge", "one", Duration::from_secs(60))).await);
}

#[tokio::test]
async fn mongodb_may_go_and_come_back() {
    let mut server = mongodb();
    let uri = format!("mongodb://127.0.0.1:{}/", server.port);
    let store = MongoGallery::connect(&uri, "yibi").unwrap();
    let ann = user("ann");
    // The server is not started yet.
    is_out_of_reach(store.user(&ann)).await;
    server.start();
    let (first, new) = (batch(0, vec![blob(0, 50)]), blank());
    comes_back(server.port, || store.append(&ann, "d", &first, Some(&new), at(0))).await;
    let next = batch(1, vec![blob(1, 50)]);
    server.kill();
    is_out_of_reach(store.append(&ann, "d", &next, None, at(1))).await;
    server.start();
    let appended = comes_back(server.port, || store.append(&ann, "d", &next, None, at(1))).await;
    assert_eq!(appended, Appended::Done { seq: 2, created: false });
    assert_eq!(actions(&store, &ann, "d").await, [blob(0, 50), blob(1, 50)]);
}

#[tokio::test]
async fn mongodb_may_hang() {
    let mut server = mongodb();
    let store = MongoGallery::connect(&format!("mongodb://127.0.0.1:{}/", server.port), "yibi").unwrap();
    server.start();
    comes_back(server.port, || store.ping()).await;
    server.hang();
    let ann = user("ann");
    is_out_of_reach(store.user(&ann)).await;
    server.signal("-CONT");
    assert_eq!(comes_back(server.port, || store.user(&ann)).await, None);
}
