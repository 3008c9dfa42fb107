//! Checks before every route: addresses, methods, sizes, and the headers of every reply.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Raw, Server};

/// All routes that need a session.
pub const CLOSED: [(&str, &str); 33] = [
    ("DELETE", "/session"),
    ("POST", "/session/renew"),
    ("GET", "/me"),
    ("PATCH", "/me"),
    ("DELETE", "/me"),
    ("GET", "/me/sessions"),
    ("DELETE", "/me/sessions/00000000000000000000000000000000"),
    ("GET", "/me/export"),
    ("GET", "/me/session-key"),
    ("POST", "/me/open-data"),
    ("POST", "/me/phone"),
    ("DELETE", "/me/phone"),
    ("POST", "/me/avatar"),
    ("DELETE", "/me/avatar"),
    ("GET", "/drawings"),
    ("GET", "/drawings/a"),
    ("PATCH", "/drawings/a"),
    ("DELETE", "/drawings/a"),
    ("POST", "/drawings/a/actions"),
    ("POST", "/drawings/a/restore"),
    ("DELETE", "/bin"),
    ("DELETE", "/bin/a"),
    ("GET", "/drawings/a/image.png"),
    ("GET", "/drawings/a/image.svg"),
    ("GET", "/drawings/a/image.gif"),
    ("POST", "/rooms"),
    ("GET", "/me/rooms"),
    ("GET", "/rooms/000000000000"),
    ("GET", "/rooms/000000000000/actions"),
    ("POST", "/rooms/000000000000/strokes"),
    ("POST", "/rooms/000000000000/take"),
    ("POST", "/rooms/000000000000/ban"),
    ("HEAD", "/drawings/a/image.png"),
];

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

