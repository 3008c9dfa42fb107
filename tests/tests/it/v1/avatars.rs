//! Avatars: upload as a phone does, and signed links.

use std::io::{Cursor, Read};

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::Value;
use yibi_tests::form::{BOUNDARY, form, plain_png};
use yibi_tests::{Api, App, Backend, Raw};

on_both_backends! {
    an_avatar_is_seen_by_its_link_until_it_is_another,
    files_that_are_not_images_are_refused,
    forms_are_read_as_they_come,
    an_avatar_is_exported_and_goes_with_its_user,
}

const RED: [u8; 3] = [250, 10, 10];
const BLUE: [u8; 3] = [10, 10, 250];

fn link(me: &Value) -> String {
    me["avatar_url"].as_str().unwrap_or_else(|| panic!("{me}")).to_owned()
}

async fn an_avatar_is_seen_by_its_link_until_it_is_another(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    assert_eq!(alice.get("/api/v1/me").await.ok()["avatar_url"], Value::Null);
    let first = link(&alice.upload_avatar(&plain_png(300, 200, RED)).await.ok());
    assert_eq!(link(&alice.get("/api/v1/me").await.ok()), first, "the same for a day");

    let stranger = app.api();
    let seen = stranger.get(&first).await;
    assert!(seen.ok_bytes().starts_with(&[0xff, 0xd8, 0xff]));
    assert_eq!(seen.header("content-type"), "image/jpeg");
    assert_eq!(seen.header("cache-control"), "private, max-age=86400, immutable");
    let tag = seen.header("etag").to_owned();
    let again = Api::send(stranger.request(Method::GET, &first).header(IF_NONE_MATCH, tag)).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    if backend == Backend::Shared {
        assert_eq!(app.sibling().api().get(&first).await.ok_bytes(), seen.body);
    }

    let (path, query) = first.split_once('?').unwrap();
    for wrong in [
        path.to_owned(),
        format!("{path}?{}", query.replace("exp=1", "exp=2")),
        format!("{path}?{}", query.replace("exp=", "exp=0")),
        format!("{first}A"),
        first.replacen("/avatar/", "/avatar/a", 1),
    ] {
        stranger.get(&wrong).await.problem(403, "link_invalid");
    }
    // A drawing named `avatar` has separate pictures.
    alice.append("avatar", 0, serde_json::json!([yibi_tests::api::stroke(1)])).await.ok();
    let drawing = alice.get("/api/v1/drawings?limit=1").await.ok()["drawings"][0]["image_url"].clone();
    assert!(stranger.get(drawing.as_str().unwrap()).await.ok_bytes().starts_with(b"\x89PNG"));

    let second = link(&alice.upload_avatar(&plain_png(300, 200, BLUE)).await.ok());
    assert_ne!(first, second);
    stranger.get(&first).await.problem(404, "avatar_not_found");
    assert_ne!(stranger.get(&second).await.ok_bytes(), seen.body);
    for _ in 0..2 {
        assert_eq!(alice.delete("/api/v1/me/avatar").await.status, 204);
    }
    stranger.get(&second).await.problem(404, "avatar_not_found");
    assert_eq!(alice.get("/api/v1/me").await.ok()["avatar_url"], Value::Null);
}

