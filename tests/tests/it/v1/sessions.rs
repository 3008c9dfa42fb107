//! Sessions: tokens, renewal, list, and end.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::{Api, App, Backend, Server, Wechat, wait_until};

on_both_backends! {
    renewal_rotates_the_token_without_wechat,
    a_token_is_good_as_a_whole_and_in_its_place,
    sessions_are_listed_and_ended_one_by_one,
    a_session_of_another_user_is_not_accessible,
    a_session_ends_when_it_is_not_used,
    sessions_survive_a_crash,
}

async fn renew(api: &Api) -> Api {
    let reply = api.post("/api/v1/session/renew", &json!({})).await.ok();
    assert_eq!(reply["expires_in"], 7200);
    api.with_token(reply["token"].as_str().unwrap())
}

async fn renewal_rotates_the_token_without_wechat(backend: Backend) {
    let app = App::start(backend);
    let first = app.user("alice").await;
    let second = renew(&first).await;
    assert_ne!(first.token, second.token);
    // The client repeats a renewal whose reply was lost with the old token.
    let third = renew(&first).await;
    for api in [&first, &second, &third] {
        let sessions = api.get("/api/v1/me/sessions").await.ok();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    }
    // At most three tokens are valid at a time, so the first expires before its minute is over.
    renew(&third).await;
    first.get("/api/v1/me").await.problem(401, "unauthenticated");
    second.get("/api/v1/me").await.ok();
    assert_eq!(app.wechat.calls().await["apis"], json!({"jscode2session": 1}));

    second.delete("/api/v1/session").await;
    let renewals = [&second, &third].map(|api| api.post("/api/v1/session/renew", &Value::Null));
    for reply in join_all(renewals).await {
        reply.problem(401, "unauthenticated");
    }
}

async fn a_token_is_good_as_a_whole_and_in_its_place(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await.token.unwrap();
    let bob = app.user("bob").await.token.unwrap();
    let shown = async |value: &str| {
        let request = app.api().request(Method::GET, "/api/v1/me").header("authorization", value);
        Api::send(request).await
    };
    shown(&format!("Bearer {alice}")).await.ok();
    shown(&format!("bearer  {alice}")).await.ok();
    let mut wrong: Vec<String> = [0, 1, 21, 22, 43, 63].map(|end| format!("Bearer {}", &alice[..end])).into();
    for position in [0, 10, 21, 22, 40, 63] {
        let other = if &alice[position..=position] == "A" { "B" } else { "A" };
        wrong.push(format!("Bearer {}{other}{}", &alice[..position], &alice[position + 1..]));
    }
    wrong.extend([
        // Session id of one token and secret of the other: 16 and 32 bytes, so the border lies within a base64
        // character.
        format!("Bearer {}{}", &alice[..21], &bob[21..]),
        format!("Bearer {alice}A"),
        format!("Bearer {alice}="),
        format!("Bearer {alice}{bob}"),
        format!("Bearer {alice}, Bearer {bob}"),
        format!("Basic {alice}"),
        format!("Token {alice}"),
        format!("Bearer{alice}"),
        format!("Bearer\t{alice}"),
        alice.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
        format!("Bearer {}", "A".repeat(6_000)),
        format!("Bearer {}", yibi_tests::server::ADMIN_TOKEN),
    ]);
    for value in &wrong {
        let reply = shown(value).await;
        reply.problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer", "{value}");
    }
    let in_query = app.api().get(&format!("/api/v1/me?token={alice}&access_token={alice}")).await;
    in_query.problem(401, "unauthenticated");
    // A token of v1 is not a code of 2016.
    let code = app.api().with_header("x-wx-code", &alice).get("/applet/session/paints/list").await;
    assert_eq!(code.json()["reason"], "ERR_SESSION_EXPIRED");
}

async fn sign_in_on(server: &Server, wechat: &Wechat, user: &str, device: &str) -> Api {
    let body = json!({"code": wechat.code(user).await, "device": device});
    let reply = server.api().post("/api/v1/session", &body).await.ok();
    server.api().with_token(reply["token"].as_str().unwrap())
}

