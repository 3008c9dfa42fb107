//! Text from strangers.

/// Whether a character does not show, or changes how others do: control characters, bidirectional overrides,
/// zero-width characters but for the joiner inside emoji, line separators, and what Unicode left unassigned
/// for good.
#[must_use]
pub fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The text without what does not show, cut to so many characters.
#[must_use]
pub fn tamed(text: &str, chars: usize) -> String {
    text.chars().filter(|c| !unprintable(*c)).take(chars).collect()
}

/// A nickname as it is kept: 1 to 32 characters that show, without blanks around.
#[must_use]
pub fn nickname(text: &str) -> Option<&str> {
    let trimmed = text.trim();
    let fits = (1..=32).contains(&trimmed.chars().count()) && !trimmed.chars().any(unprintable);
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
