//! Colours of 2016 pictures as on a canvas.

use serde_json::{Value, json};
use yibi_tests::weapp::Phone;
use yibi_tests::{Backend, Server, Wechat, on_both_backends};

on_both_backends!(colours_are_those_of_a_canvas, a_translucent_stroke_shows_the_strokes_below_it,);

/// A list with these canvas settings and one line from (0, 100) to (338, 100), 40 wide.
fn line(entries: &str) -> String {
    let path = r#"{"method":"moveTo","data":[0,100]},{"method":"lineTo","data":[338,100]}"#;
    let width = r#"{"method":"setLineWidth","data":[40]}"#;
    format!(r#"[{entries},{width},{{"method":"strokePath","data":[{path}]}}]"#)
}

fn style(data: &str) -> String {
    format!(r#"{{"method":"setStrokeStyle","data":{data}}}"#)
}

async fn colours_are_those_of_a_canvas(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start(backend, &wechat);
    let modern = server.signed_in(&wechat, "alice").await;
    let phone = Phone::signed_in(&server.public, &wechat.login("alice").await).await;
    for (css, expected) in [
        ("pink", json!({"color": "#ffc0cb"})),
        ("crimson", json!({"color": "#dc143c"})),
        ("#ff0000ff", json!({"color": "#ff0000"})),
        ("#f00f", json!({"color": "#ff0000"})),
        ("hsl(0,100%,50%)", json!({"color": "#ff0000"})),
        ("RGB(255,0,0)", json!({"color": "#ff0000"})),
        ("rgb(255 0 0)", json!({"color": "#ff0000"})),
        ("rgb(100%,0%,0%)", json!({"color": "#ff0000"})),
        ("rgba(255,0,0,50%)", json!({"color": "#ff0000", "alpha": 128})),
        ("transparent", Value::Null),
    ] {
        phone.save("d", line(&style(&format!(r#"["{css}"]"#)))).await.done();
        let drawing = modern.drawing("d").await;
        let mut stroke = drawing["actions"][0]["strokes"][0].clone();
        if let Some(stroke) = stroke.as_object_mut() {
            stroke.retain(|name, _| name == "color" || name == "alpha");
        }
        assert_eq!(stroke, expected, "{css}");
    }
}

async fn a_translucent_stroke_shows_the_strokes_below_it(backend: Backend) {
    let wechat = Wechat::start();
    let server = Server::start(backend, &wechat);
    let modern = server.signed_in(&wechat, "alice").await;
    let phone = Phone::signed_in(&server.public, &wechat.login("alice").await).await;
    let yellow = r##"["#ffff00"]"##;
    for (id, entries, alpha) in [
        ("css", style(r#"["rgba(255,255,0,0.3)"]"#), 77),
        ("channels", style(r#"["normal",[255,255,0,76]]"#), 76),
        ("global", format!(r#"{},{{"method":"setGlobalAlpha","data":[0.3]}}"#, style(yellow)), 77),
    ] {
        let black = line(&style(r#"["black"]"#));
        let both = format!("{},{}", &black[..black.len() - 1], &line(&entries)[1..]);
        phone.save(id, &both).await.done();
        let drawing = modern.drawing(id).await;
        let strokes = &drawing["actions"][0]["strokes"];
        assert_eq!((&strokes[0]["alpha"], &strokes[1]["alpha"]), (&Value::Null, &json!(alpha)), "{id}");

        let file = modern.get(&format!("/api/v1/drawings/{id}/image.png?size=488")).await.ok_bytes().to_vec();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(frame.width, 338);
        let at = (100 * 338 + 169) * 3;
        let pixel = &bytes[at..at + 3];
        let near = pixel.iter().zip([alpha, alpha, 0]).all(|(found, alpha)| found.abs_diff(alpha) <= 1);
        assert!(near, "{id}: {pixel:?}");
        let svg = modern.get(&format!("/api/v1/drawings/{id}/image.svg")).await.text();
        assert!(svg.contains(r##"stroke="#ffff00" opacity="0."##), "{svg}");

        // The drawing's list keeps the opacity after a v1 change.
        modern.append(id, 1, json!([{"type": "background", "color": "#fff8e7"}])).await.ok();
        let shown = phone.shown().await;
        let (_, list) = shown.iter().find(|(shown, _)| shown == id).unwrap();
        assert!(list.contains(&format!("[255,255,0,{alpha}]")), "{list}");
    }
    let stroke =
        json!({"type": "stroke", "color": "#112233", "alpha": 77, "width": 28, "at": 0, "points": [0, 0, 0]});
    modern.append("v1", 0, json!([stroke])).await.problem(422, "invalid_action");
}
