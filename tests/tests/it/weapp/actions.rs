//! Lists of canvas actions are returned byte for byte; anything else is rejected.

use serde_json::{Value, json};
use yibi_tests::{App, Backend, on_both_backends};

use super::line;

on_both_backends!(
    actions_are_returned_byte_for_byte,
    an_array_is_kept_as_its_text,
    only_lists_of_actions_are_stored,
);

async fn actions_are_returned_byte_for_byte(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let texts = [
        "[]".to_owned(),
        " [ ] ".to_owned(),
        "\r\n\t[\n{\"data\" : [ ] ,\t\"method\":\"save\"}\r\n]\n".to_owned(),
        line(12.5),
        r#"[{"method":"fillText","data":["\u753b\u000a\/ \ud83c\udfa8 画 🎨 \"'",1.50,1e2,-0.0,1E+2]}]"#.to_owned(),
        r#"[{"method":"notYetInvented","data":[{"deep":[[[{"er":null}]]]}],"extra":{"a":[true]}}]"#.to_owned(),
        r#"[{"method":"a","method":"b","data":[],"data":[1]}]"#.to_owned(),
        r##"[{"method":"setStrokeStyle","data":["normal",[255,0,0,255]]},{"method":"stroke","data":[]}]"##.to_owned(),
        r#"[{"method":"moveTo","data":[123456789012345678901234567890,0.1000000000000000055511151231257827]}]"#.to_owned(),
        "[{\"method\":\"\u{7f}\u{2028}\u{ffff}\",\"data\":[\"</script>\"]}]".to_owned(),
        format!("[{}]", vec![r#"{"method":"save","data":[]}"#; 20_000].join(",")),
    ];
    for (index, text) in texts.iter().enumerate() {
        phone.save(index, text).await.done();
    }
    let kept: Vec<String> = phone.shown().await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(kept, texts);
}

async fn an_array_is_kept_as_its_text(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let list: Value = serde_json::from_str(&line(12.5)).unwrap();
    phone.save("array", &list).await.done();
    phone.save("empty", json!([])).await.done();
    let shown = phone.shown().await;
    assert_eq!(serde_json::from_str::<Value>(&shown[0].1).unwrap(), list);
    assert_eq!(shown[1].1, "[]");
}

async fn only_lists_of_actions_are_stored(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    phone.save("kept", line(1.0)).await.done();
    let deep = format!(r#"[{{"method":"a","data":{}1{}}}]"#, "[".repeat(2_000), "]".repeat(2_000));
    let refused = [
        json!("[object Object]"),
        json!("[object Object],[object Object]"),
        json!("undefined"),
        json!("null"),
        json!("{}"),
        json!("1"),
        json!("\"[]\""),
        json!("[1]"),
        json!("[null]"),
        json!("[[]]"),
        json!("[{}]"),
        json!(r#"[{"method":"save"}]"#),
        json!(r#"[{"method":1,"data":[]}]"#),
        json!(r#"[{"method":"save","data":{}}]"#),
        json!(r#"[{"method":"save","data":[]}"#),
        json!(r#"[{"method":"save","data":[]},]"#),
        json!(r#"[{"method":"save","data":[]}] x"#),
        json!("\u{feff}[]"),
        json!(deep),
        json!(1),
        json!(true),
        json!({"method": "save", "data": []}),
        json!([1]),
        json!([{"method": "save"}]),
    ];
    for actions in refused {
        for id in ["kept", "new"] {
            let reply = phone.save(id, &actions).await.applet();
            let reason = reply["error"]["reason"].as_str().unwrap();
            assert!(reason.starts_with("actions is not a canvas action list: "), "{actions}: {reply}");
            assert!(reason.len() < 200, "{reason}");
            assert_eq!((&reply["code"], &reply["msg"]), (&json!(-1), &json!("fail")));
        }
    }
    assert_eq!(phone.shown().await, [("kept".to_owned(), line(1.0))]);
    assert_eq!(modern.drawing("kept").await["seq"], 1);
    modern.get("/api/v1/drawings/new").await.problem(404, "drawing_not_found");
}
