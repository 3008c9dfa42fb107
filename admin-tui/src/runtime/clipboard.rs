//! The clipboard: tmux's own command inside tmux, otherwise the terminal's (OSC 52), which works through ssh too.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use data_encoding::BASE64;

/// Gives a text to the clipboard. Returns whether the receiver has confirmed it, which a terminal never does.
///
/// # Errors
/// The terminal is gone.
pub fn copy(text: &str) -> io::Result<bool> {
    if std::env::var_os("TMUX").is_some() && give_to_tmux(text) {
        return Ok(true);
    }
    let mut out = io::stdout().lock();
    out.write_all(sequence(text).as_bytes())?;
    out.flush()?;
    Ok(false)
}

/// Loads a text into tmux's buffer; `-w` (tmux 3.2) passes it to the clipboard of the terminal outside too. A wrapped
/// sequence would be dropped: `allow-passthrough` is off by default.
fn give_to_tmux(text: &str) -> bool {
    let load = |arguments: &[&str]| -> io::Result<bool> {
        let mut command = Command::new("tmux");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A tmux that refuses the flag reads nothing.
            let _ = input.write_all(text.as_bytes());
        }
        Ok(child.wait()?.success())
    };
    let done = |arguments: &[&str]| load(arguments).unwrap_or(false);
    done(&["load-buffer", "-w", "-"]) || done(&["load-buffer", "-"])
}

fn sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_inside_the_sequence() {
        assert_eq!(sequence("a\x07b"), "\x1b]52;c;YQdi\x07");
    }
}
