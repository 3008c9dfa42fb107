//! The only reader of WeChat's JSON: replies, pushes and open data.
//!
//! WeChat's systems write the same value in several ways: numbers as text or with a decimal point, a byte
//! order mark before the JSON, and texts of users with control characters or half a surrogate pair. The
//! reader accepts all of them, and its errors do not quote the input.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use yibi_common::json_text::repair;

/// Deserializes WeChat's JSON. Invalid characters in texts become U+FFFD.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&repair(text))).ok()
}

/// The whole number that a value holds: `7200`, `7200.0`, `"7200"` or `" 7200.0 "`.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => whole_number(number),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole_number(&serde_json::from_str(text).ok()?))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn whole_number(number: &Number) -> Option<i64> {
    if let Some(number) = number.as_i64() {
        return Some(number);
    }
    // Without an exponent or decimals, the digits are those of an integer.
    let text = number.to_string();
    let (digits, rest) = text.split_once('.')?;
    rest.bytes().all(|digit| digit == b'0').then(|| digits.parse().ok())?
}

/// For `deserialize_with`: a whole number as [`whole`] reads it.
pub(crate) fn integer<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = whole(&value).and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom("a whole number"))
}

/// For `deserialize_with` on a member that may be missing or null.
pub(crate) fn optional_integer<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = whole(&value).and_then(|number| T::try_from(number).ok());
            number.map(Some).ok_or_else(|| D::Error::custom("a whole number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_read_in_every_spelling() {
        for value in [json!(7200), json!(7200.0), json!("7200"), json!(" 7200.0 ")] {
            assert_eq!(whole(&value), Some(7200), "{value}");
        }
        for value in [json!(0.5), json!("7200s"), json!(""), json!(null), json!(true), json!(1e30)] {
            assert_eq!(whole(&value), None, "{value}");
        }
        assert_eq!(whole(&json!(-1)), Some(-1));
    }

    #[test]
    fn texts_are_repaired_and_structure_is_not() {
        let read = |json: &[u8]| from_slice::<Value>(json);
        assert_eq!(read(b"\xef\xbb\xbf{\"a\":1}"), Some(json!({"a": 1})));
        assert_eq!(read(b"{\"a\":\"\\ud83d\"}"), Some(json!({"a": "\u{fffd}"})));
        assert_eq!(read(b"{\"a\":\"\\ud83dx\\ude00\"}"), Some(json!({"a": "\u{fffd}x\u{fffd}"})));
        assert_eq!(read(b"{\"a\":\"\\ud83d\\ude00 \\\\ud83d\"}"), Some(json!({"a": "😀 \\ud83d"})));
        assert_eq!(read(b"{\"a\":\"b\x1dc\"}"), Some(json!({"a": "b\u{fffd}c"})));
        assert_eq!(read(b"{\"a\":\"\xd6\xd0\"}"), Some(json!({"a": "\u{fffd}\u{fffd}"})));
        for broken in [&b"{\"a\":"[..], b"{\"a\":\"b}", b"{'a':1}", b"", b"\\ud83d"] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = from_slice::<Value>(&bytes);
        }
    }
}
