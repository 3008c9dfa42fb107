//! A full disk.

use std::process::Command;

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Server, wait_until};

use super::{append, is_ready, of_2016, says_unavailable};

/// Bytes by which the files of the store may grow.
const ROOM: u64 = 200_000;

/// A limit of the file size has the same effect on SQLite's writes as a full disk, except for the signal, which the
/// launcher ignores.
const LAUNCHER: [&str; 4] = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_writes_alone() {
    let mut app = App::start_by(&LAUNCHER, Backend::Embedded, &[("LIMITS__ENABLED", "false")]);
    let user = app.user("alice").await;
    let demo = of_2016(&app.api(), &app.wechat.login("bob").await);
    let saved = json!({"id": "old", "actions": "[]"});
    assert_eq!(demo.post("/applet/session/paints/save", &saved).await.ok()["code"], 0);
    append(&user, "d", 0).await.ok();

    let log = std::fs::metadata(app.data_dir().join("yibi.sqlite3-wal")).unwrap().len();
    limit_files(&app, &(log + ROOM).to_string());
    let mut seq = 1;
    let refused = loop {
        let reply = append(&user, "d", seq).await;
        if !reply.status.is_success() {
            break reply;
        }
        seq += 1;
        assert!(seq < 5_000, "the disk is never full");
    };
    says_unavailable(&refused);
    // All writes fail, also when repeated; all acknowledged data is there.
    for _ in 0..3 {
        says_unavailable(&append(&user, "d", seq).await);
        says_unavailable(&user.append("e", 0, json!([stroke(1)])).await);
        let failed = demo.post("/applet/session/paints/save", &saved).await;
        assert_eq!((failed.status.as_u16(), &failed.json()["code"]), (200, &json!(-1)), "{}", failed.text());
    }
    all_there(&user, seq).await;
    assert_eq!(demo.get("/applet/session/paints/list").await.ok()["data"].as_array().unwrap().len(), 1);
    assert_eq!(user.get("/api/v1/drawings/d/image.png?size=64").await.status, 200);
    assert!(app.process().runs());

    limit_files(&app, "unlimited");
    wait_until("there is room again", async || append(&user, "d", seq).await.status.is_success()).await;
    assert!(is_ready(&app).await);
    app.crash_and_restart();
    all_there(&user.at(&app.public), seq + 1).await;
}

async fn all_there(user: &Api, seq: u64) {
    let drawing = user.drawing("d").await;
    let expected: Vec<_> = (0..i64::try_from(seq).unwrap()).map(stroke).collect();
    assert_eq!(drawing["seq"], seq);
    assert!(drawing["actions"] == json!(expected), "the actions differ");
    assert_eq!(user.get("/api/v1/drawings").await.ok()["drawings"].as_array().unwrap().len(), 1);
}

fn limit_files(server: &Server, bytes: &str) {
    let pid = server.id().to_string();
    let limited =
        Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]).status();
    assert!(limited.expect("prlimit, of util-linux").success());
}
