//! The animated GIF of a drawing.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::{Api, App, Backend, Raw, wait_until};

on_both_backends! {
    an_animation_begins_and_ends_with_the_picture,
    a_sticker_of_one_stroke_is_small,
    only_three_sizes_exist,
    an_animation_is_the_owners_alone,
    an_animation_is_revalidated_and_follows_the_drawing,
    a_drawing_of_2016_moves,
    a_client_that_leaves_takes_nothing_from_the_next,
}

/// An animation as a viewer shows it.
pub(crate) struct Animation {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Delay in hundredths of a second and pixels of each frame.
    frames: Vec<(u16, Vec<[u8; 3]>)>,
}

impl Animation {
    pub(crate) fn first(&self) -> &[[u8; 3]] {
        &self.frames[0].1
    }

    pub(crate) fn last(&self) -> &[[u8; 3]] {
        &self.frames.last().unwrap().1
    }
}

pub(crate) fn animation(file: &[u8]) -> Animation {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(std::io::Cursor::new(file)).unwrap();
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let mut screen = vec![[0; 3]; width * height];
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        for (at, pixel) in frame.buffer.chunks(4).enumerate().filter(|(_, pixel)| pixel[3] > 0) {
            let x = usize::from(frame.left) + at % usize::from(frame.width);
            let y = usize::from(frame.top) + at / usize::from(frame.width);
            screen[y * width + x] = [pixel[0], pixel[1], pixel[2]];
        }
        frames.push((frame.delay, screen.clone()));
    }
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    Animation { width, height, frames }
}

pub(crate) fn png_pixels(file: &[u8]) -> Vec<[u8; 3]> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut bytes).unwrap();
    bytes.chunks(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// Asserts that two pictures differ by no more than a palette does.
fn assert_same(a: &[[u8; 3]], b: &[[u8; 3]]) {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a.abs_diff(*b));
    let (most, sum) =
        differences.fold((0, 0_u64), |(most, sum), each| (each.max(most), sum + u64::from(each)));
    assert!(most <= 32 && sum < a.len() as u64, "{most}, {sum} of {}", a.len());
}

/// A curve of 60 points that begins at a time.
fn curve(tool: &str, color: &str, width: u32, at: u32) -> Value {
    let mut points = vec![300 + i64::from(at % 900), 500, 0];
    for step in 1..60 {
        let angle = f64::from(step) * 0.15;
        points.extend([(angle.cos() * 60.0) as i64, (angle.sin() * 70.0) as i64, 20]);
    }
    json!({"type": "stroke", "tool": tool, "color": color, "width": width, "at": at, "points": points})
}

async fn gif_of(api: &Api, id: &str, query: &str) -> yibi_tests::Reply {
    api.get(&format!("/api/v1/drawings/{id}/image.gif{query}")).await
}

async fn an_animation_begins_and_ends_with_the_picture(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let strokes = json!([
        {"type": "background", "color": "#fff8e7", "at": 0},
        curve("pen", "#c0392b", 40, 0),
        curve("ink", "#1f2a44", 90, 2_400),
        curve("pen", "#00ff00", 300, 5_000),
        {"type": "undo"},
        curve("eraser", "#000000", 60, 60_700),
    ]);
    alice.append("a", 0, strokes).await.ok();
    for (query, size) in [("", 720), ("?size=720", 720), ("?size=480", 480)] {
        let reply = gif_of(&alice, "a", query).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/gif"));
        assert!(reply.header("content-security-policy").contains("default-src 'none'"));
        let animation = animation(reply.ok_bytes());
        assert_eq!((animation.width, animation.height), (size * 3 / 4, size));
        let png = alice.get(&format!("/api/v1/drawings/a/image.png?size={size}")).await;
        let picture = png_pixels(png.ok_bytes());
        assert_same(animation.first(), &picture);
        assert_same(animation.last(), &picture);
        assert!(animation.frames.len() > 20, "{}", animation.frames.len());
        assert_eq!(animation.frames[0].0, 5);
        assert!(animation.frames.iter().all(|(delay, _)| *delay >= 5));
        let total: u32 = animation.frames.iter().map(|(delay, _)| u32::from(*delay)).sum();
        assert!((500..=755).contains(&total), "{total}: six seconds at most, and the hold");
        assert!(animation.frames.last().unwrap().0 >= 150);
        // The stroke that was taken back is in no frame.
        assert!(animation.frames.iter().all(|(_, pixels)| !pixels.contains(&[0, 255, 0])));
    }
    alice.append("empty", 0, json!([{"type": "background", "color": "#203040"}])).await.ok();
    let empty = animation(gif_of(&alice, "empty", "?size=480").await.ok_bytes());
    assert!(empty.frames.iter().all(|(_, pixels)| pixels.iter().all(|pixel| *pixel == [0x20, 0x30, 0x40])));
}

