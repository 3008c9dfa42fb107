//! The whole check list: all correct, one fault at a time, and as JSON.

use serde_json::Value;
use yibi_tests::command::run;
use yibi_tests::{TempDir, Wechat, certificates, service};

use super::{Patient, tells};

/// The reply of the server behind nginx.
const YIBI: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"name\":\"yibi\",\"version\":\"1\"}";

/// A served domain with a valid certificate.
async fn good_domain() -> (certificates::Authority, String) {
    let authority = certificates::Authority::new();
    let address = certificates::serve(&authority.issue("draw.example.com", 60), YIBI).await;
    (authority, address.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correct_installation_passes() {
    let (authority, address) = good_domain().await;
    let ca = authority.root().display().to_string();
    let arguments = ["--ca", &ca, "--at", &address];
    let (mongodb, redis) = (service("YIBI_TEST_MONGODB_URI"), service("YIBI_TEST_REDIS_URL"));
    let (sentinel, cluster) =
        (service("YIBI_TEST_REDIS_SENTINEL_URL"), service("YIBI_TEST_REDIS_CLUSTER_URL"));
    let embedded = ["settings", "domain", "store", "wechat", "clock", "tls", "certificate", "nginx", "disk"];
    for (stores, looked_at) in [
        (vec![], embedded.to_vec()),
        (
            vec![("STORE__MONGODB_URI", mongodb.as_str()), ("STORE__REDIS_URL", redis.as_str())],
            vec!["settings", "mongodb", "redis", "wechat"],
        ),
        (vec![("STORE__REDIS_URL", sentinel.as_str())], vec!["redis"]),
        (vec![("STORE__REDIS_URL", cluster.as_str())], vec!["redis"]),
    ] {
        let patient = Patient::new();
        let ended = patient.check(&arguments, &stores);
        assert_eq!(ended.code, Some(0), "{}", ended.stdout);
        assert!(ended.stdout.lines().all(|line| !line.starts_with("error")), "{}", ended.stdout);
        for what in looked_at {
            tells(&ended, "ok", what, "");
        }
    }
}

#[test]
fn each_fault_is_named_with_its_remedy() {
    let patient = Patient::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mongodb, redis) = (format!("mongodb://u:hidden-pw@{gone}/"), format!("redis://:hidden-pw@{gone}/"));
    let sentinel = format!("redis+sentinel://:hidden-pw@{gone}/main");
    let nowhere = format!("http://{gone}");
    for (name, value, what, told) in [
        ("WECHAT__APP_SECRET", "another-secret-than-the-simulators", "wechat", "40125"),
        ("WECHAT__APP_ID", "wx0000000000000000", "wechat", "40013"),
        ("WECHAT__API_URL", &nowhere, "wechat", "clock"),
        ("ADMIN__TOKEN", "", "settings", "YIBI_ADMIN__TOKEN"),
        ("STORE__DATA_DIR", "/dev/null", "store", "/dev/null"),
        ("STORE__DATA_DIR", "/dev/null/none", "store", "/dev/null/none"),
        ("STORE__MONGODB_URI", &mongodb, "mongodb", "store.mongodb_uri"),
        ("STORE__REDIS_URL", &redis, "redis", "store.redis_url"),
        ("STORE__REDIS_URL", &sentinel, "redis", "store.redis_url"),
        ("STORE__MONGODB_URI", "nonsense", "mongodb", "store.mongodb_uri"),
        ("STORE__REDIS_URL", "nonsense", "redis", "store.redis_url"),
    ] {
        let ended = patient.check(&[], &[(name, value)]);
        assert_eq!(ended.code, Some(1), "{name}={value}: {}", ended.stdout);
        tells(&ended, "error", what, told);
    }
    for (name, value, what, told) in [
        ("HTTP__PUBLIC_URL", "", "domain", "http.public_url"),
        ("HTTP__LISTEN", "0.0.0.0:5757", "settings", "http.listen"),
        ("ADMIN__LISTEN", "0.0.0.0:5758", "settings", "admin.listen"),
        ("LIMITS__ENABLED", "false", "settings", "limits.enabled"),
        ("STORE__DATA_DIR", "/proc/none", "store", "/proc/none"),
    ] {
        tells(&patient.check(&[], &[(name, value)]), "warning", what, told);
    }
    // The remaining checks still run.
    tells(&patient.check(&[], &[("ADMIN__TOKEN", "")]), "ok", "store", "");
}

#[test]
fn the_number_of_open_files_is_the_process_own() {
    let wechat = Wechat::start();
    let mut shell = std::process::Command::new("sh");
    let server = yibi_tests::binary("yibi-server");
    let data = TempDir::new();
    shell.args(["-c", "ulimit -n 256; exec \"$0\" check"]).arg(server).env_clear();
    shell.env("YIBI_WECHAT__API_URL", &wechat.url).env("YIBI_STORE__DATA_DIR", data.path());
    let text = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    assert!(text.lines().any(|line| line.starts_with("warning  files") && line.contains("256")), "{text}");
}

#[test]
fn as_json_it_says_the_same() {
    let patient = Patient::new();
    let ended = patient.check(&["--json"], &[("LIMITS__ENABLED", "false"), ("ADMIN__TOKEN", "")]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &report["verdict"]), (Some(1), &"error".into()));
    let lines = report["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["verdict"] == "warning" && line["what"] == "settings").unwrap();
    assert!(line["text"].as_str().unwrap().contains("limits.enabled"), "{line}");
    assert!(line["to_do"].is_string());
    assert!(lines.iter().any(|line| line["verdict"] == "ok" && line["to_do"].is_null()), "{report}");
    let unreadable = run(&["check", "--config", "/no/such/file.toml"], &[]);
    assert_eq!(unreadable.code, Some(78));
    assert!(unreadable.stderr.contains("/no/such/file.toml"), "{}", unreadable.stderr);
}
