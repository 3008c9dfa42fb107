//! Changes: dialog, confirmation, undo.

use data_encoding::BASE64;
use serde_json::json;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, TempDir, Terminal};

use super::{SIZE, console, mountain};

#[tokio::test]
async fn a_session_is_revoked_after_a_grace() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    let mut terminal = console(&app, &home);
    terminal.press("2");
    terminal.wait_for("▸");
    terminal.press("D");
    terminal.wait_for("Revoke this session?");
    terminal.press("y");
    terminal.wait_for("revoking 1 session in");
    terminal.press("u");
    terminal.wait_for("cancelled, nothing was revoked");
    terminal.press("D");
    terminal.wait_for("Revoke this session?");
    terminal.press("y");
    terminal.wait_for("revoking 1 session in");
    // Quitting with a pending change opens a dialog.
    terminal.press("\x03");
    terminal.wait_for("make it and quit");
    user.get("/api/v1/me").await.ok();
    terminal.press("\r");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
    user.get("/api/v1/me").await.problem(401, "unauthenticated");
    let audit = Api::new(&app.admin).with_token(ADMIN_TOKEN).get("/admin/v1/audit").await.ok();
    let changes = audit["entries"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "a cancelled change is never made: {audit}");
    assert_eq!(changes[0]["change"], "revoke_session");
}

#[tokio::test]
async fn a_drawing_goes_to_the_bin_and_comes_back() {
    let home = TempDir::new();
    let (app, user) = mountain().await;
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("mountain");
    // Cancel is preselected, and the key that opens the dialog does not confirm it.
    terminal.press("D");
    terminal.wait_for("Move this drawing to the bin?");
    terminal.press("D\r");
    terminal.wait_for("nothing was changed");
    // Pasted text does not act as key presses.
    terminal.press("\x1b[200~Dy\x1b[201~");
    terminal.press("D");
    terminal.wait_for("Move this drawing to the bin?");
    assert_eq!(user.get("/api/v1/drawings").await.ok()["drawings"][0]["id"], "mountain");
    terminal.press("\t\r");
    terminal.wait_for("moved to the bin");
    assert_eq!(user.get("/api/v1/drawings").await.ok()["drawings"], json!([]));
    terminal.press("u");
    terminal.wait_for("restored");
    assert_eq!(user.get("/api/v1/drawings").await.ok()["drawings"][0]["id"], "mountain");
}

#[tokio::test]
async fn read_only_changes_nothing() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    let arguments = ["--server", &app.admin, "--read-only"];
    let mut terminal = Terminal::start(SIZE, home.path(), &arguments, &[("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)]);
    terminal.press("2");
    terminal.wait_for("▸");
    terminal.press("D");
    terminal.wait_for("this console was started read-only");
    terminal.press("!");
    terminal.press("D");
    terminal.wait_without("Allow changes?");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    user.get("/api/v1/me").await.ok();
}

#[tokio::test]
async fn ids_curl_commands_files_and_json_are_taken_along() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN), ("PAGER", "cat > paged.json")];
    let mut terminal = Terminal::start(SIZE, home.path(), &["--server", &app.admin], &variables);
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal.press("y");
    terminal.wait_for("id sent to the terminal's clipboard");
    let copied = format!("\x1b]52;c;{}\x07", BASE64.encode(b"mountain"));
    assert!(terminal.written().contains(&copied));
    terminal.press("c");
    terminal.wait_for("curl command sent to the terminal's clipboard");
    let written = terminal.written();
    let curl = written.rsplit("\x1b]52;c;").next().unwrap().split('\x07').next().unwrap();
    let curl = String::from_utf8(BASE64.decode(curl.as_bytes()).unwrap()).unwrap();
    assert!(curl.contains("$YIBI_ADMIN_TOKEN") && !curl.contains(ADMIN_TOKEN), "{curl}");
    for (key, form) in [("p", "png"), ("s", "svg"), ("j", "json")] {
        terminal.press("x");
        terminal.wait_for("Save mountain");
        terminal.press(key);
        terminal.wait_for("saved as /");
        terminal.wait_for(&format!("mountain.{form}"));
        let files: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap()).collect();
        let is_it = |name: &str| name.starts_with("drawing-") && name.ends_with(&format!("-mountain.{form}"));
        let file = files.iter().find(|file| is_it(&file.file_name().to_string_lossy())).expect("a file");
        assert!(file.metadata().unwrap().len() > 50);
    }
    terminal.press("e");
    // The console enters the alternate screen again after the pager exits.
    terminal.wait_written("\x1b[?1049h", 2);
    terminal.press("d");
    terminal.wait_for("\"stroke_count\": 1");
    let paged = std::fs::read_to_string(home.path().join("paged.json")).unwrap();
    assert!(paged.contains("\"stroke_count\": 1"), "{paged}");
    assert!(!terminal.written().contains(ADMIN_TOKEN));
}
