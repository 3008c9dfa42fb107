//! Servers that are killed, or whose disk is full.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::PERIOD;
use crate::chaos::cluster::Cluster;

/// A full disk sends no signal, and a limit of a file's size does, which has to be ignored.
pub fn deaf(_: &Path, _: usize) -> Vec<String> {
    ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec()
}

/// Kills a server every two seconds, by turns where there are two, and has it be away for so long of that.
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

/// Has the disk be full for half of the time. The same happens to SQLite's writes when a file may not grow as when
/// the disk is full, and needs no disk of that kind.
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
