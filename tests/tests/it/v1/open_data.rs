//! Open data, the session_key, and the unionid of several users.

use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, Server, service, unique};

on_both_backends! {
    open_data_is_decrypted_for_its_user,
    signed_data_is_verified,
    a_profile_sets_missing_fields,
    a_superseded_key_says_sign_in_again,
    open_data_not_from_wechat_is_refused,
    an_operator_resets_a_key,
}

async fn open_data_is_decrypted_for_its_user(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&login.code).await;
    let body = json!({"encrypted_data": login.encrypted_data, "iv": login.iv});
    let open = alice.post("/api/v1/me/open-data", &body).await.ok();
    assert_eq!(open["data"]["nickName"], "alice");
    assert_eq!(open["data"]["country"], "CN");
    for kept_back in ["openId", "unionId", "watermark"] {
        assert_eq!(open["data"][kept_back], Value::Null, "{kept_back}");
    }
    assert_eq!(alice.get("/api/v1/me/session-key").await.ok(), json!({"valid": true}));
    // Another user has another session_key.
    let bob = app.user("bob").await;
    bob.post("/api/v1/me/open-data", &body).await.problem(422, "open_data_invalid");
}

async fn signed_data_is_verified(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&login.code).await;
    let send = async |raw_data: &str, signature: &str| {
        alice.post("/api/v1/me/open-data", &json!({"raw_data": raw_data, "signature": signature})).await
    };
    assert_eq!(send(&login.raw_data, &login.signature).await.ok()["data"]["nickName"], "alice");
    let forged = login.raw_data.replace("alice", "malice");
    send(&forged, &login.signature).await.problem(422, "open_data_invalid");
    send(&login.raw_data, "").await.problem(422, "open_data_invalid");
    send(&login.raw_data, &login.signature.to_uppercase()).await.problem(422, "open_data_invalid");
    for no_object in ["", "[]", "{"] {
        send(no_object, &login.signature).await.problem(422, "open_data_invalid");
    }
}

async fn a_profile_sets_missing_fields(backend: Backend) {
    let app = App::start(backend);
    let encrypted = json!({"nickName": "阿丽", "avatarUrl": "https://wx.qlogo.cn/1"});
    let login = app.wechat.login_with("alice", encrypted).await;
    let alice = app.api().sign_in(&login.code).await;
    let known = async || {
        let me = alice.get("/api/v1/me").await.ok();
        (me["nickname"].clone(), me["avatar_url"].clone())
    };
    let forged = json!({"raw_data": login.raw_data.replace("alice", "malice"), "signature": login.signature});
    alice.post("/api/v1/me/open-data", &forged).await.problem(422, "open_data_invalid");
    assert_eq!(known().await, (json!(""), Value::Null));
    let encrypted = json!({"encrypted_data": login.encrypted_data, "iv": login.iv});
    alice.post("/api/v1/me/open-data", &encrypted).await.ok();
    assert_eq!(known().await, (json!("阿丽"), json!("https://wx.qlogo.cn/1")));
    let signed = json!({"raw_data": login.raw_data, "signature": login.signature});
    let data = alice.post("/api/v1/me/open-data", &signed).await.ok()["data"].clone();
    assert_eq!(known().await, (json!("阿丽"), data["avatarUrl"].clone()));
}

async fn a_superseded_key_says_sign_in_again(backend: Backend) {
    let app = App::start(backend);
    let old = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&old.code).await;
    // The phone has signed in to WeChat again without telling the server.
    let new = app.wechat.login("alice").await;
    assert_eq!(alice.get("/api/v1/me/session-key").await.ok(), json!({"valid": false}));
    let body = json!({"encrypted_data": new.encrypted_data, "iv": new.iv});
    alice.post("/api/v1/me/open-data", &body).await.problem(401, "sign_in_again");
    let signed = json!({"raw_data": new.raw_data, "signature": new.signature});
    alice.post("/api/v1/me/open-data", &signed).await.problem(401, "sign_in_again");
    // The session continues without a session_key; a new session has the new one.
    alice.get("/api/v1/me").await.ok();
    let alice = app.api().sign_in(&new.code).await;
    alice.post("/api/v1/me/open-data", &body).await.ok();
    assert_eq!(alice.get("/api/v1/me/session-key").await.ok(), json!({"valid": true}));
    // When WeChat gives no answer, the reply makes no claim.
    app.wechat.script(json!([{"step": {"http": {"status": 404}}, "api": "checksession", "times": 2}])).await;
    let newer = app.wechat.login("alice").await;
    let body = json!({"encrypted_data": newer.encrypted_data, "iv": newer.iv});
    alice.post("/api/v1/me/open-data", &body).await.problem(503, "wechat_unavailable");
    alice.get("/api/v1/me/session-key").await.problem(503, "wechat_unavailable");
}

