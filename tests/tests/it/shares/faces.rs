//! The page, its pictures and the JSON.

use std::collections::HashSet;

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{Backend, on_both_backends};

use super::{Sharing, html};

on_both_backends! {
    the_page_is_complete_without_a_script,
    pictures_are_those_of_the_drawing,
    replies_are_revalidated,
    a_mini_program_code_appears_once_it_is_made,
    codes_are_unguessable,
    addresses_take_exact_codes_only,
}

async fn the_page_is_complete_without_a_script(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let first = json!({"from_seq": 0, "drawing": {"title": "风筝"}, "actions": [stroke(1), stroke(2)]});
    sharing.alice.post("/api/v1/drawings/kite/actions", &first).await.ok();
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    sharing.becomes("kite", "shown").await;
    let shown = async || sharing.public().get(&format!("/s/{code}.json")).await.ok();
    yibi_tests::wait_until("the names passed", async || {
        let json = shown().await;
        json["title"] == "风筝" && json["author"]["nickname"] == "小明"
    })
    .await;
    let reply = sharing.public().get(&format!("/s/{code}")).await;
    let page = html(&reply);
    let body = page.split("<body>").nth(1).unwrap();
    assert!(body.starts_with("<img"), "the first element is the picture: {body}");
    let alt = "《风筝》，小明画，共 2 笔";
    for part in [
        "<h1><bdi>风筝</bdi></h1>",
        alt,
        "property=\"og:image\"",
        "name=\"twitter:card\"",
        "name=\"robots\" content=\"noindex\"",
        "复制链接",
        "举报",
        "<form method=\"post\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert!(reply.header("set-cookie").is_empty());
    let asset = |start: &str| {
        let from = page.find(start).unwrap();
        page[from..].split('"').next().unwrap().to_owned()
    };
    for (name, kind) in [("-/page.", "text/css; charset=utf-8"), ("-/icon.", "image/svg+xml")] {
        let asset = sharing.public().get(&format!("/s/{}", asset(name))).await;
        asset.ok_bytes();
        assert_eq!(asset.header("content-type"), kind);
        assert!(asset.header("cache-control").contains("immutable"));
    }
    assert_eq!(sharing.public().get("/s/-/page.0.css").await.status, 404);
}

async fn pictures_are_those_of_the_drawing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for size in ["64", "480", "2048"] {
        let own = sharing.alice.get(&format!("/api/v1/drawings/kite/image.png?size={size}")).await;
        let shown = sharing.public().get(&format!("/s/{code}.png?size={size}")).await;
        assert_eq!(shown.ok_bytes(), own.ok_bytes());
        assert_eq!(shown.header("content-type"), "image/png");
    }
    let own = sharing.alice.get("/api/v1/drawings/kite/image.svg?size=480").await;
    assert_eq!(sharing.public().get(&format!("/s/{code}.svg?size=480")).await.ok_bytes(), own.ok_bytes());
    for size in ["sticker", "480", "720"] {
        let own = sharing.alice.get(&format!("/api/v1/drawings/kite/image.gif?size={size}")).await;
        let shown = sharing.public().get(&format!("/s/{code}.gif?size={size}")).await;
        assert_eq!(shown.ok_bytes(), own.ok_bytes());
        assert_eq!(shown.header("content-type"), "image/gif");
    }
    sharing.public().get(&format!("/s/{code}.gif?size=500")).await.problem(422, "invalid_value");
    for bad in ["size=63", "size=2049", "size=x"] {
        sharing.public().get(&format!("/s/{code}.png?{bad}")).await.problem(422, "invalid_value");
    }
    sharing.public().get(&format!("/s/{code}/card.png?shape=2x1")).await.problem(422, "invalid_value");
    assert_eq!(sharing.public().get(&format!("/s/{code}/avatar.jpg")).await.status, 404);
}

async fn replies_are_revalidated(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for ending in ["json", "png", "svg"] {
        let address = format!("/s/{code}.{ending}");
        let tag = sharing.public().get(&address).await.header("etag").to_owned();
        assert!(!tag.is_empty(), "{address}");
        let again = sharing.public().with_header("if-none-match", &tag).get(&address).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{address}");
    }
}

async fn a_mini_program_code_appears_once_it_is_made(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let picture = format!("/s/{code}/code.png");
    yibi_tests::wait_until("the code is made", async || sharing.public().get(&picture).await.status == 200)
        .await;
    let page = html(&sharing.public().get(&format!("/s/{code}")).await);
    assert!(page.contains("长按或扫码，也来画一笔") && page.contains(&format!("{code}/code.png")), "{page}");
    sharing.alice.delete(&super::path("kite")).await;
    assert_eq!(sharing.public().get(&picture).await.status, 410);
}

async fn codes_are_unguessable(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let mut codes = HashSet::new();
    for number in 0..20 {
        let code = sharing.shared(&format!("d{number}")).await;
        assert_eq!(code.len(), 12);
        assert!(code.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte)), "{code}");
        codes.insert(code);
    }
    assert_eq!(codes.len(), 20);
}

async fn addresses_take_exact_codes_only(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for wrong in [
        code.to_ascii_uppercase(),
        format!("{code}0"),
        code[..11].to_owned(),
        format!("%20{code}"),
        "000000000000".to_owned(),
    ] {
        assert_eq!(sharing.public().get(&format!("/s/{wrong}")).await.status, 404, "{wrong}");
    }
}
