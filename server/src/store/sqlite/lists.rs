//! Reading drawings.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Drawing, Size, drawing_columns};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, Stored, Usage};
use crate::domain::user::UserKey;
use crate::domain::weapp::{Heads, WeappHead};
use crate::store::{StoreError, StoreResult};

/// A drawing's actions from a number on.
const ACTIONS: &str = "SELECT blob FROM actions
    WHERE place BETWEEN (?1 << 32 | ?2) AND (?1 << 32 | 0xffffffff) ORDER BY place";

/// A page after a position, in descending order.
const PAGE: &str = concat!(
    "SELECT ",
    drawing_columns!(),
    " FROM drawings
    WHERE user = ? AND deleted_at IS NULL AND (updated_at, id) < (?, ?)
    ORDER BY updated_at DESC, id DESC LIMIT ?"
);

/// A page of the bin, the latest deletion first.
const PAGE_OF_BIN: &str = concat!(
    "SELECT ",
    drawing_columns!(),
    " FROM drawings
    WHERE user = ? AND deleted_at IS NOT NULL AND (deleted_at, id) < (?, ?)
    ORDER BY deleted_at DESC, id DESC LIMIT ?"
);

/// The bin, the earliest deleted first.
const BIN: &str = concat!(
    "SELECT ",
    drawing_columns!(),
    " FROM drawings
    WHERE user = ? AND deleted_at IS NOT NULL
    ORDER BY deleted_at, id LIMIT ?"
);

/// The number of rows is bounded by the user's quota.
const BIN_USAGE: &str = "SELECT count(*) AS drawings, coalesce(sum(bytes), 0) AS bytes FROM drawings
    WHERE user = ? AND deleted_at IS NOT NULL";

/// The 2016 list, with the last action if it is a save.
const WEAPP_HEADS: &str = concat!(
    "SELECT ",
    drawing_columns!(),
    ", CASE WHEN last_weapp THEN
        (SELECT blob FROM actions WHERE place = (number << 32 | seq - 1))
    END AS last
    FROM drawings WHERE user = ? AND deleted_at IS NULL
    ORDER BY first_saved_at DESC, id DESC LIMIT ?"
);

/// The bins of all users.
const PURGES_DUE: &str = "SELECT user, id FROM drawings
    WHERE deleted_at IS NOT NULL AND deleted_at < ?
    ORDER BY deleted_at, user, id LIMIT ?";

pub fn header(connection: &Connection, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
    Ok(Drawing::find(connection, user, id)?.map(|drawing| drawing.header))
}

pub fn read(connection: &Connection, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
    let Some(drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    let Header { base, seq, .. } = drawing.header;
    let since = since.max(base).min(seq);
    let actions = connection
        .prepare_cached(ACTIONS)?
        .query_map(params![drawing.number, since], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
    if actions.len() != (seq - since) as usize {
        return Err(StoreError::Damaged(format!(
            "drawing {}: its actions are not all there",
            drawing.number
        )));
    }
    Ok(Some(Stored { header: drawing.header, since, actions }))
}

pub fn page(
    connection: &Connection,
    user: &UserKey,
    deleted: bool,
    after: Option<&After>,
    limit: u32,
) -> StoreResult<Vec<Header>> {
    let sql = if deleted { PAGE_OF_BIN } else { PAGE };
    let (moment, id) = after.map_or((Micros(i64::MAX), ""), |after| (after.moment, after.id.as_str()));
    headers(connection, sql, params![user, moment, id, limit])
}

pub fn bin(connection: &Connection, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
    headers(connection, BIN, params![user, limit])
}

fn headers(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> StoreResult<Vec<Header>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(Drawing::from_row(row)?.header))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn weapp_heads(
    connection: &Connection,
    user: &UserKey,
    limit: u32,
    max_bytes: u64,
) -> StoreResult<Vec<WeappHead>> {
    let mut statement = connection.prepare_cached(WEAPP_HEADS)?;
    let mut rows = statement.query(params![user, limit])?;
    let mut heads = Heads::new(max_bytes);
    while let Some(row) = rows.next()? {
        if !heads.take(WeappHead { header: Drawing::from_row(row)?.header, last: row.get("last")? }) {
            break;
        }
    }
    Ok(heads.into_vec())
}

pub fn purges_due(
    connection: &Connection,
    before: Micros,
    limit: u32,
) -> StoreResult<Vec<(UserKey, String)>> {
    let mut statement = connection.prepare_cached(PURGES_DUE)?;
    let rows = statement.query_map(params![before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn usage(connection: &Connection, user: &UserKey) -> StoreResult<Usage> {
    let usage = connection
        .prepare_cached("SELECT drawings, bytes FROM usage WHERE user = ?")?
        .query_row(params![user], |row| {
            Ok(Usage { drawings: row.get("drawings")?, bytes: row.get::<_, Size>("bytes")?.0 })
        })
        .optional()?;
    Ok(usage.unwrap_or_default())
}

pub fn bin_usage(connection: &Connection, user: &UserKey) -> StoreResult<Usage> {
    let usage = connection.prepare_cached(BIN_USAGE)?.query_row(params![user], |row| {
        Ok(Usage { drawings: row.get("drawings")?, bytes: row.get::<_, Size>("bytes")?.0 })
    })?;
    Ok(usage)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// No list reads more rows than it returns: each follows an index and sorts nothing.
    #[test]
    fn lists_are_read_along_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        for (sql, index) in [
            (ACTIONS, "PRIMARY KEY"),
            (PAGE, "drawings_by_change"),
            (PAGE_OF_BIN, "drawings_in_bin"),
            (BIN, "drawings_in_bin"),
            (BIN_USAGE, "drawings_in_bin"),
            (WEAPP_HEADS, "drawings_by_first_save"),
            (PURGES_DUE, "drawings_to_purge"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let count = statement.parameter_count();
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get("detail"))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let plan = plan.join("; ");
            assert!(plan.contains(index) && plan.starts_with("SEARCH"), "{sql}: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{sql}: {plan}");
        }
    }
}
