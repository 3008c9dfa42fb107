//! Every limit: values at the limit are accepted, values beyond it are refused before anything is stored.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    limits_are_told_and_kept,
    a_drawing_holds_so_many_actions_and_bytes,
    the_bin_makes_room_for_drawings_oldest_first,
    the_bin_makes_room_for_bytes,
    a_full_user_loses_no_stroke_and_no_bin_to_a_lost_reply,
    a_drawing_in_the_bin_is_not_made_anew_where_room_is_short,
}

async fn alice(backend: Backend, settings: &[(&str, &str)]) -> (App, Api) {
    let names: Vec<(String, &str)> =
        settings.iter().map(|(name, value)| (format!("LIMITS__DRAWING__{name}"), *value)).collect();
    let settings: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let app = App::start_with(backend, &settings);
    let alice = app.user("alice").await;
    (app, alice)
}

fn line(points: usize) -> Value {
    let mut flat = vec![100, 100, 0];
    for _ in 1..points {
        flat.extend([1, 2, 8]);
    }
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 28, "at": 0, "points": flat})
}

async fn limits_are_told_and_kept(backend: Backend) {
    let settings = [
        ("LIMITS__DRAWING__POINTS_PER_STROKE", "5"),
        ("LIMITS__DRAWING__ONE_STROKE_LENGTH", "100"),
        ("LIMITS__DRAWING__TITLE_CHARS", "3"),
        ("LIMITS__DRAWING__COORDINATE_FACTOR", "1"),
        ("GALLERY__BIN_DAYS", "14"),
        ("GALLERY__ERASURE_DAYS", "3"),
    ];
    let app = App::start_with(backend, &settings);
    let alice = app.user("alice").await;
    // The limits are readable without a session.
    let told = app.api().get("/api/v1/limits").await.ok();
    assert_eq!(
        told,
        json!({"points_per_stroke": 5, "actions_per_drawing": 5000, "bytes_per_drawing": 1_048_576, "points_per_drawing": 1_000_000,
               "drawings_per_user": 2000, "bytes_per_user": 67_108_864, "coordinate_factor": 1,
               "one_stroke_length": 100, "title_chars": 3, "bin_days": 14, "erasure_days": 3,
               "sharing": {"level": "off", "require_phone": false}, 
               "rooms": {"enabled": false, "drawing": 8, "authors": 200, "owned": 3, "min_goal": 2, "max_goal": 30,
                         "default_goal": 9, "hold": 90, "extended_hold": 120, "stroke_length": 100}})
    );
    alice.append("a", 0, json!([line(5)])).await.ok();
    alice.append("a", 1, json!([line(6)])).await.problem(422, "invalid_action");
    let dot =
        |x: i64| json!({"type": "stroke", "color": "#112233", "width": 28, "at": 0, "points": [x, 0, 0]});
    alice.append("a", 1, json!([dot(2048)])).await.ok();
    alice.append("a", 2, json!([dot(2049)])).await.problem(422, "invalid_action");
    for (title, fits) in [("一笔画", true), ("一笔到底", false), ("👩‍👧", true), ("aaaa", false)]
    {
        let reply = alice.patch("/api/v1/drawings/a", &json!({"title": title})).await;
        if fits {
            assert_eq!(reply.ok()["title"], title);
        } else {
            reply.problem(422, "invalid_value");
        }
    }
    let one = |length: i64| {
        let points = json!([0, 0, 0, length, 0, 5]);
        let stroke = json!({"type": "stroke", "color": "#112233", "width": 28, "at": 0, "points": points});
        json!({"from_seq": 0, "drawing": {"mode": "one_stroke"}, "actions": [stroke]})
    };
    alice.post("/api/v1/drawings/one/actions", &one(101)).await.problem(422, "invalid_action");
    alice.post("/api/v1/drawings/one/actions", &one(100)).await.ok();
    assert_eq!(alice.drawing("a").await["seq"], 2);
}

