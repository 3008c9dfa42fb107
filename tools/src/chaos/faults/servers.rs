//! Servers that are killed, and a full disk.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::PERIOD;
use crate::chaos::cluster::Cluster;

/// A limit of the file size sends a signal, which a full disk does not, so the signal is ignored.
pub fn deaf(_: &Path, _: usize) -> Vec<String> {
    ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec()
}

/// Kills one server every two seconds, in turns if there are two, with a down time.
pub async fn killed(cluster: &mut Cluster, duration: Duration, away: Duration) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        tokio::time::sleep(PERIOD - away).await;
        cluster.crash(times % cluster.servers.len(), away).await;
        times += 1;
    }
    format!("killed {times} times")
}

/// Fills the disk for half of the time: a limit of the file size has the same effect on SQLite's writes as a full
/// disk.
pub async fn disk_full(cluster: &mut Cluster, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        let log = cluster.servers[0].data_dir().join("yibi.sqlite3-wal");
        limit_files(cluster, &std::fs::metadata(log).unwrap().len().to_string());
        tokio::time::sleep(PERIOD).await;
        limit_files(cluster, "unlimited");
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        times += 1;
    }
    format!("full {times} times")
}

fn limit_files(cluster: &Cluster, bytes: &str) {
    let pid = cluster.servers[0].id().to_string();
    let limited =
        Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]).status();
    assert!(limited.expect("prlimit, of util-linux").success());
}
