//! Start and end of the console, and the state of the terminal afterwards.

use yibi_tests::{App, Backend, TempDir, Terminal};

use super::{ADMIN_TOKEN, alone, console, silent};

#[test]
fn the_first_frame_comes_before_any_reply() {
    let home = TempDir::new();
    let (listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    terminal.press("2");
    terminal.wait_for("DIALECT");
    terminal.press("?");
    terminal.wait_for("Keys");
    // The request was sent and has no reply yet.
    assert!(listener.accept().is_ok());
    // The first Ctrl-C closes the help.
    terminal.press("\x03");
    terminal.wait_without("Keys");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

#[test]
fn an_absent_server_is_reported() {
    let home = TempDir::new();
    let (listener, address) = silent();
    drop(listener);
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("does not answer: connection refused (server stopped?)");
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
        // The console must release a captured mouse.
        terminal.press("m");
        terminal.wait_for("mouse on");
        terminal.signal(name);
        assert_eq!(terminal.end(), code, "{name}");
        assert!(terminal.is_restored(), "{name}");
    }
}

#[test]
fn a_window_changes_its_size() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    terminal.resize(30, 8);
    terminal.wait_for("40x10 or more (this is 30x8)");
    terminal.resize(120, 40);
    terminal.wait_for("asking the server");
    terminal.wait_until("the footer in the last row", |screen| {
        screen.rows(0, 120).nth(39).is_some_and(|row| row.contains("help"))
    });
}

#[test]
fn no_color_removes_all_colours() {
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
    // An explicit theme does not override `NO_COLOR`.
    let arguments = ["--server", &app.admin, "--theme", "light"];
    let mut light = Terminal::start((80, 24), home.path(), &arguments, &variables);
    light.wait_for("sessions");
    assert_eq!(light.screen().cell(0, 40).unwrap().bgcolor(), vt100::Color::Default);
    let mut light = Terminal::start((80, 24), home.path(), &arguments, &variables[..1]);
    light.wait_for("sessions");
    assert_eq!(light.screen().cell(0, 79).unwrap().bgcolor(), vt100::Color::Rgb(228, 232, 238));
    let bar: Vec<bool> = (0..80).map(|column| screen.cell(0, column).unwrap().inverse()).collect();
    assert!(bar.contains(&true), "the selected tab is reversed");
}

#[tokio::test]
async fn a_production_profile_is_red_and_asks_for_the_id() {
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
    // Neither the confirmation key nor the button works until the text is complete.
    terminal.press("y\t\r");
    terminal.wait_for("to confirm: y");
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

#[test]
fn a_wrong_token_is_explained_and_stays_on_the_screen() {
    let app = App::start(Backend::Embedded);
    let home = TempDir::new();
    let file = home.path().join("bad.token").display().to_string();
    std::fs::write(&file, "rubbish").unwrap();
    let arguments = ["--server", &app.admin, "--token-file", &file];
    let mut terminal = Terminal::start((100, 30), home.path(), &arguments, &[]);
    terminal.wait_for("does not know the token (401)");
    terminal.wait_for("bad.token");
    terminal.press("5");
    terminal.wait_for("not connected");
    assert!(terminal.screen().contents().contains("does not know the token (401)"));
    // The console reads the file at the start. The public listener does not serve operators.
    let public = ["--server", &app.public];
    let mut terminal = Terminal::start((100, 30), home.path(), &public, &[("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)]);
    terminal.wait_for("admin.listen");
}

#[test]
fn an_invalid_configuration_file_is_reported_line_by_line() {
    let home = TempDir::new();
    std::fs::create_dir(home.path().join("yibi")).unwrap();
    std::fs::write(home.path().join("yibi/admin.toml"), "[profiles.good\n").unwrap();
    let mut terminal = Terminal::start((100, 30), home.path(), &[], &[]);
    assert_eq!(terminal.end(), 2);
    let written = terminal.written();
    assert!(written.contains("admin.toml") && !written.contains('␊'), "{written}");
    assert!(written.lines().count() > 2, "{written}");
}

/// Lets a console with that configuration file connect to a server that never answers.
fn configured(text: &str) -> (Terminal, TempDir, std::net::TcpListener) {
    let home = TempDir::new();
    std::fs::create_dir(home.path().join("yibi")).unwrap();
    std::fs::write(home.path().join("yibi/admin.toml"), text).unwrap();
    let (listener, address) = silent();
    (alone(&home, &address, &[]), home, listener)
}

#[test]
fn commands_get_the_keys_of_the_configuration_file() {
    let (mut terminal, _home, _listener) = configured("[keys]\nhelp = [\"M-h\", \"F1\"]\n");
    terminal.wait_for("M-h help");
    terminal.press("\x1bh");
    terminal.wait_for("Keys");
    terminal.press("\x1b");
    terminal.wait_without("Keys");
    // The former key has no meaning; the next one shows that it was taken.
    terminal.press("?2");
    terminal.wait_for("ends first");
    assert!(!terminal.screen().contents().contains("Keys"));
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_key_with_two_meanings_is_reported() {
    let (mut terminal, _home, _listener) = configured("[keys]\ndown = \"x\"\n");
    assert_eq!(terminal.end(), 2);
    let written = terminal.written();
    assert!(written.contains("keys.down: x is the key of export, which needs another one"), "{written}");
}

#[test]
fn the_default_profile_and_the_theme_come_from_the_configuration_file() {
    let app = App::start(Backend::Embedded);
    let home = TempDir::new();
    std::fs::create_dir(home.path().join("yibi")).unwrap();
    let text = format!(
        "profile = \"here\"\ntheme = \"light\"\nmouse = true\n[profiles.here]\nserver = \"{0}\"\n\
         [profiles.there]\nserver = \"{0}\"\nproduction = true\n",
        app.admin
    );
    std::fs::write(home.path().join("yibi/admin.toml"), text).unwrap();
    let variables = [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)];
    let mut terminal = Terminal::start((100, 30), home.path(), &[], &variables);
    terminal.wait_for("● here");
    assert_eq!(terminal.screen().cell(0, 99).unwrap().bgcolor(), vt100::Color::Rgb(228, 232, 238));
    assert!(terminal.written().contains("\x1b[?1000h"), "the mouse is captured");
    // A profile switch connects to another server.
    terminal.press(":profile there\r");
    terminal.wait_for("● PROD there");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

/// A late reply of a terminal with a white background changes the theme and does not act as a key press.
#[test]
fn the_theme_follows_the_background() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_written("\x1b]11;?", 1);
    terminal.wait_for("asking the server");
    let is_light =
        |screen: &vt100::Screen| screen.cell(0, 79).unwrap().bgcolor() == vt100::Color::Rgb(228, 232, 238);
    assert!(!is_light(terminal.screen()));
    terminal.press("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    terminal.wait_until("a light bar", is_light);
    assert!(terminal.screen().contents().contains("1 overview"), "the view is the same");
}
