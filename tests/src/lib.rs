//! Fixtures of the black-box tests: real servers and databases as processes, a simulated WeChat, and clients.
//!
//! The `services` script sets variables with the addresses of the databases. A test without them fails.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation in a test is reported by its panic"
)]

pub mod api;
pub mod app;
pub mod certificates;
pub mod command;
pub mod databases;
pub mod form;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod redis_fleet;
pub mod server;
pub mod terminal;
pub mod wafer;
pub mod weapp;
pub mod wechat;

pub use api::{Api, Reply};
pub use app::App;
pub use raw::Raw;
pub use server::{Backend, Server};
pub use terminal::Terminal;
pub use wechat::Wechat;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Makes two tests of each `async fn(Backend)`, one on each backend.
#[macro_export]
macro_rules! on_both_backends {
    ($($case:ident),* $(,)?) => {$(
        mod $case {
            #[tokio::test]
            async fn embedded() {
                super::$case($crate::Backend::Embedded).await;
            }

            #[tokio::test]
            async fn shared() {
                super::$case($crate::Backend::Shared).await;
            }
        }
    )*};
}

/// The path of a binary of the workspace, built with the profile of the caller.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let asking = std::env::current_exe().expect("a program knows its own path");
    // Binaries lie in target/<profile>, tests in target/<profile>/deps.
    let mut directories = asking.ancestors().skip(1).skip_while(|directory| directory.ends_with("deps"));
    let path = directories.next().expect("it lies in a directory").join(name);
    assert!(
        path.is_file(),
        "{} is not built; run `make test`, or `cargo build --bins` first",
        path.display()
    );
    path
}

/// A temporary directory that is removed when it is dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Creates an empty directory.
    #[must_use]
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("yibi-test-{}", unique()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Default for TempDir {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A unique name of 16 hexadecimal digits.
#[must_use]
pub fn unique() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).unwrap();
    data_encoding::HEXLOWER.encode(&bytes)
}

/// A free loopback address, for a server that has to know its address before it starts. Its host is of this call alone:
/// a port of 127.0.0.1 may go to a connection of another test before the server takes it.
#[must_use]
pub fn free_address() -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let [_, _, _, call] = (1 + CALLS.fetch_add(1, Ordering::Relaxed) % 254).to_be_bytes();
    let host = std::net::Ipv4Addr::new(127, 1 + high % 254, low, call);
    std::net::TcpListener::bind((host, 0)).unwrap().local_addr().unwrap().to_string()
}

/// The value of a variable of the `services` script.
#[must_use]
pub fn service(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run the tests with `make test`, or through tests/services")
    })
}

/// Installs the provider of rustls, once per process.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Time limit of everything that a test waits for. It is generous, so that a busy machine fails no test.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks every 20 ms until the answer is yes; panics with `what` at the [`DEADLINE`].
pub async fn wait_until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let end = Instant::now() + DEADLINE;
    while !ask().await {
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// [`wait_until`] for callers that name a time limit, which has no effect.
pub async fn eventually<F: Future<Output = bool>>(what: &str, _within: Duration, ask: impl FnMut() -> F) {
    wait_until(what, ask).await;
}
