//! Databases that are killed, hang or are far away.

use std::time::{Duration, Instant};

use super::PERIOD;
use crate::chaos::ground::Ground;
use crate::databases::Database;

/// How long a killed database is away before it is started again. Servers bridge what is much shorter.
const AWAY: Duration = Duration::from_millis(500);
/// How long a database hangs: longer than servers wait for it.
const HANGS: Duration = Duration::from_secs(6);

/// Kills Redis every two seconds.
pub async fn redis_killed(ground: &mut Ground, duration: Duration) -> String {
    killed(ground, duration, |ground| ground.redis.as_mut().unwrap()).await
}

/// Kills MongoDB every two seconds.
pub async fn mongodb_killed(ground: &mut Ground, duration: Duration) -> String {
    killed(ground, duration, |ground| ground.mongo.as_mut().unwrap()).await
}

async fn killed(ground: &mut Ground, duration: Duration, which: fn(&mut Ground) -> &mut Database) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        tokio::time::sleep(PERIOD - AWAY).await;
        let database = which(ground);
        tokio::task::block_in_place(|| database.kill());
        tokio::time::sleep(AWAY).await;
        database.start_again().await;
        ground.heal();
        times += 1;
    }
    format!("killed {times} times")
}

/// Has Redis hang, again and again.
pub async fn redis_hangs(ground: &mut Ground, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut times = 0;
    while Instant::now() < end {
        let redis = ground.redis.as_ref().unwrap();
        tokio::task::block_in_place(|| redis.hang());
        tokio::time::sleep(HANGS).await;
        redis.go_on();
        ground.heal();
        tokio::time::sleep(PERIOD).await;
        times += 1;
    }
    format!("hung {times} times")
}

/// Has Redis be a little late and very late, resets its connections, and then has those that there are dead
/// without a word. The next ones are well, and it is the server that has to notice.
pub async fn redis_slow(ground: &mut Ground, duration: Duration) -> String {
    let end = Instant::now() + duration;
    let mut rounds = 0;
    while Instant::now() < end {
        for late in [100, 700] {
            ground.proxy.as_ref().unwrap().delay(Duration::from_millis(late));
            tokio::time::sleep(PERIOD).await;
        }
        ground.proxy.as_ref().unwrap().delay(Duration::ZERO);
        ground.heal();
        tokio::time::sleep(PERIOD).await;
        ground.proxy.as_ref().unwrap().reset();
        ground.heal();
        tokio::time::sleep(PERIOD).await;
        ground.proxy.as_ref().unwrap().silence();
        ground.heal();
        tokio::time::sleep(PERIOD).await;
        rounds += 1;
    }
    format!("{rounds} rounds, {} connections to it", ground.proxy.as_ref().unwrap().connections())
}
