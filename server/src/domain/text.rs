//! Text from strangers.

/// Whether a character does not show, or changes how others do: control characters, bidirectional overrides,
/// zero-width characters but for the joiner inside emoji, line separators, and what Unicode left unassigned
/// for good.
#[must_use]
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The text without the characters that do not show. The tags that make a black flag that of a region stay.
#[must_use]
pub fn printable(text: &str) -> String {
    const FLAG: char = '\u{1f3f4}';
    const END: char = '\u{e007f}';
    let is_tag = |c: &char| ('\u{e0020}'..='\u{e007e}').contains(c);
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !unprintable(character) {
            kept.push(character);
        }
        if character == FLAG {
            let tags: String = std::iter::from_fn(|| characters.next_if(is_tag)).collect();
            if !tags.is_empty() && characters.next_if_eq(&END).is_some() {
                kept.push_str(&tags);
                kept.push(END);
            }
        }
    }
    kept
}

/// Whether all characters of the text show.
#[must_use]
pub fn is_printable(text: &str) -> bool {
    printable(text) == text
}

/// The text without the characters that do not show, cut to `chars` characters.
#[must_use]
pub fn tamed(text: &str, chars: usize) -> String {
    let cut: String = printable(text).chars().take(chars).collect();
    // The cut may have gone through a flag.
    printable(&cut)
}

/// A nickname as it is kept: 1 to 32 characters that show, without blanks around.
#[must_use]
pub fn nickname(text: &str) -> Option<&str> {
    let trimmed = text.trim();
    let fits = (1..=32).contains(&trimmed.chars().count()) && is_printable(trimmed);
    let shows = trimmed
        .chars()
        .any(|c| !c.is_whitespace() && c != '\u{200d}' && !('\u{fe00}'..='\u{fe0f}').contains(&c));
    (fits && shows).then_some(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_are_what_shows() {
        assert_eq!(nickname(" 小明 "), Some("小明"));
        assert_eq!(nickname("👩‍👧"), Some("👩‍👧"));
        let england = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        assert_eq!(nickname(england), Some(england));
        for stray in ["\u{1f3f4}\u{e0067}", "\u{e0067}\u{e007f}", "\u{1f3f4}\u{e007f}", "🏳\u{e0067}\u{e007f}"]
        {
            assert_eq!(nickname(stray), None, "{stray:?}");
        }
        assert_eq!(tamed(&format!("a{england}"), 4), "a\u{1f3f4}");
        for wrong in ["", "   ", "a\u{202e}b", "a\nb", "\u{200b}", "\u{200d}", &"汉".repeat(33), "a\u{e0041}"]
        {
            assert_eq!(nickname(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn tamed_text_is_one_short_line() {
        assert_eq!(tamed("iPhone\n\u{202e}12", 8), "iPhone12");
    }
}
