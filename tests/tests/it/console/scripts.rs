//! The console's commands outside a terminal: JSON lines and exit codes.

use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::process::Process;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{App, Backend, TempDir, binary};

use super::silent;

fn command(server: &str, token: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("yibi-admin"));
    command.env_clear().args(["--server", server]).args(arguments).env("YIBI_ADMIN_TOKEN", token);
    command
}

pub(crate) fn run(server: &str, token: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(server, token, arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{1b}'), "no colours, no cursor: {text}");
    (output.status.code(), text)
}

pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn lists_are_json_lines() {
    let app = App::start(Backend::Embedded);
    let users = [app.user("alice").await, app.user("bob").await];
    for (number, user) in (1..).zip(&users) {
        user.append(&format!("d{number}"), 0, json!([stroke(1)])).await.ok();
    }
    let run = |arguments: &[&str]| run(&app.admin, ADMIN_TOKEN, arguments);
    for (list, count) in [("sessions", 2), ("users", 2), ("drawings", 2), ("audit", 0)] {
        let (code, text) = run(&[list, "--json"]);
        assert_eq!((code, lines(&text).len()), (Some(0), count), "{list}");
        assert_eq!(run(&[list]).1.lines().count(), count, "{list}");
    }
    assert_eq!(lines(&run(&["sessions", "--json", "--limit", "1"]).1).len(), 1);
    assert_eq!(lines(&run(&["drawings", "--json", "--filter", "deleted:yes"]).1).len(), 0);
    let (code, text) = run(&["status"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("server"), "{text}");

    // A drawing as stored JSON and as a picture.
    let drawing = lines(&run(&["drawings", "--json"]).1).remove(0);
    let (user, id) = (drawing["user"]["id"].as_str().unwrap(), drawing["id"].as_str().unwrap());
    let (code, text) = run(&["export", user, id]);
    assert_eq!(code, Some(0));
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["actions"], json!([stroke(1)]));
    assert!(run(&["export", user, id, "--form", "svg"]).1.starts_with("<svg"));
    assert_eq!(run(&["export", user, "nothing"]).0, Some(3));

    // The command ends one session and keeps the other.
    let session = lines(&run(&["sessions", "--json", "--filter", &format!("user:{user}")]).1).remove(0);
    let session = session["id"].as_str().unwrap();
    assert_eq!(run(&["--read-only", "revoke", session]).0, Some(3));
    assert_eq!(run(&["revoke", session]), (Some(0), format!("revoked {session}\n")));
    assert_eq!(lines(&run(&["sessions", "--json"]).1).len(), 1);
    let other = lines(&run(&["sessions", "--json"]).1)[0]["id"].as_str().unwrap().to_owned();
    let told = lines(&run(&["revoke", &other, "--json"]).1);
    assert_eq!(told, [json!({"change": "revoke_session", "id": other})]);
    assert_eq!(lines(&run(&["audit", "--json", "--filter", "revoke_session"]).1).len(), 2);
    assert_eq!(lines(&run(&["audit", "--json", "--filter", "block_user"]).1).len(), 0);
}

#[tokio::test]
async fn every_way_to_fail_has_a_code() {
    let app = App::start(Backend::Embedded);
    let home = TempDir::new();
    assert_eq!(run(&app.admin, "wrong", &["sessions"]).0, Some(3));
    assert_eq!(run(&app.admin, ADMIN_TOKEN, &["sessions", "--filter", "ttl:5"]).0, Some(2));
    assert_eq!(run(&app.admin, ADMIN_TOKEN, &["sessions", "--order", "beauty"]).0, Some(2));
    assert_eq!(run(&app.admin, ADMIN_TOKEN, &["paint"]).0, Some(2));
    assert_eq!(run(&app.admin, ADMIN_TOKEN, &["revoke", "no-such-session"]).0, Some(3));
    assert_eq!(run("ftp://127.0.0.1", ADMIN_TOKEN, &["sessions"]).0, Some(2));
    // The interactive console needs a terminal.
    assert_eq!(run(&app.admin, ADMIN_TOKEN, &[]), (Some(2), String::new()));
    let (listener, address) = silent();
    drop(listener);
    assert_eq!(run(&address, ADMIN_TOKEN, &["sessions"]).0, Some(4));
    let missing = home.path().join("token").display().to_string();
    assert_eq!(run(&app.admin, "", &["--token-file", &missing, "sessions"]).0, Some(2));
}

#[tokio::test]
async fn events_are_lines_as_they_happen() {
    let app = App::start(Backend::Embedded);
    let events = Process::start(&mut command(&app.admin, ADMIN_TOKEN, &["events", "--json"]));
    // The stream may open after the first events, so users sign in until one appears.
    let mut seen = None;
    for number in 0..200 {
        app.user(&format!("user-{number}")).await;
        seen = events.output().lines().next().map(str::to_owned);
        if seen.is_some() {
            break;
        }
    }
    let event: Value = serde_json::from_str(&seen.expect("no event came")).unwrap();
    assert_eq!(event["type"], "sign_in");
}
