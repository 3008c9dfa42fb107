//! The commands that do in scripts what the console does by keys.

use std::fs::File;
use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, TempDir, Terminal, binary};

use super::mountain;

struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Outcome {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

fn command(server: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("yibi-admin"));
    command.env_clear().args(["--server", server]).args(arguments).env("YIBI_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn run(app: &App, arguments: &[&str]) -> Outcome {
    outcome(&mut command(&app.admin, arguments))
}

#[tokio::test]
async fn a_list_that_is_cut_says_so() {
    let app = App::start(Backend::Embedded);
    for name in ["alice", "bob", "carol"] {
        app.user(name).await;
    }
    let cut = run(&app, &["users", "--limit", "2", "--json"]);
    assert_eq!((cut.code, cut.out.lines().count()), (Some(0), 2));
    assert!(cut.err.contains("2 of 3 rows; there are more, and --limit 0 prints all"), "{}", cut.err);
    for arguments in [&["users", "--limit", "0"][..], &["users", "--limit", "3"], &["users"]] {
        let all = run(&app, arguments);
        assert_eq!((all.out.lines().count(), all.err.as_str()), (3, ""), "{arguments:?}");
    }
    let found = run(&app, &["sessions", "--limit", "1", "--filter", "dialect:yibi"]);
    assert!(
        found.err.contains("1 rows; there are more"),
        "the number of all rows is not known: {}",
        found.err
    );
}

#[tokio::test]
async fn users_are_sorted_by_each_of_their_columns() {
    let app = App::start(Backend::Embedded);
    for name in ["carol", "alice", "bob"] {
        app.user(name).await.patch("/api/v1/me", &json!({"nickname": name})).await.ok();
    }
    let names = |arguments: &[&str]| -> Vec<String> {
        let listed = run(&app, &[&["users", "--json"], arguments].concat());
        let name = |line| {
            serde_json::from_str::<Value>(line).unwrap()["user"]["nickname"].as_str().unwrap().to_owned()
        };
        listed.out.lines().map(name).collect()
    };
    assert_eq!(names(&[]), ["bob", "alice", "carol"], "the newest first");
    assert_eq!(names(&["--order", "nickname"]), ["alice", "bob", "carol"]);
    assert_eq!(names(&["--order", "nickname", "--reverse"]), ["carol", "bob", "alice"]);
    assert_eq!(names(&["--order", "openid"]).len(), 3);
    assert_eq!(names(&["--order", "openid", "--filter", "nick:b"]), ["bob"]);
}

#[tokio::test]
async fn a_list_on_a_terminal_is_a_table() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let arguments = ["--server", &app.admin, "drawings"];
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)];
    let mut terminal = Terminal::start((160, 20), home.path(), &arguments, &variables);
    assert_eq!(terminal.end(), 0);
    let screen = terminal.screen().contents();
    let lines: Vec<&str> = screen.lines().collect();
    let column = |line: &str, text: &str| line.find(text).unwrap_or_else(|| panic!("no {text} in {screen}"));
    assert!(lines[0].starts_with("USER"), "{screen}");
    assert_eq!(column(lines[0], "DRAWING"), column(lines[1], "mountain"));
}

