//! Users: search, blocking.

use serde_json::{Value, json};
use yibi_tests::weapp::{MAGIC, Phone};
use yibi_tests::{App, Backend, wait_until};

use super::{audited, column, operator, rows};

async fn searching(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    for (name, nickname) in [("a", "小明"), ("b", "小红"), ("c", "小明"), ("d", "Zoë 100%_")] {
        let user = app.user(name).await;
        user.patch("/api/v1/me", &json!({"nickname": nickname})).await.ok();
    }
    let all = rows(&api, "/admin/v1/users", "users", 3).await;
    assert_eq!(column(&all, "/user/nickname"), ["Zoë 100%_", "小明", "小红", "小明"], "the newest first");
    let mut reversed = rows(&api, "/admin/v1/users?reverse=true", "users", 1).await;
    reversed.reverse();
    assert_eq!(reversed, all);
    for (prefix, expected) in [("小", 3), ("小明", 2), ("Zo", 1), ("100", 0), ("%25", 0), ("", 4)] {
        let path = format!("/admin/v1/users?nickname={prefix}");
        assert_eq!(rows(&api, &path, "users", 2).await.len(), expected, "{prefix}");
        let mut reversed = rows(&api, &format!("{path}&reverse=true"), "users", 1).await;
        reversed.reverse();
        assert_eq!(reversed, rows(&api, &path, "users", 2).await, "{prefix}");
        let counted = api.get(&format!("/admin/v1/users/count?nickname={prefix}")).await.ok();
        assert_eq!(counted, json!({"value": expected, "exact": true}));
    }
    let openid = all[1]["user"]["openid"].as_str().unwrap();
    let found =
        rows(&api, &format!("/admin/v1/users?openid={}", &openid[..openid.len() - 1]), "users", 5).await;
    assert!(column(&found, "/user/openid").contains(&openid));
    let found = rows(&api, &format!("/admin/v1/users?openid={openid}"), "users", 1).await;
    assert_eq!(found, all[1..2]);
    api.get("/admin/v1/users?openid=o&nickname=n").await.problem(422, "invalid_value");
    api.get("/admin/v1/users/nobody").await.problem(404, "user_not_found");
}

#[tokio::test]
async fn searching_embedded() {
    searching(Backend::Embedded).await;
}

#[tokio::test]
async fn searching_shared() {
    searching(Backend::Shared).await;
}

async fn blocking(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    let alice = app.user("alice").await;
    alice.append("d", 0, json!([yibi_tests::api::stroke(1)])).await.ok();
    let bob = app.user("bob").await;
    let id = alice.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("/admin/v1/users/{id}");
    let before = api.get(&path).await.ok();
    assert_eq!((&before["drawings"], &before["latest"][0]["id"]), (&1.into(), &"d".into()));
    assert_eq!(before["sessions"].as_array().unwrap().len(), 1);
    assert!(before["bytes"].as_u64().unwrap() > 0);
    assert_eq!(before["user"]["blocked_at"], Value::Null);

    let blocked = api.post(&format!("{path}/block"), &Value::Null).await.ok();
    assert!(blocked["blocked_at"].is_string());
    wait_until("the blocked user's sessions have ended", || async {
        alice.get("/api/v1/me").await.status == 401
    })
    .await;
    let code = app.wechat.code("alice").await;
    app.api().post("/api/v1/session", &json!({"code": code})).await.problem(403, "account_blocked");
    bob.get("/api/v1/me").await.ok();
    assert_eq!(rows(&api, "/admin/v1/users?blocked=true", "users", 5).await, std::slice::from_ref(&blocked));
    assert_eq!(rows(&api, "/admin/v1/users?blocked=false", "users", 5).await.len(), 1);
    assert_eq!(api.post(&format!("{path}/block"), &Value::Null).await.ok(), blocked, "since the first time");

    let free = api.post(&format!("{path}/unblock"), &Value::Null).await.ok();
    assert_eq!(free["blocked_at"], Value::Null);
    let again = app.user("alice").await;
    assert_eq!(again.drawing("d").await["seq"], 1);
    let entries = audited(&api).await;
    assert_eq!(column(&entries, "/change"), ["unblock_user", "block_user", "block_user"]);
    assert_eq!(column(&entries, "/user"), [&id, &id, &id]);
    api.post("/admin/v1/users/nobody/block", &Value::Null).await.problem(404, "user_not_found");
    assert_eq!(audited(&api).await.len(), 3);
}

#[tokio::test]
async fn blocking_embedded() {
    blocking(Backend::Embedded).await;
}

#[tokio::test]
async fn blocking_shared() {
    blocking(Backend::Shared).await;
}

#[tokio::test]
async fn a_blocked_user_of_2016_is_told_so_and_not_to_sign_in_again() {
    let app = App::start(Backend::Embedded);
    let api = operator(&app);
    let phone = app.phone_2016("alice").await;
    let id = rows(&api, "/admin/v1/users", "users", 5).await[0]["user"]["id"].as_str().unwrap().to_owned();
    api.post(&format!("/admin/v1/users/{id}/block"), &Value::Null).await.ok();
    wait_until("the session has ended", || async {
        phone.list().await.json()["reason"] == "ERR_SESSION_EXPIRED"
    })
    .await;
    // The client then calls wx.login again and sends all three headers.
    let again = Phone::with_login(&app.public, &app.wechat.login("alice").await);
    let error = json!({"name": "Error", "message": "the user is blocked"});
    let refused = json!({MAGIC: 1, "reason": "ERR_USER_BLOCKED", "error": error});
    assert_eq!(again.list().await.json(), refused);
    let errors = api.get("/admin/v1/errors").await.ok();
    assert_eq!(errors["groups"][0]["code"], "account_blocked");
    api.post(&format!("/admin/v1/users/{id}/unblock"), &Value::Null).await.ok();
    let login = app.wechat.login("alice").await;
    assert_eq!(Phone::with_login(&app.public, &login).shown().await, []);
}
