//! What changes drawings.

use rusqlite::{Connection, params};
use yibi_common::drawing::Mode;

use super::checks;
use super::rows::{Drawing, signed};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::store::StoreResult;
use crate::store::checks::Subject;
use crate::store::gallery::{Appended, Batch, Header, NewDrawing, WeappSave, WeappSaved};

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
            .prepare_cached("DELETE FROM actions WHERE place >= ?1 << 32 AND place < (?1 << 32 | ?2)")?
            .execute(params![drawing.number, drawing.header.base])?;
    }
    drawing.insert_actions(connection, at, [save.blob])?;
    Ok(WeappSaved::Done { bytes, created })
}

/// See [`Gallery::rename`](crate::store::gallery::Gallery::rename).
pub fn rename(connection: &Connection, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
    let Some(mut drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    if drawing.header.deleted_at.is_some() {
        return Ok(None);
    }
    title.clone_into(&mut drawing.header.title);
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
        drawing.update_rest(connection)?;
    }
    Ok(Some(drawing.header))
}

/// See [`Gallery::purge`](crate::store::gallery::Gallery::purge).
pub fn purge(connection: &Connection, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM drawings WHERE user = ? AND id = ? AND deleted_at < ?")?
        .execute(params![user, id, before])?;
    if removed > 0 {
        checks::remove(connection, user, &Subject::Title(id.to_owned()))?;
    }
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
