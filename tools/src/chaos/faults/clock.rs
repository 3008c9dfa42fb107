//! A clock that jumps. Debian's libfaketime stands between the server and the system's clock, and is told by a file
//! how wrong to be; the clock that only runs forwards is left alone, as it is on a real machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::PERIOD;
use crate::chaos::cluster::Cluster;
use yibi_tests::wait_until;

/// Seconds by which the clock is wrong, by turns: an hour is within a session's idle time and a day is not, 40 days
/// are more than anything lasts, and 20 years more than anybody thought of.
const WRONG: [i64; 9] =
    [3_600, -3_600, 86_400, -86_400, 40 * 86_400, -40 * 86_400, 20 * 365 * 86_400, -20 * 365 * 86_400, 1];

/// How far a reply's date may be from what was asked for: it is made anew twice a second.
const NEAR: i64 = 3;

/// Starts a server under a clock of its own.
pub fn launcher(directory: &Path, number: usize) -> Vec<String> {
    let file = file(directory, number);
    std::fs::write(&file, "+0").unwrap();
    vec![
        "env".to_owned(),
        // The loader knows where Debian has libraries.
        "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1".to_owned(),
        format!("FAKETIME_TIMESTAMP_FILE={}", file.display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ]
}

fn file(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("clock{number}"))
}

/// Has the clock of one server after the other be wrong, and right again.
pub async fn jumps(cluster: &mut Cluster, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        let which = times % cluster.servers.len();
        set(cluster, which, WRONG[times / cluster.servers.len() % WRONG.len()]).await;
        tokio::time::sleep(PERIOD).await;
        set(cluster, which, 0).await;
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        times += 1;
    }
    format!("jumped {times} times, and back")
}

/// Sets it, and waits until replies bear that date: a fault that does not strike shows nothing.
async fn set(cluster: &Cluster, which: usize, wrong: i64) {
    let file = file(cluster.directory.path(), which);
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{wrong:+}")).unwrap();
    std::fs::rename(new, file).unwrap();
    let api = cluster.servers[which].api();
    let jumped = async || {
        let reply = api.get("/").await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        date(reply.header("date")).abs_diff(now.cast_signed() + wrong) <= NEAR.unsigned_abs()
    };
    wait_until("the clock jumps", jumped).await;
}

/// Seconds since 1970 of an HTTP date.
fn date(text: &str) -> i64 {
    let output = std::process::Command::new("date").args(["-u", "+%s", "-d", text]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or_default()
}
