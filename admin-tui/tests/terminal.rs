//! The console in a real terminal: a pty, with an emulator that reads what it writes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The console in a pty of 80 columns and 24 rows.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    /// Everything that it wrote.
    written: Vec<u8>,
    screen: vt100::Parser,
    started: Instant,
    modes_before: String,
}

impl Console {
    fn start(server: &str) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_yibi-admin"));
        command.args(["--server", server]);
        command.env("TERM", "xterm-256color");
        command.env_remove("TMUX");
        let modes_before = modes(&*pty.master);
        let started = Instant::now();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            master: pty.master,
            keys,
            output,
            written: Vec::new(),
            screen: vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0),
            started,
            modes_before,
        }
    }

    /// Reads until the screen shows it; how long after the start that was.
    fn wait_for(&mut self, what: &str) -> Duration {
        while !self.screen.screen().contents().contains(what) {
            let chunk = self
                .output
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no {what} in:\n{}", self.screen.screen().contents()));
            self.screen.process(&chunk);
            self.written.extend(chunk);
        }
        self.started.elapsed()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for its end; its exit code.
    fn end(&mut self) -> u32 {
        while let Ok(chunk) = self.output.recv_timeout(PATIENCE) {
            self.screen.process(&chunk);
            self.written.extend(chunk);
        }
        self.child.wait().unwrap().exit_code()
    }

    /// Whether the terminal is as it was: everything that was switched on is off, and lines are cooked again.
    fn is_restored(&self) -> bool {
        let text = String::from_utf8_lossy(&self.written);
        let off = ["\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[?1004l", "\x1b[?1000l"];
        let last = |needle: &str| text.rfind(needle);
        off.iter().all(|needle| last(needle).is_some())
            && last("\x1b[?1049h") < last("\x1b[?1049l")
            && last("\x1b[?25l") < last("\x1b[?25h")
            && !self.screen.screen().alternate_screen()
            && self.modes() == self.modes_before
    }

    /// The terminal driver's modes: whether lines are cooked, and keys echoed.
    fn modes(&self) -> String {
        modes(&*self.master)
    }
}

fn modes(master: &dyn MasterPty) -> String {
    master.get_termios().map(|modes| format!("{:?}", modes.local_flags)).unwrap()
}

/// An address at which nobody answers: connections are taken and left alone.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

#[test]
fn the_first_frame_does_not_wait_for_a_server() {
    let (_listener, address) = silent();
    let mut console = Console::start(&address);
    let took = console.wait_for("asking the server");
    // Ten times what it takes, for a machine that has other things to do.
    assert!(took < Duration::from_secs(1), "{took:?}");
    console.press("2");
    console.wait_for("DIALECT");
    console.press("?");
    console.wait_for("Keys");
    console.press("\x03");
    assert_eq!(console.end(), 0);
    assert!(console.is_restored());
}

#[test]
fn a_server_that_is_gone_is_told() {
    let (listener, address) = silent();
    drop(listener);
    let mut console = Console::start(&address);
    console.wait_for("no answer from");
    console.press("\x03");
    assert_eq!(console.end(), 0);
    assert!(console.is_restored());
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    let (_listener, address) = silent();
    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let mut console = Console::start(&address);
        console.wait_for("asking the server");
        // With the mouse taken there is one thing more to give back.
        console.press("m");
        console.wait_for("the mouse is ours");
        console.signal(name);
        assert_eq!(console.end(), code, "{name}");
        assert!(console.is_restored(), "{name}");
    }
}

#[test]
fn it_stops_and_comes_back() {
    let (_listener, address) = silent();
    let mut console = Console::start(&address);
    console.wait_for("asking the server");
    console.press("\x1a");
    while console.screen.screen().alternate_screen() {
        let chunk = console.output.recv_timeout(PATIENCE).unwrap();
        console.screen.process(&chunk);
        console.written.extend(chunk);
    }
    console.signal("CONT");
    console.wait_for("asking the server");
    assert!(console.screen.screen().alternate_screen());
    console.press("\x03");
    assert_eq!(console.end(), 0);
    assert!(console.is_restored());
}

#[test]
fn without_a_terminal_there_is_no_console() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_yibi-admin"))
        .args(["--server", "http://127.0.0.1:9"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_yibi-admin"))
        .args(["--server", "http://127.0.0.1:9", "sessions", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
}
