//! Drawings and their actions, in SQL.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use yibi_common::drawing::{Mode, Paper};

use crate::clock::Micros;
use crate::store::gallery::{
    After, Appended, Batch, Header, NewDrawing, Stored, Usage, WeappHead, WeappSave, WeappSaved,
};
use crate::store::{StoreError, StoreResult};
use crate::user::UserKey;

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

impl ToSql for UserKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for UserKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(Self::from_text)
    }
}

/// A [`Mode`] as its column holds it.
struct ModeName(Mode);

impl ToSql for ModeName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let name = match self.0 {
            Mode::Free => "free",
            Mode::OneStroke => "one_stroke",
        };
        Ok(name.into())
    }
}

impl FromSql for ModeName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "free" => Ok(Self(Mode::Free)),
            "one_stroke" => Ok(Self(Mode::OneStroke)),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// SQLite's integers are signed; sizes are far below their end.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A row of `drawings`.
struct Drawing {
    /// What the actions are kept under.
    number: i64,
    header: Header,
    last_weapp: bool,
}

impl Drawing {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let header = Header {
            id: row.get("id")?,
            weapp_id: row.get("weapp_id")?,
            title: row.get("title")?,
            paper: Paper { width: row.get("width")?, height: row.get("height")? },
            mode: row.get::<_, ModeName>("mode")?.0,
            base: row.get("base")?,
            seq: row.get("seq")?,
            all_weapp: row.get("all_weapp")?,
            stroke_count: row.get("stroke_count")?,
            point_count: row.get("point_count")?,
            bytes: unsigned(row, "bytes")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            first_saved_at: row.get("first_saved_at")?,
            deleted_at: row.get("deleted_at")?,
        };
        Ok(Self { number: row.get("number")?, header, last_weapp: row.get("last_weapp")? })
    }

    fn find(connection: &Connection, user: &UserKey, id: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached("SELECT * FROM drawings WHERE user = ? AND id = ?")?
            .query_row(params![user, id], Self::from_row)
            .optional()
    }

    /// Writes a new row.
    fn insert(&mut self, connection: &Connection, user: &UserKey) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "INSERT INTO drawings (user, id, weapp_id, title, width, height, mode, base, seq, all_weapp,
                    last_weapp, stroke_count, point_count, bytes, created_at, updated_at, first_saved_at)
                 VALUES (:user, :id, :weapp_id, :title, :width, :height, :mode, :base, :seq, :all_weapp,
                    :last_weapp, :stroke_count, :point_count, :bytes, :created_at, :updated_at,
                    :first_saved_at)",
            )?
            .execute(named_params! {
                ":user": user,
                ":id": header.id,
                ":weapp_id": header.weapp_id,
                ":title": header.title,
                ":width": header.paper.width,
                ":height": header.paper.height,
                ":mode": ModeName(header.mode),
                ":base": header.base,
                ":seq": header.seq,
                ":all_weapp": header.all_weapp,
                ":last_weapp": self.last_weapp,
                ":stroke_count": header.stroke_count,
                ":point_count": header.point_count,
                ":bytes": signed(header.bytes),
                ":created_at": header.created_at,
                ":updated_at": header.updated_at,
                ":first_saved_at": header.first_saved_at,
            })?;
        self.number = connection.last_insert_rowid();
        Ok(())
    }

    /// Writes what an append changes. The columns that it never changes are left out, so that the indexes
    /// with them are not touched.
    fn update_list(&self, connection: &Connection) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "UPDATE drawings SET seq = :seq, all_weapp = :all_weapp, last_weapp = :last_weapp,
                    stroke_count = :stroke_count, point_count = :point_count, bytes = :bytes,
                    updated_at = :updated_at
                 WHERE number = :number",
            )?
            .execute(named_params! {
                ":number": self.number,
                ":seq": header.seq,
                ":all_weapp": header.all_weapp,
                ":last_weapp": self.last_weapp,
                ":stroke_count": header.stroke_count,
                ":point_count": header.point_count,
                ":bytes": signed(header.bytes),
                ":updated_at": header.updated_at,
            })?;
        Ok(())
    }

    /// Writes what else may change.
    fn update_rest(&self, connection: &Connection) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "UPDATE drawings SET weapp_id = :weapp_id, title = :title, base = :base,
                    updated_at = :updated_at, first_saved_at = :first_saved_at, deleted_at = :deleted_at
                 WHERE number = :number",
            )?
            .execute(named_params! {
                ":number": self.number,
                ":weapp_id": header.weapp_id,
                ":title": header.title,
                ":base": header.base,
                ":updated_at": header.updated_at,
                ":first_saved_at": header.first_saved_at,
                ":deleted_at": header.deleted_at,
            })?;
        Ok(())
    }

    /// Puts stored forms at `from_seq` and behind.
    fn insert_actions<'a>(
        &self,
        connection: &Connection,
        from_seq: u32,
        blobs: impl IntoIterator<Item = &'a [u8]>,
    ) -> rusqlite::Result<()> {
        let mut insert =
            connection.prepare_cached("INSERT INTO actions (drawing, seq, blob) VALUES (?, ?, ?)")?;
        for (seq, blob) in (i64::from(from_seq)..).zip(blobs) {
            insert.execute(params![self.number, seq, blob])?;
        }
        Ok(())
    }
}

