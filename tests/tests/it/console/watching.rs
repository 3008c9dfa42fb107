//! The screen updates with the events of the server.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend, TempDir, Terminal};

use super::{SIZE, console, mountain};

#[tokio::test]
async fn a_killed_server_is_found_again() {
    let home = TempDir::new();
    let mut app = App::start(Backend::Embedded);
    let _user = app.user("alice").await;
    // The Unix socket keeps its name over a restart; the port changes.
    let data = app.data_dir().display().to_string();
    let mut terminal = Terminal::start(SIZE, home.path(), &[], &[("YIBI_STORE__DATA_DIR", &data)]);
    terminal.press("2");
    terminal.wait_for("▸");
    app.process().kill();
    terminal.press("\x12");
    terminal.wait_for("does not answer: nothing listens on admin.sock (server stopped?)");
    assert!(terminal.screen().contents().contains("▸"), "the known rows stay");
    app.start_again();
    terminal.wait_without("does not answer");
    terminal.press("1");
    terminal.wait_for("up for");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

/// The outcome of a confirmed change is displayed even if the connection breaks.
#[tokio::test]
async fn a_change_that_failed_stays_until_it_is_repeated() {
    let home = TempDir::new();
    let (mut app, user) = mountain().await;
    let data = app.data_dir().display().to_string();
    let mut terminal = Terminal::start(SIZE, home.path(), &[], &[("YIBI_STORE__DATA_DIR", &data)]);
    terminal.press("4");
    terminal.wait_for("mountain");
    app.process().kill();
    terminal.press("D");
    terminal.wait_for("Move this drawing to the bin?");
    terminal.press("y");
    terminal.wait_for("not done: move to bin drawing mountain");
    app.start_again();
    terminal.wait_without("does not answer");
    terminal.wait_for("not done: move to bin drawing mountain");
    terminal.press("\r");
    terminal.wait_for("moved to the bin · u: undo");
    drop(user);
    let now = yibi_tests::Api::new(&app.admin).with_token(yibi_tests::server::ADMIN_TOKEN);
    let drawings = now.get("/admin/v1/drawings?deleted=true").await.ok();
    assert_eq!(drawings["drawings"][0]["id"], "mountain", "{drawings}");
}

#[tokio::test]
async fn a_followed_drawing_grows() {
    let home = TempDir::new();
    let (app, user) = mountain().await;
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal.press("\r");
    terminal.wait_for("1/1");
    terminal.press("f");
    terminal.wait_for("following");
    // A save before the stream is open appears with the next save only.
    terminal.press("w");
    terminal.wait_for("open  GET /admin/v1/events");
    terminal.press("\x1b");
    user.append("mountain", 1, json!([stroke(2), stroke(3)])).await.ok();
    terminal.wait_for("3/3");
}

#[tokio::test]
async fn drawings_grow_side_by_side() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    let mut terminal = console(&app, &home);
    terminal.press("5");
    terminal.wait_for("connected");
    alice.append("mountain", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("mountain  new, 1 action");
    bob.append("river", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("river  new, 1 action");
    let paper = |screen: &vt100::Screen| {
        screen.contents().lines().nth(3).is_some_and(|row| row.chars().filter(|c| *c == '▀').count() >= 20)
    };
    terminal.wait_until("two pictures", paper);
    // A paused view does not change; a resumed view shows all changes.
    terminal.press("p");
    terminal.wait_for("paused");
    alice.append("lake", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("1 new");
    assert!(!terminal.screen().contents().contains("lake"));
    terminal.press("p");
    terminal.wait_for("lake  new, 1 action");
}

#[tokio::test]
async fn the_mouse_selects_once_it_is_captured() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    for id in ["a-mountain", "b-river", "c-lake"] {
        user.append(id, 0, json!([stroke(1)])).await.ok();
    }
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("a-mountain");
    assert!(!terminal.written().contains("\x1b[?1000h"), "the terminal keeps the mouse at first");
    terminal.press("m");
    terminal.wait_for("mouse on");
    let on_row = |screen: &vt100::Screen, row: usize| {
        screen.contents().lines().nth(row).is_some_and(|line| line.starts_with('▸'))
    };
    terminal.click(10, 5);
    terminal.wait_until("the third row selected", |screen| on_row(screen, 5));
    terminal.click(10, 3);
    terminal.wait_until("the first row selected", |screen| on_row(screen, 3));
    terminal.click(10, 3);
    terminal.wait_for("drawing c-lake");
    terminal.click(9, 0);
    terminal.wait_for("online");
}