#[tokio::test]
async fn changes_are_made_and_reported_one_by_one() {
    let (app, alice) = mountain().await;
    alice.append("river", 0, json!([stroke(1)])).await.ok();
    let drawings = run(&app, &["drawings", "--json", "--limit", "1"]).json();
    let user = drawings["user"]["id"].as_str().unwrap();
    let binned = run(&app, &["delete", user, "mountain", "nothing", "river"]);
    assert_eq!(binned.code, Some(3), "one of them is refused, and the others are made");
    assert_eq!(binned.out, "moved to the bin: mountain\nmoved to the bin: river\n");
    assert!(binned.err.contains("nothing: "), "{}", binned.err);
    assert_eq!(alice.get("/api/v1/drawings").await.ok()["drawings"], json!([]));
    let restored = run(&app, &["restore", user, "mountain", "--json"]).json();
    assert_eq!(restored, json!({"change": "restore_drawing", "id": "mountain", "user": user}));
    assert_eq!(alice.get("/api/v1/drawings").await.ok()["drawings"][0]["id"], "mountain");
    let read_only = run(&app, &["--read-only", "block", user]);
    assert_eq!((read_only.code, read_only.out.as_str()), (Some(3), ""));
    assert_eq!(run(&app, &["block", user]).out, format!("blocked {user}\n"));
    alice.get("/api/v1/me").await.problem(401, "unauthenticated");
    assert!(run(&app, &["show", "user", user]).json()["user"]["blocked_at"].is_string());
    assert_eq!(run(&app, &["unblock", user]).out, format!("unblocked {user}\n"));
    assert!(run(&app, &["show", "user", user]).json()["user"]["blocked_at"].is_null());
    let alice = app.user("alice").await;
    let session = run(&app, &["sessions", "--json"]).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&app, &["reset-key", &session]).out, format!("reset the session_key of {session}\n"));
    assert_eq!(run(&app, &["revoke", "--user", user]).out, format!("revoked all sessions of {user}\n"));
    alice.get("/api/v1/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn single_things_are_shown() {
    let (app, alice) = mountain().await;
    let drawing = run(&app, &["drawings", "--json"]).json();
    let user = drawing["user"]["id"].as_str().unwrap();
    let shown = run(&app, &["show", "drawing", user, "mountain"]);
    assert!(shown.out.lines().count() > 5, "it is indented");
    assert_eq!(shown.json()["drawing"]["stroke_count"], 1);
    let line = run(&app, &["show", "drawing", user, "mountain", "--json"]);
    assert_eq!((line.out.lines().count(), line.json()), (1, shown.json()));
    let session = run(&app, &["sessions", "--json"]).json();
    let id = session["id"].as_str().unwrap();
    assert_eq!(run(&app, &["show", "session", id]).json()["session"]["id"], id);
    assert_eq!(run(&app, &["overview"]).json()["servers"].as_array().unwrap().len(), 1);
    assert_eq!(run(&app, &["show", "user", "nobody"]).code, Some(3));
    alice.append("mountain", 9, json!([stroke(2)])).await.problem(409, "conflict");
    let errors = run(&app, &["errors", "--json"]).json();
    assert_eq!(errors["code"], "conflict");
    let request = errors["latest"][0]["request_id"].as_str().unwrap();
    assert_eq!(run(&app, &["show", "request", request]).json()["failure"]["code"], "conflict");
    assert!(run(&app, &["errors"]).out.starts_with("conflict\t"));
}

#[tokio::test]
async fn several_drawings_are_exported_into_a_directory() {
    let home = TempDir::new();
    let (app, alice) = mountain().await;
    alice.append("river", 0, json!([stroke(1)])).await.ok();
    let drawings = run(&app, &["drawings", "--json", "--limit", "1"]).json();
    let user = drawings["user"]["id"].as_str().unwrap();
    let several = ["export", user, "mountain", "river", "--form", "svg"];
    assert_eq!(run(&app, &several).code, Some(2), "the standard output takes one");
    let directory = home.path().join("saved").display().to_string();
    let exported = run(&app, &[&several[..], &["--output", &directory]].concat());
    assert_eq!((exported.code, exported.out.lines().count()), (Some(0), 2), "{}", exported.err);
    for file in exported.out.lines() {
        assert!(std::fs::read_to_string(file).unwrap().starts_with("<svg"), "{file}");
    }
    let unwritable = run(&app, &["export", user, "mountain", "-o", "/no/such/directory/it.json"]);
    assert_eq!(unwritable.code, Some(1));
    assert!(unwritable.err.contains("/no/such/directory/it.json: "), "{}", unwritable.err);
}

#[tokio::test]
async fn the_status_is_of_the_token_too() {
    let app = App::start(Backend::Embedded);
    let status = run(&app, &["status"]);
    assert_eq!(status.code, Some(0), "{}", status.err);
    assert!(status.out.contains("caller     token:"), "{}", status.out);
    assert!(run(&app, &["status", "--json"]).json()["dependencies"].is_object());
    let mut wrong = command(&app.admin, &["status"]);
    assert_eq!(outcome(wrong.env("YIBI_ADMIN_TOKEN", "wrong")).code, Some(3));
    let mut without = command(&app.admin, &["status"]);
    let without = outcome(without.env_remove("YIBI_ADMIN_TOKEN"));
    assert_eq!(without.code, Some(0));
    assert!(without.out.contains("caller     unknown (no token was given)"), "{}", without.out);
    let public = outcome(&mut command(&app.public, &["status"]));
    assert_eq!(public.code, Some(3));
    assert!(public.err.contains("not an operators' listener (admin.listen)"), "{}", public.err);
}