async fn open_data_not_from_wechat_is_refused(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&login.code).await;
    let (data, iv) = (&login.encrypted_data, &login.iv);
    let calls = async || app.wechat.calls().await["apis"]["checksession"].as_u64().unwrap_or(0);
    for (data, iv) in [
        ("", &**iv),
        ("AAAA", iv),
        ("not base64!", iv),
        (&data[..data.len() - 4], iv),
        (data, ""),
        (data, "AAAA"),
        (data, "r7BXXKkLb8qrSNn05n0qiA"),
    ] {
        let body = json!({"encrypted_data": data, "iv": iv});
        alice.post("/api/v1/me/open-data", &body).await.problem(422, "open_data_invalid");
    }
    assert_eq!(calls().await, 0, "that is seen without WeChat");
    let random = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let body = json!({"encrypted_data": random, "iv": iv});
    alice.post("/api/v1/me/open-data", &body).await.problem(422, "open_data_invalid");
    for body in [
        json!({}),
        json!([]),
        json!({"encrypted_data": data}),
        json!({"encrypted_data": data, "iv": null}),
        json!({"encrypted_data": data, "iv": iv, "more": 1}),
        json!({"encrypted_data": 1, "iv": iv}),
        json!({"raw_data": "{}"}),
        json!({"encrypted_data": data, "iv": iv, "raw_data": "{}", "signature": ""}),
    ] {
        alice.post("/api/v1/me/open-data", &body).await.problem(422, "invalid_value");
    }
    // A watermark with a future time.
    app.wechat.advance(11 * 60 * 1_000).await;
    let later = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&later.code).await;
    let body = json!({"encrypted_data": later.encrypted_data, "iv": later.iv});
    let problem = alice.post("/api/v1/me/open-data", &body).await.problem(422, "open_data_invalid");
    assert_eq!(problem["detail"], "its watermark is of the future");
}

async fn an_operator_resets_a_key(backend: Backend) {
    let app = App::start(backend);
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    let login = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&login.code).await;
    let id = alice.get("/api/v1/me/sessions").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/admin/v1/sessions/{id}/reset-key");
    assert_eq!(operator.post(&path, &json!({})).await.status, 204);
    assert_eq!(alice.get("/api/v1/me/session-key").await.ok(), json!({"valid": true}), "it has the new key");
    let old = json!({"encrypted_data": login.encrypted_data, "iv": login.iv});
    alice.post("/api/v1/me/open-data", &old).await.problem(422, "open_data_invalid");
    let phone = app.wechat.phone("alice").await;
    let new = json!({"encrypted_data": phone.encrypted_data, "iv": phone.iv});
    alice.post("/api/v1/me/open-data", &new).await.ok();
    let entries = operator.get("/admin/v1/audit").await.ok();
    assert_eq!(entries["entries"][0]["change"], "reset_session_key");
    assert_eq!(entries["entries"][0]["target"], id);
    // A session_key that WeChat cannot reset.
    app.wechat.login("alice").await;
    operator.post(&path, &json!({})).await.problem(409, "session_key_superseded");
    operator.post("/admin/v1/sessions/none/reset-key", &json!({})).await.problem(404, "session_not_found");
    Api::new(&app.admin).post(&path, &json!({})).await.problem(401, "unauthenticated");
}

/// One person uses two mini-programs of one owner: two users whose common unionid an operator sees.
#[tokio::test]
async fn a_person_is_seen_across_mini_programs() {
    let name = format!("t{}", unique());
    let redis = format!("{name}:");
    let (mongodb, redis_url) = (service("YIBI_TEST_MONGODB_URI"), service("YIBI_TEST_REDIS_URL"));
    let shared = [
        ("STORE__MONGODB_URI", &*mongodb),
        ("STORE__MONGODB_DATABASE", &*name),
        ("STORE__REDIS_URL", &*redis_url),
        ("STORE__REDIS_PREFIX", &*redis),
    ];
    let one = App::start_with(Backend::Shared, &shared);
    let other = ("wx5157570dead5e550", "another-secret-of-the-simulator");
    let second = [&[("WECHAT__APP_ID", other.0), ("WECHAT__APP_SECRET", other.1)], &shared[..]].concat();
    let two = Server::start_with(Backend::Shared, &one.wechat, &second);
    let here = one.user("alice").await;
    let there = two.api().sign_in(&one.wechat.login_to(other.0, "alice").await.code).await;
    one.user("bob").await;
    let id = async |api: &Api| api.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let (here, there) = (id(&here).await, id(&there).await);
    assert_ne!(here, there);
    let operator = Api::new(&one.admin).with_token(ADMIN_TOKEN);
    let seen = operator.get(&format!("/admin/v1/users/{here}")).await.ok();
    assert!(seen["unionid"].as_str().is_some_and(|unionid| unionid.len() == 28), "{seen}");
    assert_eq!(seen["elsewhere"].as_array().unwrap().len(), 1);
    assert_eq!(seen["elsewhere"][0]["id"], there);
    assert_eq!(seen["elsewhere"][0]["app_id"], other.0);
}
