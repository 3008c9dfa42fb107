//! Redis.

use std::time::Duration;

use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use futures_util::future::join_all;
use redis::AsyncTypedCommands;
use sha2::{Digest, Sha256};
use yibi_server::domain::clock::Micros;
use yibi_server::domain::session::{SessionId, StoredSession};
use yibi_server::domain::user::UserKey;
use yibi_server::store::redis::RedisSessions;
use yibi_server::store::{Leases, Sessions};

use super::{own_name, required};
use crate::given::{Opened, user};
use crate::sessions::session;

const HOUR: Duration = Duration::from_secs(3_600);

fn open() -> Opened<RedisSessions> {
    open_as(&own_name())
}

fn open_as(name: &str) -> Opened<RedisSessions> {
    open_at("YIBI_TEST_REDIS_URL", name)
}

fn open_at(variable: &str, name: &str) -> Opened<RedisSessions> {
    let url = required(variable);
    Opened { store: RedisSessions::connect(&url, &format!("{name}:")).unwrap(), _keep: () }
}

async fn raw() -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(required("YIBI_TEST_REDIS_URL")).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

sessions_cases!(super::open);

/// The same cases on the master that sentinels report.
mod sentinel {
    use super::*;

    fn open() -> Opened<RedisSessions> {
        open_at("YIBI_TEST_REDIS_SENTINEL_URL", &own_name())
    }

    sessions_cases!(super::open);

    #[tokio::test]
    async fn events_reach_listeners() {
        super::events_reach_listeners("YIBI_TEST_REDIS_SENTINEL_URL").await;
    }
}

/// The same cases in a Cluster, where the keys of one operation lie on different nodes.
mod cluster {
    use super::*;

    fn open() -> Opened<RedisSessions> {
        open_at("YIBI_TEST_REDIS_CLUSTER_URL", &own_name())
    }

    sessions_cases!(super::open);

    #[tokio::test]
    async fn events_reach_listeners() {
        super::events_reach_listeners("YIBI_TEST_REDIS_CLUSTER_URL").await;
    }
}

#[tokio::test]
async fn events_reach_listeners_on_one_server() {
    events_reach_listeners("YIBI_TEST_REDIS_URL").await;
}

/// Servers discover each other, and listeners receive their events.
async fn events_reach_listeners(variable: &str) {
    let name = own_name();
    let (one, two) = (open_at(variable, &name).store, open_at(variable, &name).store);
    assert!(!one.announce("one", "1", false).await.unwrap());
    assert!(two.announce("two", "2", true).await.unwrap());
    assert!(one.announce("one", "3", false).await.unwrap());
    let servers = two.servers().await.unwrap();
    assert_eq!((servers["one"].as_str(), servers["two"].as_str(), servers.len()), ("3", "2", 2));
    let mut events = two.events().await.unwrap();
    for number in 0..20 {
        one.publish(&number.to_string()).await.unwrap();
        assert_eq!(events.next().await.unwrap(), number.to_string());
    }
    one.leave("one").await.unwrap();
    assert_eq!(two.servers().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_index_is_mended_when_it_is_read() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    let (kept, lost) = (session(1, &ann), session(2, &ann));
    store.create(kept.clone(), HOUR).await.unwrap();
    store.create(lost.clone(), HOUR).await.unwrap();
    // One session ends and one is extended without an update of the index; one entry is no session.
    raw.del(format!("{name}:s:{}", lost.id)).await.unwrap();
    store.read(kept.id, None, Some(9 * HOUR)).await.unwrap();
    let index = format!("{name}:u:{{{ann}}}:s");
    raw.zadd(&index, "nonsense", 1).await.unwrap();
    let living = store.of_user(&ann).await.unwrap();
    assert_eq!(living.iter().map(|(session, _)| session).collect::<Vec<_>>(), [&kept]);
    assert_eq!(raw.zscore(&index, lost.id.to_string()).await.unwrap(), None);
    let mended = raw.zscore(&index, kept.id.to_string()).await.unwrap().unwrap();
    assert!(mended > Micros::now().plus(8 * HOUR).0 as f64);
}

#[tokio::test]
async fn an_index_does_not_keep_ended_sessions() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    for number in 0..100 {
        store.create(session(number, &ann), Duration::from_millis(1)).await.unwrap();
    }
    assert!(raw.zcard(format!("{name}:u:{{{ann}}}:s")).await.unwrap() <= 64);
}