/// See [`Gallery::append`](crate::store::gallery::Gallery::append).
pub fn append(
    connection: &Connection,
    user: &UserKey,
    id: &str,
    batch: &Batch,
    create: Option<&NewDrawing>,
    now: Micros,
) -> StoreResult<Appended> {
    let found = Drawing::find(connection, user, id)?;
    let created = found.is_none();
    let mut drawing = match (found, create.filter(|_| batch.from_seq == 0)) {
        (Some(drawing), _) => drawing,
        (None, Some(new)) => Drawing { number: 0, header: Header::fresh(id, new, now), last_weapp: false },
        (None, None) => return Ok(Appended::Missing),
    };
    if let Some(obstacle) = batch.obstacle(&drawing.header, create) {
        return Ok(Appended::Refused(obstacle, Box::new(drawing.header)));
    }
    let header = &mut drawing.header;
    if !batch.is_empty() {
        header.seq = header.seq.saturating_add(batch.len());
        header.all_weapp = false;
        header.stroke_count = header.stroke_count.saturating_add(batch.stroke_count);
        header.point_count = header.point_count.saturating_add(batch.point_count);
        header.bytes = header.bytes.saturating_add(batch.bytes());
        header.updated_at = now;
        drawing.last_weapp = false;
    }
    if created {
        drawing.insert(connection, user)?;
    } else if !batch.is_empty() {
        drawing.update_list(connection)?;
    }
    drawing.insert_actions(connection, batch.from_seq, batch.blobs.iter().map(Vec::as_slice))?;
    Ok(Appended::Done { seq: drawing.header.seq, created })
}

/// See [`Gallery::weapp_save`](crate::store::gallery::Gallery::weapp_save).
pub fn weapp_save(
    connection: &Connection,
    user: &UserKey,
    save: &WeappSave<'_>,
    now: Micros,
) -> StoreResult<WeappSaved> {
    let found = Drawing::find(connection, user, save.id)?;
    let created = found.is_none();
    let mut drawing = found.unwrap_or_else(|| {
        let new = NewDrawing { title: String::new(), paper: save.paper, mode: Mode::Free, explicit: false };
        Drawing { number: 0, header: Header::fresh(save.id, &new, now), last_weapp: false }
    });
    let header = &mut drawing.header;
    if let Some(obstacle) = save.obstacle(header) {
        return Ok(WeappSaved::Refused(obstacle));
    }
    let bytes_before = header.bytes;
    let at = header.seq;
    if header.all_weapp {
        header.base = at;
        header.stroke_count = 0;
        header.point_count = 0;
        header.bytes = 0;
    }
    header.seq = at.saturating_add(1);
    header.stroke_count = header.stroke_count.saturating_add(save.stroke_count);
    header.point_count = header.point_count.saturating_add(save.point_count);
    header.bytes = header.bytes.saturating_add(save.blob.len() as u64);
    header.updated_at = now;
    if header.deleted_at.take().is_some() {
        header.first_saved_at = now;
    }
    if header.weapp_id.is_none() {
        header.weapp_id = save.weapp_id.map(str::to_owned);
    }
    drawing.last_weapp = true;
    let bytes = signed(drawing.header.bytes) - signed(bytes_before);
    if created {
        drawing.insert(connection, user)?;
    } else {
        drawing.update_list(connection)?;
        drawing.update_rest(connection)?;
        connection
            .prepare_cached("DELETE FROM actions WHERE drawing = ? AND seq < ?")?
            .execute(params![drawing.number, drawing.header.base])?;
    }
    drawing.insert_actions(connection, at, [save.blob])?;
    Ok(WeappSaved::Done { bytes, created })
}

