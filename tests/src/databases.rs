//! Databases that a test starts, kills and restarts. Other tests use those of the `services` script.

use std::collections::HashSet;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use mongodb::bson::doc;

use crate::process::{Process, stat};
use crate::{TempDir, service};

/// Time limit of a start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ports below those of outgoing connections, which begin at 32768, so that a killed database gets its port again.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// The kind of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis with `appendonly yes`, synced after every command.
    Redis,
    /// The MongoDB-wire server, synced after every commit.
    Mongo,
}

/// A database that keeps its port and data over restarts.
#[derive(Debug)]
pub struct Database {
    kind: Kind,
    port: u16,
    data: TempDir,
    process: Option<Process>,
}

impl Database {
    pub async fn start(kind: Kind) -> Self {
        for _ in 0..8 {
            let mut database = Self::absent(kind);
            if database.launch().await {
                return database;
            }
            // Another process took the port.
        }
        panic!("{kind:?} does not start");
    }

    /// Reserves a database for a later [start](Self::start_again).
    #[must_use]
    pub fn absent(kind: Kind) -> Self {
        Self { kind, port: free_port(), data: TempDir::new(), process: None }
    }

    /// The connection string for the settings.
    #[must_use]
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Redis => format!("redis://127.0.0.1:{}/", self.port),
            Kind::Mongo => format!("mongodb://127.0.0.1:{}/", self.port),
        }
    }

    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills the database with SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Stops the process, so that it accepts connections and does not reply, until [`go_on`](Self::go_on). Returns when
    /// all its threads have stopped.
    pub fn hang(&self) {
        self.process().signal("STOP");
        let tasks = format!("/proc/{}/task", self.process().id());
        let stopped = |task: std::io::Result<std::fs::DirEntry>| {
            stat(&task.unwrap().path()).is_none_or(|stat| stat.starts_with('T'))
        };
        while !std::fs::read_dir(&tasks).unwrap().all(stopped) {
            std::thread::yield_now();
        }
    }

    pub fn go_on(&self) {
        self.process().signal("CONT");
    }

    /// Starts the database on the same data and port and waits until it replies.
    pub async fn start_again(&mut self) {
        assert!(self.launch().await, "{:?} does not start on its port {}", self.kind, self.port);
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("the database runs")
    }

    /// Waits until the database replies; false if it ends instead.
    async fn launch(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::Redis => {
                let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
                command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
                command
                    .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
                    .arg(self.data.path());
                command
            }
            Kind::Mongo => {
                let mut command = Command::new(service("YIBI_TEST_MONGODB_SERVER"));
                command.args([
                    "--host",
                    "127.0.0.1",
                    "--port",
                    &port,
                    "--sync-on-commit",
                    "--cache-size",
                    "64M",
                ]);
                command.args(["--log-file-max", "16MB", "--log-level", "WARNING", "--storage-path"]);
                command.arg(self.data.path());
                command
            }
        };
        let process = self.process.insert(Process::start(&mut command));
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && process.runs() {
            if answers(self.kind, self.port).await {
                // The reply must come from this process, not from another one on the same port.
                return process.runs();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

async fn answers(kind: Kind, port: u16) -> bool {
    match kind {
        Kind::Redis => {
            let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return false };
            redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        }
        Kind::Mongo => {
            // Before the server listens, the driver would wait longer than the start takes.
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                return false;
            }
            let uri =
                format!("mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=2000&connectTimeoutMS=2000");
            let client = mongodb::Client::with_uri_str(uri).await.unwrap();
            let answer = client.database("admin").run_command(doc! {"ping": 1}).await;
            client.shutdown().immediate(true).await;
            answer.is_ok()
        }
    }
}

/// A free port that no other test of this process gets.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut given = GIVEN.lock().unwrap();
    loop {
        let mut random = [0; 2];
        getrandom::fill(&mut random).unwrap();
        let port = PORTS.start + u16::from_le_bytes(random) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.insert(port) {
            return port;
        }
    }
}
