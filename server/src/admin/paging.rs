//! Cursors and limits.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::domain::report::Place;
use crate::problem::{Code, Problem};

/// Rows on a page: when no number is asked for, and at most.
const PAGE: u32 = 200;
const LARGEST_PAGE: u32 = 500;

/// A place in a list, and which list.
#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    place: Place,
}

/// The number of rows that a page is to have.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=LARGEST_PAGE).contains(&limit) { Ok(limit) } else { Err(invalid("limit is between 1 and 500")) }
}

/// The place that a cursor of that list names.
pub(super) fn read_cursor(cursor: Option<&str>, list: &str) -> Result<Option<Place>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
    let cursor = read.filter(|cursor| cursor.list == list);
    cursor.map(|cursor| Some(cursor.place)).ok_or_else(|| invalid("the cursor is not one of this list"))
}

/// The cursor of a place.
pub(super) fn write_cursor(place: Option<Place>, list: &str) -> Option<String> {
    let cursor = Cursor { list: list.to_owned(), place: place? };
    Some(BASE64URL_NOPAD.encode(&serde_json::to_vec(&cursor).unwrap_or_default()))
}

pub(super) fn invalid(what: &str) -> Problem {
    Problem::new(Code::InvalidValue).detail(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_into_its_own_list_only() {
        let place = Place { value: -5, name: "a/ö".to_owned() };
        let cursor = write_cursor(Some(place.clone()), "users").unwrap();
        assert_eq!(read_cursor(Some(&cursor), "users").unwrap(), Some(place));
        assert!(read_cursor(Some(&cursor), "sessions").is_err());
        for wrong in ["", "=", "e30", "!!"] {
            assert!(read_cursor(Some(wrong), "users").is_err());
        }
    }
}
