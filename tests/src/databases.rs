//! Databases that a test starts, kills and starts again. What only needs one that is there uses the one that
//! the `services` script started.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use crate::process::Process;
use crate::{TempDir, eventually, service};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis with `appendonly yes`.
    Redis,
    /// The MongoDB-wire server, every commit synced.
    Mongo,
}

/// A database of the test's own, which keeps its port and data when it is started again.
#[derive(Debug)]
pub struct Database {
    kind: Kind,
    port: u16,
    data: TempDir,
    process: Option<Process>,
}

impl Database {
    /// Starts one.
    pub async fn start(kind: Kind) -> Self {
        // Whoever else takes this port before the database does makes the test fail, not pass.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut database = Self { kind, port, data: TempDir::new(), process: None };
        database.start_again().await;
        database
    }

    /// What the server's settings take.
    #[must_use]
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Redis => format!("redis://127.0.0.1:{}/", self.port),
            Kind::Mongo => format!("mongodb://127.0.0.1:{}/", self.port),
        }
    }

    /// Ends it as a power cut would end it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The running process.
    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the database runs")
    }

    /// Starts it on the same data and port, and waits until it answers.
    pub async fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::Redis => {
                let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
                command.args(["--port", &port, "--bind", "127.0.0.1", "--appendonly", "yes", "--dir"]);
                command.arg(self.data.path()).args(["--appendfsync", "always", "--save", ""]);
                command
            }
            Kind::Mongo => {
                let mut command = Command::new(service("YIBI_TEST_MONGODB_SERVER"));
                command.args(["--port", &port, "--host", "127.0.0.1", "--sync-on-commit", "--storage-path"]);
                command.arg(self.data.path());
                command
            }
        };
        self.process = Some(Process::start(&mut command));
        let address = format!("127.0.0.1:{port}");
        eventually("the database accepts connections", Duration::from_secs(20), || async {
            tokio::net::TcpStream::connect(&address).await.is_ok()
        })
        .await;
    }
}
