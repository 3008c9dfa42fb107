//! Job control: the console and its pager below a real shell, below none, and in a terminal that goes away.

use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{App, TempDir, Terminal, binary, wait_until};

use super::{SIZE, alone, mountain, silent};

/// The drawings in a console that a shell has started, with `less` as the pager.
fn in_a_shell(app: &App, home: &TempDir) -> Terminal {
    let variables =
        [("YIBI_ADMIN_TOKEN", ADMIN_TOKEN), ("PAGER", "less"), ("LESS", ""), ("LESSHISTFILE", "-")];
    let mut terminal = Terminal::shell(SIZE, home.path(), &variables);
    terminal.wait_for("prompt$");
    terminal.press(&format!("{} --server {}\r", binary("yibi-admin").display(), app.admin));
    terminal.wait_for("1 overview");
    terminal.press("4");
    terminal.wait_for("mountain");
    terminal
}

/// `less` has the terminal and takes keys.
fn less_takes_keys(terminal: &mut Terminal) {
    terminal.wait_for("\"updated_at\"");
    terminal.press("=");
    terminal.wait_for("lines ");
}

fn leave(terminal: &mut Terminal) {
    terminal.wait_for("CHANGED");
    terminal.press("\x03");
    terminal.wait_without("CHANGED");
    terminal.press("echo code=$?\r");
    terminal.wait_for("code=0");
}

#[tokio::test]
async fn the_pager_alone_takes_interrupts() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let mut terminal = in_a_shell(&app, &home);
    terminal.press("e");
    less_takes_keys(&mut terminal);
    // SIGINT and SIGQUIT.
    for key in ["\x03", "\x1c", "\x03"] {
        terminal.press(key);
        terminal.press("=");
        terminal.wait_for("lines ");
    }
    terminal.press("q");
    leave(&mut terminal);
}

#[tokio::test]
async fn the_pager_is_suspended_with_the_console() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let mut terminal = in_a_shell(&app, &home);
    terminal.press("e");
    less_takes_keys(&mut terminal);
    for _ in 0..2 {
        terminal.press("\x1a");
        terminal.wait_for("Stopped");
        terminal.press("clear; echo $((6*7)) from the shell\r");
        terminal.wait_for("42 from the shell");
        terminal.press("fg\r");
        less_takes_keys(&mut terminal);
    }
    terminal.press("q");
    leave(&mut terminal);
}

#[tokio::test]
async fn the_shell_suspends_and_continues_the_console() {
    let home = TempDir::new();
    let (app, _user) = mountain().await;
    let mut terminal = in_a_shell(&app, &home);
    for _ in 0..2 {
        terminal.press("\x1a");
        terminal.wait_for("Stopped");
        // In the background it stays stopped.
        terminal.press("clear; bg\r");
        terminal.wait_for("prompt$");
        terminal.press("clear; echo $((6*7)) from the shell\r");
        terminal.wait_for("42 from the shell");
        terminal.press("fg\r");
        terminal.wait_for("mountain");
        terminal.press("?");
        terminal.wait_for("Keys");
        terminal.press("\x1b");
        terminal.wait_without("Keys");
    }
    leave(&mut terminal);
}

/// `ssh -t HOST yibi-admin`, `docker exec -it` and `script -c` start the console as the leader of its session: nobody
/// could continue it.
#[test]
fn without_a_shell_the_console_goes_on() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let mut terminal = alone(&home, &address, &[]);
    terminal.wait_for("asking the server");
    terminal.press("\x1a");
    terminal.wait_for("no shell to go back to");
    terminal.press("?");
    terminal.wait_for("Keys");
    terminal.press("\x1b");
    terminal.wait_without("no shell to go back to");
    terminal.signal("TSTP");
    terminal.wait_for("no shell to go back to");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

/// The first child of a process.
fn child_of(id: &str) -> String {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children.split_whitespace().next().expect("it has a child").to_owned()
}

/// Without a controlling terminal no SIGHUP tells that the terminal is gone.
#[tokio::test]
async fn the_console_ends_with_its_terminal() {
    let home = TempDir::new();
    let (_listener, address) = silent();
    let program = binary("yibi-admin");
    let command = format!("setsid {} --server {address}; true", program.display());
    let arguments = ["-qc", &command, "/dev/null"];
    let variables = [("SHELL", "/bin/sh")];
    let mut terminal = Terminal::run((80, 24), home.path(), "script".as_ref(), &arguments, &variables);
    terminal.wait_for("asking the server");
    let console = child_of(&child_of(&terminal.id().to_string()));
    let runs = || std::fs::read_link(format!("/proc/{console}/exe")).is_ok_and(|exe| exe == program);
    assert!(runs());
    // `script` holds the other end of the console's terminal.
    terminal.signal("KILL");
    wait_until("the console ends", async || !runs()).await;
}