async fn sessions(api: &Api) -> Vec<Value> {
    api.get("/api/v1/me/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

async fn current(api: &Api) -> String {
    let sessions = sessions(api).await;
    let current: Vec<&Value> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1, "{sessions:?}");
    current[0]["id"].as_str().unwrap().to_owned()
}

async fn sessions_are_listed_and_ended_one_by_one(backend: Backend) {
    let app = App::start(backend);
    let phone = sign_in_on(&app, &app.wechat, "alice", "iPhone\n\u{202e}15").await;
    let tablet = sign_in_on(&app, &app.wechat, "alice", &"汉".repeat(100)).await;
    let code = app.wechat.code("alice").await;
    let agent = app.api().with_header("user-agent", "MicroMessenger/8.0").sign_in(&code).await;
    let mut devices: Vec<String> =
        sessions(&phone).await.iter().map(|session| session["device"].as_str().unwrap().to_owned()).collect();
    devices.sort();
    assert_eq!(devices, ["MicroMessenger/8.0", "iPhone15", &"汉".repeat(64)]);
    for session in sessions(&phone).await {
        assert_eq!(session["dialect"], "yibi");
        for moment in ["created_at", "last_seen", "expires_at"] {
            let moment = session[moment].as_str().unwrap();
            assert!(moment.len() >= 20 && moment.ends_with('Z') && &moment[10..11] == "T", "{moment}");
        }
        assert!(session["expires_at"].as_str() > session["created_at"].as_str());
    }
    assert_ne!(current(&phone).await, current(&tablet).await);

    let ended = format!("/api/v1/me/sessions/{}", current(&tablet).await);
    assert_eq!(phone.delete(&ended).await.status, 204);
    for _ in 0..2 {
        let reply = tablet.get("/api/v1/me").await;
        reply.problem(401, "session_ended");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    tablet.post("/api/v1/session/renew", &json!({})).await.problem(401, "session_ended");
    // Without the token, the reply does not reveal that.
    let (id, forged) = (current(&phone).await, tablet.token.clone().unwrap());
    for token in [&forged[..64], &format!("{}AAAAAAAAAAAAAAAA", &forged[..64])] {
        app.api().with_token(token).get("/api/v1/me").await.problem(401, "unauthenticated");
    }
    assert_eq!(current(&phone).await, id);
    assert_eq!(sessions(&phone).await.len(), 2);
    phone.delete(&ended).await.problem(404, "session_not_found");
    agent.get("/api/v1/me").await.ok();
    // The current session can be ended too.
    let own = format!("/api/v1/me/sessions/{}", current(&phone).await);
    assert_eq!(phone.delete(&own).await.status, 204);
    phone.get("/api/v1/me").await.problem(401, "unauthenticated");
}

async fn a_session_of_another_user_is_not_accessible(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let mallory = app.user("mallory").await;
    let id = current(&alice).await;
    mallory.delete(&format!("/api/v1/me/sessions/{id}")).await.problem(404, "session_not_found");
    for id in
        ["", "x", "..", "0", &id[1..], &id.to_uppercase(), &format!("{id}0"), &"0".repeat(32), "%00", "%ff"]
    {
        let reply = mallory.delete(&format!("/api/v1/me/sessions/{id}")).await;
        assert_eq!(reply.status, 404, "{id}: {}", reply.text());
    }
    alice.get("/api/v1/me").await.ok();
    assert_eq!(sessions(&mallory).await.len(), 1);
}

async fn a_session_ends_when_it_is_not_used(backend: Backend) {
    let app = App::start_with(backend, &[("SESSION__IDLE", "1")]);
    let code = app.wechat.code("alice").await;
    let reply = app.api().post("/api/v1/session", &json!({"code": code})).await.ok();
    assert_eq!(reply["expires_in"], 1);
    let alice = app.api().with_token(reply["token"].as_str().unwrap());
    alice.get("/api/v1/me").await.ok();
    // A request would extend the session.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    alice.get("/api/v1/me").await.problem(401, "unauthenticated");
    app.api().post("/api/v1/session", &json!({"code": code})).await.problem(401, "sign_in_again");
    assert_eq!(sessions(&app.user("alice").await).await.len(), 1);
}

async fn sessions_survive_a_crash(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    let renewed = renew(&alice).await;
    let bob = app.user("bob").await;
    bob.delete("/api/v1/session").await;
    app.crash_and_restart();
    for api in [&alice, &renewed] {
        assert_eq!(sessions(&api.at(&app.public)).await.len(), 1);
    }
    bob.at(&app.public).get("/api/v1/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_revoke_holds_on_every_server() {
    let here = App::start(Backend::Shared);
    let there = here.sibling();
    let phone = here.user("alice").await;
    let tablet = here.user("alice").await.at(&there.public);
    let path = format!("/api/v1/me/sessions/{}", current(&tablet).await);
    assert_eq!(phone.delete(&path).await.status, 204);
    wait_until("the session has ended", || async { tablet.get("/api/v1/me").await.status == 401 }).await;
    // The same holds for ending all sessions at once.
    let tablet = here.user("alice").await.at(&there.public);
    tablet.get("/api/v1/me").await.ok();
    assert_eq!(phone.delete("/api/v1/me").await.status, 204);
    wait_until("the session has ended", || async { tablet.get("/api/v1/me").await.status == 401 }).await;
}

#[tokio::test]
async fn a_token_renewed_on_one_server_is_good_on_the_other_at_once() {
    let here = App::start(Backend::Shared);
    let there = here.sibling();
    let mut alice = here.user("alice").await;
    for _ in 0..5 {
        alice.at(&there.public).get("/api/v1/me").await.ok();
        alice = renew(&alice).await;
    }
    alice.at(&there.public).get("/api/v1/me").await.ok();
}
