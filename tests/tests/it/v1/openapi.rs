//! The API's description against the API.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::{App, Backend};

#[tokio::test]
async fn every_reply_is_as_described() {
    let app = App::start_with(Backend::Embedded, &[("LIMITS__ENABLED", "false")]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/check");
    let mut command = Command::new(script);
    command.arg(&app.public).arg(format!("{}/simulator/login", app.wechat.url));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // Without requests the run proves nothing.
    assert!(text.contains("Operations:       51 selected / 51 total"), "{text}");
    // The generated requests cause no server error except for broken HTTP.
    let log = app.log();
    let fault = |line: &&str| line.contains("\"level\":\"ERROR\"") && !line.contains("actix_http");
    assert_eq!(log.lines().find(fault), None);
}

#[tokio::test]
async fn the_description_names_every_route_and_code() {
    let app = App::start(Backend::Embedded);
    let document: Value = app.api().get("/api/v1/openapi.json").await.ok();
    assert_eq!(document["servers"], json!([{"url": "/api/v1"}]));
    let paths = document["paths"].as_object().unwrap();
    let parameter = |path: &str| {
        path.replace("/drawings/a", "/drawings/{id}")
            .replace("/bin/a", "/bin/{id}")
            .replace("/rooms/000000000000", "/rooms/{code}")
            .replace("/sessions/00000000000000000000000000000000", "/sessions/{id}")
    };
    for (method, path) in super::guards::CLOSED.into_iter().filter(|(method, _)| *method != "HEAD") {
        let operation = &paths[&parameter(path)][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path}");
        assert_eq!(operation.get("security"), None, "{method} {path}: the token of all");
    }
    assert_eq!(document["security"], json!([{"token": []}]));
    let codes =
        document["components"]["schemas"]["ProblemBody"]["properties"]["code"]["enum"].as_array().unwrap();
    for code in ["unauthenticated", "conflict", "drawing_deleted", "storage_full", "rate_limited", "busy"] {
        assert!(codes.contains(&json!(code)), "{code}");
    }
}
