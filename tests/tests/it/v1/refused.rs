//! Rejected appends: nothing is stored, and the reply has the server's own texts.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Reply};

on_both_backends! {
    unknown_members_are_refused_not_dropped,
    one_stroke_is_one_stroke,
    a_point_lies_within_four_times_the_paper,
    no_body_breaks_the_server,
}

/// A valid stroke merged with these members; `null` removes a member.
fn stroke_with(members: &Value) -> Value {
    let mut stroke = stroke(1);
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            stroke.as_object_mut().unwrap().remove(name);
        } else {
            stroke[name] = value.clone();
        }
    }
    stroke
}

async fn unknown_members_are_refused_not_dropped(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    let wrong = [
        json!({"type": "spray", "at": 1}),
        json!({"type": "weapp", "strokes": []}),
        json!({"type": "weapp", "text": "[]"}),
        json!({"type": "Stroke"}),
        json!({"type": null}),
        json!({"type": 1}),
        json!({}),
        json!([]),
        json!(null),
        json!("undo"),
        json!(["undo", null, null, null, null, null]),
        json!({"type": "undo", "width": 3}),
        json!({"type": "undo", "count": 2}),
        json!({"type": "undo", "at": -1}),
        json!({"type": "undo", "at": 1.5}),
        json!({"type": "undo", "at": 1_099_511_627_777_u64}),
        json!({"type": "clear", "color": "#ffffff"}),
        json!({"type": "background"}),
        json!({"type": "background", "color": "white"}),
        json!({"type": "background", "color": "#fff"}),
        json!({"type": "background", "color": "#ffffff80"}),
        json!({"type": "background", "color": "#fffffg"}),
        json!({"type": "background", "color": "#ffffff", "points": []}),
        stroke_with(&json!({"tool": "laser"})),
        stroke_with(&json!({"pressure": 3})),
        stroke_with(&json!({"color": null})),
        stroke_with(&json!({"width": null})),
        stroke_with(&json!({"at": null})),
        stroke_with(&json!({"points": null})),
        stroke_with(&json!({"width": 0})),
        stroke_with(&json!({"width": 513})),
        stroke_with(&json!({"width": 65_536})),
        stroke_with(&json!({"width": -1})),
        stroke_with(&json!({"width": 2.5})),
        stroke_with(&json!({"width": "28"})),
        stroke_with(&json!({"at": 1_099_511_627_777_u64})),
        stroke_with(&json!({"at": u64::MAX})),
        stroke_with(&json!({"points": []})),
        stroke_with(&json!({"points": [1]})),
        stroke_with(&json!({"points": [1, 2]})),
        stroke_with(&json!({"points": [1, 2, 0, 3]})),
        stroke_with(&json!({"points": [1, 2, 1]})),
        stroke_with(&json!({"points": [1, 2, -1]})),
        stroke_with(&json!({"points": [1.5, 2, 0]})),
        stroke_with(&json!({"points": ["1", 2, 0]})),
        stroke_with(&json!({"points": [null, 2, 0]})),
        stroke_with(&json!({"points": [[1, 2, 0]]})),
        stroke_with(&json!({"points": {"0": 1}})),
        stroke_with(&json!({"points": [i64::MAX, 2, 0]})),
        stroke_with(&json!({"points": [i64::MIN, 2, 0]})),
        stroke_with(&json!({"points": [2_147_483_647, 0, 0, 2_147_483_647, 0, 1]})),
        stroke_with(&json!({"points": [0, 0, 0, 0, 0, 4_294_967_296_u64]})),
    ];
    for action in wrong {
        let reply = alice.append("a", 0, json!([stroke(1), action, stroke(2)])).await;
        let problem = reply.problem(422, "invalid_action");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("actions[1]"), "{action}: {detail}");
        for word in ["expected", "serde", "struct", "variant", "missing field", "line "] {
            assert!(!detail.contains(word), "a parser's words: {detail}");
        }
    }
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    assert_eq!(alice.get("/api/v1/me").await.ok()["usage"], json!({"drawings": 0, "bytes": 0}));
}

async fn one_stroke_is_one_stroke(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    let line = |length: i64| stroke_with(&json!({"points": [0, 0, 0, 0, length, 9]}));
    let create = async |id: &str, actions: Value| {
        let body =
            json!({"from_seq": 0, "actions": actions, "drawing": {"mode": "one_stroke", "height": 8192}});
        alice.post(&format!("/api/v1/drawings/{id}/actions"), &body).await
    };
    let background = json!({"type": "background", "color": "#aabbcc"});
    for (actions, index) in [
        (json!([stroke(1), stroke(2)]), 1),
        (json!([stroke(1), {"type": "undo"}]), 1),
        (json!([{"type": "redo"}]), 0),
        (json!([background, {"type": "clear"}, stroke(1)]), 1),
        (json!([line(8193)]), 0),
        (json!([stroke_with(&json!({"points": [0, 0, 0, 0, 4097, 9, 0, -4096, 9]}))]), 0),
    ] {
        let problem = create("a", actions.clone()).await.problem(422, "invalid_action");
        let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(&format!("actions[{index}]")), "{actions}: {detail}");
        alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    }
    assert_eq!(create("a", json!([background, line(8192), background])).await.ok()["seq"], 3);
    for further in [stroke(2), json!({"type": "undo"}), json!({"type": "redo"}), json!({"type": "clear"})] {
        alice.append("a", 3, json!([further])).await.problem(422, "invalid_action");
    }
    assert_eq!(alice.append("a", 3, json!([background])).await.ok()["seq"], 4);
    let drawing = alice.drawing("a").await;
    assert_eq!((&drawing["mode"], &drawing["stroke_count"]), (&json!("one_stroke"), &json!(1)));
    // A retry after a lost reply works in this mode too.
    assert_eq!(alice.append("a", 0, json!([background, line(8192)])).await.ok()["seq"], 2);
}

