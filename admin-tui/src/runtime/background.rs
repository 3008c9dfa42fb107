//! The terminal's background colour (OSC 11).
//!
//! The reply arrives among the keys at any time, over a slow connection long after the first frame. So nothing
//! waits for it: it is recognized in the stream of key events and taken out of it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Asks the terminal for its background colour.
pub const QUERY: &str = "\x1b]11;?\x1b\\";

/// Characters of the longest reply.
const MOST: usize = 40;

/// The outcome for a key event.
#[derive(Debug, PartialEq, Eq)]
pub enum Filtered {
    Key(KeyEvent),
    /// The event is a part of a reply.
    Swallowed,
    Color([u8; 3]),
}

/// Recognizes replies in key events.
#[derive(Debug, Default)]
pub struct Filter {
    /// The reply so far, once its first character has arrived.
    reply: Option<String>,
}

impl Filter {
    /// Takes a key event. A reply begins with what looks like Alt-], and ends with Ctrl-G or Alt-\.
    pub fn take(&mut self, key: KeyEvent) -> Filtered {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let Some(reply) = &mut self.reply else {
            if alt && key.code == KeyCode::Char(']') {
                self.reply = Some(String::new());
                return Filtered::Swallowed;
            }
            return Filtered::Key(key);
        };
        if (key.code == KeyCode::Char('\\') && alt) || (key.code == KeyCode::Char('g') && control) {
            return self.end();
        }
        if let KeyCode::Char(c) = key.code
            && !control
            && !alt
            && reply.len() < MOST
        {
            reply.push(c);
            if "11;rgb".starts_with(reply.as_str()) || reply.starts_with("11;rgb") {
                return Filtered::Swallowed;
            }
        }
        // The key belongs to a person who has pressed Alt-] before.
        self.reply = None;
        Filtered::Key(key)
    }

    fn end(&mut self) -> Filtered {
        let reply = self.reply.take().unwrap_or_default();
        parse(&reply).map_or(Filtered::Swallowed, Filtered::Color)
    }
}

/// Reads `11;rgb:RRRR/GGGG/BBBB`, with one to four digits for each colour.
fn parse(reply: &str) -> Option<[u8; 3]> {
    let (_, colors) = reply.strip_prefix("11;rgb")?.split_once(':')?;
    let mut parts = colors.split('/').map(|part| {
        let most = (1_u32 << (4 * part.len())) - 1;
        let value = u32::from_str_radix(part, 16).ok().filter(|_| (1..=4).contains(&part.len()))?;
        u8::try_from(value * 255 / most).ok()
    });
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(filter: &mut Filter, keys: &[(char, KeyModifiers)]) -> Vec<Filtered> {
        keys.iter().map(|(c, modifiers)| filter.take(KeyEvent::new(KeyCode::Char(*c), *modifiers))).collect()
    }

    fn reply(text: &str, end: (char, KeyModifiers)) -> Vec<(char, KeyModifiers)> {
        let start = std::iter::once((']', KeyModifiers::ALT));
        start.chain(text.chars().map(|c| (c, KeyModifiers::NONE))).chain([end]).collect()
    }

    #[test]
    fn a_reply_is_taken_out_of_the_keys() {
        for end in [('\\', KeyModifiers::ALT), ('g', KeyModifiers::CONTROL)] {
            let mut filter = Filter::default();
            let mut out = feed(&mut filter, &reply("11;rgb:ffff/8080/0000", end));
            assert_eq!(out.pop(), Some(Filtered::Color([255, 128, 0])));
            assert!(out.iter().all(|filtered| *filtered == Filtered::Swallowed));
        }
        assert_eq!(parse("11;rgba:ff/ff/ff/ff"), Some([255; 3]));
        for wrong in ["11;rgb:", "11;rgb:fffff/0/0", "11;rgb:xx/00/00", "11;rgb:ff/ff"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_keys_pass() {
        let mut filter = Filter::default();
        let key = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(filter.take(key('D')), Filtered::Key(key('D')));
        let out = feed(&mut filter, &[(']', KeyModifiers::ALT), ('y', KeyModifiers::NONE)]);
        assert_eq!(out[1], Filtered::Key(key('y')));
        assert_eq!(filter.take(key('1')), Filtered::Key(key('1')));
    }
}
