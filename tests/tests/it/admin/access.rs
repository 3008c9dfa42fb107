//! Authentication and roles of the operators' API.

use std::process::Command;

use serde_json::Value;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, TempDir, binary};

use super::operator;

/// Output of `yibi-server token new`: the token and its settings.
pub(super) fn new_token(name: &str, role: &str) -> (String, String) {
    let made = Command::new(binary("yibi-server")).args(["token", "new", name, "--role", role]).output();
    let made = String::from_utf8(made.unwrap().stdout).unwrap();
    let token = made.lines().find_map(|line| line.strip_prefix("# ").filter(|line| line.len() == 64));
    let settings = made.split_once("[[admin.tokens]]").unwrap().1;
    (token.unwrap().to_owned(), format!("[[admin.tokens]]{settings}"))
}

#[tokio::test]
async fn a_viewer_looks_and_an_operator_changes() {
    let (viewer, ann) = new_token("ann", "viewer");
    let (changer, ben) = new_token("ben", "operator");
    assert!(!ann.contains(&viewer), "the settings hold the hash alone");
    let directory = TempDir::new();
    let file = directory.path().join("yibi.toml");
    std::fs::write(&file, format!("{ann}{ben}")).unwrap();
    let config = [("CONFIG", file.to_str().unwrap())];
    let app = App::start_with(Backend::Embedded, &config);
    let user = app.user("alice").await;
    let id = user.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let api = Api::new(&app.admin);

    let (ann, ben) = (api.with_token(&viewer), api.with_token(&changer));
    let me = ann.get("/admin/v1/me").await.ok();
    assert_eq!((&me["name"], &me["role"]), (&"token:ann".into(), &"viewer".into()));
    assert_eq!(ben.get("/admin/v1/me").await.ok()["role"], "operator");
    let me = operator(&app).get("/admin/v1/me").await.ok();
    assert_eq!((&me["name"], &me["role"]), (&"token:admin".into(), &"operator".into()));

    ann.get(&format!("/admin/v1/users/{id}")).await.ok();
    for path in ["block", "unblock"] {
        let path = format!("/admin/v1/users/{id}/{path}");
        ann.post(&path, &Value::Null).await.problem(403, "role_needed");
    }
    let session = ann.get("/admin/v1/sessions").await.ok()["sessions"][0]["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("/admin/v1/sessions/{session}")).await.problem(403, "role_needed");
    ann.delete(&format!("/admin/v1/users/{id}/sessions")).await.problem(403, "role_needed");
    user.get("/api/v1/me").await.ok();
    assert_eq!(super::audited(&ann).await.len(), 0);
    ben.delete(&format!("/admin/v1/sessions/{session}")).await.ok();
    assert_eq!(super::audited(&ann).await[0]["who"], "token:ben");
    let log = app.log();
    assert!(!log.contains(&viewer) && !log.contains(&changer) && !log.contains(ADMIN_TOKEN));
}

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let app = App::start(Backend::Embedded);
    let stranger = Api::new(&app.admin);
    for path in ["me", "sessions", "sessions/count", "users", "users/x", "drawings", "audit"] {
        let reply = stranger.get(&format!("/admin/v1/{path}")).await;
        reply.problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let user = app.user("alice").await;
    let user_token = user.token.clone().unwrap();
    stranger.with_token(&user_token).get("/admin/v1/me").await.problem(401, "unauthenticated");
    // The public listener does not serve the operators' routes.
    app.api().with_token(ADMIN_TOKEN).get("/admin/v1/me").await.problem(404, "not_found");
    // An operator's token is not a user's token.
    app.api().with_token(ADMIN_TOKEN).get("/api/v1/me").await.problem(401, "unauthenticated");
    assert_eq!(stranger.get("/admin/v1/openapi.json").await.ok()["openapi"], "3.1.0");
}

#[tokio::test]
async fn addresses_that_guess_tokens_are_blocked() {
    let app = App::start(Backend::Embedded);
    let guesser = Api::new(&app.admin).with_header("x-forwarded-for", "203.0.113.9");
    let mut shut = 0;
    for number in 0..60 {
        let guess = guesser.with_token(&format!("guess-{number}"));
        if guess.get("/admin/v1/me").await.status == 429 {
            shut += 1;
        }
    }
    assert!(shut > 0, "sixty guesses were all heard");
    // Failures of clients and of operators have separate limits.
    app.api().get("/api/v1/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_socket_needs_no_token() {
    let mut app = App::start(Backend::Embedded);
    let listening = app.log();
    let listening = listening.lines().find(|line| line.contains("\"listening\"")).unwrap();
    let listening: Value = serde_json::from_str(listening).unwrap();
    let socket = listening["socket"].as_str().unwrap().to_owned();
    let here = reqwest::Client::builder().unix_socket(std::path::PathBuf::from(&socket)).build().unwrap();
    let me = here.get("http://localhost/admin/v1/me").send().await.unwrap();
    let me: Value = serde_json::from_slice(&me.bytes().await.unwrap()).unwrap();
    assert_eq!(me["role"], "operator", "{me}");
    assert!(me["name"].as_str().unwrap().starts_with("uid:"), "{me}");
    assert_eq!(app.process().terminate(), Some(0));
    assert!(!std::path::Path::new(&socket).exists());
}

#[test]
fn a_token_is_for_a_name() {
    for name in ["", "admin", "a b", "ü", "../x"] {
        let made =
            Command::new(binary("yibi-server")).args(["token", "new", name, "--role", "viewer"]).output();
        let made = made.unwrap();
        assert_eq!((made.status.code(), made.stdout.len()), (Some(78), 0), "{name:?}");
    }
}
