//! Account deletion: a closing account stays closed until the user reopens it, and reopened accounts are not erased.

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::weapp::{MAGIC, Phone};
use yibi_tests::{Api, Backend, Reply, Server, Wechat, wafer};

on_both_backends! {
    a_sign_in_during_an_erasure_changes_nothing_until_it_reopens,
    the_older_dialects_are_refused_while_an_account_is_closing,
    a_refused_code_is_refused_alike_when_it_comes_twice,
    concurrent_deletion_and_sign_in_never_erase_a_reopened_account,
}

async fn sign_in(server: &Server, code: &str, reopen: bool) -> Reply {
    let body = if reopen { json!({"code": code, "reopen": true}) } else { json!({"code": code}) };
    server.api().post("/api/v1/session", &body).await
}

async fn a_sign_in_during_an_erasure_changes_nothing_until_it_reopens(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start(backend, &wechat);
    let phone = server.signed_in(&wechat, "alice").await;
    let tablet = server.signed_in(&wechat, "alice").await;
    phone.append("a", 0, json!([stroke(1)])).await.ok();
    assert_eq!(phone.delete("/api/v1/me").await.status, 204);
    tablet.get("/api/v1/me").await.problem(401, "unauthenticated");

    let refused = sign_in(&server, &wechat.code("alice").await, false).await.problem(409, "account_closing");
    let erase_at = refused["erase_at"].as_str().unwrap().to_owned();
    assert!(erase_at.len() >= 20 && erase_at.ends_with('Z'), "{erase_at}");
    for _ in 0..2 {
        let again = sign_in(&server, &wechat.code("alice").await, false).await;
        assert_eq!(again.problem(409, "account_closing")["erase_at"], erase_at.as_str());
    }
    // Other users' sign-ins are unaffected, and `reopen` on an open account has no effect.
    sign_in(&server, &wechat.code("bob").await, true).await.ok();

    let reply = sign_in(&server, &wechat.code("alice").await, true).await.ok();
    assert_eq!(reply["user"]["new"], Value::Null);
    let back = server.api().with_token(reply["token"].as_str().unwrap());
    assert_eq!(back.drawing("a").await["actions"], json!([stroke(1)]));
    sign_in(&server, &wechat.code("alice").await, false).await.ok();
}

async fn the_older_dialects_are_refused_while_an_account_is_closing(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start(backend, &wechat);
    let alice = server.signed_in(&wechat, "alice").await;
    assert_eq!(alice.delete("/api/v1/me").await.status, 204);
    let phone = Phone::with_login(&server.public, &wechat.login("alice").await);
    let error = json!({"name": "Error", "message": "the account is closing"});
    for _ in 0..2 {
        let told = phone.list().await.applet();
        assert_eq!(told, json!({MAGIC: 1, "reason": "ERR_ACCOUNT_CLOSING", "error": error}));
    }
    let login = wechat.login("alice").await;
    for _ in 0..2 {
        wafer::log_in(&server.public, &login).await.wafer_error("ERR_LOGIN_FAILED");
    }
    sign_in(&server, &wechat.code("alice").await, false).await.problem(409, "account_closing");
}

async fn a_refused_code_is_refused_alike_when_it_comes_twice(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start(backend, &wechat);
    let alice = server.signed_in(&wechat, "alice").await;
    assert_eq!(alice.delete("/api/v1/me").await.status, 204);
    let code = wechat.code("alice").await;
    let first = sign_in(&server, &code, false).await.problem(409, "account_closing");
    let second = sign_in(&server, &code, false).await.problem(409, "account_closing");
    assert_eq!(first["erase_at"], second["erase_at"]);
    // The refused sign-in used up the code.
    sign_in(&server, &code, true).await.problem(401, "sign_in_again");
    assert_eq!(wechat.exchanges(&code).await, 1);

    let operator = Api::new(&server.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    server.signed_in(&wechat, "bob").await;
    let users = operator.get("/admin/v1/users").await.ok();
    let named = |user: &&Value| user["erase_at"].is_null();
    let bob = users["users"].as_array().unwrap().iter().find(named).unwrap();
    let bob = bob["user"]["id"].as_str().unwrap();
    operator.post(&format!("/admin/v1/users/{bob}/block"), &Value::Null).await.ok();
    let code = wechat.code("bob").await;
    for _ in 0..2 {
        sign_in(&server, &code, false).await.problem(403, "account_blocked");
    }
    assert_eq!(wechat.exchanges(&code).await, 1);
}

/// Number of concurrent pairs of a `DELETE /me` and a sign-in of the same user.
const PAIRS: usize = 300;

async fn concurrent_deletion_and_sign_in_never_erase_a_reopened_account(backend: Backend) {
    let wechat = Wechat::start();
    let here = Server::start_with(backend, &wechat, &[("LOG__FILTER", "info")]);
    // On the shared databases the two requests use different servers.
    let sibling = (backend == Backend::Shared).then(|| here.sibling());
    let there = sibling.as_ref().unwrap_or(&here);
    let pairs = (0..PAIRS).map(|number| {
        let (here, there, wechat) = (&here, there, &wechat);
        async move {
            let user = format!("user-{number}");
            let phone = here.signed_in(wechat, &user).await;
            let code = wechat.code(&user).await;
            let reopen = number % 3 == 0;
            let (left, signed_in) = tokio::join!(phone.delete("/api/v1/me"), sign_in(there, &code, reopen));
            assert_eq!(left.status, 204, "{user}");
            let token = match signed_in.status.as_u16() {
                200 => signed_in.json()["token"].as_str().unwrap().to_owned(),
                409 => return 0,
                _ => panic!("{user}: {}", signed_in.text()),
            };
            // Servers cache a session for a second; this reads the store's state.
            let alive = loop {
                let reply = there.api().with_token(&token).get("/api/v1/me/sessions").await;
                match reply.status.as_u16() {
                    401 => break false,
                    200 if !reply.json()["sessions"].as_array().unwrap().is_empty() => break true,
                    200 => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                    _ => panic!("{user}: {}", reply.text()),
                }
            };
            let stays = sign_in(there, &wechat.code(&user).await, false).await.status == 200;
            assert!(!alive || stays, "{user} is signed in and about to be erased");
            usize::from(alive)
        }
    });
    let alive: Vec<usize> = iter(pairs).buffer_unordered(24).collect().await;
    assert_eq!(alive.len(), PAIRS);
}
