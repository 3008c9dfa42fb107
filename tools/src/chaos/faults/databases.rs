//! Databases that are killed, hang or are slow.

use std::time::{Duration, Instant};

use super::PERIOD;
use crate::chaos::cluster::Cluster;
use yibi_tests::databases::Database;

/// Down time of a killed database. Servers bridge much shorter ones.
const AWAY: Duration = Duration::from_millis(500);
/// Duration of a hang, longer than the time-outs of the servers.
const HANGS: Duration = Duration::from_secs(6);

/// Kills Redis every two seconds.
pub async fn redis_killed(cluster: &mut Cluster, duration: Duration) -> String {
    killed(cluster, duration, |cluster| cluster.redis.as_mut().unwrap()).await
}

/// Kills MongoDB every two seconds.
pub async fn mongodb_killed(cluster: &mut Cluster, duration: Duration) -> String {
    killed(cluster, duration, |cluster| cluster.mongo.as_mut().unwrap()).await
}

async fn killed(
    cluster: &mut Cluster,
    duration: Duration,
    which: fn(&mut Cluster) -> &mut Database,
) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        tokio::time::sleep(PERIOD - AWAY).await;
        let database = which(cluster);
        tokio::task::block_in_place(|| database.kill());
        tokio::time::sleep(AWAY).await;
        database.start_again().await;
        cluster.heal();
        times += 1;
    }
    format!("killed {times} times")
}

/// Makes Redis hang repeatedly.
pub async fn redis_hangs(cluster: &mut Cluster, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        let redis = cluster.redis.as_ref().unwrap();
        tokio::task::block_in_place(|| redis.hang());
        tokio::time::sleep(HANGS).await;
        redis.go_on();
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        times += 1;
    }
    format!("hung {times} times")
}

/// Delays the replies of Redis a little and a lot, resets its connections, and then silences the open connections
/// without closing them. New connections work; the server has to notice.
pub async fn redis_slow(cluster: &mut Cluster, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut rounds = 0;
    while Instant::now() < end {
        for late in [100, 700] {
            cluster.proxy.as_ref().unwrap().delay(Duration::from_millis(late));
            tokio::time::sleep(PERIOD).await;
        }
        cluster.proxy.as_ref().unwrap().delay(Duration::ZERO);
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        cluster.proxy.as_ref().unwrap().reset();
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        cluster.proxy.as_ref().unwrap().silence();
        cluster.heal();
        tokio::time::sleep(PERIOD).await;
        rounds += 1;
    }
    format!("{rounds} rounds, {} connections to it", cluster.proxy.as_ref().unwrap().connections())
}
