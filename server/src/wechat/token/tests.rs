//! The token cache and the API service against the simulator, with several servers on one store.

use std::num::NonZeroU32;
use std::path::PathBuf;

use futures_util::future::join_all;
use serde_json::{Value, json};
use wechat_simulator::{Api as SimulatedApi, Scripted, Step};

use super::*;
use crate::keys::KeyPlace;
use crate::settings;
use crate::store::Backend;
use crate::store::sqlite::SqliteStore;
use crate::wechat::testing::{Running, development_app};
use crate::wechat::{Wechat, session_signature};

const PATIENT: Duration = Duration::from_secs(10);

struct Fleet {
    wechat: Running,
    store: SqliteStore,
    directory: PathBuf,
    keys: Arc<LazyKeyring>,
}

impl Fleet {
    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("yibi-token-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let key = data_encoding::BASE64.encode(&[7; 32]);
        let settings = settings::Keys {
            sealing: key.clone().into(),
            sealing_old: "".into(),
            signing: key.into(),
            signing_old: "".into(),
        };
        let keys = Arc::new(LazyKeyring::new(settings, KeyPlace::Directory(directory.clone())));
        Self { wechat: Running::start(), store: SqliteStore::open(&directory).unwrap(), directory, keys }
    }

    fn server(&self) -> Wechat {
        let store = SessionStore::new(Backend::Embedded(self.store.clone()), Arc::default());
        Wechat::new(self.wechat.client(PATIENT), store, Arc::clone(&self.keys))
    }

    fn fetches(&self) -> u64 {
        self.wechat.simulator.calls().apis.get("stable_token").copied().unwrap_or(0)
    }

    fn forced(&self) -> u64 {
        self.wechat.simulator.calls().forced_refreshes
    }

    fn script(&self, api: SimulatedApi, step: Step) {
        let scripted = Scripted { step, times: NonZeroU32::MIN, api };
        self.wechat.simulator.script(vec![scripted]).unwrap();
    }

