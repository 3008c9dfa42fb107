//! Claims of `docs/security.md` that no other test covers.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::wafer::log_in;
use yibi_tests::{Api, App, Backend, Raw};

on_both_backends! {
    a_field_that_is_the_servers_is_not_set,
    tokens_are_never_the_same,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_documents_name_real_tests() {
    let pages =
        ["security", "text"].map(|page| std::fs::read_to_string(format!("{ROOT}/docs/{page}.md")).unwrap());
    // Names with a slash are paths into the code, which another test follows.
    let is_test = |name: &&str| name.contains("::") && !name.ends_with(':') && !name.contains('/');
    let names: HashSet<&str> = pages.iter().flat_map(|page| page.split('`')).filter(is_test).collect();
    assert!(names.len() > 100, "{names:?}");
    for name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        let path = module.replace("::", "/");
        let path = match path.split_once('/') {
            Some(("contract", rest)) => format!("server/tests/contract/{rest}"),
            Some(("unit", rest)) => format!("server/src/{rest}"),
            Some(("common", rest)) => format!("common/src/{rest}"),
            Some(_) | None => format!("tests/tests/it/{path}"),
        };
        let source = std::fs::read_to_string(format!("{ROOT}/{path}.rs"))
            .unwrap_or_else(|error| panic!("{name}: {path}.rs: {error}"));
        let defined = ["(", "<"].iter().any(|then| source.contains(&format!("fn {test}{then}")));
        assert!(defined, "{name} is not in {path}.rs");
    }
}

#[tokio::test]
async fn a_reply_says_what_it_is() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    for (path, media_type) in [
        ("/", "application/json"),
        ("/nowhere", "application/problem+json"),
        ("/api/v1/me", "application/json"),
        ("/api/v1/limits", "application/json"),
        ("/api/v1/drawings/none", "application/problem+json"),
        ("/api/v1/drawings/a/image.png", "image/png"),
        ("/api/v1/drawings/a/image.svg", "image/svg+xml"),
        ("/api/v1/drawings/a/image.gif", "image/gif"),
        ("/api/v1/me/export", "application/zip"),
        ("/applet/session/paints/list", "application/json; charset=utf-8"),
        ("/applet/session/nowhere", "application/problem+json"),
        ("/applet/user", "application/json; charset=utf-8"),
    ] {
        let reply = alice.get(path).await;
        assert!(!reply.body.is_empty(), "{path}");
        assert_eq!(reply.header("content-type"), media_type, "{path}");
        if media_type.contains("json") {
            assert!(reply.json().is_object(), "{path}");
        }
    }
    let posted = alice.post("/applet/session/paints/list", &json!({})).await;
    assert_eq!(posted.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn nothing_is_redirected() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for path in [
        "",
        "/",
        "//",
        "/api/v1",
        "/api/v1/",
        "/api/v1/me/",
        "/api//v1/me",
        "/applet/user/",
        "/a/../api/v1/me",
    ] {
        for token in [None, alice.token.as_deref()] {
            let mut request = http.get(format!("{}{path}", app.public)).header("x-forwarded-proto", "http");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let reply = request.send().await.unwrap();
            assert!(!reply.status().is_redirection() && !reply.headers().contains_key("location"), "{path}");
        }
    }
}

#[tokio::test]
async fn two_lengths_smuggle_nothing() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let hidden =
        format!("DELETE /api/v1/session HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    let longer = hidden.len() + 5;
    for lengths in [
        format!("content-length: {longer}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {longer}\r\n"),
        format!("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\ncontent-length: {longer}\r\n"),
        format!("transfer-encoding: xchunked\r\ncontent-length: {longer}\r\n"),
        format!("content-length: {longer}\r\ncontent-length: 5\r\n"),
        format!("content-length: {longer}, 5\r\n"),
        format!("content-length: +{longer}\r\n"),
        format!("transfer-encoding : chunked\r\ncontent-length: {longer}\r\n"),
    ] {
        let mut raw = Raw::connect(&app.public).await;
        let head = "POST /api/v1/session HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
        raw.write(format!("{head}{lengths}\r\n0\r\n\r\n{hidden}")).await;
        let first = raw.reply().await.unwrap();
        assert!((400..500).contains(&first.status), "{lengths}: {first:?}");
        // Whichever length the server uses, the session survives or the client gets a reply to a second request.
        if let Some(second) = raw.reply().await {
            assert_ne!(second.status, 204, "{lengths}");
        }
        alice.get("/api/v1/me").await.ok();
    }
}

async fn a_field_that_is_the_servers_is_not_set(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let before = alice.get("/api/v1/me").await.ok();
    for field in ["id", "openid", "app_id", "unionid", "created_at", "blocked_at", "usage", "role"] {
        let reply = alice.patch("/api/v1/me", &json!({"nickname": "小明", field: "x"})).await;
        assert!(reply.status.is_success() || reply.status.is_client_error(), "{field}: {}", reply.text());
    }
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let drawing = alice.drawing("a").await;
    for field in ["id", "seq", "base", "created_at", "mode", "width", "deleted_at", "bytes"] {
        let body = json!({"title": drawing["title"], field: 7});
        let reply = alice.patch("/api/v1/drawings/a", &body).await;
        assert!(reply.status.is_success() || reply.status.is_client_error(), "{field}: {}", reply.text());
    }
    let mut after = alice.get("/api/v1/me").await.ok();
    for chosen in ["nickname", "usage"] {
        after[chosen] = before[chosen].clone();
    }
    assert_eq!(after, before);
    let now = alice.drawing("a").await;
    for field in ["id", "seq", "base", "created_at", "mode", "width", "actions"] {
        assert_eq!(now[field], drawing[field], "{field}");
    }
}

async fn tokens_are_never_the_same(backend: Backend) {
    let app = App::start(backend);
    let mut secrets = HashSet::new();
    let mut count = 0;
    for _ in 0..5 {
        let modern = app.user("alice").await;
        let pair = log_in(&app.public, &app.wechat.login("alice").await).await.opened();
        for (secret, length) in [(modern.token.unwrap(), 80), (pair.skey, 64)] {
            assert_eq!(
                secret.len(),
                length,
                "60 bytes in base64, of which 32 are random, or 32 in hexadecimal"
            );
            secrets.insert(secret);
            count += 1;
        }
    }
    assert_eq!(secrets.len(), count);
    let stranger = Api::new(&app.public);
    assert_eq!(Api::send(stranger.request(Method::GET, "/api/v1/me")).await.status, 401);
}
