//! Cursors, limits and counts.

use std::future::Future;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use yibi_common::admin::Count;

use crate::domain::report::{Place, Rows, Texts};
use crate::http::App;
use crate::problem::{Code, Problem};
use crate::store::StoreResult;

/// Rows on a page: when no number is asked for, and at most.
const PAGE: u32 = 200;
const LARGEST_PAGE: u32 = 500;
/// Rows that a count asks for at a time.
pub(super) const COUNTED: u32 = 10_000;
/// How long a count goes on.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// Rows whose keys begin with an app's id and a prefix: one range of the index for each of the apps, in the order
/// of their ids. `part` gets the range, the place behind which to begin, and how many rows are wanted.
pub(super) async fn by_prefix<T, F>(
    app: &App,
    prefix: &str,
    (reverse, after, limit): (bool, Option<&Place>, u32),
    mut part: impl FnMut(Texts, Option<Place>, u32) -> F,
) -> StoreResult<Rows<T>>
where
    F: Future<Output = StoreResult<Rows<T>>>,
{
    let mut apps: Vec<String> = app.settings.apps().map(|app| app.app_id).collect();
    apps.sort_unstable();
    apps.dedup();
    if reverse {
        apps.reverse();
    }
    if let Some(begun) = after.and_then(|after| after.name.split('/').next()) {
        apps = apps.into_iter().skip_while(|app| app != begun).collect();
    }
    let mut found = Rows::none();
    let mut after = after.cloned();
    for app_id in apps {
        let left = limit.saturating_sub(u32::try_from(found.rows.len()).unwrap_or(u32::MAX));
        let range = Texts::beginning_with(&format!("{app_id}/{prefix}"));
        let rows = part(range, after.take(), left).await?;
        found.rows.extend(rows.rows);
        found.next = rows.next;
        if found.next.is_some() {
            break;
        }
    }
    Ok(found)
}

/// Counts rows page by page, until the time is over.
pub(super) async fn count<T, F>(mut page: impl FnMut(Option<Place>) -> F) -> StoreResult<Count>
where
    F: Future<Output = StoreResult<Rows<T>>>,
{
    let began = Instant::now();
    let (mut value, mut after) = (0, None);
    loop {
        let rows = page(after).await?;
        value += rows.rows.len() as u64;
        after = rows.next;
        if after.is_none() || began.elapsed() > PATIENCE {
            return Ok(Count { value, exact: after.is_none() });
        }
    }
}

/// A page of what fits into memory: what lies behind a place, by `place_of`, in that order.
pub(super) fn of_sorted<T>(
    mut all: Vec<T>,
    place_of: impl Fn(&T) -> Place,
    down: bool,
    after: Option<&Place>,
    limit: u32,
) -> Rows<T> {
    let key = |row: &T| {
        let Place { value, name } = place_of(row);
        (value, name)
    };
    all.sort_by(|a, b| if down { key(b).cmp(&key(a)) } else { key(a).cmp(&key(b)) });
    if let Some(after) = after {
        let after = (after.value, after.name.clone());
        all.retain(|row| if down { key(row) < after } else { key(row) > after });
    }
    let more = all.len() > limit as usize;
    all.truncate(limit as usize);
    let next = all.last().filter(|_| more).map(&place_of);
    Rows { rows: all, next }
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

    #[test]
    fn what_is_in_memory_is_paged_without_gaps() {
        let place_of = |number: &i64| Place { value: number / 2, name: number.to_string() };
        for down in [false, true] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = of_sorted((0..9).collect(), place_of, down, after.as_ref(), 2);
                seen.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let expected: Vec<i64> = if down { (0..9).rev().collect() } else { (0..9).collect() };
            assert_eq!(seen, expected);
        }
    }
}