async fn files_that_are_not_images_are_refused(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let good = link(&alice.upload_avatar(&plain_png(64, 64, RED)).await.ok());
    let mut bomb = plain_png(1, 1, RED);
    // The PNG header claims gigabytes of pixels.
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    for wrong in [&b"no image"[..], b"", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", b"GIF89a", &bomb] {
        alice.upload_avatar(wrong).await.problem(422, "invalid_image");
    }
    let broad = alice.upload_avatar(&plain_png(4_097, 1, RED)).await.problem(422, "invalid_image");
    assert_eq!(broad["detail"], "an avatar has at most 4096 pixels a side");
    alice.upload_avatar(&vec![0; (2 << 20) + 1]).await.problem(413, "body_too_large");
    let whole = vec![0; 2 << 20];
    alice.upload_avatar(&whole).await.problem(422, "invalid_image");
    for wrong in [&b""[..], b"--x--", &form(&[("a", "b")], "f", b"")[..40]] {
        alice.post_form("/api/v1/me/avatar", wrong.to_vec()).await.problem(400, "invalid_request");
    }
    let fields = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
    );
    alice.post_form("/api/v1/me/avatar", fields.into_bytes()).await.problem(422, "invalid_image");
    let long = "x".repeat(70_000);
    alice
        .post_form("/api/v1/me/avatar", form(&[("a", &long)], "f", &plain_png(9, 9, RED)))
        .await
        .problem(413, "body_too_large");
    alice.post("/api/v1/me/avatar", &Value::Null).await.problem(415, "unsupported_media_type");
    app.api().upload_avatar(&plain_png(9, 9, RED)).await.problem(401, "unauthenticated");
    assert_eq!(link(&alice.get("/api/v1/me").await.ok()), good, "all that changed nothing");
}

async fn forms_are_read_as_they_come(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let head = format!(
        "POST /api/v1/me/avatar HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let body = form(&[], "a.png", &plain_png(80, 80, BLUE));
    let (first, rest) = body.split_at(100);
    let begun = async || {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(&head).await;
        raw.write([format!("{:x}\r\n", first.len()).as_bytes(), first, b"\r\n"].concat()).await;
        raw
    };
    // A user has one upload at a time; the second is refused.
    let [mut one, mut other] = [begun().await, begun().await];
    let (refused, mut going) = {
        let (reply, is_one) = tokio::select! {
            reply = one.reply() => (reply, true),
            reply = other.reply() => (reply, false),
        };
        (reply.unwrap(), if is_one { other } else { one })
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "busy"));
    // Other users' uploads are independent.
    let bob = app.user("bob").await;
    bob.upload_avatar(&plain_png(8, 8, RED)).await.ok();
    for byte in rest {
        going.write([b'1', b'\r', b'\n', *byte, b'\r', b'\n']).await;
    }
    going.write("0\r\n\r\n").await;
    let reply = going.reply().await.unwrap();
    let me: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(reply.status, 200, "{me}");
    assert!(link(&me).contains("/avatar/"));
    // The permit is released.
    alice.upload_avatar(&plain_png(8, 8, RED)).await.ok();
}

async fn an_avatar_is_exported_and_goes_with_its_user(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let url = link(&alice.upload_avatar(&plain_png(64, 64, RED)).await.ok());
    let image = app.api().get(&url).await.ok_bytes().to_vec();
    let export = alice.get("/api/v1/me/export").await;
    let mut archive = zip::ZipArchive::new(Cursor::new(export.ok_bytes())).unwrap();
    let mut exported = Vec::new();
    archive.by_name("avatar.jpg").unwrap().read_to_end(&mut exported).unwrap();
    assert_eq!(exported, image);
    assert_eq!(alice.delete("/api/v1/me").await.status, 204);
    app.api().get(&url).await.problem(404, "avatar_not_found");
    let back = app.api().reopen(&app.wechat.code("alice").await).await;
    assert_eq!(link(&back.get("/api/v1/me").await.ok()), url);
    assert_eq!(app.api().get(&url).await.ok_bytes(), image);
}

#[tokio::test]
async fn an_upload_that_does_not_come_is_given_up() {
    let app = App::start_with(Backend::Embedded, &[("HTTP__UPLOAD_TIMEOUT", "1")]);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let mut raw = Raw::connect(&app.public).await;
    raw.write(format!(
        "POST /api/v1/me/avatar HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: 5000\r\n\r\n--{BOUNDARY}\r\n"
    ))
    .await;
    let reply = raw.reply().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (408, "body_timeout"));
    alice.upload_avatar(&plain_png(8, 8, RED)).await.ok();
}
