//! Drawings of several authors: no client chooses the author of an action.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend};

on_both_backends! {
    an_append_names_no_author_and_removes_nothing,
}

async fn an_append_names_no_author_and_removes_nothing(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let mut foreign = stroke(2);
    foreign["by"] = json!(1);
    for refused in [
        foreign,
        json!({"type": "undo", "by": 1}),
        json!({"type": "redo", "by": 199}),
        json!({"type": "clear", "by": 1}),
        json!({"type": "undo", "by": 200}),
        json!({"type": "remove", "seq": 0}),
        json!({"type": "remove", "seq": 0, "by": 1}),
    ] {
        let reply = alice.append("a", 1, json!([refused])).await;
        assert_eq!(reply.status, 422, "{refused}: {reply:?}");
    }
    for action in [json!({"type": "undo", "by": 1}), json!({"type": "remove", "seq": 0})] {
        alice.append("a", 1, json!([action])).await.problem(422, "invalid_action");
    }
    let mut own = stroke(3);
    own["by"] = json!(0);
    alice.append("a", 1, json!([own])).await.ok();
    assert_eq!(alice.drawing("a").await["actions"], json!([stroke(1), stroke(3)]));
}