async fn a_sticker_of_one_stroke_is_small(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([curve("pen", "#1f2a44", 28, 0)])).await.ok();
    let reply = gif_of(&alice, "a", "?size=sticker").await;
    assert!(reply.ok_bytes().len() <= 4_000, "{} bytes", reply.body.len());
    let sticker = animation(&reply.body);
    assert_eq!((sticker.width, sticker.height), (240, 240));
    assert!(sticker.frames.len() > 5);
    let png = alice.get("/api/v1/drawings/a/image.png?size=240").await;
    // The paper has three quarters of the square's width.
    let middle = sticker.last().chunks(240).flat_map(|row| row[30..210].to_vec()).collect::<Vec<_>>();
    assert_same(&middle, &png_pixels(png.ok_bytes()));
}

async fn only_three_sizes_exist(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([curve("pen", "#1f2a44", 28, 0)])).await.ok();
    for wrong in ["0", "240", "481", "Sticker", "sticker%20", "", "720.0", "-480", "%FF", "99999999999"] {
        gif_of(&alice, "a", &format!("?size={wrong}")).await.problem(422, "invalid_value");
    }
    gif_of(&alice, "a", "?size=480&size=720").await.problem(422, "invalid_value");
    let post = Api::send(alice.request(Method::POST, "/api/v1/drawings/a/image.gif")).await;
    post.problem(405, "method_not_allowed");
    assert_eq!(post.header("allow"), "GET");
}

async fn an_animation_is_the_owners_alone(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([curve("pen", "#1f2a44", 28, 0)])).await.ok();
    gif_of(&alice, "a", "?size=480").await.ok_bytes();
    gif_of(&alice, "none", "?size=480").await.problem(404, "drawing_not_found");
    gif_of(&app.user("mallory").await, "a", "?size=480").await.problem(404, "drawing_not_found");
    gif_of(&app.api(), "a", "?size=480").await.problem(401, "unauthenticated");
    alice.delete("/api/v1/drawings/a").await;
    gif_of(&alice, "a", "?size=480").await.problem(410, "drawing_deleted");
    alice.post("/api/v1/drawings/a/restore", &Value::Null).await.ok();
    gif_of(&alice, "a", "?size=480").await.ok_bytes();
    // No link leads to an animation.
    let url = alice.drawing("a").await["image_url"].as_str().unwrap().replace(".png", ".gif");
    app.api().get(&url).await.problem(403, "link_invalid");
}

async fn an_animation_is_revalidated_and_follows_the_drawing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([curve("pen", "#1f2a44", 28, 0)])).await.ok();
    let path = "/api/v1/drawings/a/image.gif?size=480";
    let first = alice.get(path).await;
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let tag = first.header("etag").to_owned();
    let unless = async || Api::send(alice.request(Method::GET, path).header("if-none-match", &tag)).await;
    let same = unless().await;
    assert_eq!((same.status.as_u16(), same.body.len(), same.header("etag")), (304, 0, tag.as_str()));
    let head = Api::send(alice.request(Method::HEAD, path)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    for name in ["content-type", "content-length", "etag", "cache-control"] {
        assert_eq!(head.header(name), first.header(name), "{name}");
    }
    // The sizes and the PNG are told apart by the cache.
    for other in ["image.gif?size=720", "image.gif?size=sticker", "image.png?size=480"] {
        assert_ne!(alice.get(&format!("/api/v1/drawings/a/{other}")).await.header("etag"), tag, "{other}");
    }
    alice.append("a", 1, json!([curve("pen", "#c0392b", 60, 3_000)])).await.ok();
    let changed = unless().await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

async fn a_drawing_of_2016_moves(backend: Backend) {
    let app = App::start(backend);
    let (alice, phone) = (app.user("alice").await, app.phone_2016("alice").await);
    phone.save("old", crate::weapp::line(12.5)).await.done();
    let animation = animation(gif_of(&alice, "old", "?size=480").await.ok_bytes());
    let png = alice.get("/api/v1/drawings/old/image.png?size=480").await;
    assert_same(animation.last(), &png_pixels(png.ok_bytes()));
    assert!(animation.frames.len() >= 3, "{}", animation.frames.len());
    assert!(animation.frames[1].1.iter().all(|pixel| *pixel == [255; 3]), "an empty paper first");
}

async fn a_client_that_leaves_takes_nothing_from_the_next(backend: Backend) {
    let app = App::start_with(backend, &[("GALLERY__RENDERERS", "1")]);
    let alice = app.user("alice").await;
    let strokes: Vec<Value> = (0..150).map(|number| curve("ink", "#1f2a44", 512, number * 1_300)).collect();
    alice.append("a", 0, json!(strokes)).await.ok();
    let token = alice.token.clone().unwrap();
    for _ in 0..4 {
        let mut leaving = Raw::connect(&app.public).await;
        let request = format!(
            "GET /api/v1/drawings/a/image.gif HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        assert!(leaving.write(request).await);
        leaving.reset();
    }
    // One renderer serves both: the abandoned animations end, and waiting requests share one rendering.
    let (gif, png) =
        futures_util::join!(gif_of(&alice, "a", ""), alice.get("/api/v1/drawings/a/image.png?size=256"),);
    assert!(animation(gif.ok_bytes()).frames.len() > 5);
    png.ok_bytes();
    let idle = async || {
        Api::new(&app.admin)
            .get("/metrics")
            .await
            .text()
            .lines()
            .any(|line| line == r#"yibi_pool_busy{pool="renderers"} 0"#)
    };
    wait_until("the pool is idle", idle).await;
}
