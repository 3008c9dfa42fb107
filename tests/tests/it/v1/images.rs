//! Pictures: the current one by token, a fixed one by signed link.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Reply};

on_both_backends! {
    a_png_has_the_size_that_was_asked_for,
    a_picture_is_not_sent_twice,
    a_link_needs_no_token_and_takes_no_change,
    a_link_shows_the_drawing_as_it_was,
    a_link_ends_with_its_drawing,
    a_link_is_good_on_every_server_and_after_a_restart,
}

/// Width, height, and the pixels as RGB.
fn pixels(file: &[u8]) -> (u32, u32, Vec<[u8; 3]>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    let channels = frame.color_type.samples();
    let pixel = |pixel: &[u8]| if channels < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
    (frame.width, frame.height, bytes[..frame.buffer_size()].chunks(channels).map(pixel).collect())
}

fn dot(color: &str) -> Value {
    json!({"type": "stroke", "color": color, "width": 512, "at": 0, "points": [500, 500, 0]})
}

async fn a_png_has_the_size_that_was_asked_for(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let paper = |width: u32, height: u32| {
        let dots = if width > 500 { json!([dot("#ff0000")]) } else { json!([]) };
        json!({"from_seq": 0, "drawing": {"width": width, "height": height}, "actions": dots})
    };
    for (id, width, height, size, expected) in [
        ("high", 1000, 2000, 512, (256, 512)),
        ("wide", 2000, 1000, 64, (64, 32)),
        ("square", 1000, 1000, 2048, (2048, 2048)),
        ("tower", 64, 8192, 64, (1, 64)),
    ] {
        alice.post(&format!("/api/v1/drawings/{id}/actions"), &paper(width, height)).await.ok();
        let reply = alice.get(&format!("/api/v1/drawings/{id}/image.png?size={size}")).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
        let (width, height, _) = pixels(&reply.body);
        assert_eq!((width, height), expected, "{id}");
    }
    // Red on white, with the dot at the tapped place.
    let (width, _, rgb) = pixels(&alice.get("/api/v1/drawings/square/image.png?size=1000").await.body);
    assert_eq!(rgb[500 * width as usize + 500], [255, 0, 0]);
    assert_eq!(rgb[10 * width as usize + 10], [255, 255, 255]);
    let (width, height, _) = pixels(&alice.get("/api/v1/drawings/high/image.png").await.body);
    assert_eq!((width, height), (540, 1080), "1080 when none is asked");
    for picture in ["image.png", "image.svg"] {
        for wrong in ["0", "63", "2049", "-1", "x", "", "64.5", "99999999999"] {
            let reply = alice.get(&format!("/api/v1/drawings/high/{picture}?size={wrong}")).await;
            reply.problem(422, "invalid_value");
        }
        alice.get(&format!("/api/v1/drawings/none/{picture}")).await.problem(404, "drawing_not_found");
    }
    for nothing in ["image.webp", "image", "image.PNG"] {
        alice.get(&format!("/api/v1/drawings/high/{nothing}")).await.problem(404, "not_found");
    }
    let svg = alice.get("/api/v1/drawings/high/image.svg?size=512").await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.text().starts_with("<svg") && svg.text().trim_end().ends_with("</svg>"), "{}", svg.text());
    assert!(svg.text().contains("width=\"256\"") && svg.text().contains("height=\"512\""), "{}", svg.text());
    assert!(svg.text().contains("#ff0000"));
    assert!(svg.header("content-security-policy").contains("default-src 'none'"));
    // A drawing without strokes is a white sheet.
    alice.append("empty", 0, json!([])).await.ok();
    let (_, _, rgb) = pixels(&alice.get("/api/v1/drawings/empty/image.png?size=64").await.body);
    assert!(rgb.iter().all(|pixel| *pixel == [255; 3]));
}

async fn get_unless(api: &Api, path: &str, tag: &str) -> Reply {
    Api::send(api.request(Method::GET, path).header("if-none-match", tag)).await
}

async fn a_picture_is_not_sent_twice(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    for path in ["/api/v1/drawings/a/image.png?size=64", "/api/v1/drawings/a/image.svg"] {
        let first = alice.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert_eq!(alice.get(path).await.header("etag"), tag);
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let reply = get_unless(&alice, path, &known).await;
            assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0), "{known}");
            assert_eq!(reply.header("etag"), tag);
            assert_eq!(reply.header("cache-control"), first.header("cache-control"));
        }
        for other in ["\"x\"", "W/\"x\"", "nonsense", ""] {
            assert_eq!(get_unless(&alice, path, other).await.status, 200, "{other}");
        }
        // A picture that may change is revalidated on each use.
        assert!(first.header("cache-control").contains("private"));
        assert!(first.header("cache-control").contains("no-cache"));
    }
    let before = alice.get("/api/v1/drawings/a/image.png").await.header("etag").to_owned();
    alice.append("a", 1, json!([dot("#00ff00")])).await.ok();
    let after = get_unless(&alice, "/api/v1/drawings/a/image.png", &before).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), before);
}

async fn link(api: &Api, id: &str) -> String {
    api.drawing(id).await["image_url"].as_str().unwrap().to_owned()
}

