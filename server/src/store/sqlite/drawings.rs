//! Drawings, in SQL. A job may outlive its caller, so it owns its data.

use rusqlite::{Connection, params};
use yibi_common::drawing::Mode;

use super::rows::{Drawing, signed};
use super::{SqliteStore, checks, lists, shares};
use crate::domain::batch::{Appended, Batch};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, NewDrawing, Stored, Usage};
use crate::domain::moderation::Subject;
use crate::domain::user::UserKey;
use crate::domain::weapp::{WeappHead, WeappSave, WeappSaved};
use crate::store::{Drawings, StoreResult};

impl Drawings for SqliteStore {
    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        let bytes = usize::try_from(batch.bytes()).unwrap_or(usize::MAX);
        let (user, id, batch, create) = (user.clone(), id.to_owned(), batch.clone(), create.cloned());
        self.writing(bytes, move |connection| append(connection, &user, &id, &batch, create.as_ref(), now))
            .await
    }

    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> StoreResult<WeappSaved> {
        let WeappSave { paper, stroke_count, point_count, max_actions, max_bytes, max_points, .. } = *save;
        let (user, id, blob) = (user.clone(), save.id.to_owned(), save.blob.to_vec());
        let weapp_id = save.weapp_id.map(str::to_owned);
        self.writing(blob.len(), move |connection| {
            let save = WeappSave {
                id: &id,
                weapp_id: weapp_id.as_deref(),
                paper,
                blob: &blob,
                stroke_count,
                point_count,
                max_actions,
                max_bytes,
                max_points,
            };
            weapp_save(connection, &user, &save, now)
        })
        .await
    }

    async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.reading(move |connection| lists::header(connection, &user, &id)).await
    }

    async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.reading(move |connection| lists::read(connection, &user, &id, since)).await
    }

    async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        let (user, after) = (user.clone(), after.cloned());
        self.reading(move |connection| lists::page(connection, &user, deleted, after.as_ref(), limit)).await
    }

    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> StoreResult<Vec<WeappHead>> {
        let user = user.clone();
        self.reading(move |connection| lists::weapp_heads(connection, &user, limit, max_bytes)).await
    }

    async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        let user = user.clone();
        self.reading(move |connection| lists::bin(connection, &user, limit)).await
    }

    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        let (user, id, title) = (user.clone(), id.to_owned(), title.to_owned());
        self.writing(0, move |connection| rename(connection, &user, &id, &title)).await
    }

    async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.writing(0, move |connection| set_deleted(connection, &user, &id, deleted, now)).await
    }

    async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.reading(move |connection| lists::usage(connection, &user)).await
    }

    async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.reading(move |connection| lists::bin_usage(connection, &user)).await
    }

    async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        self.reading(move |connection| lists::purges_due(connection, before, limit)).await
    }

    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        let (user, id) = (user.clone(), id.to_owned());
        self.writing(0, move |connection| purge(connection, &user, &id, before)).await
    }
}

fn append(
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
    if !batch.is_empty() {
        extend(&mut drawing, batch, now);
    }
    if created {
        drawing.insert(connection, user)?;
    } else if !batch.is_empty() {
        drawing.update_list(connection)?;
    }
    drawing.insert_actions(connection, batch.from_seq, batch.blobs.iter().map(AsRef::as_ref))?;
    Ok(Appended::Done { seq: drawing.header.seq, created })
}

/// Counts a batch into a drawing.
pub(super) fn extend(drawing: &mut Drawing, batch: &Batch, now: Micros) {
    let header = &mut drawing.header;
    header.seq = header.seq.saturating_add(batch.len());
    header.all_weapp = false;
    header.stroke_count = header.stroke_count.saturating_add(batch.stroke_count);
    header.point_count = header.point_count.saturating_add(batch.point_count);
    header.bytes = header.bytes.saturating_add(batch.bytes());
    header.updated_at = now;
    drawing.last_weapp = false;
}

fn weapp_save(
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

fn rename(connection: &Connection, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
    let Some(mut drawing) = Drawing::find(connection, user, id)? else { return Ok(None) };
    if drawing.header.deleted_at.is_some() {
        return Ok(None);
    }
    title.clone_into(&mut drawing.header.title);
    drawing.update_rest(connection)?;
    Ok(Some(drawing.header))
}

fn set_deleted(
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

fn purge(connection: &Connection, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM drawings WHERE user = ? AND id = ? AND deleted_at < ?")?
        .execute(params![user, id, before])?;
    if removed > 0 {
        checks::remove(connection, user, &Subject::Title(id.to_owned()))?;
        shares::remove_of_drawing(connection, user, id)?;
    }
    Ok(removed > 0)
}

/// Removes at most `limit` drawings of a user. Returns their number.
pub fn remove_some(connection: &Connection, user: &UserKey, limit: u32) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM drawings WHERE number IN (SELECT number FROM drawings WHERE user = ? LIMIT ?)",
        )?
        .execute(params![user, limit])
}
