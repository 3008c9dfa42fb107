//! Untrusted text, made safe to show and fitted into columns.
//!
//! Nicknames, titles and device names come from strangers. Characters that move the cursor, change the writing
//! direction, hide letters or break the line never reach the terminal: they are dropped or replaced by a visible
//! mark.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Replaces a line break.
const LINE_BREAK: char = '␊';
/// Replaces any other control character.
const CONTROL: char = '�';
/// Replaces the part that did not fit.
const CUT: &str = "…";

/// The text without characters that deceive a terminal or a reader.
///
/// Line breaks become `␊`, other control characters `�`. Directional marks and invisible letters (Unicode's
/// category Cf and its relatives) are dropped, except a zero-width joiner inside an emoji.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| !c.is_control() && !is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\r' && rest.peek() == Some(&'\n') {
            continue;
        }
        if matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}') {
            out.push(LINE_BREAK);
        } else if c.is_control() {
            out.push(CONTROL);
        } else if c == '\u{200d}' {
            let before = out.chars().next_back().is_some_and(is_pictographic);
            if before && rest.peek().is_some_and(|c| is_pictographic(*c)) {
                out.push(c);
            }
        } else if !is_invisible(c) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Format characters and blanks without width. Variation selector 16 stays: it selects the coloured emoji.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a zero-width joiner beside the character makes an emoji.
fn is_pictographic(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Columns that the text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, cleaned and cut to at most `columns` with an ellipsis. Graphemes stay whole.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let more = width(grapheme);
        if used + more + 1 > columns {
            break;
        }
        used += more;
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push_str(CUT);
    }
    Cow::Owned(out)
}

/// The text, cleaned, cut or filled up with blanks to exactly `columns`.
pub fn fit(text: &str, columns: usize, right: bool) -> String {
    let text = cut(text, columns);
    let blanks = " ".repeat(columns.saturating_sub(width(&text)));
    if right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
}

/// The text, cleaned and broken into lines of at most `columns`: at blanks, and inside words that are longer than
/// a line, as Chinese without blanks is.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in clean(text).split_inclusive(' ') {
        let length = width(word.trim_end());
        if width(&line) + length <= columns {
            line.push_str(word);
            continue;
        }
        if length <= columns {
            lines.push(std::mem::take(&mut line));
            line.push_str(word);
            continue;
        }
        for grapheme in word.graphemes(true) {
            if width(&line) + width(grapheme) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(grapheme);
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether a text contains another, whatever the case.
pub fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// The text as one word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A count with separators: `1 234 567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// A size in the unit that keeps it short: `812 B`, `3.4 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let (mut tenths, mut unit) = (number * 10 / 1024, "KiB");
    for next in UNITS.into_iter().skip(1) {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    if tenths < 1000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceiving_characters_are_removed() {
        assert_eq!(clean("小明"), "小明");
        assert_eq!(clean("a\u{202e}gnp.exe"), "agnp.exe");
        assert_eq!(clean("a\u{1b}]52;c;x\u{7}b"), "a�]52;c;x�b");
        assert_eq!(clean("a\r\nb\nc\u{2028}d"), "a␊b␊c␊d");
        assert_eq!(clean("a\u{200b}\u{200d}b\u{feff}"), "ab");
        assert_eq!(clean("\u{9b}31m"), "�31m");
        assert_eq!(clean("👩\u{200d}🎨"), "👩\u{200d}🎨");
        assert_eq!(clean("\u{e0041}\u{3164}"), "");
    }

    #[test]
    fn columns_are_counted_not_characters() {
        assert_eq!(cut("一笔到底", 8), "一笔到底");
        assert_eq!(cut("一笔到底", 7), "一笔到…");
        assert_eq!(cut("一笔到底", 6), "一笔…");
        assert_eq!(cut("一笔到底", 1), "…");
        assert_eq!(cut("一笔到底", 0), "");
        assert_eq!(fit("一笔到底", 6, false), "一笔… ");
        assert_eq!(fit("7", 3, true), "  7");
    }

    #[test]
    fn long_sentences_are_wrapped() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("一笔到底的画", 6), ["一笔到", "底的画"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a\nb", 5), ["a␊b"]);
        assert_eq!(wrap("a yibi-server b", 12), ["a", "yibi-server", "b"]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(3_565_158), "3.3 MiB");
        assert_eq!(bytes(u64::MAX / 10), "1677721 TiB");
    }

    #[test]
    fn a_shell_sees_one_word() {
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
    }
}
