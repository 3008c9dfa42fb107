//! Unusually framed requests: each gets its reply, and the connection stays usable.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::form::plain_png;
use yibi_tests::{Api, App, Backend, Raw};

async fn app_with_alice() -> (App, Api, String) {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    (app, alice, token)
}

#[tokio::test]
async fn a_method_of_any_length_is_refused_and_kept_nowhere() {
    let (server, alice, _) = app_with_alice().await;
    for (method, status, code) in [
        ("A".repeat(16_000), 501, "method_unknown"),
        ("PROPFIND".to_owned(), 405, "method_not_allowed"),
        ("get".to_owned(), 405, "method_not_allowed"),
    ] {
        let mut raw = Raw::connect(&server.public).await;
        raw.write(format!("{method} /api/v1/limits HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        let reply = raw.reply().await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
        // The connection stays usable.
        raw.write("GET /api/v1/limits HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert_eq!(raw.reply().await.unwrap().status, 200);
    }
    alice.get("/api/v1/me").await.ok();
    let metrics = Api::new(&server.admin).get("/metrics").await.text();
    assert!(metrics.contains("method=\"other\""), "{metrics}");
    for text in [metrics, server.log()] {
        assert!(!text.contains("PROPFIND") && !text.contains("AAAA"), "{text}");
    }
}

#[tokio::test]
async fn head_begins_no_export_and_leaves_the_connection_to_others() {
    let (server, alice, token) = app_with_alice().await;
    for number in 0..5 {
        alice.append(&format!("d{number}"), 0, json!([stroke(number)])).await.ok();
    }
    let mut raw = Raw::connect(&server.public).await;
    for _ in 0..3 {
        for path in ["me/export", "drawings", "drawings/d1", "drawings/d1/image.png"] {
            let head = format!("{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
            raw.write(format!("HEAD /api/v1/{head}")).await;
            assert_eq!(raw.reply_to_head().await, Some(200), "{path}");
        }
        raw.write("GET /api/v1/limits HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert_eq!(raw.reply().await.unwrap().status, 200);
    }
    assert!(alice.get("/api/v1/me/export").await.ok_bytes().starts_with(b"PK"));
}

#[tokio::test]
async fn a_request_to_upgrade_is_answered_as_any_other() {
    let (server, alice, token) = app_with_alice().await;
    alice.append("d", 0, json!([stroke(1)])).await.ok();
    let with = |method: &str, path: &str, rest: &str| {
        format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\n{rest}"
        )
    };
    let body = json!({"nickname": "小明"}).to_string();
    let rest = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut raw = Raw::connect(&server.public).await;
    raw.write(with("PATCH", "me", &rest)).await;
    let reply = raw.reply().await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.head);
    assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap()["nickname"], "小明");
    let mut raw = Raw::connect(&server.public).await;
    raw.write(with("GET", "me/export", "\r\n")).await;
    let (head, body) = raw.to_the_end().await;
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(super::export::file(&body, "profile.json")["nickname"], "小明");
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks() {
    let (server, alice, token) = app_with_alice().await;
    alice.append("d", 0, json!([stroke(1)])).await.ok();
    for connection in ["close", "keep-alive"] {
        let mut raw = Raw::connect(&server.public).await;
        let head = "GET /api/v1/me/export HTTP/1.0\r\nhost: a\r\nauthorization: Bearer ";
        raw.write(format!("{head}{token}\r\nconnection: {connection}\r\n\r\n")).await;
        let (head, body) = raw.to_the_end().await;
        assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
        assert!(super::export::file(&body, "profile.json")["id"].is_string());
    }
}

#[tokio::test]
async fn an_unknown_expectation_is_refused() {
    let (server, _alice, token) = app_with_alice().await;
    let mut raw = Raw::connect(&server.public).await;
    let head = "GET /api/v1/me HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ";
    raw.write(format!("{head}{token}\r\nexpect: something-else\r\n\r\n")).await;
    let reply = raw.reply().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (417, "expectation_failed"));
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn all_members_of_a_compressed_body_count_and_nothing_else_may_follow() {
    let (_app, alice, _) = app_with_alice().await;
    let send = async |body: Vec<u8>| {
        let request = alice.request(reqwest::Method::PATCH, "/api/v1/me");
        let request = request.header("content-type", "application/json").header("content-encoding", "gzip");
        Api::send(request.body(body)).await
    };
    let members = [gzip("{\"nickname\":"), gzip("\"小明\"}")].concat();
    assert_eq!(send(members).await.ok()["nickname"], "小明");
    let garbage = [gzip("{\"nickname\":\"小红\"}"), b"garbage".to_vec()].concat();
    send(garbage).await.problem(400, "invalid_request");
    let bomb = [gzip(&" ".repeat(3 << 20)), gzip(&" ".repeat(3 << 20))].concat();
    send(bomb).await.problem(413, "body_too_large");
    assert_eq!(alice.get("/api/v1/me").await.ok()["nickname"], "小明");
}

#[tokio::test]
async fn the_part_named_file_is_the_file() {
    let (_app, alice, _) = app_with_alice().await;
    let png = plain_png(64, 64, [9, 9, 9]);
    for disposition in [
        "form-data; name=\"file\"; filename*=utf-8''%E5%A4%B4.png",
        "form-data; name=\"file\"",
        "form-data; name=\"file\"; filename=\"C:\\\"",
        "form-data; name=\"avatar\"; filename=\"a.png\"",
    ] {
        let head = format!("--b\r\nContent-Disposition: {disposition}\r\nContent-Type: image/png\r\n\r\n");
        let form = [head.as_bytes(), &png, b"\r\n--b--\r\n"].concat();
        let request = alice.request(reqwest::Method::POST, "/api/v1/me/avatar");
        let request = request.header("content-type", "multipart/form-data; boundary=b").body(form);
        let reply = Api::send(request).await;
        assert_eq!(reply.status, 200, "{disposition}: {}", reply.text());
    }
}
