//! The databases: reachability, version and durability.

use std::os::unix::fs::MetadataExt;

use rustix::fs::Access;
use secrecy::ExposeSecret;

use super::Finding;
use crate::settings::Settings;
use crate::store::mongo::{MongoGallery, MongoState};
use crate::store::redis::{RedisSessions, RedisState};
use crate::store::{Sessions, StoreError, StoreResult, Users};

/// The oldest supported MongoDB version.
const MONGODB: (u32, u32) = (6, 0);
/// The oldest supported Redis version.
const REDIS: (u32, u32) = (6, 2);

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let store = &settings.store;
    let (mongodb_uri, redis_url) = (store.mongodb_uri.expose_secret(), store.redis_url.expose_secret());
    let mut findings = Vec::new();
    if mongodb_uri.is_empty() || redis_url.is_empty() {
        findings.push(data_dir(settings));
    }
    if mongodb_uri.is_empty() && !redis_url.is_empty() {
        findings.push(Finding::warning(
            "store",
            "drawings are embedded while sessions are in Redis",
            "that is for one server alone; set store.mongodb_uri, too, for several",
        ));
    }
    if !mongodb_uri.is_empty() {
        findings.extend(mongodb(mongodb_uri, &store.mongodb_database).await);
    }
    if !redis_url.is_empty() {
        findings.extend(redis(redis_url, &store.redis_prefix).await);
    }
    findings
}

/// Whether the current user can write to the data directory. The check writes nothing: a running server may
/// use the store in it.
fn data_dir(settings: &Settings) -> Finding {
    let directory = &settings.store.data_dir;
    let shown = directory.display();
    let found = match std::fs::metadata(directory) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::warning(
                "store",
                format!("{shown} is not there yet"),
                "the server makes it where its user may; else make it, and give it to the server's user",
            );
        }
        Err(error) => {
            let to_do = "let the server's user into the directories above it";
            return Finding::error("store", format!("{shown} can't be looked at ({error})"), to_do);
        }
    };
    let (owner, asking) = (found.uid(), rustix::process::geteuid().as_raw());
    let whose = if owner == asking {
        String::new()
    } else {
        format!("; it is user {owner}'s, mode {:o}, and user {asking} asks", found.mode() & 0o7777)
    };
    if !found.is_dir() {
        return Finding::error("store", format!("{shown} is no directory"), "name one as store.data_dir");
    }
    match rustix::fs::access(directory, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok("store", format!("embedded, in {shown}{whose}")),
        Err(error) => Finding::error(
            "store",
            format!("{shown} can't be written ({error}){whose}"),
            "ask as the server's user (sudo -u), or give it to that user",
        ),
    }
}

async fn mongodb(uri: &str, database: &str) -> Vec<Finding> {
    let asked = async {
        let mongo = MongoGallery::connect_to_look(uri, database)?;
        mongo.ping().await?;
        mongo.state().await
    };
    match asked.await {
        Ok(state) => about_mongodb(&state),
        Err(error) => {
            let to_do = "is it running, and are host, port, user and password in store.mongodb_uri right?";
            vec![Finding::error("mongodb", told(&error), to_do)]
        }
    }
}

fn about_mongodb(state: &MongoState) -> Vec<Finding> {
    let MongoState { version, replica_set, sharded, write_concern } = state;
    let mut findings = vec![version_of("mongodb", "MongoDB", version, MONGODB)];
    findings.push(match replica_set {
        _ if *sharded => Finding::ok("mongodb", "is a sharded cluster"),
        Some(name) => Finding::ok("mongodb", format!("is the replica set {name}")),
        None => Finding::warning(
            "mongodb",
            "is one server without a replica set",
            "what its disk loses is lost: make it a replica set (`--replSet rs0`, rs.initiate()), and back it up",
        ),
    });
    if !write_concern.is_majority {
        findings.push(Finding::warning(
            "mongodb",
            format!("writes are acknowledged with w={}", write_concern.shown),
            "a failover may lose what was acknowledged so: leave w out of store.mongodb_uri, or say w=majority",
        ));
    }
    findings
}

