//! Rehearsal: a new version starts on a copy of the data before it replaces the running server.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::command::{Ended, run};
use yibi_tests::{App, Backend, Server, on_both_backends, wait_until};

use super::load::Load;
use super::site::Site;

const NOWHERE: &str = "redis://127.0.0.1:1";

on_both_backends! {
    a_rehearsal_does_not_affect_the_running_server,
    a_rehearsal_detects_a_server_that_does_not_become_ready,
    a_rehearsal_changes_nothing,
}

/// Rehearses with a server's settings and others.
fn rehearse(server: &Server, within: &str, other: &[(&str, &str)]) -> Ended {
    run(&["rehearse", "--within", within], &[server.settings(), other.to_vec()].concat())
}

/// Number of rehearsal directories that remain.
fn stages(data: &Path) -> usize {
    let entries = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter(|name| name.to_string_lossy().starts_with("rehearsal-")).count()
}

async fn a_rehearsal_does_not_affect_the_running_server(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let load = Load::start(&app.api(), &app.wechat).await;
    let asked = app.wechat.calls().await;
    // The running server occupies its ports; the rehearsal needs none of them.
    let (public, admin) = (&app.public["http://".len()..], &app.admin["http://".len()..]);
    let ended = rehearse(&app, "20", &[("HTTP__LISTEN", public), ("ADMIN__LISTEN", admin)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(" is ready after "), "{ended:?}");
    let copied = ended.stdout.contains("over a copy of 7 users and ");
    assert_eq!(copied, backend == Backend::Embedded, "{ended:?}");
    load.go_on().await;
    load.stop().await;
    assert_eq!(app.wechat.calls().await, asked, "WeChat is left in peace");
    assert_eq!(stages(&app.data_dir()), 0);
    assert_eq!(alice.drawing("a").await["seq"], 1);
}

async fn a_rehearsal_detects_a_server_that_does_not_become_ready(backend: Backend) {
    let mut app = App::start(backend);
    app.user("alice").await;
    let ended = rehearse(&app, "1", &[("STORE__REDIS_URL", NOWHERE)]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is not ready after"), "{ended:?}");
    assert!(ended.stderr.contains(r#""sessions":"unavailable""#), "{ended:?}");
    let ended = rehearse(&app, "1", &[("WECHAT__APP_SECRET", "")]);
    assert_eq!(ended.code, Some(78), "{ended:?}");
    if backend == Backend::Embedded {
        app.process().terminate();
        let file = app.data_dir().join("yibi.sqlite3");
        let newer = rusqlite::Connection::open(&file).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        drop(newer);
        let ended = rehearse(&app, "1", &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("of version 99"), "{ended:?}");
    }
    assert_eq!(stages(&app.data_dir()), 0);
}

/// A server with a new sealing key reseals phone numbers as soon as it runs; a rehearsal must not.
async fn a_rehearsal_changes_nothing(backend: Backend) {
    let (old, new) = (BASE64.encode(&[1; 32]), BASE64.encode(&[2; 32]));
    let app = App::start_with(backend, &[("KEYS__SEALING", &old)]);
    let alice = app.user("alice").await;
    let code = app.wechat.phone("alice").await.code;
    alice.post("/api/v1/me/phone", &json!({"code": code})).await.ok();
    let me = alice.get("/api/v1/me").await.ok();
    assert!(me["phone"].is_string(), "{me}");
    // A rehearsal removes the directory of a killed one.
    let killed = app.data_dir().join("rehearsal-4000000000");
    std::fs::create_dir(&killed).unwrap();
    let ended = rehearse(&app, "20", &[("KEYS__SEALING", &new), ("KEYS__SEALING_OLD", &old)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!killed.exists());
    assert_eq!(alice.get("/api/v1/me").await.ok(), me);
}

/// Rolling upgrade as in the guide: each server leaves the upstream and returns when its replacement is ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_release_gets_no_traffic() {
    let mut one = App::start_with(Backend::Shared, &[("LIMITS__ENABLED", "false")]);
    let mut other = one.sibling();
    let address = |server: &Server| server.public.strip_prefix("http://").unwrap().to_owned();
    let is_ready = |server: &Server| {
        let admin = server.admin.strip_prefix("http://").unwrap();
        run(&["health", "--ready", "--admin-listen", admin], &[]).code == Some(0)
    };
    let site = Site::before(&[&address(&one), &address(&other)]).await;
    let load = Load::start(&site.hasty_api(), &one.wechat).await;

    site.go_to(&[&format!("{} down", address(&one)), &address(&other)]).await;
    wait_until("it gets no requests any more", async || {
        let requests = || one.log().matches("\"message\":\"request\"").count();
        let before = requests();
        load.go_on().await;
        requests() == before
    })
    .await;
    assert_eq!(one.process().terminate(), Some(0));
    let redis = one.setting("STORE__REDIS_URL").unwrap().to_owned();
    one.set("STORE__REDIS_URL", NOWHERE);
    one.start_again();
    assert!(!is_ready(&one), "its sessions are nowhere");
    load.go_on().await;

    // Rolls back to the former version.
    assert_eq!(one.process().terminate(), Some(0));
    one.set("STORE__REDIS_URL", &redis);
    one.start_again();
    wait_until("it is ready", async || is_ready(&one)).await;
    site.go_to(&[&address(&one), &address(&other)]).await;
    wait_until("it gets requests", async || {
        load.go_on().await;
        one.log().contains("/api/v1/drawings")
    })
    .await;
    assert_eq!(other.process().terminate(), Some(0));
    load.go_on().await;
    load.stop().await;
}
