//! The terminal's clipboard (OSC 52), which works through ssh too.

use data_encoding::BASE64;

/// The sequence that copies a text. For tmux it is wrapped.
pub fn sequence(text: &str, tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", BASE64.encode(text.as_bytes()));
    if tmux { format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_inside_the_sequence() {
        assert_eq!(sequence("a\x07b", false), "\x1b]52;c;YQdi\x07");
        assert_eq!(sequence("hi", true), "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }
}
