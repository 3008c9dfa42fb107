//! How it begins and ends, and in between gives the terminal back.

use yibi_tests::{App, Backend, TempDir, Terminal};

use super::{ADMIN_TOKEN, alone, console, silent};

#[test]
fn the_first_frame_waits_for_nobody() {
    let home = TempDir::new();
    let (listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    terminal.press("2");
    terminal.wait_for("DIALECT");
    terminal.press("?");
    terminal.wait_for("Keys");
    // It did ask, and nobody has answered.
    assert!(listener.accept().is_ok());
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let home = TempDir::new();
    let (listener, address) = silent();
    drop(listener);
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("no answer from");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let mut terminal = alone(&home, &address, &[]);
        terminal.wait_for("asking the server");
        // With the mouse taken there is one thing more to give back.
        terminal.press("m");
        terminal.wait_for("the mouse is ours");
        terminal.signal(name);
        assert_eq!(terminal.end(), code, "{name}");
        assert!(terminal.is_restored(), "{name}");
    }
}

/// By its own key, and by a signal from elsewhere.
#[test]
fn it_stops_and_comes_back() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    for by_key in [true, false] {
        if by_key {
            terminal.press("\x1a");
        } else {
            terminal.signal("TSTP");
        }
        terminal.wait_until("the shell's screen", |screen| !screen.alternate_screen());
        terminal.wait_stopped();
        terminal.signal("CONT");
        terminal.wait_until("the console", vt100_alternate);
        terminal.wait_for("asking the server");
        terminal.press("?");
        terminal.wait_for("Keys");
        terminal.press("\x1b");
        terminal.wait_without("Keys");
    }
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

fn vt100_alternate(screen: &vt100::Screen) -> bool {
    screen.alternate_screen()
}

#[test]
fn a_window_may_change_its_size() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    terminal.resize(30, 8);
    terminal.wait_for("80x24 or more");
    terminal.resize(120, 40);
    terminal.wait_for("asking the server");
    terminal.wait_until("the footer in the last row", |screen| {
        screen.rows(0, 120).nth(39).is_some_and(|row| row.contains("help"))
    });
}

#[test]
fn without_colours_there_are_none() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN), ("NO_COLOR", "1")];
    let mut terminal = Terminal::start((80, 24), home.path(), &["--server", &app.admin], &variables);
    terminal.wait_for("sessions");
    terminal.press("2");
    terminal.wait_for("nobody is signed in");
    let screen = terminal.screen();
    for (row, column) in (0..24).flat_map(|row| (0..80).map(move |column| (row, column))) {
        let cell = screen.cell(row, column).unwrap();
        assert_eq!((cell.fgcolor(), cell.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
    }
    // Not even when they are asked for.
    let arguments = ["--server", &app.admin, "--theme", "light"];
    let mut light = Terminal::start((80, 24), home.path(), &arguments, &variables);
    light.wait_for("sessions");
    assert_eq!(light.screen().cell(0, 40).unwrap().bgcolor(), vt100::Color::Default);
    let mut light = Terminal::start((80, 24), home.path(), &arguments, &variables[..1]);
    light.wait_for("sessions");
    assert_eq!(light.screen().cell(0, 79).unwrap().bgcolor(), vt100::Color::Rgb(228, 232, 238));
    let bar: Vec<bool> = (0..80).map(|column| screen.cell(0, column).unwrap().inverse()).collect();
    assert!(bar.contains(&true), "the view that is shown is reversed");
}

#[tokio::test]
async fn a_production_profile_is_red_and_asks_twice() {
    let home = TempDir::new();
    let app = App::start(Backend::Embedded);
    let user = app.user("alice").await;
    std::fs::create_dir(home.path().join("yibi")).unwrap();
    std::fs::write(home.path().join("token"), ADMIN_TOKEN).unwrap();
    let token = home.path().join("token").display().to_string();
    let profiles = format!(
        "[profiles.shanghai]\nserver = \"{}\"\ntoken_file = \"{token}\"\nproduction = true\n",
        app.admin
    );
    std::fs::write(home.path().join("yibi/admin.toml"), profiles).unwrap();
    let mut terminal = Terminal::start((80, 24), home.path(), &["--profile", "shanghai"], &[]);
    terminal.wait_for("PROD shanghai");
    let red = vt100::Color::Rgb(190, 24, 36);
    assert_eq!(terminal.screen().cell(0, 78).unwrap().bgcolor(), red);
    terminal.press("2");
    terminal.wait_for("▸");
    terminal.press("D");
    terminal.wait_for("PRODUCTION");
    // Neither the key that does it elsewhere nor the button, as long as nothing was typed.
    terminal.press("y\t\r");
    terminal.wait_for("on: y");
    terminal.press("\x1b");
    terminal.wait_without("PRODUCTION");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    user.get("/api/v1/me").await.ok();
    let unknown = Terminal::start((80, 24), home.path(), &["--profile", "paris"], &[]).end();
    assert_eq!(unknown, 2);
}

#[test]
fn the_socket_of_the_machine_is_found() {
    let app = App::start(Backend::Embedded);
    let home = TempDir::new();
    let data = app.data_dir().display().to_string();
    let mut terminal = Terminal::start((80, 24), home.path(), &[], &[("YIBI_STORE__DATA_DIR", &data)]);
    terminal.wait_for("online");
    terminal.wait_for("● local");
    terminal.press("q\x03");
    assert_eq!(terminal.end(), 0);
    drop(console(&app, &home));
}