#[tokio::test]
async fn every_key_expires() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    let made = session(1, &ann);
    store.create(made.clone(), HOUR).await.unwrap();
    store.remove_all(&user("ben")).await.unwrap();
    let ben = user("ben");
    for (key, most) in [
        (format!("{name}:s:{}", made.id), HOUR),
        (format!("{name}:u:{{{ann}}}:s"), 24 * HOUR),
        (epoch_key(&name, &ben), 400 * 24 * HOUR),
    ] {
        let left = redis::cmd("PTTL").arg(&key).query_async::<i64>(&mut raw).await.unwrap();
        assert!(left > 0 && i128::from(left) <= most.as_millis() as i128, "{key}: {left}");
    }
}

/// The key contains a hash of the user, because it outlives the user's erasure.
fn epoch_key(name: &str, user: &UserKey) -> String {
    format!("{name}:u:{}:e", HEXLOWER.encode(&Sha256::digest(user.as_str())))
}

#[tokio::test]
async fn nothing_in_redis_names_a_user_whose_sessions_ended() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    store.create(session(1, &ann), HOUR).await.unwrap();
    store.remove_all(&ann).await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{name}:*")).query_async(&mut raw).await.unwrap();
    assert_eq!(keys, [epoch_key(&name, &ann)]);
}

#[tokio::test]
async fn an_evicted_epoch_revives_nothing() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    store.create(session(1, &ann), HOUR).await.unwrap();
    store.remove_all(&ann).await.unwrap();
    let later = store.create(session(2, &ann), HOUR).await.unwrap();
    let epoch = epoch_key(&name, &ann);
    raw.del(&epoch).await.unwrap();
    assert_eq!(store.read(SessionId([1; 16]), None, None).await.unwrap(), None);
    store.remove_all(&ann).await.unwrap();
    assert!(raw.get(&epoch).await.unwrap().unwrap().parse::<u64>().unwrap() > later.epoch);
    assert_eq!(store.read(later.id, Some(&ann), None).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_of_another_version_can_be_replaced_or_is_none() {
    let name = own_name();
    let (store, mut raw, ann) = (open_as(&name).store, raw().await, user("ann"));
    let made = store.create(session(1, &ann), HOUR).await.unwrap();
    let key = format!("{name}:s:{}", made.id);
    let text = raw.get(&key).await.unwrap().unwrap();
    raw.set(&key, text.replacen('{', "{\"later\": [1], ", 1)).await.unwrap();
    assert_eq!(store.read(made.id, None, None).await.unwrap().as_ref(), Some(&made));
    let new = StoredSession { device: "new".to_owned(), ..made.clone() };
    assert!(store.replace(&made, &new, HOUR).await.unwrap());
    assert_eq!(store.read(made.id, None, None).await.unwrap().as_ref(), Some(&new));
    raw.set(&key, "{\"id\": 7}").await.unwrap();
    assert_eq!(store.read(made.id, Some(&ann), Some(HOUR)).await.unwrap(), None);
}

#[tokio::test]
async fn scripts_are_loaded_again_when_they_are_forgotten() {
    let Opened { store, .. } = open();
    assert!(store.take_lease("a", "one", HOUR).await.unwrap());
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut raw().await).await.unwrap();
    let taken = join_all((0..8).map(|_| store.take_lease("a", "one", HOUR))).await;
    assert!(taken.into_iter().all(Result::unwrap));
}
