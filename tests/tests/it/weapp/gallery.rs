//! One gallery in both dialects.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Server, Wechat, on_both_backends};

use super::{drawn, line};

on_both_backends!(
    a_modern_drawing_is_listed_as_canvas_actions,
    fifty_strokes_come_back_from_below_a_save,
    a_2016_picture_is_seen_and_edited_in_v1,
    saves_of_2016_alone_move_the_base,
    both_dialects_share_the_bin,
    a_save_brings_a_drawing_back_from_the_bin,
);

/// A user signed in to both dialects.
async fn both(server: &Server, wechat: &Wechat) -> (Api, Phone) {
    let modern = server.signed_in(wechat, "alice").await;
    let phone = Phone::signed_in(&server.public, &wechat.login("alice").await).await;
    (modern, phone)
}

/// The only drawing in the list.
async fn only(phone: &Phone) -> String {
    let mut shown = phone.shown().await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    shown.remove(0).1
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.01
}

async fn a_modern_drawing_is_listed_as_canvas_actions(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    let actions = json!([
        stroke(10),
        {"type": "stroke", "tool": "pen", "color": "#ffa500", "width": 61, "at": 2, "points": [0, 0, 0, 1024, 2048, 9]},
        {"type": "stroke", "tool": "pen", "color": "#0000ff", "width": 9, "at": 3, "points": [5, 5, 0, 5, 5, 5]},
        {"type": "undo"},
    ]);
    modern.append("new", 0, actions).await.ok();
    let lines = drawn(&only(&phone).await);
    assert_eq!(lines.len(), 2, "{lines:?}");
    // 338 CSS pixels correspond to 2048 units of the grid.
    let css = |units: f64| units * 338.0 / 2048.0;
    let expected =
        [("#112233", 28.0, [10.0, 100.0, 80.0, 140.0]), ("#ffa500", 61.0, [0.0, 0.0, 1024.0, 2048.0])];
    for (line, (color, width, [x0, y0, x1, y1])) in lines.iter().zip(expected) {
        assert_eq!(line.color, color);
        assert!(near(line.width, css(width)), "{line:?}");
        let [begin, end] = line.ends;
        for (found, units) in [(begin.0, x0), (begin.1, y0), (end.0, x1), (end.1, y1)] {
            assert!(near(found, css(units)), "{line:?}: {units}");
        }
    }
    modern.append("new", 4, json!([{"type": "clear"}])).await.ok();
    assert_eq!(only(&phone).await, "[]");
    // A narrower paper with the same width on the phone.
    let narrow = json!({"from_seq": 0, "drawing": {"width": 512, "height": 512}, "actions": [
        {"type": "stroke", "tool": "pen", "color": "#ffffff", "width": 64, "at": 2, "points": [256, 0, 0, 256, 512, 9]},
    ]});
    modern.post("/api/v1/drawings/narrow/actions", &narrow).await.ok();
    let shown = phone.shown().await;
    assert_eq!(shown[1].0, "narrow");
    let line = drawn(&shown[1].1).remove(0);
    assert!(
        near(line.width, 42.25) && near(line.ends[0].0, 169.0) && near(line.ends[1].1, 338.0),
        "{line:?}"
    );
    // A list from the server can be saved again.
    phone.save("copy", &shown[1].1).await.done();
    assert_eq!(phone.shown().await[2].1, shown[1].1);
}

