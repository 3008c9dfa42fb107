//! Pages and counts of lists.

use std::future::Future;
use std::time::{Duration, Instant};

use yibi_common::admin::Count;

use crate::domain::report::{Place, Rows, Texts};
use crate::store::StoreResult;

/// Rows that a count reads at a time.
pub(super) const COUNTED: u32 = 10_000;
/// Time limit of a count.
const PATIENCE: Duration = Duration::from_secs(2);

/// A page of a list, and the size of the list.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    pub rows: Rows<T>,
    /// Estimated number of rows without any filter.
    pub total: u64,
}

/// Rows whose keys begin with an app's id and a prefix: one range of the index for each of the apps, in the
/// order of their ids. `part` gets the range, the position after which to begin, and how many rows are
/// wanted.
pub(super) async fn by_prefix<T, F>(
    mut apps: Vec<String>,
    prefix: &str,
    (reverse, after, limit): (bool, Option<&Place>, u32),
    mut part: impl FnMut(Texts, Option<Place>, u32) -> F,
) -> StoreResult<Rows<T>>
where
    F: Future<Output = StoreResult<Rows<T>>>,
{
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

/// Counts rows page by page, within a time limit.
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

/// A page of rows that are all in memory: the rows after a position, ordered by `place_of`.
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