    fn gives(&self, token: &str, expires_in: u64) {
        let body = json!({"access_token": token, "expires_in": expires_in}).to_string();
        self.script(SimulatedApi::StableToken, Step::Http { status: 200, body, location: None });
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn app() -> WechatApp {
    development_app()
}

/// A call on behalf of a session whose user the simulator does not know.
async fn call(server: &Wechat) -> WechatError {
    let signature = session_signature(&"AAAA".into(), b"");
    let query = [("openid", "o1"), ("signature", &signature), ("sig_method", "hmac_sha256")];
    server.query::<Value>(&app(), Api::CheckSession, &query, &[]).await.unwrap_err()
}

fn text(token: &AccessToken) -> &str {
    token.text.expose_secret()
}

/// WeChat's answer to [`call`] with a valid token.
const ANSWERED: Option<i64> = Some(87007);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_four_servers_with_400_calls_one_asks() {
    let fleet = Fleet::new();
    let servers: Vec<_> = (0..4).map(|_| fleet.server()).collect();
    let calls = (0..400).map(|number| call(&servers[number % 4]));
    for error in join_all(calls).await {
        assert_eq!(error.errcode, ANSWERED, "{error:?}");
    }
    assert_eq!(fleet.fetches(), 1);
    // A server that starts later does not fetch one either.
    assert_eq!(call(&fleet.server()).await.errcode, ANSWERED);
    assert_eq!(fleet.fetches(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_wechat_refuses_is_replaced_once() {
    let fleet = Fleet::new();
    let servers: Vec<_> = (0..4).map(|_| fleet.server()).collect();
    let calls = || join_all((0..100).map(|number| call(&servers[number % 4])));
    calls().await;
    for _ in 0..2 {
        let before = fleet.fetches();
        fleet.wechat.simulator.refuse_tokens(None, false);
        for error in calls().await {
            assert_eq!(error.errcode, ANSWERED, "{error:?}");
        }
        assert_eq!((fleet.fetches(), fleet.forced()), (before + 1, 0));
    }
}

#[tokio::test]
async fn every_errcode_of_a_bad_token_makes_one_replay() {
    let fleet = Fleet::new();
    let server = fleet.server();
    for errcode in [40001, 40014, 42001] {
        let bad = || Step::Error { errcode, errmsg: "bad token".to_owned() };
        let calls = || fleet.wechat.simulator.calls().apis["checksession"];
        call(&server).await;
        let before = calls();
        fleet.script(SimulatedApi::CheckSession, bad());
        assert_eq!(call(&server).await.errcode, ANSWERED);
        assert_eq!(calls(), before + 2);
        // The simulator refuses a single token.
        fleet.wechat.simulator.refuse_tokens(None, false);
        fleet.script(SimulatedApi::CheckSession, bad());
        fleet.script(SimulatedApi::CheckSession, bad());
        let error = call(&server).await;
        assert_eq!(error.errcode, Some(errcode));
        assert!(matches!(error.class, Class::Wait { .. }), "{error:?}");
        assert_eq!(calls(), before + 4);
    }
}

#[tokio::test]
async fn a_refused_token_that_wechat_gives_again_is_ended_by_force_within_the_budget() {
    let fleet = Fleet::new();
    let server = fleet.server();
    call(&server).await;
    fleet.wechat.simulator.refuse_tokens(None, true);
    // WeChat's servers may be inconsistent for a while: a refusal does not force a refresh at once.
    assert_eq!((call(&server).await.errcode, fleet.forced()), (Some(40001), 0));
    assert_eq!((call(&server).await.errcode, fleet.forced()), (ANSWERED, 1));

    // No server forces another refresh within 30 seconds.
    fleet.wechat.simulator.refuse_tokens(None, true);
    for server in [&server, &fleet.server()] {
        call(server).await;
        let error = call(server).await;
        assert!(matches!(error.cause, Some(Cause::NoToken(_))), "{error:?}");
        let Class::Wait { retry_after } = error.class else { panic!("{error:?}") };
        assert!((Duration::from_secs(20)..=FORCED_APART).contains(&retry_after), "{retry_after:?}");
    }
    assert_eq!(fleet.forced(), 1);
}

#[tokio::test]
async fn calls_that_are_refused_together_force_nothing() {
    let fleet = Fleet::new();
    let server = fleet.server();
    call(&server).await;
    let before = fleet.fetches();
    fleet.wechat.simulator.refuse_tokens(None, true);
    for error in join_all((0..10).map(|_| call(&server))).await {
        assert_eq!(error.errcode, Some(40001), "{error:?}");
    }
    assert_eq!((fleet.fetches(), fleet.forced()), (before + 1, 0));
    assert_eq!((call(&server).await.errcode, fleet.forced()), (ANSWERED, 1));
}

#[tokio::test]
async fn forced_refreshes_are_20_a_day() {
    let fleet = Fleet::new();
    let server = fleet.server();
    let keeper = &server.tokens_for_tests();
    let slot = keeper.slot(&app());
    let name = format!("wechat-forced:{}", app().id);
    let ago = |seconds| Micros::now().minus(Duration::from_secs(seconds));
    let spent: Vec<Micros> = (0..19).rev().map(|number| ago(100 + number * 3_600)).collect();
    keeper.0.store.put_note(&name, &serde_json::to_string(&spent).unwrap(), DAY).await.unwrap();
    assert!(keeper.may_force(&slot).await.is_ok());
    let kept = keeper.0.store.note(&name).await.unwrap().unwrap();
    let mut spent: Vec<Micros> = serde_json::from_str(&kept).unwrap();
    assert_eq!(spent.len(), 20);
    *spent.last_mut().unwrap() = ago(60);
    keeper.0.store.put_note(&name, &serde_json::to_string(&spent).unwrap(), DAY).await.unwrap();
    let Err(Missing::Wechat(error)) = keeper.may_force(&slot).await else { panic!("a 21st") };
    assert!(matches!(error.class, Class::Wait { retry_after } if retry_after > Duration::from_secs(3_600)));
    // A day later, the budget has room again.
    *spent.first_mut().unwrap() = ago(86_401);
    keeper.0.store.put_note(&name, &serde_json::to_string(&spent).unwrap(), DAY).await.unwrap();
    assert!(keeper.may_force(&slot).await.is_ok());
}

#[tokio::test]
async fn a_token_near_its_end_serves_while_the_next_is_fetched() {
    let fleet = Fleet::new();
    let keeper = fleet.server().tokens_for_tests();
    fleet.gives("the-old-one", AHEAD.as_secs() - 1);
    let old = keeper.token(&app()).await.unwrap();
    assert_eq!(text(&old), "the-old-one");
    fleet.script(SimulatedApi::StableToken, Step::Delay { ms: 300 });
    let serving = keeper.token(&app()).await.unwrap();
    assert_eq!(text(&serving), "the-old-one", "nobody waits");
    let end = Instant::now() + PATIENT;
    while text(&keeper.token(&app()).await.unwrap()) == "the-old-one" {
        assert!(Instant::now() < end, "it is never replaced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fleet.fetches(), 2);
    // Another server reads the new token from the store.
    let elsewhere = fleet.server().tokens_for_tests().token(&app()).await.unwrap();
    assert!(text(&elsewhere).starts_with("SIM_"));
    assert_eq!(fleet.fetches(), 2);
}

#[tokio::test]
async fn a_token_that_can_not_be_replaced_serves_to_its_end() {
    let fleet = Fleet::new();
    let keeper = fleet.server().tokens_for_tests();
    fleet.gives("the-old-one", 60);
    keeper.token(&app()).await.unwrap();
    let refusal = Step::Error { errcode: 45009, errmsg: "reach max api daily quota limit".to_owned() };
    fleet.script(SimulatedApi::StableToken, refusal);
    for _ in 0..20 {
        assert_eq!(text(&keeper.token(&app()).await.unwrap()), "the-old-one");
        tokio::task::yield_now().await;
    }
    // The task that replaces the token holds the lock; the next holder has nothing to do for a while.
    let slot = keeper.slot(&app());
    drop(slot.pace.lock().await);
    keeper.token(&app()).await.unwrap();
    drop(slot.pace.lock().await);
    assert_eq!(fleet.fetches(), 2);
    // An expired token is no longer used.
    fleet.gives("a-short-one", 5);
    *slot.held() = None;
    slot.pace.lock().await.failed = None;
    keeper.0.store.put_note(&slot.note(), "not sealed by anybody", DAY).await.unwrap();
    keeper.token(&app()).await.unwrap();
    assert!(text(&keeper.token(&app()).await.unwrap()).starts_with("SIM_"));
}

#[tokio::test]
async fn what_wechat_refuses_is_not_asked_again_at_once() {
    let fleet = Fleet::new();
    let server = fleet.server();
    let refusal = Step::Error { errcode: 40164, errmsg: "invalid ip".to_owned() };
    fleet.script(SimulatedApi::StableToken, refusal);
    for _ in 0..20 {
        let error = call(&server).await;
        assert_eq!((error.class, error.errcode), (Class::Configuration, Some(40164)));
        assert!(error.rid.is_some());
    }
    assert_eq!(fleet.fetches(), 1);
    tokio::time::sleep(FAILED_PAUSES.0).await;
    assert_eq!(call(&server).await.errcode, ANSWERED);
    assert_eq!(fleet.fetches(), 2);
}

#[tokio::test]
async fn without_the_store_a_server_goes_on_with_what_it_has_and_asks_once() {
    let fleet = Fleet::new();
    let (had, new) = (fleet.server(), fleet.server());
    call(&had).await;
    fleet.store.close();
    for _ in 0..3 {
        assert_eq!(call(&had).await.errcode, ANSWERED);
    }
    assert_eq!(fleet.fetches(), 1, "it has one");
    for _ in 0..3 {
        assert_eq!(call(&new).await.errcode, ANSWERED);
    }
    assert_eq!(fleet.fetches(), 2, "it has none");
    // A token that is refused as well is replaced once, then left.
    for _ in 0..5 {
        fleet.wechat.simulator.refuse_tokens(None, false);
        call(&had).await;
    }
    assert_eq!((fleet.fetches(), fleet.forced()), (3, 0));
}

#[tokio::test]
async fn a_token_of_another_form_is_none() {
    for body in [
        json!({"access_token": "", "expires_in": 7200}),
        json!({"access_token": "a b", "expires_in": 7200}),
        json!({"access_token": "é", "expires_in": 7200}),
        json!({"access_token": "a".repeat(MAX_TOKEN + 1), "expires_in": 7200}),
        json!({"access_token": "abc", "expires_in": 0}),
        json!({"access_token": "abc", "expires_in": 100_000}),
        json!({"access_token": "abc"}),
        json!({"errcode": 0}),
    ] {
        let fleet = Fleet::new();
        fleet.script(
            SimulatedApi::StableToken,
            Step::Http { status: 200, body: body.to_string(), location: None },
        );
        let error = call(&fleet.server()).await;
        assert!(matches!(error.cause, Some(Cause::NoToken(_))), "{body} {error:?}");
        assert_eq!(error.class, Class::Unreachable);
    }
}

#[tokio::test]
async fn tokens_are_sealed_at_rest_and_shown_nowhere() {
    let fleet = Fleet::new();
    let server = fleet.server();
    let token = server.access_token(&app()).await.unwrap();
    assert!(token.expires_in() > Duration::from_secs(7_000));
    assert!(!format!("{token:?}").contains(text(&token)));
    let keeper = server.tokens_for_tests();
    let note = keeper.0.store.note(&keeper.slot(&app()).note()).await.unwrap().unwrap();
    assert!(!note.contains(text(&token)));
    let echo = json!({"errcode": 40013, "errmsg": format!("no {}", text(&token))}).to_string();
    fleet.script(SimulatedApi::CheckSession, Step::Http { status: 200, body: echo, location: None });
    assert!(!format!("{:?}", call(&server).await).contains(text(&token)));
}

#[tokio::test]
async fn two_apps_have_two_tokens() {
    let fleet = Fleet::new();
    let keeper = fleet.server().tokens_for_tests();
    let other = WechatApp { id: "wxother".to_owned(), secret: "s".into() };
    fleet.gives("of-the-one", 7_200);
    fleet.gives("of-the-other", 7_200);
    let (one, two) = (keeper.token(&app()).await.unwrap(), keeper.token(&other).await.unwrap());
    assert_eq!((text(&one), text(&two)), ("of-the-one", "of-the-other"));
}