/// See [`Gallery::rename`](crate::store::gallery::Gallery::rename).
pub fn rename(
    connection: &Connection,
    user: &UserKey,
    id: &str,
    title: &str,
    now: Micros,
) -> StoreResult<Option<Header>> {
    let Some(mut drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    if drawing.header.deleted_at.is_some() {
        return Ok(None);
    }
    title.clone_into(&mut drawing.header.title);
    drawing.header.updated_at = now;
    drawing.update_rest(connection)?;
    Ok(Some(drawing.header))
}

/// See [`Gallery::set_deleted`](crate::store::gallery::Gallery::set_deleted).
pub fn set_deleted(
    connection: &Connection,
    user: &UserKey,
    id: &str,
    deleted: bool,
    now: Micros,
) -> StoreResult<Option<Header>> {
    let Some(mut drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    if drawing.header.deleted_at.is_some() != deleted {
        drawing.header.deleted_at = deleted.then_some(now);
        drawing.header.updated_at = now;
        drawing.update_rest(connection)?;
    }
    Ok(Some(drawing.header))
}

/// See [`Gallery::purge`](crate::store::gallery::Gallery::purge).
pub fn purge(connection: &Connection, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM drawings WHERE user = ? AND id = ? AND deleted_at < ?")?
        .execute(params![user, id, before])?;
    Ok(removed > 0)
}

/// Removes some of a user's drawings, `limit` at most. How many there were.
pub fn remove_some(connection: &Connection, user: &UserKey, limit: u32) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM drawings WHERE number IN (SELECT number FROM drawings WHERE user = ? LIMIT ?)",
        )?
        .execute(params![user, limit])
}

/// See [`Gallery::header`](crate::store::gallery::Gallery::header).
pub fn header(connection: &Connection, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
    Ok(Drawing::find(connection, user, id)?.map(|drawing| drawing.header))
}

/// See [`Gallery::read`](crate::store::gallery::Gallery::read).
pub fn read(connection: &Connection, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
    let Some(drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    let Header { base, seq, .. } = drawing.header;
    let since = since.max(base).min(seq);
    let actions = connection
        .prepare_cached("SELECT blob FROM actions WHERE drawing = ? AND seq >= ? ORDER BY seq")?
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

/// See [`Gallery::page`](crate::store::gallery::Gallery::page).
pub fn page(
    connection: &Connection,
    user: &UserKey,
    deleted: bool,
    after: Option<&After>,
    limit: u32,
) -> StoreResult<Vec<Header>> {
    // Nothing changes in the bin, so the moment of the deletion is the one of the last change.
    let sql = if deleted {
        "SELECT * FROM drawings
         WHERE user = ? AND deleted_at IS NOT NULL AND (deleted_at, id) < (?, ?)
         ORDER BY deleted_at DESC, id DESC LIMIT ?"
    } else {
        "SELECT * FROM drawings
         WHERE user = ? AND deleted_at IS NULL AND (updated_at, id) < (?, ?)
         ORDER BY updated_at DESC, id DESC LIMIT ?"
    };
    let (moment, id) = after.map_or((Micros(i64::MAX), ""), |after| (after.updated_at, after.id.as_str()));
    headers(connection, sql, params![user, moment, id, limit])
}

/// See [`Gallery::bin`](crate::store::gallery::Gallery::bin).
pub fn bin(connection: &Connection, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
    let sql = "SELECT * FROM drawings WHERE user = ? AND deleted_at IS NOT NULL
               ORDER BY deleted_at, id LIMIT ?";
    headers(connection, sql, params![user, limit])
}

fn headers(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> StoreResult<Vec<Header>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok(Drawing::from_row(row)?.header))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// See [`Gallery::weapp_heads`](crate::store::gallery::Gallery::weapp_heads).
pub fn weapp_heads(connection: &Connection, user: &UserKey, limit: u32) -> StoreResult<Vec<WeappHead>> {
    let mut statement = connection.prepare_cached(
        "SELECT *, CASE WHEN last_weapp THEN
             (SELECT blob FROM actions WHERE drawing = number AND actions.seq = drawings.seq - 1)
         END AS last
         FROM drawings WHERE user = ? AND deleted_at IS NULL
         ORDER BY first_saved_at DESC, id DESC LIMIT ?",
    )?;
    let rows = statement.query_map(params![user, limit], |row| {
        Ok(WeappHead { header: Drawing::from_row(row)?.header, last: row.get("last")? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// See [`Gallery::purges_due`](crate::store::gallery::Gallery::purges_due).
pub fn purges_due(
    connection: &Connection,
    before: Micros,
    limit: u32,
) -> StoreResult<Vec<(UserKey, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT user, id FROM drawings WHERE deleted_at IS NOT NULL AND deleted_at < ?
         ORDER BY deleted_at, user, id LIMIT ?",
    )?;
    let rows = statement.query_map(params![before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// See [`Gallery::usage`](crate::store::gallery::Gallery::usage).
pub fn usage(connection: &Connection, user: &UserKey) -> StoreResult<Usage> {
    let usage = connection
        .prepare_cached("SELECT drawings, bytes FROM usage WHERE user = ?")?
        .query_row(params![user], |row| {
            Ok(Usage { drawings: row.get("drawings")?, bytes: unsigned(row, "bytes")? })
        })
        .optional()?;
    Ok(usage.unwrap_or_default())
}
