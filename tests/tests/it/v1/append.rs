//! Appends: every acknowledged action is stored once and in its place, whatever replies are lost.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    the_append_at_0_creates_the_drawing,
    a_lost_reply_neither_loses_nor_doubles_a_stroke,
    a_drawing_is_created_once,
    a_batch_that_does_not_fit_changes_nothing,
    two_devices_draw_on_one_drawing,
    appends_to_missing_drawings_are_refused,
    the_bin_takes_no_actions,
    every_action_comes_back_as_it_went,
    since_omits_known_actions,
    eight_clients_at_once_lose_and_double_nothing,
    a_compressed_body_is_read,
}

async fn actions(api: &Api, id: &str) -> Value {
    api.drawing(id).await["actions"].clone()
}

async fn create(api: &Api, id: &str, drawing: Value, actions: Value) -> yibi_tests::Reply {
    let body = json!({"from_seq": 0, "actions": actions, "drawing": drawing});
    api.post(&format!("/api/v1/drawings/{id}/actions"), &body).await
}

async fn the_append_at_0_creates_the_drawing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    assert_eq!(alice.append("a", 0, json!([stroke(1)])).await.ok(), json!({"seq": 1}));
    let drawing = alice.drawing("a").await;
    for (name, value) in [
        ("id", json!("a")),
        ("title", json!("")),
        ("width", json!(2048)),
        ("height", json!(2731)),
        ("mode", json!("free")),
        ("base", json!(0)),
        ("seq", json!(1)),
        ("stroke_count", json!(1)),
        ("point_count", json!(3)),
    ] {
        assert_eq!(drawing[name], value, "{name}");
    }
    assert_eq!(drawing["created_at"], drawing["updated_at"]);

    let described = json!({"title": "海", "width": 64, "height": 8192, "mode": "one_stroke"});
    assert_eq!(create(&alice, "b", described.clone(), json!([])).await.ok(), json!({"seq": 0}));
    let drawing = alice.drawing("b").await;
    for (name, value) in described.as_object().unwrap() {
        assert_eq!(&drawing[name], value);
    }
    assert_eq!(drawing["actions"], json!([]));

    for (number, wrong) in [
        json!({"width": 63}),
        json!({"height": 8193}),
        json!({"width": -1}),
        json!({"width": 2048.5}),
        json!({"mode": "two_strokes"}),
        json!({"title": 7}),
        json!({"title": "a\u{202e}b"}),
        json!({"title": "t".repeat(65)}),
        json!({"base": 3}),
        json!([]),
        json!(["title", 64, 64, "free"]),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = create(&alice, &format!("wrong{number}"), wrong, json!([stroke(1)])).await;
        reply.problem(422, "invalid_value");
        alice.get(&format!("/api/v1/drawings/wrong{number}")).await.problem(404, "drawing_not_found");
    }
    let late = json!({"from_seq": 1, "actions": [stroke(2)], "drawing": {"title": "late"}});
    alice.post("/api/v1/drawings/a/actions", &late).await.problem(422, "invalid_value");

    alice.append(&"i".repeat(64), 0, json!([])).await.ok();
    for id in [&"i".repeat(65), "a.b", "a%20b", "a%2Fb", "%00", "%E6%B1%89", "a~"] {
        alice.append(id, 0, json!([stroke(1)])).await.problem(422, "invalid_value");
        alice.get(&format!("/api/v1/drawings/{id}")).await.problem(404, "drawing_not_found");
    }
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"]["drawings"], 3);
}

async fn a_lost_reply_neither_loses_nor_doubles_a_stroke(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let batch = json!([stroke(1), stroke(2), {"type": "undo"}, {"type": "undo"}]);
    for _ in 0..3 {
        assert_eq!(alice.append("a", 0, batch.clone()).await.ok()["seq"], 4);
    }
    let before = alice.drawing("a").await;
    assert_eq!(before["actions"], batch);
    // The client has added strokes since and splits its batches differently.
    let longer = json!([{"type": "undo"}, {"type": "undo"}, stroke(3), stroke(4)]);
    assert_eq!(alice.append("a", 2, longer).await.ok()["seq"], 6);
    assert_eq!(
        alice.append("a", 1, json!([stroke(2)])).await.ok()["seq"],
        2,
        "its own end, not the drawing's"
    );
    let all = json!([stroke(1), stroke(2), {"type": "undo"}, {"type": "undo"}, stroke(3), stroke(4)]);
    assert_eq!(actions(&alice, "a").await, all);
    assert_eq!(alice.append("a", 0, all.clone()).await.ok()["seq"], 6);
    assert_eq!(alice.append("a", 6, json!([])).await.ok()["seq"], 6);
    let drawing = alice.drawing("a").await;
    assert_eq!((&drawing["stroke_count"], &drawing["point_count"]), (&json!(4), &json!(12)));
    // JSON allows other spellings of numbers and other orders of keys, and the tool has a default.
    let same = r##"{"actions":[{"at":1,"points":[1,100,0,40,60,16,30,-20,17],"width":28,"color":"#112233","type":"stroke"}],"from_seq":0}"##;
    let request =
        alice.request(Method::POST, "/api/v1/drawings/a/actions").header("content-type", "application/json");
    assert_eq!(Api::send(request.body(same)).await.ok()["seq"], 1);
    assert_eq!(alice.drawing("a").await["updated_at"], drawing["updated_at"], "nothing has changed");
}

