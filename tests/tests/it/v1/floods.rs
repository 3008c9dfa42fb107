//! Floods of invalid requests: counted per offender, without effect on others, and without status 5xx.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::weapp::Phone;
use yibi_tests::{App, Backend, Reply, wafer};

on_both_backends! {
    wrong_tokens_of_a_known_session_are_counted_against_it,
    wrong_keys_of_a_known_wafer_session_are_counted_against_it,
    a_flood_of_wrong_tokens_turns_away_neither_good_ones_nor_sign_ins,
    unknown_paths_and_methods_count_as_failures_of_strangers,
    parallel_renewals_share_a_token_and_are_no_fault,
    a_user_has_a_bounded_number_of_sessions,
}

const FEW: [(&str, &str); 2] = [("LIMITS__ADDRESS_FAILURES", "1"), ("LIMITS__ADDRESS_FAILURES_BURST", "5")];

/// Sends requests until one gets the `refused` reply; returns the number of requests before it.
async fn until<F: Future<Output = Reply>>(
    refused: impl Fn(&Reply) -> bool,
    request: impl Fn() -> F,
) -> usize {
    for number in 0..200 {
        if refused(&request().await) {
            return number;
        }
    }
    panic!("200 failures are answered without a limit");
}

fn limited(reply: &Reply) -> bool {
    reply.status == 429
}

async fn wrong_tokens_of_a_known_session_are_counted_against_it(backend: Backend) {
    let app = App::start_with(backend, &FEW);
    let alice = app.user("alice").await;
    alice.get("/api/v1/me").await.ok();
    let good = alice.token.clone().unwrap();
    // The session id is valid, the secret is wrong.
    let wrong = app.api().with_token(&format!("{}{}", &good[..32], "A".repeat(32)));
    let number = until(limited, || wrong.get("/api/v1/me")).await;
    assert!(number >= 5, "{number}");
    alice.get("/api/v1/me").await.ok();
    // The failures do not count against the address.
    app.api().with_token(&"A".repeat(64)).get("/api/v1/me").await.problem(401, "unauthenticated");
    app.user("bob").await.get("/api/v1/me").await.ok();
}

async fn wrong_keys_of_a_known_wafer_session_are_counted_against_it(backend: Backend) {
    let app = App::start_with(backend, &FEW);
    let pair = wafer::log_in(&app.public, &app.wechat.login("alice").await).await.opened();
    wafer::user(&Phone::with_pair(&app.public, &pair)).await.wafer_user();
    let wrong = wafer::Pair { skey: "0".repeat(64), ..pair };
    let wrong = Phone::with_pair(&app.public, &wrong);
    let refused = |reply: &Reply| reply.text().contains("too many requests");
    let number = until(refused, || wafer::user(&wrong)).await;
    assert!(number >= 5, "{number}");
    app.api().with_token(&"A".repeat(64)).get("/api/v1/me").await.problem(401, "unauthenticated");
}

async fn a_flood_of_wrong_tokens_turns_away_neither_good_ones_nor_sign_ins(backend: Backend) {
    let mut app = App::start_with(backend, &FEW);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    // A restarted server has no cached sessions.
    app.restart();
    let alice = alice.at(&app.public);
    let stranger = app.api().with_token(&"A".repeat(64));
    until(limited, || stranger.get("/api/v1/me")).await;
    alice.get("/api/v1/me").await.ok();
    until(limited, || stranger.get("/api/v1/me")).await;
    app.user("bob").await.get("/api/v1/me").await.ok();
    until(limited, || stranger.get("/api/v1/me")).await;
    app.phone_2016("cleo").await.save("p1", crate::weapp::line(1.0)).await.done();
    wafer::log_in(&app.public, &app.wechat.login("dora").await).await.opened();
    // Failed sign-ins have a separate budget and do not affect tokens.
    let sign_in = || async { app.api().post("/api/v1/session", &json!({"code": "invalid-code"})).await };
    until(limited, sign_in).await;
    alice.get("/api/v1/me").await.ok();
}

async fn unknown_paths_and_methods_count_as_failures_of_strangers(backend: Backend) {
    let app = App::start_with(backend, &FEW);
    let alice = app.user("alice").await;
    let api = app.api();
    let number = until(limited, || api.get("/api/v1/no/such/path")).await;
    assert!(number >= 5, "{number}");
    until(limited, || api.delete("/api/v1/limits")).await;
    // Existing paths are still served, and the 404 replies of a signed-in user do not count against the address.
    api.get("/api/v1/limits").await.ok();
    for _ in 0..12 {
        alice.get("/api/v1/drawings/none").await.problem(404, "drawing_not_found");
    }
}

async fn parallel_renewals_share_a_token_and_are_no_fault(backend: Backend) {
    let app = App::start(backend);
    let sibling = (backend == Backend::Shared).then(|| app.sibling());
    let mut alice = app.user("alice").await;
    for _ in 0..3 {
        let there = alice.at(sibling.as_ref().map_or(&app.public, |sibling| &sibling.public));
        let renewals = (0..40).map(|number| {
            let api = if number % 2 == 0 { &alice } else { &there };
            async move { api.post("/api/v1/session/renew", &json!({})).await }
        });
        let replies: Vec<Reply> = join_all(renewals).await;
        let (renewed, others): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
        for other in others {
            other.problem(429, "rate_limited");
            assert!(!other.header("retry-after").is_empty());
        }
        let newest = async |token: &Value| {
            let api = app.api().with_token(token.as_str().unwrap());
            (api.get("/api/v1/me").await.status == 200).then_some(api)
        };
        let mut good = Vec::new();
        for reply in &renewed {
            good.extend(newest(&reply.json()["token"]).await);
        }
        assert!(!good.is_empty(), "of {} new tokens none is good", renewed.len());
        alice = good.swap_remove(0);
    }
    let log = app.log() + &sibling.map(|sibling| sibling.log()).unwrap_or_default();
    assert_eq!(log.lines().find(|line| line.contains("\"level\":\"ERROR\"")), None);
}

/// Maximum number of sessions of a user.
const SESSIONS: usize = 32;

async fn a_user_has_a_bounded_number_of_sessions(backend: Backend) {
    let app = App::start(backend);
    let first = app.user("alice").await;
    let second = app.user("alice").await;
    let mut last = second.clone();
    for _ in 0..SESSIONS {
        last = app.user("alice").await;
    }
    let sessions = last.get("/api/v1/me/sessions").await.ok();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), SESSIONS);
    for ended in [first, second] {
        ended.get("/api/v1/me").await.problem(401, "unauthenticated");
    }
    assert_eq!(app.user("bob").await.get("/api/v1/me").await.status, 200);
}
