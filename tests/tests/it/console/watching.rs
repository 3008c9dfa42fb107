//! What it shows follows what happens.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend, TempDir, Terminal};

use super::{SIZE, console, mountain};

#[tokio::test]
async fn a_server_that_is_killed_is_found_again() {
    let home = TempDir::new();
    let mut app = App::start(Backend::Embedded);
    let _user = app.user("alice").await;
    // The socket has the same name afterwards; the port has not.
    let data = app.data_dir().display().to_string();
    let mut terminal = Terminal::start(SIZE, home.path(), &[], &[("YIBI_STORE__DATA_DIR", &data)]);
    terminal.press("2");
    terminal.wait_for("▸");
    app.process().kill();
    terminal.press("\x12");
    terminal.wait_for("no answer from");
    assert!(terminal.screen().contents().contains("▸"), "what was known stays");
    app.start_again();
    terminal.wait_without("no answer from");
    terminal.press("1");
    terminal.wait_for("up for");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

#[tokio::test]
async fn a_drawing_grows_before_ones_eyes() {
    let home = TempDir::new();
    let (app, user) = mountain().await;
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal.press("\r");
    terminal.wait_for("1/1");
    terminal.press("f");
    terminal.wait_for("following");
    // The stream may open before or after the save: what was missed is loaded with the next one.
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
    // Not by a part of the text, for "opening" has the same beginning.
    let open = |screen: &vt100::Screen| screen.contents().lines().any(|row| row.trim() == "live  open");
    terminal.wait_until("the stream open", open);
    alice.append("mountain", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("mountain, new, +1");
    bob.append("river", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("river, new, +1");
    let paper = |screen: &vt100::Screen| {
        screen.contents().lines().nth(3).is_some_and(|row| row.chars().filter(|c| *c == '▀').count() >= 20)
    };
    terminal.wait_until("two pictures", paper);
    // Held, nothing moves; let go on, everything is there.
    terminal.press("p");
    terminal.wait_for("held");
    alice.append("lake", 0, json!([stroke(1)])).await.ok();
    terminal.wait_for("1 new");
    assert!(!terminal.screen().contents().contains("lake"));
    terminal.press("p");
    terminal.wait_for("lake, new, +1");
}

#[tokio::test]
async fn the_mouse_chooses_once_it_is_taken() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    for id in ["a-mountain", "b-river", "c-lake"] {
        user.append(id, 0, json!([stroke(1)])).await.ok();
    }
    let mut terminal = console(&app, &home);
    terminal.press("4");
    terminal.wait_for("a-mountain");
    assert!(!terminal.written().contains("\x1b[?1000h"), "it is the terminal's until it is asked for");
    terminal.press("m");
    terminal.wait_for("the mouse is ours");
    let on_row = |screen: &vt100::Screen, row: usize| {
        screen.contents().lines().nth(row).is_some_and(|line| line.starts_with('▸'))
    };
    terminal.click(10, 5);
    terminal.wait_until("the third row chosen", |screen| on_row(screen, 5));
    // A turn of the wheel.
    terminal.press("\x1b[<64;10;6M");
    terminal.wait_until("the first row chosen", |screen| on_row(screen, 3));
    terminal.click(10, 3);
    terminal.wait_for("drawing c-lake");
    terminal.click(9, 0);
    terminal.wait_for("online");
}