async fn a_drawing_is_created_once(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let described = json!({"title": "sea", "width": 1000, "height": 500, "mode": "free"});
    for _ in 0..2 {
        assert_eq!(create(&alice, "a", described.clone(), json!([stroke(1)])).await.ok()["seq"], 1);
    }
    for other in
        [json!({"width": 1001, "height": 500}), json!({"mode": "one_stroke", "width": 1000, "height": 500})]
    {
        let conflict = create(&alice, "a", other, json!([stroke(1)])).await.problem(409, "conflict");
        assert_eq!((&conflict["base"], &conflict["seq"]), (&json!(0), &json!(1)));
    }
    // A retry without a paper size matches any paper size.
    assert_eq!(alice.append("a", 0, json!([stroke(1), stroke(2)])).await.ok()["seq"], 2);
    let drawing = alice.drawing("a").await;
    assert_eq!((&drawing["width"], &drawing["title"]), (&json!(1000), &json!("sea")));
}

async fn a_batch_that_does_not_fit_changes_nothing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1), stroke(2), stroke(3)])).await.ok();
    let before = alice.drawing("a").await;
    for (from_seq, batch) in [
        (0, json!([stroke(9)])),
        (0, json!([stroke(1), stroke(9)])),
        (1, json!([stroke(1)])),
        (2, json!([stroke(2), stroke(3)])),
        (4, json!([])),
        (4, json!([stroke(5)])),
        (4_294_967_295_u64, json!([])),
    ] {
        let conflict = alice.append("a", from_seq, batch.clone()).await.problem(409, "conflict");
        assert_eq!((&conflict["base"], &conflict["seq"]), (&json!(0), &json!(3)), "{from_seq} {batch}");
    }
    assert_eq!(alice.drawing("a").await, before);
    let end = alice.append("a", 4_294_967_295, json!([stroke(5)])).await;
    assert!(end.status.is_client_error(), "{}", end.text());
}

async fn two_devices_draw_on_one_drawing(backend: Backend) {
    let app = App::start(backend);
    let phone = app.user("alice").await;
    let tablet = app.user("alice").await;
    phone.append("a", 0, json!([stroke(1), stroke(2)])).await.ok();
    assert_eq!(tablet.drawing("a").await["seq"], 2);
    phone.append("a", 2, json!([stroke(30), {"type": "undo"}])).await.ok();
    let conflict = tablet.append("a", 2, json!([stroke(40), stroke(41)])).await.problem(409, "conflict");
    assert_eq!(conflict["seq"], 4);
    let tail = tablet.get("/api/v1/drawings/a?since=2").await.ok();
    assert_eq!(tail["actions"], json!([stroke(30), {"type": "undo"}]));
    assert_eq!(tablet.append("a", 4, json!([stroke(40), stroke(41)])).await.ok()["seq"], 6);
    let all = json!([stroke(1), stroke(2), stroke(30), {"type": "undo"}, stroke(40), stroke(41)]);
    assert_eq!(actions(&phone, "a").await, all);
}

async fn appends_to_missing_drawings_are_refused(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 1, json!([stroke(1)])).await.problem(404, "drawing_not_found");
    alice.append("a", 1, json!([])).await.problem(404, "drawing_not_found");
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    // Ids are unique within one user's drawings only.
    let bob = app.user("bob").await;
    bob.append("a", 1, json!([stroke(2)])).await.problem(404, "drawing_not_found");
    bob.append("a", 0, json!([stroke(7)])).await.ok();
    assert_eq!(actions(&alice, "a").await, json!([stroke(1)]));
    assert_eq!(actions(&bob, "a").await, json!([stroke(7)]));
}

async fn the_bin_takes_no_actions(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    assert_eq!(alice.delete("/api/v1/drawings/a").await.status, 204);
    for (from_seq, batch) in
        [(0, json!([stroke(1)])), (0, json!([stroke(9)])), (1, json!([stroke(2)])), (1, json!([]))]
    {
        alice.append("a", from_seq, batch).await.problem(410, "drawing_deleted");
    }
    let binned = alice.drawing("a").await;
    assert_eq!(binned["actions"], json!([stroke(1)]));
    assert!(binned["deleted_at"].is_string());
    assert_eq!(binned["image_url"], Value::Null);
    alice.post("/api/v1/drawings/a/restore", &json!({})).await.ok();
    assert_eq!(alice.append("a", 1, json!([stroke(2)])).await.ok()["seq"], 2);
}