async fn a_point_lies_within_four_times_the_paper(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    let dot = |x: i64, y: i64| stroke_with(&json!({"points": [x, y, 0]}));
    let edges = [dot(8192, 10_924), dot(-8192, -10_924), dot(0, 0)];
    assert_eq!(alice.append("a", 0, json!(edges)).await.ok()["seq"], 3);
    let wrong = [dot(8193, 0), dot(-8193, 0), dot(0, 10_925), dot(0, -10_925)];
    for dot in &wrong {
        alice.append("a", 3, json!([dot])).await.problem(422, "invalid_action");
    }
    // A line may leave the range and come back: every point counts, not only the last one.
    let away = stroke_with(&json!({"points": [0, 0, 0, 8193, 0, 1, -8193, 0, 1]}));
    alice.append("a", 3, json!([away])).await.problem(422, "invalid_action");

    let small = json!({"from_seq": 0, "drawing": {"width": 64, "height": 100}, "actions": [dot(256, -400)]});
    alice.post("/api/v1/drawings/small/actions", &small).await.ok();
    for dot in [dot(257, 0), dot(0, -401), dot(2048, 2731)] {
        let problem = alice.append("small", 1, json!([stroke(1), dot])).await.problem(422, "invalid_action");
        assert!(problem["detail"].as_str().unwrap().contains("actions["), "{problem}");
    }
    let at_birth = json!({"from_seq": 0, "drawing": {"width": 64, "height": 100}, "actions": [dot(257, 0)]});
    alice.post("/api/v1/drawings/unborn/actions", &at_birth).await.problem(422, "invalid_action");
    alice.get("/api/v1/drawings/unborn").await.problem(404, "drawing_not_found");
    assert_eq!(alice.drawing("a").await["seq"], 3);
    assert_eq!(alice.drawing("small").await["seq"], 1);
}

async fn no_body_breaks_the_server(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let alice = app.user("alice").await;
    let send = async |media_type: &str, body: &[u8]| -> Reply {
        let request =
            alice.request(Method::POST, "/api/v1/drawings/a/actions").header("content-type", media_type);
        Api::send(request.body(body.to_vec())).await
    };
    let deep = format!("{{\"from_seq\":0,\"actions\":{}", "[".repeat(100_000));
    for broken in [
        "",
        "{",
        "{\"from_seq\":0,\"actions\":[}",
        "{\"from_seq\":0,\"actions\":[]} []",
        "{'from_seq':0,'actions':[]}",
        "{\"from_seq\":00,\"actions\":[]}",
        "{\"from_seq\":0,\"actions\":[],}",
        "{\"from_seq\":NaN,\"actions\":[]}",
        "\u{feff}{\"from_seq\":0,\"actions\":[]}",
    ] {
        let problem = send("application/json", broken.as_bytes()).await.problem(400, "invalid_json");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("line ") && detail.len() < 40, "{detail}");
    }
    send("application/json", b"{\"from_seq\":0,\"actions\":[],\"\xff\":1}")
        .await
        .problem(400, "invalid_json");
    assert_eq!(send("application/json", deep.as_bytes()).await.status.as_u16() / 100, 4);
    for (body, code) in [
        ("null", "invalid_value"),
        ("[]", "invalid_value"),
        ("[0,[]]", "invalid_value"),
        ("7", "invalid_value"),
        ("{}", "invalid_value"),
        ("{\"from_seq\":0}", "invalid_value"),
        ("{\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":-1,\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":4294967296,\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":\"0\",\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":0.5,\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":0,\"actions\":{}}", "invalid_value"),
        ("{\"from_seq\":0,\"actions\":null}", "invalid_value"),
        ("{\"from_seq\":0,\"from_seq\":0,\"actions\":[]}", "invalid_value"),
        ("{\"from_seq\":0,\"actions\":[],\"force\":true}", "invalid_value"),
    ] {
        let problem = send("application/json", body.as_bytes()).await.problem(422, code);
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.contains("expected") && !detail.contains("field"), "a parser's words: {detail}");
    }
    // A number outside the range of a double.
    let huge = send("application/json", b"{\"from_seq\":1e400,\"actions\":[]}").await;
    assert!(matches!(huge.status.as_u16(), 400 | 422), "{}", huge.text());
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "json",
        "application/jsonl",
    ] {
        let reply = send(media_type, b"{\"from_seq\":0,\"actions\":[]}").await;
        reply.problem(415, "unsupported_media_type");
    }
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
    send("Application/JSON;charset=UTF-8", b"{\"from_seq\":0,\"actions\":[]}").await.ok();
}
