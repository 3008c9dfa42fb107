//! Rotation of secrets: no user is signed out.

use data_encoding::{BASE64, HEXLOWER};
use futures_util::future::join_all;
use redis::AsyncCommands;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, Server, Wechat, on_both_backends, service, wait_until};

/// Log message after all users are resealed.
const SEALED_ANEW: &str = "phone numbers are sealed by the present key";

fn key(number: u8) -> String {
    BASE64.encode(&[number; 32])
}

on_both_backends! {
    keys_are_replaced_twice,
    phone_numbers_outlive_the_key_that_sealed_them,
    operators_change_their_tokens,
}

/// Replaces the generated keys, then the replacements.
async fn keys_are_replaced_twice(backend: Backend) {
    let mut app = App::start(backend);
    let api = app.user("ann").await;
    let login = app.wechat.login("ben").await;
    let old = crate::outages::of_2016(&app.api(), &login);
    old.get("/applet/session/paints/list").await.ok();
    api.append("d", 0, json!([stroke(0)])).await.ok();
    let picture = async |server: &Server| {
        let listed = api.at(&server.public).get("/api/v1/drawings").await.ok();
        listed["drawings"][0]["image_url"].as_str().unwrap().to_owned()
    };
    let mut pictures = vec![picture(&app).await];
    for (new, former) in [(1, None), (2, Some(1))] {
        let mut keys = vec![("KEYS__SEALING", key(new)), ("KEYS__SIGNING", key(new))];
        if let Some(former) = former {
            keys.extend([("KEYS__SEALING_OLD", key(former)), ("KEYS__SIGNING_OLD", key(former))]);
        }
        let keys: Vec<(&str, &str)> = keys.iter().map(|(name, key)| (*name, key.as_str())).collect();
        app.restart_with(&keys);
        api.at(&app.public).get("/api/v1/me").await.ok();
        assert_eq!(old.at(&app.public).get("/applet/session/paints/list").await.ok()["code"], 0);
        pictures.push(picture(&app).await);
        let [.., former, now] = &pictures[..] else { panic!("two at least") };
        assert_ne!(former, now, "signed anew");
        for path in [former, now] {
            app.api().get(path).await.ok_bytes();
        }
        let renewed = api.at(&app.public).post("/api/v1/session/renew", &json!({})).await.ok();
        let renewed = api.at(&app.public).with_token(renewed["token"].as_str().unwrap());
        renewed.append("d", u64::from(new), json!([stroke(i64::from(new))])).await.ok();
        app.user("new").await.get("/api/v1/me").await.ok();
    }
    // A key that was replaced twice signs nothing.
    assert_eq!(app.api().get(&pictures[0]).await.status, 403);
}

/// The server reseals phone numbers with the new key in the background; afterwards the old key can be removed.
async fn phone_numbers_outlive_the_key_that_sealed_them(backend: Backend) {
    let mut app = App::start_with(backend, &[("KEYS__SEALING", &key(1))]);
    // More users than one batch; every third has a phone number.
    let mut all = Vec::new();
    for fifty in 0..6 {
        // A few at once: a busy machine does not write hundreds of request heads in time.
        let some = join_all((fifty * 50..(fifty + 1) * 50).map(async |number| {
            let name = format!("user {number}");
            let api = app.user(&name).await;
            if number % 3 == 0 {
                let code = app.wechat.phone(&name).await.code;
                api.post("/api/v1/me/phone", &json!({"code": code})).await.ok();
            }
            api
        }));
        all.extend(some.await);
    }
    let users = &all[..4];
    let shown = async |server: &Server| {
        let mut shown = Vec::new();
        for api in users {
            let me = api.at(&server.public).get("/api/v1/me").await.ok();
            let zip = api.at(&server.public).get("/api/v1/me/export").await;
            let exported = crate::v1::export::file(zip.ok_bytes(), "profile.json");
            shown.push((me["phone"].clone(), exported["phone"].clone()));
        }
        shown
    };
    let before = shown(&app).await;
    assert!(before[0].0.is_string() && before[3].1.is_object() && before[1].0.is_null(), "{before:?}");
    for (new, former) in [(2, 1), (3, 2)] {
        app.restart_with(&[("KEYS__SEALING", &key(new)), ("KEYS__SEALING_OLD", &key(former))]);
        assert_eq!(shown(&app).await, before);
        wait_until("all are sealed anew", async || {
            let log = app.log();
            let mut events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            events.any(|event| event["message"] == SEALED_ANEW && event["resealed"] == 100)
        })
        .await;
    }
    app.restart_with(&[("KEYS__SEALING_OLD", "")]);
    assert_eq!(shown(&app).await, before);
    // The newest key seals all numbers; the first key opens none.
    app.restart_with(&[("KEYS__SEALING", &key(1))]);
    assert!(shown(&app).await.iter().all(|(phone, _)| phone.is_null()));
}