#[tokio::test]
async fn requests_without_a_session_are_refused_before_other_checks() {
    let app = App::start(Backend::Embedded);
    for (name, path) in CLOSED {
        let request = app.api().request(method(name), &format!("/api/v1{path}"));
        // Without a session the reply does not describe other faults of the request.
        let reply = Api::send(request.header("content-type", "text/plain").body("{")).await;
        assert_eq!(reply.header("www-authenticate"), "Bearer", "{name} {path}");
        if name == "HEAD" {
            assert_eq!((reply.status.as_u16(), reply.body.len()), (401, 0));
        } else {
            reply.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn unknown_addresses_are_answered_with_a_problem() {
    let app = App::start(Backend::Embedded);
    let api = app.api();
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/me",
        "/api/v1/me/",
        "/api/v1//me",
        "/API/V1/ME",
        "/api/v1/drawings/a/b",
        "/api/v1/drawings//actions",
        "/index.html",
        "/favicon.ico",
        "/.env",
        "/dev/wx/login",
        "/simulator/login",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/drawings/a/../../me",
    ] {
        let reply = api.get(path).await;
        if reply.status != 401 {
            reply.problem(404, "not_found");
        }
    }
    for (name, path, allowed) in [
        ("PUT", "/session", "DELETE, POST"),
        ("GET", "/session", "DELETE, POST"),
        ("GET", "/session/renew", "POST"),
        ("POST", "/me", "DELETE, GET, PATCH, PUT"),
        ("POST", "/limits", "GET"),
        ("DELETE", "/drawings", "GET"),
        ("POST", "/drawings/a", "DELETE, GET, PATCH, PUT"),
        ("GET", "/drawings/a/actions", "POST"),
        ("OPTIONS", "/drawings/a/actions", "POST"),
        ("GET", "/drawings/a/restore", "POST"),
        ("GET", "/bin", "DELETE"),
        ("GET", "/bin/a", "DELETE"),
        ("DELETE", "/drawings/a/image.png", "GET"),
        ("POST", "/openapi.json", "GET"),
        ("BREW", "/me", "DELETE, GET, PATCH, PUT"),
    ] {
        let reply = Api::send(api.request(method(name), &format!("/api/v1{path}"))).await;
        reply.problem(405, "method_not_allowed");
        let mut told: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
        told.sort_unstable();
        assert_eq!(told.join(", "), allowed, "{name} {path}");
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    for path in ["/", "/api/v1/limits", "/api/v1/me", "/api/v1/drawings/a/image.png", "/api/v1/openapi.json"]
    {
        let get = alice.get(path).await;
        let head = Api::send(alice.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in ["content-type", "etag", "cache-control", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    let absent = Api::send(alice.request(Method::HEAD, "/api/v1/nothing")).await;
    assert_eq!((absent.status.as_u16(), absent.body.len()), (404, 0));
    let only_post = Api::send(alice.request(Method::HEAD, "/api/v1/session/renew")).await;
    assert_eq!(only_post.status, 405);
    // The connection stays usable.
    let mut raw = Raw::connect(&app.public).await;
    raw.write("HEAD / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(raw.reply_to_head().await, Some(200));
    assert_eq!(raw.reply().await.unwrap().status, 200);
}

#[tokio::test]
async fn no_body_is_larger_than_the_limit() {
    let app = App::start_with(Backend::Embedded, &[("HTTP__BODY_LIMIT", "10000")]);
    let alice = app.user("alice").await;
    let padded = |length: usize| {
        let body = json!({"from_seq": 0, "actions": []}).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let post = || {
        let request = alice.request(Method::POST, "/api/v1/drawings/a/actions");
        request.header("content-type", "application/json")
    };
    Api::send(post().body(padded(10_000))).await.ok();
    Api::send(post().body(padded(10_001))).await.problem(413, "body_too_large");
    let pieces = |length: usize| {
        let body = padded(length).into_bytes();
        let pieces: Vec<_> = body.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    Api::send(post().body(pieces(10_000))).await.ok();
    Api::send(post().body(pieces(10_001))).await.problem(413, "body_too_large");

    // Rejected by Content-Length, before any of the body is sent.
    let mut raw = Raw::connect(&app.public).await;
    let token = alice.token.as_ref().unwrap();
    raw.write(format!(
        "POST /api/v1/drawings/a/actions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 10000000000\r\n\r\n"
    ))
    .await;
    let reply = raw.reply().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn every_reply_has_its_id_and_its_headers() {
    let mut app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let url = alice.drawing("a").await["image_url"].as_str().unwrap().to_owned();
    let mut ids = std::collections::BTreeSet::new();
    let paths = [
        "/",
        "/api/v1/me",
        "/api/v1/limits",
        "/nothing",
        "/api/v1/drawings/a/image.svg",
        "/api/v1/me/export",
        "/api/v1/openapi.json",
        "/applet/session/paints/list",
        &url,
    ];
    for path in paths {
        let reply = alice.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_ne!(reply.header("cache-control"), "", "{path}");
        assert_eq!(reply.header("server"), "", "{path}");
        let id = reply.header("x-request-id").to_owned();
        assert!(id.len() >= 8, "{path}: {id}");
        // The log contains the id too.
        app.process().wait_for("the request's log line", |line| line.contains(&id).then_some(()));
        assert!(ids.insert(id), "an id of its own");
    }
    for path in ["/api/v1/me", "/api/v1/drawings", "/api/v1/drawings/a"] {
        assert_eq!(alice.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_from_a_trusted_proxy_alone() {
    let trusting = App::start(Backend::Embedded);
    let wary =
        Server::start_with(Backend::Embedded, &trusting.wechat, &[("HTTP__TRUSTED_PROXIES", "192.0.2.0/24")]);
    let given = "nginx-0123456789abcdef";
    let id = async |server: &Server, id: &str| {
        let reply = server.api().with_header("x-request-id", id).get("/nothing").await;
        reply.problem(404, "not_found")["request_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id(&trusting, given).await, given);
    assert_ne!(id(&wary, given).await, given);
    for wrong in ["short", &"x".repeat(65), "a b c d e f g h", "evil\",\"level\":\"INFO", "../../etc/passwd"]
    {
        assert_ne!(id(&trusting, wrong).await, wrong);
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let app = App::start(Backend::Embedded);
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-many: 1\r\n".repeat(2_000));
    let path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(200_000));
    for garbage in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "POST /api/v1/session HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        "POST /api/v1/session HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/session HTTP/1.1\r\nhost: a\r\ntransfer-encoding: nonsense\r\n\r\n",
        &long,
        &many,
        &path,
    ] {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(garbage).await;
        raw.finish().await;
        let shown: String = garbage.chars().take(60).collect();
        if let Some(reply) = raw.reply().await {
            assert_eq!(reply.status / 100, 4, "{shown:?}: {}", reply.head);
        }
    }
    assert_eq!(app.api().get("/").await.json()["name"], "yibi");
}

#[tokio::test]
async fn the_root_answers_the_deployer() {
    let app = App::start(Backend::Embedded);
    let expected: Value = json!({"name": "yibi", "version": env!("CARGO_PKG_VERSION")});
    assert_eq!(app.api().get("/").await.ok(), expected);
}
