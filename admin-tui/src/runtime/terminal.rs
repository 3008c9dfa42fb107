//! The terminal, taken and given back: at the end, on errors, in a panic, for a while.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::model::Model;
use crate::view;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. It is given back when this is dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
}

impl Screen {
    /// Takes the terminal. A panic will give it back before it says what happened.
    ///
    /// # Errors
    /// There is none, or it can't be set up.
    pub fn take() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        // Without colours we send none; the library's own way of leaving them out breaks other attributes.
        crossterm::style::force_color_output(true);
        enter()?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))? })
    }

    /// Draws the model.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::draw(model, frame.buffer_mut()))?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen: the next frame is drawn whole.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Takes the mouse, or leaves it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn mouse(&self, taken: bool) -> io::Result<()> {
        if taken {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Writes a sequence that is none of the screen's.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn say(&self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Gives the terminal to `$PAGER` for as long as a text is read in it.
    ///
    /// # Errors
    /// There is no such program, or the terminal can't be taken again.
    pub fn lend(&mut self, text: &str, mouse: bool) -> io::Result<()> {
        restore();
        let shown = page(text);
        enter()?;
        self.mouse(mouse)?;
        self.forget()?;
        shown
    }

    /// Gives the terminal back and stops, until the shell lets us go on.
    ///
    /// # Errors
    /// It can't be taken again.
    pub fn suspend(&mut self, mouse: bool) -> io::Result<()> {
        restore();
        // The whole group, as the terminal itself does it: a wrapper script stops with us.
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        enter()?;
        self.mouse(mouse)?;
        self.forget()
    }
}

/// Shows a text in `$PAGER`, which may be a command with arguments, and waits for its end.
fn page(text: &str) -> io::Result<()> {
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let pager = pager.unwrap_or_else(|| "less".into());
    let mut child = Command::new("sh").args(["-c", &pager]).stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A pager that is left before its end of the text closes its side.
        let _ = input.write_all(text.as_bytes());
    }
    let status = child.wait()?;
    if status.code() == Some(127) {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{pager} is not there; PAGER names another"),
        ));
    }
    Ok(())
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let entered = execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        cursor::Hide,
        Clear(ClearType::All)
    );
    if entered.is_err() {
        restore();
    }
    entered
}

/// Gives the terminal back, once, however often it is called.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nobody is left to be told of a failure.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Panics while the terminal is ours. The next test runs it, in a pty.
    #[test]
    #[ignore = "takes the terminal; the test below gives it one"]
    fn panics_on_the_screen() {
        let _screen = Screen::take().unwrap();
        panic!("as it may happen");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_speaks() {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let modes = |pty: &portable_pty::PtyPair| {
            pty.master.get_termios().map(|modes| format!("{:?}", modes.local_flags)).unwrap()
        };
        let before = modes(&pty);
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        let name = "runtime::terminal::tests::panics_on_the_screen";
        command.args(["--exact", name, "--ignored", "--nocapture"]);
        let mut child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let written = std::thread::spawn(move || {
            let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
            // A pty whose other end is closed reads as an error.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                all.extend_from_slice(&buffer[..count]);
            }
            String::from_utf8_lossy(&all).into_owned()
        });
        assert_ne!(child.wait().unwrap().exit_code(), 0);
        assert_eq!(modes(&pty), before);
        drop(pty.slave);
        let written = written.join().unwrap();
        let at = |what: &str| written.find(what).unwrap_or_else(|| panic!("no {what:?} in {written:?}"));
        assert!(at("\x1b[?1049h") < at("\x1b[?1049l"));
        assert!(at("\x1b[?1049l") < at("as it may happen"));
        assert!(at("\x1b[?25h") < at("as it may happen"));
    }
}