async fn fifty_strokes_come_back_from_below_a_save(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    let strokes: Vec<Value> = (0..50).map(|index| stroke(index * 20)).collect();
    modern.append("d", 0, json!(strokes)).await.ok();
    let fifty = only(&phone).await;
    assert_eq!(drawn(&fifty).len(), 50);

    phone.save("d", line(1.0)).await.done();
    phone.save("d", line(2.0)).await.done();
    assert_eq!(only(&phone).await, line(2.0));
    let drawing = modern.drawing("d").await;
    assert_eq!((&drawing["base"], &drawing["seq"]), (&json!(0), &json!(52)));
    assert_eq!(drawing["actions"].as_array().unwrap()[..50], strokes, "nothing is lost");
    assert_eq!(drawing["actions"][50]["type"], "weapp");
    assert_eq!((&drawing["width"], &drawing["height"]), (&json!(2048), &json!(2731)));

    let mut seq = 52;
    let mut then = async |kind: &str| {
        modern.append("d", seq, json!([{"type": kind}])).await.ok();
        seq += 1;
        only(&phone).await
    };
    assert_eq!(then("undo").await, line(1.0), "one undo takes one save back");
    assert_eq!(then("undo").await, fifty, "the second brings all fifty back");
    assert_eq!(drawn(&then("undo").await).len(), 49, "the third takes the fiftieth");
    assert_eq!(then("redo").await, fifty);
    assert_eq!(then("redo").await, line(1.0));
    assert_eq!(then("redo").await, line(2.0));
    assert_eq!(then("redo").await, line(2.0), "there is no more to bring back");
    assert_eq!(then("undo").await, line(1.0));
    // A save starts from the visible state.
    phone.save("d", line(3.0)).await.done();
    let drawing = modern.drawing("d").await;
    assert_eq!((&drawing["base"], &drawing["seq"]), (&json!(0), &json!(61)));
    modern.append("d", 61, json!([{"type": "undo"}])).await.ok();
    assert_eq!(only(&phone).await, line(1.0));
}

async fn a_2016_picture_is_seen_and_edited_in_v1(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    phone.save("old", line(12.5)).await.done();
    let drawing = modern.drawing("old").await;
    for (member, expected) in [
        ("width", json!(2048)),
        ("height", json!(2957)),
        ("mode", json!("free")),
        ("title", json!("")),
        ("base", json!(0)),
        ("seq", json!(1)),
    ] {
        assert_eq!(drawing[member], expected, "{member}");
    }
    // (12.5, 40) CSS pixels and an offset of (8.5, 4.33), at 2048 units for 338 pixels; the width is 5.
    let picture = json!({"type": "weapp", "strokes": [
        {"tool": "pen", "color": "#ff0000", "width": 30, "points": [76, 242, 0, 51, 27, 0]},
    ]});
    assert_eq!(drawing["actions"], json!([picture]));
    let summary = modern.get("/api/v1/drawings").await.ok()["drawings"][0].clone();
    assert_eq!((&summary["stroke_count"], &summary["point_count"]), (&json!(1), &json!(2)));
    assert!(modern.get("/api/v1/drawings/old/image.png?size=64").await.body.starts_with(b"\x89PNG"));

    for from_seq in [0, 1] {
        modern.append("old", from_seq, json!([picture])).await.problem(422, "invalid_action");
    }
    modern.append("old", 1, json!([stroke(10)])).await.ok();
    let edited = only(&phone).await;
    let lines = drawn(&edited);
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].color.as_str(), lines[1].color.as_str()), ("#ff0000", "#112233"));
    // Tolerance of the conversion to the grid and back.
    let off = |a: f64, b: f64| (a - b).abs() < 0.1;
    assert!(
        off(lines[0].ends[0].0, 12.5) && off(lines[0].ends[1].1, 44.33) && off(lines[0].width, 5.0),
        "{lines:?}"
    );
    modern.append("old", 2, json!([{"type": "undo"}])).await.ok();
    assert_eq!(only(&phone).await, line(12.5), "to the byte what was saved");
    modern.append("old", 3, json!([{"type": "redo"}])).await.ok();
    assert_eq!(only(&phone).await, edited);
    // The drawing has v1 actions now, so a save is appended.
    phone.save("old", line(1.0)).await.done();
    assert_eq!(only(&phone).await, line(1.0));
    assert_eq!(modern.drawing("old").await["base"], 0);
    modern.append("old", 5, json!([{"type": "undo"}])).await.ok();
    assert_eq!(only(&phone).await, edited);
}

