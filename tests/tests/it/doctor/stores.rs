//! Reachable databases with unsuitable settings.

use std::process::Command;

use yibi_tests::databases::free_port;
use yibi_tests::process::Process;
use yibi_tests::{TempDir, service, unique, wait_until};

use super::{Patient, tells};

/// Starts a Redis with these settings; returns its address.
async fn redis(arguments: &[&str]) -> (Process, TempDir, String) {
    let (port, data) = (free_port(), TempDir::new());
    let mut command = Command::new(service("YIBI_TEST_REDIS_SERVER"));
    command.args(["--port", &port.to_string(), "--save", "", "--dir"]).arg(data.path()).args(arguments);
    let process = Process::start(&mut command);
    let answers = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    wait_until("Redis answers", answers).await;
    (process, data, format!("redis://127.0.0.1:{port}/"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgets() {
    let patient = Patient::new();
    let forgetful = ["--bind", "127.0.0.1", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    let (_process, _data, url) = redis(&forgetful).await;
    let ended = patient.check(&[], &[("STORE__REDIS_URL", &url)]);
    tells(&ended, "warning", "redis", "allkeys-lru");
    tells(&ended, "warning", "redis", "appendonly yes");
    tells(&ended, "warning", "store", "one server alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_info_is_reported() {
    let patient = Patient::new();
    let (_process, _data, url) =
        redis(&["--bind", "127.0.0.1", "--appendonly", "yes", "--rename-command", "INFO", ""]).await;
    tells(&patient.check(&[], &[("STORE__REDIS_URL", &url)]), "warning", "redis", "INFO");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_others_reach() {
    let patient = Patient::new();
    let (_process, _data, url) = redis(&["--bind", "0.0.0.0"]).await;
    tells(&patient.check(&[], &[("STORE__REDIS_URL", &url)]), "warning", "redis", "0.0.0.0");
    let public = [("STORE__REDIS_URL", "redis://:hidden-pw@203.0.113.9/")];
    tells(&patient.check(&[], &public), "warning", "redis", "public address");
}

#[test]
fn a_mongodb_alone_and_its_write_concern() {
    let patient = Patient::new();
    let alone = service("YIBI_TEST_MONGODB_URI");
    let careless = format!("{alone}?w=1");
    let ended = patient.check(&[], &[("STORE__MONGODB_URI", &careless)]);
    tells(&ended, "warning", "mongodb", "w=1");
    tells(&ended, "ok", "mongodb", "answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_changes_no_data() {
    let patient = Patient::new();
    let (uri, database) = (service("YIBI_TEST_MONGODB_URI"), format!("c{}", unique()));
    let shared = [("STORE__MONGODB_URI", uri.as_str()), ("STORE__MONGODB_DATABASE", &database)];
    tells(&patient.check(&[], &shared), "ok", "mongodb", "answers");
    let client = mongodb::Client::with_uri_str(&uri).await.unwrap();
    assert_eq!(client.database(&database).list_collection_names().await.unwrap(), Vec::<String>::new());

    let absent = patient.data.path().join("absent");
    let ended = patient.check(&[], &[("STORE__DATA_DIR", absent.to_str().unwrap())]);
    tells(&ended, "warning", "store", "is not there yet");
    assert!(!absent.exists());
    tells(&patient.check(&[], &[]), "ok", "store", "embedded, in");
    assert_eq!(std::fs::read_dir(patient.data.path()).unwrap().count(), 0);
    std::fs::write(&absent, "").unwrap();
    let ended = patient.check(&[], &[("STORE__DATA_DIR", absent.to_str().unwrap())]);
    tells(&ended, "error", "store", "is no directory");
}