/// A new app secret affects new sign-ins; existing sessions continue.
#[tokio::test]
async fn the_app_secret_is_reset() {
    let mut app = App::start(Backend::Embedded);
    let api = app.user("ann").await;
    // WeChat's console already has another secret: new sign-ins fail with an error that does not blame the client.
    app.restart_with(&[("WECHAT__APP_SECRET", "the-secret-that-was-reset")]);
    api.at(&app.public).get("/api/v1/me").await.ok();
    let code = json!({"code": app.wechat.code("ben").await});
    let refused = app.api().post("/api/v1/session", &code).await;
    assert_eq!(refused.status.as_u16() / 100, 5, "{}", refused.text());
    app.restart_with(&[("WECHAT__APP_SECRET", yibi_tests::server::APP_SECRET)]);
    api.at(&app.public).get("/api/v1/me").await.ok();
    app.user("ben").await.get("/api/v1/me").await.ok();
}

/// The new token is valid before the old one ends, so no operator is locked out.
async fn operators_change_their_tokens(backend: Backend) {
    let mut app = App::start(backend);
    let api = app.user("ann").await;
    let reads = async |server: &Server, token: &str| {
        Api::new(&server.admin).with_token(token).get("/admin/v1/users").await.status.as_u16()
    };
    let made = yibi_tests::command::run(&["token", "new", "eve", "--role", "operator"], &[]).stdout;
    let token = made.lines().nth(1).unwrap().trim_start_matches("# ").to_owned();
    let directory = yibi_tests::TempDir::new();
    let file = directory.path().join("yibi.toml");
    std::fs::write(&file, &made).unwrap();
    assert_eq!(reads(&app, &token).await, 401);
    app.restart_with(&[("CONFIG", file.to_str().unwrap())]);
    assert_eq!((reads(&app, &token).await, reads(&app, ADMIN_TOKEN).await), (200, 200));
    app.restart_with(&[("ADMIN__TOKEN", "")]);
    assert_eq!((reads(&app, &token).await, reads(&app, ADMIN_TOKEN).await), (200, 401));
    api.at(&app.public).get("/api/v1/me").await.ok();
}

/// The new key seals sessions from the first sign-in on.
#[tokio::test]
async fn sealed_records_name_their_key() {
    let mut app = App::start(Backend::Shared);
    let before = sealed(&app, &app.wechat, "ann").await;
    app.restart_with(&[("KEYS__SEALING", &key(1))]);
    let after = sealed(&app, &app.wechat, "ann").await;
    assert_ne!(before, after);
    assert_eq!(HEXLOWER.decode(after.as_bytes()).unwrap().len(), 4);
}

/// The id of the key that seals a new session of this user.
async fn sealed(server: &Server, wechat: &Wechat, user: &str) -> String {
    let api = server.signed_in(wechat, user).await;
    let listed = api.get("/api/v1/me/sessions").await.ok();
    let sessions = listed["sessions"].as_array().unwrap();
    let own = sessions.iter().find(|session| session["current"] == true).unwrap();
    let prefix = server.setting("STORE__REDIS_PREFIX").unwrap();
    let client = redis::Client::open(service("YIBI_TEST_REDIS_URL")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let text: String = connection.get(format!("{prefix}s:{}", own["id"].as_str().unwrap())).await.unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    stored["sealed_key"].as_str().unwrap().split_once('.').unwrap().0.to_owned()
}
