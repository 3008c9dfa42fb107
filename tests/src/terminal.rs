//! A terminal: a pty and an emulator for the output of the program.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::binary;

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();
/// Time limit of every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program, usually `yibi-admin`, in a terminal of the test.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    written: Vec<u8>,
    screen: vt100::Parser,
    modes_before: String,
}

impl Terminal {
    /// Starts the console with these arguments, these variables alone, and `home` for its configuration files.
    #[must_use]
    pub fn start(size: (u16, u16), home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::run(size, home, &binary("yibi-admin"), arguments, variables)
    }

    /// Starts bash as an interactive shell with job control, with these variables alone.
    #[must_use]
    pub fn shell(size: (u16, u16), home: &Path, variables: &[(&str, &str)]) -> Self {
        let prompt = [variables, &[("PS1", "prompt$ "), ("HISTFILE", "")]].concat();
        Self::run(size, home, Path::new("bash"), &["--norc", "--noprofile", "-i"], &prompt)
    }

    /// Starts a program as the leader of the terminal's session.
    #[must_use]
    pub fn run(
        size: (u16, u16),
        home: &Path,
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let (cols, rows) = size;
        let pty =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.args(arguments);
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")] {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("XDG_CONFIG_HOME", home);
        for (name, value) in variables {
            command.env(name, value);
        }
        let modes_before = modes(&*pty.master);
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 16_384];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        // The emulator of a terminal that tells no size has the usual one.
        let size = |value, usual| NonZero::new(value).unwrap_or(usual);
        let screen = vt100::Parser::new(size(rows, ROWS), size(cols, COLUMNS), 0);
        Self { child, master: pty.master, keys, output, written: Vec::new(), screen, modes_before }
    }

    #[must_use]
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// The whole output so far.
    #[must_use]
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.process_id().expect("it has begun")
    }

    /// Reads until the screen has a property.
    pub fn wait_until(&mut self, what: &str, is_there: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_there(self.screen.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            let chunk = self
                .output
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {what} in:\n{}", self.screen.screen().contents()));
            self.take(&chunk);
        }
    }

    /// Reads until the screen shows a text.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Reads until the screen no longer shows a text.
    pub fn wait_without(&mut self, text: &str) {
        self.wait_until(&format!("screen without {text}"), |screen| !screen.contents().contains(text));
    }

    /// Reads until the output contains a sequence this often.
    pub fn wait_written(&mut self, sequence: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        while self.written().matches(sequence).count() < times {
            let left = end.saturating_duration_since(Instant::now());
            let chunk = self.output.recv_timeout(left).unwrap_or_else(|_| panic!("no {sequence:?}"));
            self.take(&chunk);
        }
    }

    /// Reads for a time.
    pub fn look_on(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(chunk) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.take(&chunk);
        }
    }

    /// Sends keys as a terminal encodes them.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Presses the left button of the mouse at a column and a row, counted from 0.
    pub fn click(&mut self, column: u16, row: u16) {
        self.press(&format!("\x1b[<0;{0};{1}M\x1b[<0;{0};{1}m", column + 1, row + 1));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
        let size = |value| NonZero::new(value).expect("a terminal has rows and columns");
        self.screen.screen_mut().set_size(size(rows), size(columns));
    }

    /// Sends a signal: `TERM`, `TSTP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let number = self.id().to_string();
        let status = std::process::Command::new("kill").arg(format!("-{name}")).arg(number).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the program; returns the exit code.
    pub fn end(&mut self) -> u32 {
        while let Ok(chunk) = self.output.recv_timeout(PATIENCE) {
            self.take(&chunk);
        }
        self.child.wait().unwrap().exit_code()
    }

    /// Whether all modes of the terminal are reset and the line discipline is restored.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        let text = self.written();
        // The alternate screen, the cursor, bracketed paste, focus events, the mouse.
        let switches = [("1049", true), ("25", false), ("2004", true), ("1004", true), ("1000", true)];
        let last = |needle: String| text.rfind(&needle);
        switches.iter().all(|(mode, ours)| {
            let (on, off) = (last(format!("\x1b[?{mode}h")), last(format!("\x1b[?{mode}l")));
            if *ours { off >= on } else { on >= off }
        }) && !self.screen().alternate_screen()
            && modes(&*self.master) == self.modes_before
    }

    fn take(&mut self, chunk: &[u8]) {
        self.screen.process(chunk);
        self.written.extend_from_slice(chunk);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The local modes of the line discipline.
fn modes(master: &dyn MasterPty) -> String {
    master.get_termios().map(|modes| format!("{:?}", modes.local_flags)).unwrap()
}
