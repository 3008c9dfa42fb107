//! Changes: asked for, confirmed, taken back.

use data_encoding::BASE64;
use serde_json::json;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, TempDir, Terminal};

use super::{SIZE, console, mountain};

#[tokio::test]
async fn a_session_is_revoked_after_second_thoughts() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    let mut terminal = console(&app, &home);
    terminal.press("2");
    terminal.wait_for("▸");
    terminal.press("D");
    terminal.wait_for("Revoke this session?");
    terminal.press("y");
    terminal.wait_for("u takes it back");
    terminal.press("u");
    terminal.wait_for("taken back");
    terminal.press("D");
    terminal.wait_for("Revoke this session?");
    terminal.press("y");
    terminal.wait_for("1 revocation in");
    // Who leaves has confirmed it: it is made before the console ends.
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
    user.get("/api/v1/me").await.problem(401, "unauthenticated");
    let audit = Api::new(&app.admin).with_token(ADMIN_TOKEN).get("/admin/v1/audit").await.ok();
    let changes = audit["entries"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "what was taken back was never made: {audit}");
    assert_eq!(changes[0]["change"], "revoke_session");
}

#[tokio::test]
async fn a_drawing_goes_to_the_bin_and_comes_back() {
    let home = TempDir::new();
    let (app, user) = mountain().await;
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("mountain");
    // None of these makes anything: the button is on Cancel, and D does not confirm itself.
    terminal.press("D");
    terminal.wait_for("Put this drawing in the bin?");
    terminal.press("D\r");
    terminal.wait_for("nothing was changed");
    // What is pasted is no key.
    terminal.press("\x1b[200~Dy\x1b[201~");
    terminal.press("D");
    terminal.wait_for("Put this drawing in the bin?");
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
    terminal.wait_for("press ! to allow changes");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    user.get("/api/v1/me").await.ok();
}

#[tokio::test]
async fn what_is_looked_at_can_be_taken_along() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN), ("PAGER", "cat > paged.json")];
    let mut terminal = Terminal::start(SIZE, home.path(), &["--server", &app.admin], &variables);
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal.press("y");
    terminal.wait_for("id copied");
    let copied = format!("\x1b]52;c;{}\x07", BASE64.encode(b"mountain"));
    assert!(terminal.written().contains(&copied));
    terminal.press("c");
    terminal.wait_for("curl command copied");
    let written = terminal.written();
    let curl = written.rsplit("\x1b]52;c;").next().unwrap().split('\x07').next().unwrap();
    let curl = String::from_utf8(BASE64.decode(curl.as_bytes()).unwrap()).unwrap();
    assert!(curl.contains("$YIBI_ADMIN_TOKEN") && !curl.contains(ADMIN_TOKEN), "{curl}");
    for (key, name) in
        [("p", "drawing-mountain.png"), ("s", "drawing-mountain.svg"), ("j", "drawing-mountain.json")]
    {
        terminal.press("x");
        terminal.wait_for("Save mountain");
        terminal.press(key);
        terminal.wait_for(&format!("saved as {name}"));
        assert!(std::fs::metadata(home.path().join(name)).unwrap().len() > 50);
    }
    terminal.press("e");
    // The screen is taken a second time when the pager has ended.
    terminal.wait_written("\x1b[?1049h", 2);
    terminal.press("d");
    terminal.wait_for("\"stroke_count\": 1");
    let paged = std::fs::read_to_string(home.path().join("paged.json")).unwrap();
    assert!(paged.contains("\"stroke_count\": 1"), "{paged}");
    assert!(!terminal.written().contains(ADMIN_TOKEN));
}