#[tokio::test]
async fn failures_name_what_failed() {
    let app = App::start(Backend::Embedded);
    app.user("alice").await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["status"][..], &["users"], &["users", "--json"], &["overview"]] {
        let status =
            command(&app.admin, arguments).stdout(full()).stderr(std::process::Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(1), "{arguments:?}");
    }
    let unsorted = run(&app, &["audit", "--order", "nick"]);
    assert_eq!(unsorted.code, Some(2));
    assert!(unsorted.err.contains("audit can't be sorted"), "{}", unsorted.err);
    let unknown = run(&app, &["sessions", "--order", "beauty"]);
    assert!(unknown.err.contains("there are: expiry, last_seen, openid"), "{}", unknown.err);
    let mut socket = Command::new(binary("yibi-admin"));
    let absent = outcome(socket.env_clear().args(["--socket", "/no/such.sock", "status"]));
    assert_eq!(absent.code, Some(4));
    assert!(absent.err.contains("/no/such.sock"), "{}", absent.err);
    let tls = outcome(&mut command(&app.admin.replace("http:", "https:"), &["users"]));
    assert_eq!(tls.code, Some(4));
    assert!(tls.err.contains("the server speaks http, not https"), "{}", tls.err);
}

#[tokio::test]
async fn a_flag_wins_over_the_environment() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    std::fs::create_dir(home.path().join("yibi")).unwrap();
    let text = format!("[profiles.here]\nserver = \"{}\"\n", app.admin);
    std::fs::write(home.path().join("yibi/admin.toml"), text).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary("yibi-admin"));
        let command = command.env_clear().args(arguments).env("YIBI_ADMIN_TOKEN", ADMIN_TOKEN);
        outcome(command.env("XDG_CONFIG_HOME", home.path()).env("YIBI_ADMIN_SERVER", "http://127.0.0.1:1"))
    };
    assert_eq!(run(&["status"]).code, Some(4), "the environment's server is away");
    assert_eq!(run(&["-p", "here", "status"]).code, Some(0));
    assert_eq!(run(&["--server", &app.admin, "status"]).code, Some(0));
    assert_eq!(run(&["-p", "here", "--server", &app.admin, "status"]).code, Some(2));
    let api = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    assert_eq!(api.get("/admin/v1/audit").await.ok()["entries"], json!([]));
}

#[test]
fn manual_pages_completions_and_help_are_of_all_commands() {
    let home = TempDir::new();
    let directory = home.path().display().to_string();
    let run = |arguments: &[&str]| outcome(Command::new(binary("yibi-admin")).env_clear().args(arguments));
    assert_eq!(run(&["manual", &directory]).code, Some(0));
    let page = std::fs::read_to_string(home.path().join("man1/yibi-admin-sessions.1")).unwrap();
    assert!(page.contains("ttl<5m") && page.contains("last_seen"), "{page}");
    for file in ["man1/yibi-admin.1", "bash/yibi-admin.bash", "zsh/_yibi-admin", "fish/yibi-admin.fish"] {
        let text = std::fs::read_to_string(home.path().join(file)).unwrap();
        assert!(text.contains("reset-key") || text.contains("reset\\-key"), "{file}");
    }
    assert!(run(&["completions", "bash"]).out.contains("complete -F"));
    let help = run(&["users", "--help"]).out;
    let at = |text: &str| help.find(text).unwrap_or_else(|| panic!("no {text} in {help}"));
    assert!(at("--filter") < at("Connection:") && at("Connection:") < at("--token-file"), "{help}");
    assert!(at("--token-file") < at("Console:") && at("Console:") < at("--theme"), "{help}");
    assert!(help.contains("nick:小"), "{help}");
}
