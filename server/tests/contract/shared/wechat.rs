//! Servers that share WeChat's access token through Redis.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use futures_util::future::join_all;
use serde_json::{Value, json};
use wechat_simulator::{MiniProgram, RunningSimulator};
use yibi_server::keys::{KeyPlace, LazyKeyring};
use yibi_server::settings;
use yibi_server::store::redis::RedisSessions;
use yibi_server::store::{Backend, SessionStore, Sessions};
use yibi_server::wechat::{Api, Wechat, WechatApp, WechatClient};

use super::outage::{Server, comes_back, redis};

/// A simulated WeChat and its servers.
struct Fleet {
    wechat: RunningSimulator,
    redis: String,
}

impl Fleet {
    fn over(redis_port: u16) -> Self {
        let wechat = RunningSimulator::start(vec![MiniProgram::development()]).unwrap();
        Self { wechat, redis: format!("redis://127.0.0.1:{redis_port}/") }
    }

    fn store(&self) -> RedisSessions {
        RedisSessions::connect(&self.redis, "fleet:").unwrap()
    }

    /// A server with its own connection, cache and HTTP client.
    fn server(&self) -> Wechat {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = || BASE64.encode(&[7; 32]).into();
        let keys =
            settings::Keys { sealing: key(), sealing_old: "".into(), signing: key(), signing_old: "".into() };
        let keys = LazyKeyring::new(keys, KeyPlace::Directory(PathBuf::new()));
        let store = SessionStore::new(Backend::Shared(self.store()), Arc::default());
        let client = WechatClient::new(&self.wechat.url, Duration::from_secs(10)).unwrap();
        Wechat::new(client, store, Arc::new(keys))
    }

    fn fetches(&self) -> u64 {
        self.wechat.simulator.calls().apis.get("stable_token").copied().unwrap_or(0)
    }
}

fn development_app() -> WechatApp {
    let MiniProgram { id, secret } = MiniProgram::development();
    WechatApp { id, secret: secret.into() }
}

/// Makes a call that needs a token; WeChat's error about the code shows that the token is valid.
async fn answered(server: &Wechat) {
    let code = json!({"code": "none"});
    let answer = server.call::<Value>(&development_app(), Api::GetUserPhoneNumber, &code).await;
    assert_eq!(answer.unwrap_err().errcode, Some(40029));
}

async fn all_answered(servers: &[Wechat]) {
    join_all((0..400).map(|number| answered(&servers[number % servers.len()]))).await;
}

/// Four servers with a token from Redis.
async fn four_servers() -> (Server, Fleet, Vec<Wechat>) {
    let mut redis = redis();
    let fleet = Fleet::over(redis.port);
    redis.start();
    comes_back(redis.port, || async { fleet.store().ping().await }).await;
    let servers: Vec<_> = (0..4).map(|_| fleet.server()).collect();
    all_answered(&servers).await;
    (redis, fleet, servers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_servers_fetch_one_token_and_replace_it_once() {
    let (_redis, fleet, servers) = four_servers().await;
    assert_eq!(fleet.fetches(), 1);
    fleet.wechat.simulator.refuse_tokens(None, false);
    all_answered(&servers).await;
    assert_eq!(fleet.fetches(), 2);
    assert_eq!(fleet.wechat.simulator.calls().forced_refreshes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loss_of_redis_causes_no_further_fetches() {
    let (mut redis, fleet, servers) = four_servers().await;

    redis.kill();
    all_answered(&servers).await;
    assert_eq!(fleet.fetches(), 1, "each goes on with what it has");
    // A new server has no cached token and fetches one, once.
    let new = [fleet.server()];
    all_answered(&new).await;
    assert_eq!(fleet.fetches(), 2);
    // A rejected token causes one refresh only.
    for _ in 0..3 {
        fleet.wechat.simulator.refuse_tokens(None, false);
        let code = json!({"code": "none"});
        join_all((0..100).map(|number| {
            let server = &servers[number % 4];
            let code = &code;
            async move {
                let app = development_app();
                server.call::<Value>(&app, Api::GetUserPhoneNumber, code).await.unwrap_err();
            }
        }))
        .await;
    }
    assert!(fleet.fetches() <= 2 + 4, "{} fetches", fleet.fetches());
    assert_eq!(fleet.wechat.simulator.calls().forced_refreshes, 0);
}
