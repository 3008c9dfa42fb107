//! Jumps of the clock. Debian's libfaketime changes the wall clock of the server by an offset in a file. The monotonic
//! clock stays right, as on a real machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::PERIOD;
use crate::chaos::cluster::Cluster;
use yibi_tests::wait_until;

/// Offsets in seconds, in turns: an hour is within the idle time of a session, a day is not, 40 days exceed every life
/// time, and 20 years are an extreme.
const WRONG: [i64; 9] =
    [3_600, -3_600, 86_400, -86_400, 40 * 86_400, -40 * 86_400, 20 * 365 * 86_400, -20 * 365 * 86_400, 1];

/// Tolerance of the `Date` header, which the server renews twice a second.
const NEAR: i64 = 3;

/// Starts a server with a clock of its own.
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

/// Changes the clock of one server after the other, and resets it.
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

/// Sets the offset and waits until replies have the date, because a fault without an effect shows nothing.
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

/// Parses an HTTP date into seconds since 1970.
fn date(text: &str) -> i64 {
    let output = std::process::Command::new("date").args(["-u", "+%s", "-d", text]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or_default()
}
