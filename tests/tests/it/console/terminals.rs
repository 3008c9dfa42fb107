//! Terminals that tell little, or show marks in another width.

use std::process::Command;

use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{TempDir, Terminal, binary};

use super::{SIZE, alone, mountain, silent};

#[test]
fn a_terminal_without_a_size_has_the_usual_one() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let arguments = ["--server", &address];
    let mut terminal = Terminal::start((0, 0), home.path(), &arguments, &[]);
    terminal.wait_for("asking the server");
    let is_foot = |screen: &vt100::Screen, row: usize| {
        screen.rows(0, 120).nth(row).is_some_and(|row| row.contains("help"))
    };
    terminal.wait_until("the footer in the last of 24 rows", |screen| is_foot(screen, 23));
    // A size that is told later holds.
    terminal.resize(120, 40);
    terminal.wait_until("the footer in the last of 40 rows", |screen| is_foot(screen, 39));
    let variables = [("LINES", "20"), ("COLUMNS", "70")];
    let mut terminal = Terminal::start((0, 0), home.path(), &arguments, &variables);
    terminal.wait_until("the footer in the last of 20 rows", |screen| is_foot(screen, 19));
}

#[test]
fn a_terminal_without_control_sequences_is_refused() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    for name in ["dumb", "", "vt100"] {
        let mut terminal = alone(&home, &address, &[("TERM", name)]);
        assert_eq!(terminal.end(), 2, "{name:?}");
        let written = terminal.written();
        assert!(written.contains("can't show the console; use yibi-admin"), "{written}");
        assert!(!written.contains('\x1b'), "{written:?}");
    }
}

#[tokio::test]
async fn marks_can_be_ascii() {
    let home = TempDir::new();
    let (app, user) = mountain().await;
    user.patch("/api/v1/drawings/mountain", &serde_json::json!({"title": "Жé 山"})).await.ok();
    let arguments = ["--server", &app.admin, "--ascii"];
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)];
    let mut terminal = Terminal::start((120, 40), home.path(), &arguments, &variables);
    // Anything but ASCII, Chinese, and Braille, which is one column wide everywhere.
    let marks = |screen: &vt100::Screen| -> String {
        let is_plain = |c: &char| c.is_ascii() || ('\u{2800}'..='\u{9fff}').contains(c);
        screen.contents().chars().filter(|c| !is_plain(c)).collect()
    };
    terminal.wait_for("up for");
    assert_eq!(marks(terminal.screen()), "");
    terminal.press("4");
    terminal.wait_for("> Жé 山");
    // The letters are placed one by one, so that what follows stands in its column.
    assert!(terminal.written().contains('Ж'));
    terminal.wait_until("it in the list and below the picture", |screen| marks(screen) == "ЖéЖé");
    terminal.press("D");
    terminal.wait_for("+-");
    assert_eq!(marks(terminal.screen()).replace(['Ж', 'é'], ""), "");
    let file = home.path().join("yibi/admin.toml");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "ascii = true\n").unwrap();
    let mut terminal = Terminal::start(SIZE, home.path(), &arguments[..2], &variables);
    terminal.wait_for("up for");
    assert_eq!(marks(terminal.screen()), "");
}

/// tmux drops wrapped sequences unless it is configured to pass them on.
#[tokio::test]
async fn an_id_reaches_the_clipboard_of_tmux() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let socket = home.path().join("tmux").display().to_string();
    let console = format!("{} --server {}", binary("yibi-admin").display(), app.admin);
    let arguments = ["-S", &socket, "-f", "/dev/null", "new-session", &console];
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN), ("LANG", "C.UTF-8"), ("SHELL", "/bin/sh")];
    let mut terminal = Terminal::run(SIZE, home.path(), "tmux".as_ref(), &arguments, &variables);
    terminal.wait_for("1 overview");
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal.press("y");
    terminal.wait_for("copied to tmux's buffer");
    let tmux =
        |arguments: &[&str]| Command::new("tmux").args(["-S", &socket]).args(arguments).output().unwrap();
    assert_eq!(tmux(&["show-buffer"]).stdout, b"mountain");
    terminal.press(":copied\r");
    terminal.wait_for("Esc back");
    assert!(tmux(&["kill-server"]).status.success());
}
