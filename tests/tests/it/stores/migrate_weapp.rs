//! Migration from a 2016 server keeps its drawings, their order, and no duplicates.

use serde_json::json;
use yibi_tests::command::run;
use yibi_tests::on_both_backends;
use yibi_tests::{Backend, Server, TempDir, Wechat, service, unique};

/// A list as the 2016 page saved it, identified by a number.
fn list(number: u32) -> String {
    format!(
        r#"[{{"method":"setLineWidth","data":[5]}},{{"method":"strokePath","data":[{{"method":"moveTo","data":[{number},1]}},{{"method":"lineTo","data":[9,9.5]}}]}}]"#
    )
}

/// A line of `mongoexport`.
fn line(second: u32, count: u32, open_id: &str, id: &str, actions: &str) -> String {
    let key = format!("{second:08x}0a0b0c0d0e{count:06x}");
    json!({"_id": {"$oid": key}, "openId": open_id, "id": id, "actions": actions}).to_string()
}

on_both_backends! { a_2016_deployment_is_taken_over }

async fn a_2016_deployment_is_taken_over(backend: Backend) {
    let wechat = Wechat::start();
    let (data, name) = (TempDir::new(), format!("w{}", unique()));
    let path = data.path().display().to_string();
    let mut settings = vec![("STORE__DATA_DIR", path.as_str()), ("WECHAT__APP_ID", wechat.app_id.as_str())];
    let (mongodb, redis) = (service("YIBI_TEST_MONGODB_URI"), service("YIBI_TEST_REDIS_URL"));
    if backend == Backend::Shared {
        settings.extend([
            ("STORE__MONGODB_URI", mongodb.as_str()),
            ("STORE__MONGODB_DATABASE", &name),
            ("STORE__REDIS_URL", &redis),
            ("STORE__REDIS_PREFIX", &name),
        ]);
    }
    let session = wechat.session(&wechat.code("ann").await).await;
    let ann = session["openid"].as_str().unwrap().to_owned();
    let second = 1_474_340_000;
    let lines = [
        line(second, 7, &ann, "later", &list(1)),
        line(second, 6, &ann, "first", &list(2)),
        line(second + 9, 1, &ann, "2016 / 画", &list(3)),
        String::new(),
        "not JSON at all".to_owned(),
        line(second, 8, &ann, "broken", "[object Object]"),
        line(second, 9, "", "nobody's", "[]"),
        line(second, 9, &ann, &"x".repeat(200), "[]"),
        json!({"_id": 7, "openId": ann, "id": "p", "actions": "[]"}).to_string(),
        line(second, 10, "someone-else", "first", &list(4)),
    ];
    let file = data.path().join("paints.json");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let taken = |settings: &[(&str, &str)]| {
        let ended = run(&["migrate", "weapp", file.to_str().unwrap()], settings);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
    };
    let first = taken(&settings);
    assert!(first.stdout.contains("9 read: 4 added, 0 changed, 0 known, 5 left out"), "{}", first.stdout);
    for told in ["line 5", "line 6", "line 7", "line 8", "line 9"] {
        assert!(first.stderr.contains(told), "{told}: {}", first.stderr);
    }
    let again = taken(&settings);
    assert!(again.stdout.contains("0 added, 0 changed, 4 known"), "{}", again.stdout);
    // The old server, which is still in use, saves another drawing.
    std::fs::write(&file, line(second, 7, &ann, "later", &list(5))).unwrap();
    assert!(taken(&settings).stdout.contains("0 added, 1 changed, 0 known"));

    let settings: Vec<_> = settings.into_iter().filter(|(name, _)| !name.starts_with("WECHAT")).collect();
    let mut server = Server::start_with(Backend::Embedded, &wechat, &settings);
    let old = crate::outages::of_2016(&server.api(), &wechat.login("ann").await);
    let shown = old.get("/applet/session/paints/list").await.ok();
    let expected = json!([
        {"id": "first", "actions": list(2)},
        {"id": "later", "actions": list(5)},
        {"id": "2016 / 画", "actions": list(3)},
    ]);
    assert_eq!(shown["data"], expected);
    // Changed drawings are not overwritten.
    let saved = json!({"id": "first", "actions": list(6)});
    assert_eq!(old.post("/applet/session/paints/save", &saved).await.ok()["code"], 0);
    let ann = server.signed_in(&wechat, "ann").await;
    let modern = ann.get("/api/v1/drawings").await.ok();
    assert_eq!(modern["drawings"].as_array().unwrap().len(), 3);
    assert_eq!(modern["drawings"][2]["created_at"], "2016-09-20T02:53:20.000Z", "{modern}");
    assert_eq!(server.process().terminate(), Some(0));
    let settings: Vec<_> = settings.into_iter().chain([("WECHAT__APP_ID", wechat.app_id.as_str())]).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    assert!(taken(&settings).stdout.contains("0 added, 1 changed, 3 known"));
    server.start_again();
    let old = crate::outages::of_2016(&server.api(), &wechat.login("ann").await);
    let shown = old.get("/applet/session/paints/list").await.ok();
    assert_eq!(shown["data"][0], json!({"id": "first", "actions": list(6)}));

    // Erased users stay erased.
    assert_eq!(server.signed_in(&wechat, "ann").await.delete("/api/v1/me").await.status, 204);
    assert_eq!(server.process().terminate(), Some(0));
    for _ in 0..2 {
        let leaving = taken(&settings);
        let counted = "0 added, 0 changed, 1 known, 5 left out, 3 of users who are leaving";
        assert!(leaving.stdout.contains(counted), "{}", leaving.stdout);
    }
}

#[test]
fn an_app_that_is_not_ours_is_refused() {
    let data = TempDir::new();
    let path = data.path().display().to_string();
    let settings = [("STORE__DATA_DIR", path.as_str()), ("WECHAT__APP_ID", "wx1")];
    let ended = run(&["migrate", "weapp", "--app-id", "wx2", "/no/such"], &settings);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    let ended = run(&["migrate", "weapp", "/no/such"], &settings);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("/no/such"), "{}", ended.stderr);
}