/// Actions in the canonical form that the server writes.
const CANONICAL: &[&str] = &[
    r##"{"type":"background","color":"#fff8e7","at":0}"##,
    r##"{"type":"background","color":"#000000"}"##,
    r##"{"type":"stroke","tool":"pen","color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
    r##"{"type":"stroke","tool":"ink","color":"#00ff7f","width":512,"at":1830,"points":[10,20,0,-3,4,16,0,0,0,5,-9,4294967295]}"##,
    r##"{"type":"stroke","tool":"eraser","color":"#abcdef","width":28,"at":1099511627776,"points":[2048,2731,0,-2048,-2731,7]}"##,
    r##"{"type":"stroke","tool":"pen","color":"#000000","width":28,"at":5,"points":[-8192,-10924,0,16384,21848,1,-16384,0,0]}"##,
    r##"{"type":"undo","at":4200}"##,
    r##"{"type":"redo"}"##,
    r##"{"type":"clear","at":0}"##,
    r##"{"type":"undo"}"##,
];

async fn every_action_comes_back_as_it_went(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    let list = CANONICAL.join(",");
    let body = format!("{{\"from_seq\":0,\"actions\":[{list}]}}");
    let request =
        alice.request(Method::POST, "/api/v1/drawings/a/actions").header("content-type", "application/json");
    assert_eq!(Api::send(request.body(body)).await.ok()["seq"], CANONICAL.len());
    let read = alice.get("/api/v1/drawings/a").await.text();
    assert!(read.ends_with(&format!("\"actions\":[{list}]}}")), "{read}");
    app.crash_and_restart();
    assert_eq!(alice.at(&app.public).get("/api/v1/drawings/a").await.text(), read);
}

async fn since_omits_known_actions(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    // Several appends that exceed the tail in the header.
    for number in 0..6 {
        let batch: Vec<Value> = (0..20).map(|mark| stroke(number * 20 + mark)).collect();
        alice.append("a", u64::try_from(number).unwrap() * 20, json!(batch)).await.ok();
    }
    for since in [0, 1, 19, 20, 77, 119, 120] {
        let read = alice.get(&format!("/api/v1/drawings/a?since={since}")).await.ok();
        let rest: Vec<Value> = (since..120).map(stroke).collect();
        assert_eq!(read["actions"], json!(rest), "since={since}");
        assert_eq!(read["seq"], 120);
    }
    assert_eq!(alice.get("/api/v1/drawings/a?since=4294967295").await.ok()["actions"], json!([]));
    for wrong in ["-1", "x", "4294967296", "", "1.0"] {
        alice.get(&format!("/api/v1/drawings/a?since={wrong}")).await.problem(422, "invalid_value");
    }
}

async fn eight_clients_at_once_lose_and_double_nothing(backend: Backend) {
    const ROUNDS: i64 = 6;
    let first = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let second = (backend == Backend::Shared).then(|| first.sibling());
    let alice = first.user("alice").await;
    alice.append("a", 0, json!([])).await.ok();
    let draw = async |client: i64| {
        let server = second.as_ref().filter(|_| client % 2 == 1).unwrap_or(&first);
        let alice = alice.at(&server.public);
        let mut seq = 0;
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let marks: Vec<i64> = (0..2).map(|mark| client * 100 + round * 10 + mark).collect();
            let batch: Vec<Value> = marks.iter().copied().map(stroke).collect();
            loop {
                let reply = alice.append("a", seq, json!(batch)).await;
                match reply.status.as_u16() {
                    200 => {
                        assert_eq!(reply.json()["seq"], seq + 2);
                        acknowledged.push((seq, marks));
                        seq += 2;
                        break;
                    }
                    409 => seq = reply.json()["seq"].as_u64().unwrap(),
                    503 => assert_ne!(reply.header("retry-after"), "", "{}", reply.text()),
                    other => panic!("{other}: {}", reply.text()),
                }
            }
        }
        acknowledged
    };
    let mut acknowledged: Vec<(u64, Vec<i64>)> = join_all((0..8).map(draw)).await.concat();
    acknowledged.sort();
    let wanted: Vec<Value> =
        acknowledged.iter().flat_map(|(_, marks)| marks.iter().copied().map(stroke)).collect();
    let drawing = alice.drawing("a").await;
    assert_eq!(drawing["actions"], json!(wanted), "in the order that was acknowledged");
    assert_eq!(drawing["seq"], 8 * ROUNDS * 2);
    assert_eq!(drawing["stroke_count"], 8 * ROUNDS * 2);
}

async fn a_compressed_body_is_read(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let body = json!({"from_seq": 0, "actions": [stroke(1)]}).to_string();
    let zip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let send = async |coding: &str, body: Vec<u8>| {
        let request = alice.request(Method::POST, "/api/v1/drawings/a/actions");
        let request = request.header("content-type", "application/json").header("content-encoding", coding);
        Api::send(request.body(body)).await
    };
    assert_eq!(send("gzip", zip(body.as_bytes())).await.ok()["seq"], 1);
    send("br", body.clone().into_bytes()).await.problem(415, "unsupported_media_type");
    send("gzip, gzip", zip(&zip(body.as_bytes()))).await.problem(415, "unsupported_media_type");
    send("gzip", body.into_bytes()).await.problem(400, "invalid_request");
    // 100 MB of blanks compressed to 100 kB.
    send("gzip", zip(&vec![b' '; 100_000_000])).await.problem(413, "body_too_large");
}
