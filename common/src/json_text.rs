//! Texts in JSON that hold no characters: half a surrogate pair, as programs write that cut an emoji in two, and raw
//! control characters.

use std::borrow::Cow;

/// The JSON with every escape of half a surrogate pair, and every raw control character in a text, replaced by
/// U+FFFD. The structure is left as it is: JSON that is broken otherwise stays broken.
#[must_use]
pub fn repair(json: &str) -> String {
    rewrite(json, true)
}

/// The JSON with every escape of half a surrogate pair replaced by U+FFFD, and nothing else.
#[must_use]
pub fn repair_surrogates(json: &str) -> Cow<'_, str> {
    let has_surrogate = ["\\ud", "\\uD"].iter().any(|escape| json.contains(escape));
    if has_surrogate { Cow::Owned(rewrite(json, false)) } else { Cow::Borrowed(json) }
}

fn rewrite(json: &str, controls: bool) -> String {
    let mut repaired = String::with_capacity(json.len());
    let (mut rest, mut in_text) = (json, false);
    while let Some(character) = rest.chars().next() {
        let length = if in_text && character == '\\' {
            copy_escape(rest, &mut repaired)
        } else {
            in_text ^= character == '"';
            let is_raw = controls && in_text && character.is_control();
            repaired.push(if is_raw { '\u{fffd}' } else { character });
            character.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    repaired
}

/// Copies the escape at the beginning of `rest`, repaired, and returns its length.
fn copy_escape(rest: &str, repaired: &mut String) -> usize {
    let unit = |text: Option<&str>| {
        let digits = text?.strip_prefix("\\u")?;
        u16::from_str_radix(digits.get(..4)?, 16).ok()
    };
    let length = match (unit(Some(rest)), unit(rest.get(6..))) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
        (Some(0xd800..=0xdfff), _) => {
            repaired.push('\u{fffd}');
            return 6;
        }
        _ => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
    };
    repaired.push_str(rest.get(..length).unwrap_or_default());
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_pairs_are_not() {
        for (json, repaired) in [
            (r#"{"a":"\ud83d"}"#, "{\"a\":\"\u{fffd}\"}"),
            (r#"["\ude00\ud83d"]"#, "[\"\u{fffd}\u{fffd}\"]"),
            (r#"["\ud83d\ude00"]"#, r#"["\ud83d\ude00"]"#),
            (r#"["\\ud83d"]"#, r#"["\\ud83d"]"#),
            (r#"["\"\ud83d\"x"]"#, "[\"\\\"\u{fffd}\\\"x\"]"),
            (r#"["\u"#, r#"["\u"#),
        ] {
            assert_eq!(repair_surrogates(json), repaired);
        }
        assert_eq!(repair("[\"a\u{1d}b\",\n1]"), "[\"a\u{fffd}b\",\n1]");
    }

    proptest! {
        #[test]
        fn sound_json_stays_as_it_is(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(repair_surrogates(&json), json.clone());
            prop_assert!(serde_json::from_str::<String>(&repair(&json)).is_ok());
        }
    }
}
