//! The operators' listener, the command line, and its exit codes.

use std::process::{Command, Output};

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::server::{ADMIN_TOKEN, APP_SECRET};
use yibi_tests::{Api, App, Backend, TempDir, binary};

on_both_backends! {
    the_operators_listener_tells_how_the_server_does,
}

async fn the_operators_listener_tells_how_the_server_does(backend: Backend) {
    let app = App::start(backend);
    let admin = Api::new(&app.admin);
    let alive = admin.get("/healthz").await.ok();
    assert_eq!(alive, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    let ready = admin.get("/readyz").await.ok();
    assert_eq!(ready, json!({"status": "ok", "dependencies": {"gallery": "ok", "sessions": "ok"}}));

    let alice = app.user("alice").await;
    for id in ["a", "b", "c"] {
        alice.append(id, 0, json!([stroke(1), stroke(2)])).await.ok();
    }
    alice.get("/api/v1/drawings/none").await.problem(404, "drawing_not_found");
    alice.get("/api/v1/drawings/a/image.png?size=64").await.ok_bytes();
    alice.get("/no/such/path").await.problem(404, "not_found");
    app.api().post("/api/v1/session", &json!({"code": "invalid"})).await.problem(401, "sign_in_again");
    let metrics = admin.get("/metrics").await;
    assert_eq!(metrics.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = metrics.text();
    for line in [
        r#"yibi_http_requests_total{method="POST",route="/api/v1/drawings/{id}/actions",status="200"} 3"#,
        r#"yibi_http_requests_total{method="GET",route="/api/v1/drawings/{id}",status="404"} 1"#,
        r#"yibi_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"yibi_http_request_duration_seconds_count{route="/api/v1/drawings/{id}/actions"} 3"#,
        r#"yibi_sign_ins_total{dialect="yibi",outcome="ok"} 1"#,
        r#"yibi_sign_ins_total{dialect="yibi",outcome="sign_in_again"} 1"#,
        r#"yibi_wechat_calls_total{api="jscode2session",outcome="ok",errcode="0"} 1"#,
        "yibi_actions_appended_total 6",
        r#"yibi_store_operation_duration_seconds_count{store="gallery",operation="append"} 3"#,
        r#"yibi_pool_size{pool="renderers"}"#,
        r#"yibi_build_info{version=""#,
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("none") && !text.contains("/no/such"), "a path, not a template");
    // Each path exists on its own listener only.
    for path in ["/healthz", "/readyz", "/metrics"] {
        app.api().get(path).await.problem(404, "not_found");
    }
    for path in ["/", "/api/v1/me", "/api/v1/session", "/applet/session/paints/list"] {
        admin.get(path).await.problem(404, "not_found");
    }
}

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary("yibi-server"));
    command.args(arguments).env_clear().current_dir("/");
    command.envs(settings.iter().map(|(name, value)| (format!("YIBI_{name}"), value)));
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn production_refuses_development_settings() {
    let data = TempDir::new();
    let data = data.path().display().to_string();
    let good = [
        ("HTTP__LISTEN", "127.0.0.1:0"),
        ("ADMIN__LISTEN", "127.0.0.1:0"),
        ("STORE__DATA_DIR", data.as_str()),
        ("WECHAT__APP_ID", "wx5157570dead5e55e"),
        ("WECHAT__APP_SECRET", APP_SECRET),
        ("ADMIN__TOKEN", ADMIN_TOKEN),
    ];
    for (name, value, told) in [
        ("WECHAT__APP_ID", "", "YIBI_WECHAT__APP_ID"),
        ("WECHAT__APP_SECRET", "", "YIBI_WECHAT__APP_SECRET"),
        ("ADMIN__TOKEN", "", "YIBI_ADMIN__TOKEN"),
        ("ADMIN__TOKEN", "too-short-a-secret", "YIBI_ADMIN__TOKEN"),
        ("WECHAT__API_URL", "http://api.weixin.qq.com", "https"),
        ("WECHAT__APP_ID", "wx/../1", "app id"),
        ("HTTP__LISTEN", "everywhere", "listen"),
        ("HTTP__LISTENN", "127.0.0.1:1", "listenn"),
        ("WECHAT__APP_SECRET_FILE", "/no/such/file", "/no/such/file"),
        ("KEYS__SEALING", "c2hvcnQ=", "keys.sealing"),
    ] {
        let settings: Vec<(&str, &str)> =
            good.into_iter().filter(|(good, _)| *good != name).chain([(name, value)]).collect();
        let output = run(&["serve"], &settings);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{name}={value}: {text}");
        assert!(text.starts_with("yibi-server: ") && text.contains(told), "{name}={value}: {text}");
        assert!(
            !text.contains("panicked") && !text.contains(APP_SECRET) && !text.contains("too-short"),
            "{text}"
        );
    }
    let nothing = run(&["serve"], &[]);
    let text = stderr(&nothing);
    assert_eq!(nothing.status.code(), Some(78));
    for name in ["YIBI_WECHAT__APP_ID", "YIBI_WECHAT__APP_SECRET", "YIBI_ADMIN__TOKEN"] {
        assert!(text.contains(name), "all at once: {text}");
    }
}

#[test]
fn start_failures_name_their_cause() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = TempDir::new();
    let data = data.path().display().to_string();
    let settings = [
        ("STORE__DATA_DIR", data.as_str()),
        ("WECHAT__APP_ID", "wx5157570dead5e55e"),
        ("WECHAT__APP_SECRET", APP_SECRET),
        ("ADMIN__TOKEN", ADMIN_TOKEN),
    ];
    let output = run(&["serve", "--listen", &address, "--admin-listen", "127.0.0.1:0"], &settings);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&address), "{}", stderr(&output));
    let exposed = run(&["dev", "--listen", "0.0.0.0:0"], &settings);
    assert_eq!(exposed.status.code(), Some(78));
    assert!(stderr(&exposed).contains("loopback"), "{}", stderr(&exposed));
    let simulator = run(&["simulator", "--listen", "0.0.0.0:0"], &[]);
    assert_eq!(simulator.status.code(), Some(78));
    assert_eq!(run(&["paint"], &[]).status.code(), Some(2));
}

#[test]
fn the_settings_document_themselves() {
    let output = run(&["settings"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for line in [
        "listen = \"127.0.0.1:5757\"",
        "listen = \"127.0.0.1:5758\"",
        "api_url = \"https://api.weixin.qq.com\"",
        "data_dir = \"./data\"",
        "[limits.drawing]",
        "points_per_stroke = 10000",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    // The printed settings are accepted as input.
    let directory = TempDir::new();
    let file = directory.path().join("yibi.toml");
    std::fs::write(&file, text).unwrap();
    let output = run(&["serve", "--config", file.to_str().unwrap()], &[]);
    assert!(stderr(&output).contains("YIBI_WECHAT__APP_ID"), "{}", stderr(&output));
    let version = run(&["--version"], &[]);
    assert_eq!(stdout(&version), format!("yibi-server {}\n", env!("CARGO_PKG_VERSION")));
}
