//! A restore brings back drawings. It neither revives ended sessions nor lifts blocks nor undoes erasures.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::command::{Ended, command, run};
use yibi_tests::{Api, Backend, Server, TempDir, Wechat};

fn at(data: &Path, arguments: &[&str]) -> Ended {
    run(arguments, &[("STORE__DATA_DIR", &data.display().to_string())])
}

async fn public_id(api: &Api) -> String {
    api.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned()
}

/// Repeats a check until it succeeds.
async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), asking)
        .await
        .unwrap_or_else(|_| panic!("still not: {what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_blocks_and_erasures_are_not_taken_back() {
    let wechat = Wechat::start();
    let mut server = Server::start_with(Backend::Embedded, &wechat, &[("GALLERY__ERASURE_DAYS", "0")]);
    let (ann, ben, cat) = (
        server.signed_in(&wechat, "ann").await,
        server.signed_in(&wechat, "ben").await,
        server.signed_in(&wechat, "cat").await,
    );
    for api in [&ann, &ben, &cat] {
        api.append("d", 0, json!([stroke(0)])).await.ok();
    }
    let (ben_id, cat_id) = (public_id(&ben).await, public_id(&cat).await);
    let kept = TempDir::new();
    let file = kept.path().join("a.sqlite3");
    let name = file.to_str().unwrap();
    let made = at(&server.data_dir(), &["backup", name]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(made.stdout.contains("not in it: sealing.key and signing.key"), "{}", made.stdout);

    let operator = Api::new(&server.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    let blocked = operator.post(&format!("/admin/v1/users/{ben_id}/block"), &Value::Null).await;
    assert!(blocked.status.is_success(), "{}", blocked.text());
    assert!(ann.delete("/api/v1/session").await.status.is_success());
    assert!(cat.delete("/api/v1/me").await.status.is_success());
    eventually("erased", || async {
        operator.get(&format!("/admin/v1/users/{cat_id}")).await.status.as_u16() == 404
    })
    .await;
    let audit = operator.get("/admin/v1/audit").await.ok();
    let database = std::fs::read(server.data_dir().join("yibi.sqlite3")).unwrap();
    assert!(!contains(&database, b"/cat"), "the file names nobody who was erased");
    let log = std::fs::read(server.data_dir().join("yibi.sqlite3-wal")).unwrap_or_default();
    assert!(!contains(&log, b"/cat"), "nor does its log");

    assert_eq!(server.process().terminate(), Some(0));
    let put = at(&server.data_dir(), &["restore", "--replace", name]);
    assert_eq!(put.code, Some(0), "{}", put.stderr);
    for said in ["everybody signs in again", "erased again: 1 users", "1 blocks", "is kept as", ".replaced-"]
    {
        assert!(put.stdout.contains(said), "{said}: {}", put.stdout);
    }
    server.start_again();
    for api in [&ann, &ben, &cat] {
        assert_eq!(api.at(&server.public).get("/api/v1/me").await.status.as_u16(), 401);
    }
    let operator = Api::new(&server.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    assert_eq!(operator.get(&format!("/admin/v1/users/{cat_id}")).await.status.as_u16(), 404);
    assert_eq!(operator.get("/admin/v1/audit").await.ok()["entries"], audit["entries"]);
    let code = wechat.code("ben").await;
    server.api().post("/api/v1/session", &json!({"code": code})).await.problem(403, "account_blocked");
    let ann = server.signed_in(&wechat, "ann").await;
    assert_eq!(ann.drawing("d").await["seq"], 1);
    let cat = server.signed_in(&wechat, "cat").await;
    assert_eq!(cat.get("/api/v1/drawings").await.ok()["drawings"], json!([]));
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_may_have_any_name_and_is_for_its_owner_alone() {
    let wechat = Wechat::start();
    let server = Server::start(Backend::Embedded, &wechat);
    server.signed_in(&wechat, "ann").await.append("d", 0, json!([stroke(0)])).await.ok();
    let kept = TempDir::new();
    let directory = kept.path().join(OsStr::from_bytes(b"d\xfe"));
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join(OsStr::from_bytes(b"b\xff.sqlite3"));
    let data = server.data_dir().display().to_string();
    let backup = |arguments: &[&str]| {
        let mut backup = command(arguments, &[("STORE__DATA_DIR", &data)]);
        backup.arg(&file).output().unwrap()
    };
    let made = backup(&["backup", "--verify"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(&directory).len(), 1, "{:?}", names(&directory));
    assert_eq!(names(kept.path()).len(), 1, "{:?}", names(kept.path()));
    let verified = backup(&["backup", "--existing"]);
    assert!(String::from_utf8_lossy(&verified.stdout).starts_with("verified "));
    let elsewhere = kept.path().join(OsStr::from_bytes(b"r\xff"));
    let mut restore = command(&["restore", "--data-dir"], &[]);
    // Settings hold paths as text.
    let put = restore.arg(kept.path().join("restored")).arg(&file).output().unwrap();
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    assert!(String::from_utf8_lossy(&put.stdout).contains("missing in"), "the keys are asked for");
    assert!(!elsewhere.exists());
}

fn names(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Only root can change the owner of files; without root, the files belong to the directory's owner anyway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_by_root_leaves_the_files_to_the_service() {
    let wechat = Wechat::start();
    let server = Server::start(Backend::Embedded, &wechat);
    server.signed_in(&wechat, "ann").await;
    let kept = TempDir::new();
    let file = kept.path().join("a.sqlite3");
    assert_eq!(at(&server.data_dir(), &["backup", file.to_str().unwrap()]).code, Some(0));
    let data = kept.path().join("data");
    std::fs::create_dir(&data).unwrap();
    if std::fs::metadata(&data).unwrap().uid() == 0 {
        chown(&data, Some(12_345), Some(12_345)).unwrap();
    }
    let owner = std::fs::metadata(&data).unwrap();
    for arguments in [&["restore"][..], &["restore", "--replace"]] {
        let put = at(&data, &[arguments, &[file.to_str().unwrap()]].concat());
        assert_eq!(put.code, Some(0), "{}", put.stderr);
        for path in names(&data) {
            let made = std::fs::metadata(&path).unwrap();
            assert_eq!((made.uid(), made.gid()), (owner.uid(), owner.gid()), "{}", path.display());
        }
    }
}

#[test]
fn restore_errors_name_the_file_and_the_remedy() {
    let place = TempDir::new();
    let missing = at(place.path(), &["backup", "/tmp/never-made.sqlite3"]);
    assert!(missing.stderr.contains("store.data_dir"), "{}", missing.stderr);
    std::fs::create_dir(place.path().join("dev")).unwrap();
    std::fs::write(place.path().join("dev/yibi.sqlite3"), "").unwrap();
    let missing = at(place.path(), &["backup", "/tmp/never-made.sqlite3"]);
    let hint = format!("--data-dir {}/dev", place.path().display());
    assert!(missing.stderr.contains(&hint), "{}", missing.stderr);
    std::fs::write(place.path().join("yibi.sqlite3"), "").unwrap();
    let there = at(place.path(), &["restore", "/tmp/never-made.sqlite3"]);
    assert!(
        there.stderr.contains("is there already") && there.stderr.contains("--replace"),
        "{}",
        there.stderr
    );

    let settings = run(
        &["settings", "--effective", "--listen", "127.0.0.1:1"],
        &[("WECHAT__APP_SECRET", "hush"), ("HTTP__BODY_TIMEOUT", "7")],
    );
    assert_eq!(settings.code, Some(0), "{}", settings.stderr);
    for line in
        ["http.body_timeout = 7", "# YIBI_HTTP__BODY_TIMEOUT", "wechat.app_secret = (set)", "# command line"]
    {
        assert!(settings.stdout.contains(line), "{line}: {}", settings.stdout);
    }
    assert!(!settings.stdout.contains("hush"));
    let defaults = run(&["settings"], &[]);
    assert!(defaults.stdout.contains("[http]"));
}

/// A server that finds the files of a killed restore creates no empty database beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_does_not_begin_anew_beside_a_database_that_was_put_aside() {
    let wechat = Wechat::start();
    let mut server = Server::start(Backend::Embedded, &wechat);
    let ann = server.signed_in(&wechat, "ann").await;
    ann.append("d", 0, json!([stroke(0)])).await.ok();
    assert_eq!(server.process().terminate(), Some(0));
    let (database, aside) =
        (server.data_dir().join("yibi.sqlite3"), server.data_dir().join("yibi.sqlite3.replaced-1"));
    std::fs::rename(&database, &aside).unwrap();
    let settings: Vec<(&str, &str)> = server.settings();
    let refused = run(&["serve"], &settings);
    assert_ne!(refused.code, Some(0));
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("yibi.sqlite3.replaced-1") && said.contains("Move that back"), "{said}");
    assert!(!database.exists());
    std::fs::rename(&aside, &database).unwrap();
    server.start_again();
    assert_eq!(ann.at(&server.public).drawing("d").await["seq"], 1);
}