async fn a_drawing_holds_so_many_actions_and_bytes(backend: Backend) {
    let (_app, alice) = alice(backend, &[("ACTIONS_PER_DRAWING", "4"), ("BYTES_PER_DRAWING", "300")]).await;
    let four = json!([stroke(1), stroke(2), stroke(3), stroke(4)]);
    let five = json!([stroke(1), stroke(2), stroke(3), stroke(4), stroke(5)]);
    alice.append("a", 0, five.clone()).await.problem(422, "drawing_full");
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    alice.append("a", 0, json!([stroke(1), stroke(2), stroke(3)])).await.ok();
    alice.append("a", 3, json!([stroke(4), stroke(5)])).await.problem(422, "drawing_full");
    assert_eq!(alice.drawing("a").await["seq"], 3, "all of a batch or none");
    assert_eq!(alice.append("a", 0, four.clone()).await.ok()["seq"], 4);
    alice.append("a", 4, json!([{"type": "undo"}])).await.problem(422, "drawing_full");
    // A full drawing takes no more, and a retry of a stored batch still succeeds.
    assert_eq!(alice.append("a", 0, four).await.ok()["seq"], 4);
    alice.append("a", 0, json!([stroke(9)])).await.problem(409, "conflict");

    // Incompressible points: three of these strokes exceed 300 bytes, one does not.
    let noise = |seed: i64| {
        let mut state = seed;
        let mut flat = vec![500, 500, 0];
        for _ in 0..150 {
            for _ in 0..2 {
                state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
                flat.push(state / 65_536 % 20 - 10);
            }
            flat.push(16);
        }
        json!({"type": "stroke", "color": "#112233", "width": 28, "at": 0, "points": flat})
    };
    alice.append("b", 0, json!([noise(1), noise(2), noise(3), noise(4)])).await.problem(422, "drawing_full");
    alice.get("/api/v1/drawings/b").await.problem(404, "drawing_not_found");
    let mut seq = 0;
    let refused = loop {
        let reply = alice.append("b", seq, json!([noise(i64::try_from(seq).unwrap())])).await;
        if !reply.status.is_success() {
            break reply;
        }
        seq += 1;
    };
    refused.problem(422, "drawing_full");
    assert!((1..4).contains(&seq), "{seq}");
    assert_eq!(alice.drawing("b").await["seq"], seq);
}

