//! Taking the terminal and giving it back: at the end, on errors, in a panic, and for a while.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::{ascii, jobs, pager};
use crate::model::Model;
use crate::view;

/// Whether the terminal is taken at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is taken. Dropping it gives the terminal back.
pub struct Screen {
    backend: CrosstermBackend<io::Stdout>,
    /// The cells on the screen.
    shown: Buffer,
}

impl Screen {
    /// Takes the terminal. A panic gives it back before it prints its message.
    ///
    /// # Errors
    /// There is no terminal, or it can't be set up.
    pub fn take() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        // The theme leaves colours out itself; the library's way of doing so breaks other attributes.
        crossterm::style::force_color_output(true);
        enter()?;
        Ok(Self { backend: CrosstermBackend::new(io::stdout()), shown: Buffer::default() })
    }

    /// Draws the cells that have changed.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        let area = Rect::new(0, 0, model.size.0, model.size.1);
        let mut next = Buffer::empty(area);
        view::draw(model, &mut next);
        if model.theme.ascii {
            ascii::replace(&mut next);
        }
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        if self.shown.area != area {
            queue!(io::stdout(), ResetColor, Clear(ClearType::All))?;
            self.shown = Buffer::empty(area);
        }
        for y in rows_to_clear(&self.shown, &next) {
            queue!(io::stdout(), ResetColor, cursor::MoveTo(0, y), Clear(ClearType::CurrentLine))?;
            clear_row(&mut self.shown, y);
        }
        // Each run of cells begins with a placement of the cursor.
        for run in self
            .shown
            .diff(&next)
            .split_inclusive(|(_, _, cell)| model.theme.ascii && ascii::is_ambiguous(cell))
        {
            self.backend.draw(run.iter().copied())?;
        }
        self.shown = next;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets the cells on the screen: the next frame is drawn as a whole.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        self.shown = Buffer::default();
        execute!(io::stdout(), Clear(ClearType::All))
    }

    /// Captures the mouse, or releases it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn mouse(&self, captured: bool) -> io::Result<()> {
        if captured {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Writes a control sequence.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn write(&self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Gives the terminal to `$PAGER` until it ends.
    ///
    /// # Errors
    /// The pager can't be run, or the terminal can't be taken again.
    pub fn lend(&mut self, text: String, mouse: bool) -> io::Result<()> {
        restore();
        let shown = pager::show(text);
        enter()?;
        self.mouse(mouse)?;
        self.forget()?;
        shown
    }

    /// Gives the terminal back and stops until a shell continues the process. Returns `false` without stopping where
    /// no shell could.
    ///
    /// # Errors
    /// The terminal can't be taken again.
    pub fn suspend(&mut self, mouse: bool) -> io::Result<bool> {
        restore();
        let stopped = jobs::stop();
        enter()?;
        self.mouse(mouse)?;
        self.forget()?;
        stopped
    }
}

/// The rows in which a cell with a cluster of several code points changes. Terminals disagree about the width of
/// such clusters, as of flags: a row that held one is cleared, so that no half of it stays behind.
fn rows_to_clear(shown: &Buffer, next: &Buffer) -> Vec<u16> {
    let is_cluster = |cell: &Cell| cell.symbol().chars().nth(1).is_some();
    let width = usize::from(shown.area.width.max(1));
    let rows = shown.content().chunks(width).zip(next.content().chunks(width));
    let changed = |(before, after): (&[Cell], &[Cell])| {
        before.iter().zip(after).any(|(before, after)| is_cluster(before) && before != after)
    };
    (0..).zip(rows).filter(|(_, row)| changed(*row)).map(|(y, _)| y).collect()
}

fn clear_row(buffer: &mut Buffer, y: u16) {
    for x in 0..buffer.area.width {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.reset();
        }
    }
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

/// Gives the terminal back. Further calls do nothing.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A failure can't be reported without a terminal.
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

    #[test]
    fn rows_of_flags_are_cleared_before_they_change() {
        let flags = Buffer::with_lines(["🇨🇳旗", "plain", "🇨🇳旗"]);
        let other = Buffer::with_lines(["other", "PLAIN", "🇨🇳旗"]);
        assert_eq!(rows_to_clear(&flags, &other), [0]);
        assert_eq!(rows_to_clear(&other, &flags), [0; 0]);
    }

    /// Panics while the terminal is taken. The next test runs this one in a pty.
    #[test]
    #[ignore = "takes the terminal; the test below gives it one"]
    fn panics_on_the_screen() {
        let _screen = Screen::take().unwrap();
        panic!("as it may happen");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_its_message() {
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
