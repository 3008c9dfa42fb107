//! The level of sharing: conditions at the start, duties in the log, and what clients are told.

use serde_json::{Value, json};
use yibi_tests::command::{command, run};
use yibi_tests::form::plain_png;
use yibi_tests::process::Process;
use yibi_tests::server::{ADMIN_TOKEN, APP_SECRET};
use yibi_tests::{Api, App, Backend, TempDir, wait_until};

const PUBLIC_URL: (&str, &str) = ("HTTP__PUBLIC_URL", "https://draw.example.com");
const ENFORCE: (&str, &str) = ("MODERATION__MODE", "enforce");
const PUSH_TOKEN: (&str, &str) = ("WECHAT__PUSH_TOKEN", "aToken7");

#[test]
fn serve_refuses_to_show_unchecked_drawings() {
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
    let log = ("MODERATION__MODE", "log");
    for (level, further, told, not_told) in [
        ("link", vec![], "YIBI_MODERATION__MODE", "push_token"),
        ("wall", vec![], "YIBI_HTTP__PUBLIC_URL", "push_token"),
        ("link", vec![PUBLIC_URL], "YIBI_MODERATION__MODE", "YIBI_HTTP__PUBLIC_URL"),
        ("link", vec![PUBLIC_URL, PUSH_TOKEN, log], "YIBI_MODERATION__MODE", "YIBI_HTTP__PUBLIC_URL"),
        ("wall", vec![PUSH_TOKEN, ENFORCE], "YIBI_HTTP__PUBLIC_URL", "is not \"enforce\""),
    ] {
        let settings = [&good[..], &further, &[("SHARING__LEVEL", level)]].concat();
        let ended = run(&["serve"], &settings);
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("sharing.level")).collect();
        assert_eq!(lines.len(), 1, "{}", ended.stderr);
        let line = lines[0];
        assert!(line.contains(told) && !line.contains(not_told), "{line}");
        assert!(line.contains(level) && line.contains("YIBI_SHARING__REVIEW"), "{line}");
    }
    for (name, value) in [
        ("SHARING__LEVEL", "all"),
        ("SHARING__REVIEW", "none"),
        ("SHARING__LEVELS", "off"),
        ("WECHAT__ENV", "beta"),
    ] {
        let ended = run(&["serve"], &[&good[..], &[(name, value)]].concat());
        assert_eq!(ended.code, Some(78), "{name}={value}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn an_open_level_is_told_to_clients_and_its_duties_to_the_operator() {
    let duties = |app: &App| app.log().lines().filter(|line| line.contains("review queue")).count();
    let closed = App::start(Backend::Embedded);
    let told = closed.api().get("/api/v1/limits").await.ok();
    assert_eq!(told["sharing"], json!({"level": "off", "require_phone": false}));
    assert_eq!(duties(&closed), 0);

    let operators =
        [("SHARING__LEVEL", "link"), ("SHARING__REVIEW", "operator"), ("SHARING__REQUIRE_PHONE", "true")];
    let app = App::start_with(Backend::Embedded, &operators);
    let told = app.api().get("/api/v1/limits").await.ok();
    assert_eq!(told["sharing"], json!({"level": "link", "require_phone": true}));
    assert_eq!(duties(&app), 1, "{}", app.log());

    let checked = [("SHARING__LEVEL", "wall"), PUBLIC_URL, ENFORCE, PUSH_TOKEN];
    let app = App::start_with(Backend::Embedded, &checked);
    let told = app.api().get("/api/v1/limits").await.ok();
    assert_eq!(told["sharing"], json!({"level": "wall", "require_phone": false}));
    assert_eq!(duties(&app), 1, "{}", app.log());
}

#[tokio::test]
async fn settings_of_a_newer_version_keep_no_server_from_starting() {
    let file = TempDir::new();
    let path = file.path().join("yibi.toml");
    std::fs::write(&path, "[later]\nkey = 1\n[later.deeper]\nkey = \"secret-of-later\"\n").unwrap();
    let path = path.display().to_string();
    let app = App::start_with(Backend::Embedded, &[("CONFIG", &path), ("NEWER__KEY", "1")]);
    app.api().get("/api/v1/limits").await.ok();
    for section in ["later", "newer"] {
        let told = |line: &str| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["level"] == "WARN" && event["section"] == section).then_some(())
        };
        assert!(app.log().lines().any(|line| told(line).is_some()), "{section}: {}", app.log());
    }
    let effective = run(&["settings", "--effective", "--config", &path], &[]);
    assert!(effective.stdout.contains("later.deeper.key"), "{}", effective.stdout);
    assert!(!effective.stdout.contains("secret-of-later"), "{}", effective.stdout);
    // A key outside any section, and one within a known section, are typing errors.
    for text in ["key = 1\n", "[sharing]\nlevels = \"off\"\n"] {
        std::fs::write(&path, text).unwrap();
        let ended = run(&["settings", "--effective", "--config", &path], &[]);
        assert_eq!(ended.code, Some(78), "{text}");
    }
}

fn development(data: &TempDir, settings: &[(&str, &str)]) -> (Process, String) {
    let data = data.path().display().to_string();
    let arguments = ["dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data];
    let process = Process::start(&mut command(&arguments, settings));
    let address = process.wait_for("the address", |line| {
        line.trim().strip_prefix("draw ").map(|address| address.trim().trim_end_matches('/').to_owned())
    });
    (process, address)
}

async fn dev_user(address: &str, name: &str) -> Api {
    let api = Api::new(address);
    let login = api.post("/dev/wx/login", &json!({"user": name})).await.ok();
    api.sign_in(login["code"].as_str().unwrap()).await
}

#[tokio::test]
async fn development_shares_what_its_own_wechat_has_checked() {
    let data = TempDir::new();
    let (_process, address) = development(&data, &[]);
    let alice = dev_user(&address, "alice").await;
    let told = alice.get("/api/v1/limits").await.ok();
    assert_eq!(told["sharing"], json!({"level": "wall", "require_phone": false}));
    alice.append("a", 0, json!([yibi_tests::api::stroke(1)])).await.ok();
    let image = alice.get("/api/v1/drawings").await.ok()["drawings"][0]["image_url"].clone();
    assert!(image.as_str().unwrap().starts_with(&address), "{image}");
    // The simulated WeChat fetches the avatar by its public address, and its verdict arrives.
    alice.upload_avatar(&plain_png(64, 64, [1, 2, 3])).await.ok();
    alice.patch("/api/v1/me", &json!({"nickname": "违规"})).await.ok();
    wait_until("both verdicts", async || {
        let me = alice.get("/api/v1/me").await.ok();
        me["avatar_state"] == "passed" && me["nickname_state"] == "rejected"
    })
    .await;
}

#[tokio::test]
async fn development_without_checks_shares_nothing() {
    let data = TempDir::new();
    let (process, address) = development(&data, &[("MODERATION__MODE", "off")]);
    let told = Api::new(&address).get("/api/v1/limits").await.ok();
    assert_eq!(told["sharing"]["level"], "off");
    assert!(process.output().contains("nothing can be shared"), "{}", process.output());
}
