//! Backups of the embedded store under load, their restoration and their verification.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::command::run;
use yibi_tests::{App, Backend, Server, TempDir};

use crate::outages::server_over;
use crate::outages::writers::Writers;

/// Runs `yibi-server` with these arguments on this data directory.
fn at(data: &Path, arguments: &[&str]) -> yibi_tests::command::Ended {
    run(arguments, &[("STORE__DATA_DIR", &data.display().to_string())])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_everything_acknowledged_before_is_in_it() {
    let app = server_over("", "");
    let mut clients = Vec::new();
    for number in 0..6 {
        clients.push(app.user(&format!("user{number}")).await);
    }
    let settled = app.user("settled").await;
    let mut writers = Writers::start(clients, &app.public);
    let kept = TempDir::new();
    for round in 0..3_u64 {
        writers.progress(40).await;
        settled.append("d", round, json!([stroke(i64::try_from(round).unwrap())])).await.ok();
        let file = kept.path().join(format!("{round}.sqlite3"));
        let made = at(&app.data_dir(), &["backup", "--verify", file.to_str().unwrap()]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        assert!(made.stdout.contains("verified") && made.stdout.contains("7 users"), "{}", made.stdout);

        let elsewhere = TempDir::new();
        let put = at(elsewhere.path(), &["restore", file.to_str().unwrap()]);
        assert_eq!(put.code, Some(0), "{}", put.stderr);
        let path = elsewhere.path().display().to_string();
        let second = Server::start_with(Backend::Embedded, &app.wechat, &[("STORE__DATA_DIR", &path)]);
        let again = second.signed_in(&app.wechat, "settled").await;
        let stored = again.drawing("d").await;
        assert_eq!(stored["seq"], round + 1, "acknowledged before the backup began");
        let listed = again.get("/api/v1/me/sessions").await.ok();
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "the sessions of the backup have ended");
    }
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn existing_files_are_not_overwritten() {
    let mut app = App::start(Backend::Embedded);
    let api = app.user("ann").await;
    api.append("d", 0, json!([stroke(0)])).await.ok();
    let kept = TempDir::new();
    let file = kept.path().join("a.sqlite3");
    let name = file.to_str().unwrap();
    assert_eq!(at(&app.data_dir(), &["backup", name]).code, Some(0));
    let twice = at(&app.data_dir(), &["backup", name]);
    assert_eq!(twice.code, Some(1));
    assert!(twice.stderr.contains("is there already"), "{}", twice.stderr);
    api.append("d", 1, json!([stroke(1)])).await.ok();
    let running = at(&app.data_dir(), &["restore", "--replace", name]);
    assert!(running.stderr.contains("another process is using"), "{}", running.stderr);
    assert_eq!(app.process().terminate(), Some(0));
    let there = at(&app.data_dir(), &["restore", name]);
    assert!(there.stderr.contains("is there already"), "{}", there.stderr);
    let put = at(&app.data_dir(), &["restore", "--replace", name]);
    assert_eq!(put.code, Some(0), "{}", put.stderr);
    app.start_again();
    let api = app.user("ann").await;
    assert_eq!(api.drawing("d").await["seq"], 1);
    let old = std::fs::read_dir(app.data_dir()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(old.filter(|name| name.to_string_lossy().contains(".replaced-")).count(), 1);
    let left: Vec<_> = std::fs::read_dir(kept.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no scratch files: {left:?}");
}

#[test]
fn a_damaged_backup_is_detected() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(async {
        let app = App::start(Backend::Embedded);
        let api = app.user("ann").await;
        for number in 0..60 {
            let strokes: Vec<_> = (0..20).map(stroke).collect();
            api.append(&format!("d{number}"), 0, json!(strokes)).await.ok();
        }
        app
    });
    let kept = TempDir::new();
    let file = kept.path().join("a.sqlite3");
    let name = file.to_str().unwrap();
    assert_eq!(at(&app.data_dir(), &["backup", name]).code, Some(0));
    let whole = std::fs::read(&file).unwrap();
    let cut = &whole[..whole.len() / 2];
    let mut scribbled = whole.clone();
    for page in scribbled.chunks_mut(4096).skip(8).step_by(3) {
        page[..64].fill(0xA5);
    }
    let text = b"a diary, which is no database".repeat(500);
    for (what, content) in [("cut", cut), ("scribbled", &scribbled), ("text", &text), ("empty", b"")] {
        std::fs::write(&file, content).unwrap();
        let ended = at(&app.data_dir(), &["backup", "--verify", "--existing", name]);
        assert_eq!(ended.code, Some(1), "{what}: {}", ended.stdout);
        let elsewhere = TempDir::new();
        let put = at(elsewhere.path(), &["restore", name]);
        assert_eq!(put.code, Some(1), "{what}: {}", put.stdout);
        assert!(!elsewhere.path().join("yibi.sqlite3").exists(), "{what}");
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(at(&app.data_dir(), &["backup", "--verify", "--existing", name]).code, Some(0));
    let nowhere = at(kept.path(), &["backup", "/tmp/never-made.sqlite3"]);
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("is not there"), "{}", nowhere.stderr);
}

/// Runs the script of the timer: it makes a backup, verifies it, passes it to the hook, and rotates the old ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nightly_script() {
    let app = App::start(Backend::Embedded);
    app.user("ann").await.append("d", 0, json!([stroke(0)])).await.ok();
    let kept = TempDir::new();
    let handed = TempDir::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/backup/yibi-backup");
    let nightly = |command: &str| {
        let mut nightly = Command::new("sh");
        nightly.arg(&script).env("YIBI_STORE__DATA_DIR", app.data_dir());
        nightly.env("YIBI_SERVER", yibi_tests::binary("yibi-server")).env("YIBI_BACKUP_DIR", kept.path());
        nightly.env("YIBI_BACKUP_KEEP", "2").env("YIBI_BACKUP_COMMAND", command);
        nightly.output().unwrap()
    };
    for number in 0..4 {
        let hand = format!("cp \"$1\" {}/{number}.sqlite3", handed.path().display());
        let ended = nightly(&hand);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let path = handed.path().join(format!("{number}.sqlite3")).display().to_string();
        assert_eq!(at(kept.path(), &["backup", "--verify", "--existing", &path]).code, Some(0));
    }
    assert_eq!(std::fs::read_dir(kept.path()).unwrap().count(), 2);
    assert!(!nightly("exit 3").status.success(), "what is not handed on is told");
}
