use std::path::PathBuf;

use serde_json::json;
use wechat_simulator::{Api as SimulatedApi, Scripted, Step};

use super::*;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::settings::Settings;
use crate::store::Backend;
use crate::store::sqlite::SqliteStore;
use crate::wechat::testing::{Running, development_app};

const CODE: &str = "0123456789ab";
const API: SimulatedApi = SimulatedApi::GetWxaCodeUnlimit;

/// Servers that share one store and one simulated WeChat.
struct Fleet {
    wechat: Running,
    store: SqliteStore,
    directory: PathBuf,
}

impl Fleet {
    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("yibi-codes-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        Self { wechat: Running::start(), store: SqliteStore::open(&directory).unwrap(), directory }
    }

    fn server(&self) -> MiniprogramCodeService {
        let settings = Settings::load(None, [], &[]).unwrap();
        let keys = LazyKeyring::new(settings.keys.clone(), KeyPlace::Directory(self.directory.clone()));
        let sessions = SessionStore::new(Backend::Embedded(self.store.clone()), Arc::default());
        let client = self.wechat.client(Duration::from_secs(10));
        let wechat = Wechat::new(client, sessions.clone(), Arc::new(keys));
        let store = GalleryStore::new(Backend::Embedded(self.store.clone()), Arc::default());
        let pause = Duration::from_millis(10);
        let service = MiniprogramCodeService::with_pause(
            store,
            sessions,
            wechat,
            vec![development_app()],
            MiniProgramEnv::Release,
            pause,
        );
        tokio::spawn(run_code_making(service.clone(), std::future::pending()));
        service
    }

    fn calls(&self) -> u64 {
        self.wechat.simulator.calls().apis.get("getwxacodeunlimit").copied().unwrap_or(0)
    }

    fn script(&self, step: Step, times: u32) {
        let times = times.try_into().unwrap();
        self.wechat.simulator.script(vec![Scripted { step, times, api: API }]).unwrap();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn app_id() -> String {
    development_app().id
}

async fn wait_for(service: &MiniprogramCodeService) -> Bytes {
    for _ in 0..6_000 {
        if let Some(picture) = service.get(&app_id(), CODE).await {
            return picture;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the picture was not made within a minute");
}

/// Waits until no picture waits to be made.
async fn settle(service: &MiniprogramCodeService) {
    for _ in 0..6_000 {
        if service.waiting().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("pictures still wait after a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_made_once_for_all_servers() {
    let fleet = Fleet::new();
    let servers = [fleet.server(), fleet.server(), fleet.server()];
    assert_eq!(servers[0].get(&app_id(), CODE).await, None, "a read makes nothing");
    for server in &servers {
        server.wish(&app_id(), CODE);
        server.wish(&app_id(), CODE);
    }
    let picture = wait_for(&servers[2]).await;
    assert!(picture.starts_with(b"\x89PNG"));
    for server in &servers {
        settle(server).await;
        server.wish(&app_id(), CODE);
        assert_eq!(server.get(&app_id(), CODE).await.as_ref(), Some(&picture));
        settle(server).await;
    }
    assert_eq!(fleet.calls(), 1);
    servers[0].remove(&app_id(), CODE).await.unwrap();
    assert_eq!(servers[1].get(&app_id(), CODE).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_repeated_and_nothing_but_a_picture_is_kept() {
    let fleet = Fleet::new();
    let invalid_page = json!({"errcode": 41030, "errmsg": "invalid page"}).to_string();
    fleet.script(Step::Http { status: 200, body: invalid_page, location: None }, 1);
    fleet.script(Step::Garbage { bytes: 100 }, 1);
    fleet.script(Step::Garbage { bytes: 2 << 20 }, 1);
    fleet.script(Step::Error { errcode: 40001, errmsg: "invalid credential".to_owned() }, 1);
    let service = fleet.server();
    service.wish(&app_id(), CODE);
    assert!(wait_for(&service).await.starts_with(b"\x89PNG"));
    // The refused access token was replaced within the fourth attempt.
    assert_eq!(fleet.calls(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_keeps_failing_is_left_until_the_next_wish() {
    let fleet = Fleet::new();
    fleet.script(Step::Error { errcode: 41030, errmsg: "invalid page".to_owned() }, TRIES);
    let service = fleet.server();
    service.wish(&app_id(), CODE);
    settle(&service).await;
    assert_eq!(fleet.calls(), u64::from(TRIES));
    assert_eq!(service.get(&app_id(), CODE).await, None);
    service.wish(&app_id(), CODE);
    wait_for(&service).await;
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let fleet = Fleet::new();
    let service = fleet.server();
    // The task that makes pictures does not run before the first await.
    for number in 0..=QUEUE {
        service.wish(&app_id(), &format!("{number:012}"));
    }
    assert_eq!(service.waiting().len(), QUEUE);
}
