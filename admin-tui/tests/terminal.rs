//! The console in a real terminal: a pty, with an emulator that reads what it writes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in what the tests share, too, a failure is a panic"
)]

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
        command.env("YIBI_ADMIN_TOKEN", "right");
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

/// A server that knows who asks and one session.
struct Fake {
    address: std::net::SocketAddr,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    /// Serves at an address; any free one where the port is 0.
    fn serve(address: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                answer(&mut stream.unwrap());
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops, and lets go of the port.
    fn stop(mut self) -> std::net::SocketAddr {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        drop(std::net::TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
        self.address
    }
}

/// One request to a connection, without a body.
fn answer(stream: &mut std::net::TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let user = r#"{"id":"u1","app_id":"wx1","openid":"o1","nickname":"小\u001b[2J明"}"#;
    let now = "2026-11-20T20:05:07.000Z";
    let (status, body) = if !request.contains("authorization: Bearer right") {
        let problem = r#"{"type":"about:blank","title":"Not signed in","status":401,"code":"unauthorized","request_id":"r"}"#;
        ("401 Unauthorized", problem.to_owned())
    } else if request.starts_with("GET /admin/v1/me ") {
        (
            "200 OK",
            format!(r#"{{"name":"token:a","role":"operator","server":"s","version":"0","now":"{now}"}}"#),
        )
    } else if request.starts_with("GET /admin/v1/sessions?") {
        let session = format!(
            r#"{{"id":"s1","user":{user},"dialect":"yibi","device":"","address":"","created_at":"{now}","last_seen":"{now}","expires_at":"{now}","ends_at":"{now}"}}"#
        );
        let total = r#"{"value":1,"exact":true}"#;
        ("200 OK", format!(r#"{{"sessions":[{session}],"next":null,"total":{total},"now":"{now}"}}"#))
    } else if request.starts_with("GET /admin/v1/overview ") {
        (
            "200 OK",
            format!(
                r#"{{"now":"{now}","server":"s","servers":[],"sessions":null,"online":null,"users":null,"drawings":null}}"#
            ),
        )
    } else {
        ("404 Not Found", "{}".to_owned())
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Who asked may have gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn batch(server: &str, token: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_yibi-admin"))
        .args(["--server", server])
        .args(arguments)
        .env("YIBI_ADMIN_TOKEN", token)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn commands_for_scripts_have_lines_and_codes() {
    let fake = Fake::serve(([127, 0, 0, 1], 0).into());
    let (code, lines) = batch(&fake.url(), "right", &["sessions", "--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(lines.lines().count(), 1);
    assert!(lines.contains(r#""id":"s1""#) && !lines.contains('\u{1b}'), "{lines}");
    let (code, lines) = batch(&fake.url(), "right", &["sessions"]);
    assert_eq!((code, lines.contains('\u{1b}')), (Some(0), false));
    assert_eq!(batch(&fake.url(), "wrong", &["sessions"]).0, Some(3));
    assert_eq!(batch(&fake.url(), "right", &["sessions", "--filter", "ttl:5"]).0, Some(2));
    assert_eq!(batch(&fake.url(), "right", &["--read-only", "revoke", "s1"]).0, Some(2));
    let address = fake.stop();
    assert_eq!(batch(&format!("http://{address}"), "right", &["sessions"]).0, Some(4));
}

#[test]
fn a_server_that_comes_back_is_found() {
    let fake = Fake::serve(([127, 0, 0, 1], 0).into());
    let mut console = Console::start(&fake.url());
    console.wait_for("online");
    console.press("2");
    console.wait_for("小");
    let address = fake.stop();
    console.press("\x12");
    console.wait_for("no answer from");
    assert!(console.screen.screen().contents().contains("小"), "what was known stays");
    let fake = Fake::serve(address);
    while console.screen.screen().contents().contains("no answer from") {
        let chunk = console.output.recv_timeout(PATIENCE).unwrap();
        console.screen.process(&chunk);
        console.written.extend(chunk);
    }
    console.press("\x03");
    assert_eq!(console.end(), 0);
    drop(fake);
}