async fn ids(api: &Api, query: &str) -> Vec<String> {
    let list = api.get(&format!("/api/v1/drawings{query}")).await.ok();
    list["drawings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn the_bin_makes_room_for_drawings_oldest_first(backend: Backend) {
    let (_app, alice) = alice(backend, &[("DRAWINGS_PER_USER", "3")]).await;
    for id in ["a", "b", "c"] {
        alice.append(id, 0, json!([stroke(1)])).await.ok();
    }
    alice.append("d", 0, json!([stroke(1)])).await.problem(422, "too_many_drawings");
    alice.append("d", 0, json!([])).await.problem(422, "too_many_drawings");
    alice.append("a", 1, json!([stroke(2)])).await.ok();
    alice.append("a", 0, json!([stroke(1), stroke(2), stroke(3)])).await.ok();
    // Purges follow the order of deletion, not of creation.
    for id in ["c", "a"] {
        alice.delete(&format!("/api/v1/drawings/{id}")).await;
    }
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"]["drawings"], 3, "the bin counts");
    // Invalid requests cause no purge.
    alice.append("d", 0, json!([{"type": "spray"}])).await.problem(422, "invalid_action");
    let second = json!({"from_seq": 0, "actions": [stroke(1), stroke(2)], "drawing": {"mode": "one_stroke"}});
    alice.post("/api/v1/drawings/d/actions", &second).await.problem(422, "invalid_action");
    alice.append("d", 1, json!([stroke(1)])).await.problem(404, "drawing_not_found");
    assert_eq!(ids(&alice, "?deleted=true").await, ["a", "c"]);

    alice.append("d", 0, json!([stroke(1)])).await.ok();
    assert_eq!(ids(&alice, "?deleted=true").await, ["a"], "the one longest in the bin went");
    assert_eq!(ids(&alice, "").await, ["d", "b"]);
    alice.append("e", 0, json!([stroke(1)])).await.ok();
    alice.append("f", 0, json!([stroke(1)])).await.problem(422, "too_many_drawings");
    assert_eq!(ids(&alice, "").await, ["e", "d", "b"]);
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"]["drawings"], 3);
}

async fn used(api: &Api) -> u64 {
    api.get("/api/v1/me").await.ok()["usage"]["bytes"].as_u64().unwrap()
}

async fn the_bin_makes_room_for_bytes(backend: Backend) {
    let (_app, alice) = alice(backend, &[("BYTES_PER_USER", "200")]).await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let one = used(&alice).await;
    assert!((10..60).contains(&one), "{one} bytes for a stroke of three points");
    alice.append("b", 0, json!([stroke(1)])).await.ok();
    assert_eq!(used(&alice).await, 2 * one);
    alice.delete("/api/v1/drawings/a").await;
    let room = usize::try_from(200 / one).unwrap() - 2;
    alice.append("c", 0, json!(vec![stroke(1); room])).await.ok();
    assert_eq!(ids(&alice, "?deleted=true").await, ["a"], "there was room yet");
    let more = u64::try_from(room).unwrap();
    alice.append("c", more, json!([stroke(1)])).await.ok();
    assert_eq!(ids(&alice, "?deleted=true").await, Vec::<String>::new());
    alice.append("c", more + 1, json!([stroke(1)])).await.problem(422, "storage_full");
    alice.append("d", 0, json!([stroke(1)])).await.problem(422, "storage_full");
    assert!(used(&alice).await <= 200);
    assert_eq!(alice.drawing("c").await["seq"], more + 1);
}

async fn a_full_user_loses_no_stroke_and_no_bin_to_a_lost_reply(backend: Backend) {
    let (_app, alice) = alice(backend, &[("BYTES_PER_USER", "200"), ("DRAWINGS_PER_USER", "2")]).await;
    alice.append("bin", 0, json!([stroke(1)])).await.ok();
    let one = used(&alice).await;
    alice.delete("/api/v1/drawings/bin").await;
    let all = json!(vec![stroke(1); usize::try_from(200 / one).unwrap() - 1]);
    let seq = alice.append("a", 0, all.clone()).await.ok()["seq"].clone();
    // The whole batch is stored already, so it needs no space and causes no purge.
    assert_eq!(alice.append("a", 0, all.clone()).await.ok()["seq"], seq);
    assert_eq!(ids(&alice, "?deleted=true").await, ["bin"]);
    alice.append("a", 0, json!([stroke(7), stroke(8)])).await.problem(409, "conflict");
    assert_eq!(ids(&alice, "?deleted=true").await, ["bin"]);
    alice.delete("/api/v1/drawings/bin").await;
    alice.append("a", seq.as_u64().unwrap(), json!([stroke(1)])).await.ok();
    assert_eq!(ids(&alice, "?deleted=true").await, Vec::<String>::new());
    assert_eq!(alice.append("a", 0, all).await.ok()["seq"], seq);
    alice.append("a", 9_000, json!([stroke(1)])).await.problem(409, "conflict");
}

async fn a_drawing_in_the_bin_is_not_made_anew_where_room_is_short(backend: Backend) {
    let (_app, alice) = alice(backend, &[("DRAWINGS_PER_USER", "1")]).await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    alice.delete("/api/v1/drawings/a").await;
    alice.append("a", 0, json!([stroke(2)])).await.problem(410, "drawing_deleted");
    assert_eq!(alice.drawing("a").await["actions"], json!([stroke(1)]));
    assert_eq!(alice.post("/api/v1/drawings/a/restore", &Value::Null).await.ok()["id"], "a");
}
