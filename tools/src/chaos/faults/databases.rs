//! Databases that are killed, hang or are far away.

use std::time::{Duration, Instant};

use super::PERIOD;
use crate::chaos::cluster::Cluster;
use yibi_tests::databases::Database;

/// How long a killed database is away before it is started again. Servers bridge what is much shorter.
const AWAY: Duration = Duration::from_millis(500);
/// How long a database hangs: longer than servers wait for it.
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

/// Has Redis hang, again and again.
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

/// Has Redis be a little late and very late, resets its connections, and then has those that there are dead
/// without a word. The next ones are well, and it is the server that has to notice.
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