async fn a_link_needs_no_token_and_takes_no_change(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1), stroke(2)])).await.ok();
    let url = link(&alice, "a").await;
    assert!(url.starts_with("/api/v1/images/"), "{url}");
    assert_eq!(link(&alice, "a").await, url, "unchanged, so a phone has it in its cache");
    let listed = alice.get("/api/v1/drawings").await.ok();
    assert_eq!(listed["drawings"][0]["image_url"], url);
    let anyone = app.api();
    let reply = anyone.get(&url).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
    assert_eq!(reply.header("cache-control"), "private, max-age=86400, immutable");
    let known = get_unless(&anyone, &url, reply.header("etag")).await;
    assert_eq!((known.status.as_u16(), known.header("cache-control")), (304, reply.header("cache-control")));
    let (width, height, _) = pixels(&reply.body);
    assert_eq!(width.max(height), 512);

    let prefix = "/api/v1/images/".len();
    for (position, character) in url.char_indices().filter(|(position, _)| *position >= prefix) {
        if character == '/' {
            continue;
        }
        let other = match character {
            '1' => '2',
            '?' => '&',
            '&' | '=' | '.' => '_',
            _ => '1',
        };
        let tampered = format!("{}{other}{}", &url[..position], &url[position + 1..]);
        anyone.get(&tampered).await.problem(403, "link_invalid");
    }
    let (path, query) = url.split_once('?').unwrap();
    let signature = query.rsplit_once("sig=").unwrap().1;
    for tampered in [
        path.to_owned(),
        url.replace(".png", ".svg"),
        url.replace("size=512", "size=2048"),
        url.replace("size=512", "size=0512"),
        url.replace("size=512", "size=%2B512"),
        url.replace("exp=", "exp=0"),
        url.replace("/2.png", "/02.png"),
        url.replace("/2.png", "/+2.png"),
        url.replace("/2.png", "/1.png"),
        url.replace("/2.png", "/2"),
        url.replace("/2.png", "/.png"),
        url.replace("/2.png", "/2.png.png"),
        format!("{url}A"),
        format!("{url}="),
        url.replace(signature, ""),
        url.replace(signature, &signature[1..]),
        url.replace(signature, &"A".repeat(signature.len())),
        format!("{path}?size=512&exp=99999999999&sig={signature}"),
        format!("{path}?size=512&exp=-1&sig={signature}"),
    ] {
        anyone.get(&tampered).await.problem(403, "link_invalid");
    }
    // A bearer token is not a signature.
    alice.get(path).await.problem(403, "link_invalid");
}

async fn a_link_shows_the_drawing_as_it_was(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([dot("#ff0000")])).await.ok();
    let old = link(&alice, "a").await;
    let old_picture = app.api().get(&old).await.body;
    alice.append("a", 1, json!([dot("#0000ff")])).await.ok();
    let new = link(&alice, "a").await;
    assert_ne!(new, old);
    assert_eq!(app.api().get(&old).await.body, old_picture);
    let corner = |file: &[u8]| {
        let (width, _, rgb) = pixels(file);
        rgb[94 * width as usize + 94]
    };
    assert_eq!(corner(&old_picture), [255, 0, 0]);
    assert_eq!(corner(&app.api().get(&new).await.body), [0, 0, 255]);
    // A new title does not change the picture.
    alice.patch("/api/v1/drawings/a", &json!({"title": "dots"})).await.ok();
    assert_eq!(link(&alice, "a").await, new);
}

async fn a_link_ends_with_its_drawing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let url = link(&alice, "a").await;
    let anyone = app.api();
    assert_eq!(anyone.get(&url).await.status, 200);
    alice.delete("/api/v1/drawings/a").await;
    anyone.get(&url).await.problem(404, "drawing_not_found");
    alice.post("/api/v1/drawings/a/restore", &Value::Null).await.ok();
    assert_eq!(anyone.get(&url).await.status, 200);
    assert_eq!(link(&alice, "a").await, url);
    // A closed account hides all pictures; reopening it restores them.
    alice.delete("/api/v1/me").await;
    anyone.get(&url).await.problem(404, "drawing_not_found");
    app.api().reopen(&app.wechat.code("alice").await).await;
    assert_eq!(anyone.get(&url).await.status, 200);
}

async fn a_link_is_good_on_every_server_and_after_a_restart(backend: Backend) {
    let public_url = ("HTTP__PUBLIC_URL", "https://draw.example.com/yibi/");
    let mut app = App::start_with(backend, &[public_url]);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let asked = alice.clone().with_header("x-forwarded-host", "evil.example");
    let url = link(&asked, "a").await;
    // The URL does not depend on the request's host headers.
    let path = url.strip_prefix("https://draw.example.com/yibi").unwrap().to_owned();
    assert!(path.starts_with("/api/v1/images/"), "{path}");
    assert_eq!(app.api().get(&path).await.status, 200);
    let sibling = (backend == Backend::Shared).then(|| app.sibling());
    if let Some(sibling) = &sibling {
        assert_eq!(sibling.api().get(&path).await.status, 200);
        assert_eq!(link(&alice.at(&sibling.public), "a").await, url);
    }
    app.restart();
    assert_eq!(app.api().get(&path).await.status, 200);
    assert_eq!(link(&alice.at(&app.public), "a").await, url);
}
