//! A text in the operator's pager.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::Pid;

use super::jobs;

/// The shell outlives the signals of Ctrl-C and Ctrl-\, which the pager handles. A handler, unlike an ignored signal,
/// does not pass to the pager.
const SCRIPT: &str = r#"trap : INT QUIT; eval "$0""#;
/// The exit code of a shell that does not find a command.
const NOT_FOUND: i32 = 127;

/// Shows a text in `$PAGER`, which may be a command with arguments, and waits until it ends.
///
/// # Errors
/// The pager can't be run.
pub fn show(text: String) -> io::Result<()> {
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let pager = pager.unwrap_or_else(|| "less".into());
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, &pager]).stdin(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A pager reads as far as it is scrolled, and one that ends early closes the pipe.
        std::thread::spawn(move || input.write_all(text.as_bytes()));
    }
    let code = jobs::run_in_foreground(Pid::from_child(&child))?;
    if code == Some(NOT_FOUND) {
        let words = format!("can't run the pager \"{pager}\"; set PAGER");
        return Err(io::Error::new(io::ErrorKind::NotFound, words));
    }
    Ok(())
}
