//! Body formats that the 2016 server accepted and rejected.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use reqwest::{Body, Method};
use serde_json::json;
use yibi_tests::weapp::{Phone, encode_uri_component};
use yibi_tests::{Api, App, Backend, Reply, on_both_backends};

use super::{line, raw_exchange};

on_both_backends!(
    forms_are_taken,
    compressed_and_chunked_bodies_are_taken,
    broken_bodies_are_refused,
    large_bodies_are_refused,
    strangers_bodies_are_not_read,
);

async fn send(phone: &Phone, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let request = headers
        .iter()
        .fold(phone.request(Method::POST, path), |request, (name, value)| request.header(*name, *value));
    Api::send(request.body(body)).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn forms_are_taken(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let text = r#"[{"method":"fillText","data":["a+b c&d=e 画 100%"]}]"#;
    let form = format!("id=f%201&actions={}", encode_uri_component(text));
    send(&phone, "/paints/save", &[FORM], form).await.done();
    let form = format!("other=1&id=%E7%94%BB+2&actions={}", encode_uri_component(text).replace("%20", "+"));
    let upper = ("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    send(&phone, "/paints/save", &[upper], form).await.done();
    let saved = |id: &str| (id.to_owned(), text.to_owned());
    assert_eq!(phone.shown().await, [saved("f 1"), saved("画 2")]);
    for form in ["", "id", "id=", "id=p1", "actions=%5B%5D", "id=p1&actions=", "&&=&"] {
        send(&phone, "/paints/save", &[FORM], form).await.fails("id or actions does not exists");
    }
    send(&phone, "/paints/delete", &[FORM], "ID=1").await.fails("id does not exists");
    send(&phone, "/paints/delete", &[FORM], "id=f+1").await.done();
    assert_eq!(phone.shown().await, [saved("画 2")]);
}

async fn compressed_and_chunked_bodies_are_taken(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let body = |id: &str| json!({"id": id, "actions": line(1.0)}).to_string();
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(body("deflate").as_bytes()).unwrap();
    let zipped = ("Content-Encoding", "gzip");
    send(&phone, "/paints/save", &[JSON, zipped], gzip(body("gzip").as_bytes())).await.done();
    send(&phone, "/paints/save", &[JSON, ("content-encoding", "GZIP")], gzip(body("GZIP").as_bytes()))
        .await
        .done();
    send(&phone, "/paints/save", &[JSON, ("Content-Encoding", "deflate")], deflated.finish().unwrap())
        .await
        .done();
    send(&phone, "/paints/save", &[JSON, ("Content-Encoding", "identity")], body("identity")).await.done();
    let chunked = |bytes: Vec<u8>| {
        let pieces: Vec<_> = bytes.chunks(7).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    send(&phone, "/paints/save", &[JSON], chunked(body("chunked").into_bytes())).await.done();
    send(&phone, "/paints/save", &[JSON, zipped], chunked(gzip(body("both").as_bytes()))).await.done();
    let utf8 = ("Content-Type", "Application/JSON;charset=utf-8");
    send(&phone, "/paints/save", &[utf8], format!(" \r\n{}\n", body("画"))).await.done();
    assert_eq!(phone.ids().await, ["gzip", "GZIP", "deflate", "identity", "chunked", "both", "画"]);
    assert!(phone.shown().await.iter().all(|(_, actions)| *actions == line(1.0)));
}

async fn broken_bodies_are_refused(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let good = json!({"id": "p1", "actions": line(1.0)}).to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for broken in [
        "{",
        "null",
        "1",
        "\"id\"",
        "id=p1",
        "{\"id\":}",
        &good[1..],
        &format!("{good}x"),
        "{'id':'p1'}",
        &deep,
    ] {
        for path in ["/paints/save", "/paints/delete"] {
            let reply = send(&phone, path, &[JSON], broken.to_owned()).await;
            assert_eq!(reply.status, 400, "{}", &broken[..broken.len().min(20)]);
        }
    }
    assert_eq!(send(&phone, "/paints/save", &[JSON], &b"{\"id\":\"\xff\"}"[..]).await.status, 400);
    let zipped = ("Content-Encoding", "gzip");
    for damaged in [good.clone().into_bytes(), gzip(good.as_bytes())[..40].to_vec(), Vec::new()] {
        assert_eq!(send(&phone, "/paints/save", &[JSON, zipped], damaged).await.status, 400);
    }
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
    raw.write_all(good.as_bytes()).unwrap();
    let raw = raw.finish().unwrap();
    assert_eq!(send(&phone, "/paints/save", &[JSON, ("Content-Encoding", "deflate")], raw).await.status, 400);
    for coding in ["br", "compress", "gzip, gzip", "x", "zstd"] {
        let reply = send(&phone, "/paints/save", &[JSON, ("Content-Encoding", coding)], good.clone()).await;
        assert_eq!(reply.status, 415, "{coding}");
    }
    assert_eq!(phone.shown().await, []);
}

async fn large_bodies_are_refused(backend: Backend) {
    const LIMIT: usize = 150_000;
    let app = App::start_with(backend, &[("HTTP__BODY_LIMIT", &LIMIT.to_string())]);
    let phone = app.phone_2016("alice").await;
    let of_length = |length: usize| {
        let body = |text: &str| {
            let actions = format!(r#"[{{"method":"fillText","data":["{text}"]}}]"#);
            json!({"id": "p1", "actions": actions}).to_string()
        };
        body(&"a".repeat(length - body("").len()))
    };
    let chunked =
        |bytes: String| Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]));
    // Above the 100 KiB limit of the 2016 server.
    send(&phone, "/paints/save", &[JSON], of_length(LIMIT)).await.done();
    let kept = phone.shown().await;
    for too_long in [Body::from(of_length(LIMIT + 1)), chunked(of_length(LIMIT + 1))] {
        assert_eq!(send(&phone, "/paints/save", &[JSON], too_long).await.status, 413);
    }
    let zipped = ("Content-Encoding", "gzip");
    send(&phone, "/paints/save", &[JSON, zipped], gzip(of_length(LIMIT).as_bytes())).await.done();
    for length in [LIMIT + 1, 100 * LIMIT] {
        let bomb = gzip(of_length(length).as_bytes());
        assert_eq!(send(&phone, "/paints/save", &[JSON, zipped], bomb).await.status, 413);
    }
    assert_eq!(phone.shown().await, kept);
}

async fn strangers_bodies_are_not_read(backend: Backend) {
    let app = App::start(backend);
    // The session layer replies before the body, which never arrives.
    for (headers, expected) in
        [("", "openId does not exists"), ("X-WX-Code: nobody\r\n", "ERR_SESSION_EXPIRED")]
    {
        let request = format!(
            "POST /applet/session/paints/save HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        );
        let (status, reply) = raw_exchange(&app.public, request.as_bytes()).await;
        assert_eq!(status, 200);
        assert!(reply.contains(expected), "{reply}");
    }
    // A client that sends the whole large body can read the rejection.
    let list = format!("[{}]", vec![r#"{"method":"save","data":[]}"#; 50_000].join(","));
    let expired = Phone::with_code(&app.public, "nobody");
    for _ in 0..10 {
        expired.save("p1", &list).await.expired();
        Phone::stranger(&app.public).save("p1", &list).await.fails("openId does not exists");
    }
}