async fn redis(url: &str, prefix: &str) -> Vec<Finding> {
    let asked = async {
        let redis = RedisSessions::connect(url, prefix)?;
        redis.ping().await?;
        Ok::<_, StoreError>(redis)
    };
    match asked.await {
        Ok(redis) => about_redis(redis.state().await),
        Err(error) => {
            let to_do = "is it running, and are host, port and password in store.redis_url right?";
            vec![Finding::error("redis", told(&error), to_do)]
        }
    }
}

fn about_redis(state: StoreResult<RedisState>) -> Vec<Finding> {
    let Ok(state) = state else {
        // Some proxies of managed Redis services refuse INFO.
        return vec![Finding::warning(
            "redis",
            "answers, but does not say what it is (INFO is refused)",
            "see in its console that it is 6.2 or newer, evicts nothing, and keeps an append-only file",
        )];
    };
    let mut findings = vec![version_of("redis", "Redis", &state.version, REDIS)];
    if let Some(policy) = state.evicts {
        findings.push(Finding::warning(
            "redis",
            format!("evicts keys when its memory is full (maxmemory-policy {policy})"),
            "people would be signed out at random: set maxmemory-policy noeviction, and give it memory enough",
        ));
    }
    if state.append_only == Some(false) {
        findings.push(Finding::warning(
            "redis",
            "keeps no append-only file",
            "a restart signs everybody out: set appendonly yes",
        ));
    }
    findings
}

fn version_of(what: &'static str, name: &str, version: &str, least: (u32, u32)) -> Finding {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if found < least {
        let (major, minor) = least;
        return Finding::error(
            what,
            format!("{name} {version} is too old"),
            format!("use {major}.{minor} or newer"),
        );
    }
    Finding::ok(what, format!("answers, {name} {version}"))
}

/// The error and its cause; neither contains a password.
fn told(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error} ({cause})"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::store::mongo::Acknowledged;

    fn worst(findings: &[Finding]) -> (Verdict, String) {
        let worst = findings.iter().max_by_key(|finding| finding.verdict).unwrap();
        (worst.verdict, worst.to_string())
    }

    #[test]
    fn mongodb_is_new_enough_and_safe() {
        let good = MongoState {
            version: "6.0.4".to_owned(),
            replica_set: Some("rs0".to_owned()),
            sharded: false,
            write_concern: Acknowledged { is_majority: true, shown: "majority".to_owned() },
        };
        assert_eq!(worst(&about_mongodb(&good)).0, Verdict::Ok);
        let sharded = MongoState { replica_set: None, sharded: true, ..good.clone() };
        assert_eq!(worst(&about_mongodb(&sharded)).0, Verdict::Ok);
        for (state, verdict, told) in [
            (MongoState { version: "5.0.31".to_owned(), ..good.clone() }, Verdict::Error, "too old"),
            (MongoState { replica_set: None, ..good.clone() }, Verdict::Warning, "replica set"),
            (
                MongoState {
                    write_concern: Acknowledged { is_majority: false, shown: "1".to_owned() },
                    ..good
                },
                Verdict::Warning,
                "w=1",
            ),
        ] {
            let (worst, text) = worst(&about_mongodb(&state));
            assert_eq!(worst, verdict, "{text}");
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn redis_keeps_what_it_is_given() {
        let good = RedisState { version: "7.0.15".to_owned(), evicts: None, append_only: Some(true) };
        assert_eq!(worst(&about_redis(Ok(good.clone()))).0, Verdict::Ok);
        let silent = RedisState { append_only: None, ..good.clone() };
        assert_eq!(worst(&about_redis(Ok(silent))).0, Verdict::Ok);
        for (state, verdict, told) in [
            (RedisState { version: "6.0.16".to_owned(), ..good.clone() }, Verdict::Error, "too old"),
            (
                RedisState { evicts: Some("allkeys-lru".to_owned()), ..good.clone() },
                Verdict::Warning,
                "allkeys-lru",
            ),
            (RedisState { append_only: Some(false), ..good }, Verdict::Warning, "appendonly yes"),
        ] {
            let (worst, text) = worst(&about_redis(Ok(state)));
            assert_eq!(worst, verdict, "{text}");
            assert!(text.contains(told), "{text}");
        }
        let (worst, text) = worst(&about_redis(Err(StoreError::Refused("ERR unknown command".into()))));
        assert_eq!(worst, Verdict::Warning, "{text}");
    }
}