async fn saves_of_2016_alone_move_the_base(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    for save in 0..5 {
        phone.save("d", line(f64::from(save))).await.done();
        let drawing = modern.drawing("d").await;
        assert_eq!((&drawing["base"], &drawing["seq"]), (&json!(save), &json!(save + 1)));
        assert_eq!(drawing["actions"].as_array().unwrap().len(), 1);
        assert_eq!(drawing["actions"][0]["type"], "weapp");
    }
    let usage = modern.get("/api/v1/me").await.ok()["usage"].clone();
    phone.save("d", line(4.0)).await.done();
    assert_eq!(modern.get("/api/v1/me").await.ok()["usage"], usage, "what was dropped does not count");
    // A client that knows only the first saves gets a conflict with the current position.
    for from_seq in [0, 1, 4, 5] {
        let conflict = modern.append("d", from_seq, json!([stroke(1)])).await.problem(409, "conflict");
        assert_eq!((&conflict["base"], &conflict["seq"]), (&json!(5), &json!(6)));
    }
    let tail = modern.get("/api/v1/drawings/d?since=2").await.ok();
    assert_eq!(tail["actions"].as_array().unwrap().len(), 1);
    assert_eq!(modern.append("d", 6, json!([stroke(1)])).await.ok()["seq"], 7);
    assert_eq!(modern.append("d", 6, json!([stroke(1)])).await.ok()["seq"], 7, "a repeat changes nothing");
    phone.save("d", line(1.0)).await.done();
    let drawing = modern.drawing("d").await;
    assert_eq!((&drawing["base"], &drawing["seq"]), (&json!(5), &json!(8)));
    // An undo alone makes it a v1 drawing too.
    phone.save("e", line(1.0)).await.done();
    phone.save("e", line(2.0)).await.done();
    modern.append("e", 2, json!([{"type": "undo"}])).await.ok();
    assert_eq!(
        phone.shown().await[1],
        ("e".to_owned(), "[]".to_owned()),
        "what was dropped does not come back"
    );
    phone.save("e", line(3.0)).await.done();
    assert_eq!(
        (&modern.drawing("e").await["base"], phone.shown().await[1].1.as_str()),
        (&json!(1), &*line(3.0))
    );
}

async fn both_dialects_share_the_bin(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    for id in ["a", "b", "c"] {
        phone.save(id, line(1.0)).await.done();
    }
    phone.delete("a").await.done();
    let bin = modern.get("/api/v1/drawings?deleted=true").await.ok();
    assert_eq!(bin["drawings"][0]["id"], "a");
    assert_eq!(bin["drawings"].as_array().unwrap().len(), 1);
    modern.append("a", 1, json!([stroke(1)])).await.problem(410, "drawing_deleted");
    phone.delete("a").await.done();
    assert!(modern.post("/api/v1/drawings/a/restore", &json!({})).await.status.is_success());
    assert_eq!(phone.ids().await, ["a", "b", "c"], "restored, it is where it was");
    assert_eq!(phone.shown().await[0].1, line(1.0));
    assert_eq!(modern.delete("/api/v1/drawings/b").await.status, 204);
    assert_eq!(phone.ids().await, ["a", "c"]);
    modern.append("new", 0, json!([stroke(1)])).await.ok();
    phone.delete("new").await.done();
    modern.append("new", 1, json!([stroke(2)])).await.problem(410, "drawing_deleted");
    assert_eq!(phone.ids().await, ["a", "c"]);
}

async fn a_save_brings_a_drawing_back_from_the_bin(backend: Backend) {
    let app = App::start(backend);
    let (modern, phone) = both(&app, &app.wechat).await;
    modern.append("new", 0, json!([stroke(1), stroke(2)])).await.ok();
    phone.save("old", line(1.0)).await.done();
    phone.save("other", line(1.0)).await.done();
    let two = phone.shown().await[0].1.clone();
    assert_eq!(modern.delete("/api/v1/drawings/new").await.status, 204);
    phone.delete("old").await.done();
    phone.save("new", line(2.0)).await.done();
    phone.save("old", line(3.0)).await.done();
    let entry = |id: &str, x: f64| (id.to_owned(), line(x));
    assert_eq!(phone.shown().await, [entry("other", 1.0), entry("new", 2.0), entry("old", 3.0)]);
    let bin = modern.get("/api/v1/drawings?deleted=true").await.ok();
    assert_eq!(bin["drawings"], json!([]));
    let old = modern.drawing("old").await;
    assert_eq!((&old["base"], &old["seq"]), (&json!(1), &json!(2)), "no number is used again");
    modern.append("new", 3, json!([{"type": "undo"}])).await.ok();
    assert_eq!(phone.shown().await[1], ("new".to_owned(), two));
}
