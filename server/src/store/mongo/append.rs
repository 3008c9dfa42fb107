//! Appends to a drawing's list.
//!
//! The usual append is one `findAndModify` whose filter is equivalent to [`Batch::obstacle`], so that no read
//! is needed. If nothing matches, the header is read to find the reason. A tail without room for the batch is
//! first written as a chunk; then the batch replaces it in the header. In between, the actions are in both
//! places, and readers accept either.

use mongodb::bson::{Binary, Document, doc};
use yibi_common::drawing::Mode;
use yibi_common::rooms::RoomState;

use super::schema::{Collections, DrawingDoc, DrawingState, MAX_TIME, binary, drawing_key, tail_size};
use super::{ROUNDS, StoreError, StoreResult, error};
use crate::domain::batch::{Appended, Batch};
use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, NewDrawing};
use crate::domain::user::UserKey;

/// Condition and changes that an append has besides its own.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) filter: Document,
    pub(super) set: Document,
}

/// Limit of the tail after an append, by [`tail_size`]. A larger batch goes into an empty tail.
pub(super) const TAIL_LIMIT: i64 = 16 * 1024;

/// Largest tail to which the blobs can be appended.
pub(super) fn room_for(blobs: &[impl AsRef<[u8]>]) -> i64 {
    (TAIL_LIMIT - tail_size(blobs)).max(0)
}

impl Collections {
    pub(super) async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        let key = drawing_key(user, id);
        let done = |created| Appended::Done { seq: batch.from_seq.saturating_add(batch.len()), created };
        // Only the append at 0 creates a drawing.
        let create_here = create.filter(|_| batch.from_seq == 0);
        for _ in 0..ROUNDS {
            if let Some(new) = create_here
                && batch.obstacle(&Header::fresh(id, new, now), create).is_none()
                && self.create(user, id, new, batch, now).await?
            {
                return Ok(done(true));
            }
            if !batch.is_empty() && self.push(user, &key, batch, create, &Beside::default(), now).await? {
                return Ok(done(false));
            }
            let Some(drawing) = self.find_drawing(user, &key).await? else {
                let Some(new) = create_here else { return Ok(Appended::Missing) };
                let fresh = Header::fresh(id, new, now);
                match batch.obstacle(&fresh, create) {
                    Some(obstacle) => return Ok(Appended::Refused(obstacle, Box::new(fresh))),
                    // The drawing existed at the creation, and has been removed since.
                    None => continue,
                }
            };
            if drawing.state == DrawingState::Purging {
                if create_here.is_none() {
                    return Ok(Appended::Missing);
                }
                self.finish_purge(&drawing).await?;
                continue;
            }
            let header = drawing.header();
            if let Some(obstacle) = batch.obstacle(&header, create) {
                return Ok(Appended::Refused(obstacle, Box::new(header)));
            }
            if batch.is_empty() {
                return Ok(done(false));
            }
            if drawing.tail_size > room_for(&batch.blobs) {
                self.seal(&drawing).await?;
                if self.push_sealed(&drawing, batch, create, &Beside::default(), now).await? {
                    return Ok(done(false));
                }
            }
        }
        Err(StoreError::Busy)
    }

    /// Creates a drawing with the batch, unless it exists.
    async fn create(
        &self,
        user: &UserKey,
        id: &str,
        new: &NewDrawing,
        batch: &Batch,
        now: Micros,
    ) -> StoreResult<bool> {
        let header = Header {
            seq: batch.len(),
            all_weapp: batch.is_empty(),
            stroke_count: batch.stroke_count,
            point_count: batch.point_count,
            bytes: batch.bytes(),
            ..Header::fresh(id, new, now)
        };
        self.insert(&DrawingDoc::new(user, &header, &batch.blobs, false)?).await
    }

    /// Inserts a new drawing, unless its key exists.
    pub(super) async fn insert(&self, drawing: &DrawingDoc) -> StoreResult<bool> {
        match self.drawings.insert_one(drawing).await {
            Ok(_) => Ok(true),
            Err(error) if error::is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Appends to a drawing whose tail has room.
    pub(super) async fn push(
        &self,
        user: &UserKey,
        key: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        beside: &Beside,
        now: Micros,
    ) -> StoreResult<bool> {
        let mut filter = allows(user.as_str(), key, batch, create);
        filter.extend(beside.filter.clone());
        filter.insert("tail_size", doc! {"$lte": room_for(&batch.blobs)});
        let mut update = grows(batch, &beside.set, now);
        update.insert("$push", doc! {"tail": {"$each": binaries(&batch.blobs)}});
        if let Ok(increase) = update.get_document_mut("$inc") {
            increase.insert("tail_size", tail_size(&batch.blobs));
        }
        self.changes(filter, update).await
    }

    /// Appends to a drawing whose tail, as it was read, is stored in a chunk.
    pub(super) async fn push_sealed(
        &self,
        drawing: &DrawingDoc,
        batch: &Batch,
        create: Option<&NewDrawing>,
        beside: &Beside,
        now: Micros,
    ) -> StoreResult<bool> {
        let mut filter = allows(&drawing.u, &drawing.key, batch, create);
        filter.extend(beside.filter.clone());
        filter.insert("inc", drawing.inc);
        let mut update = grows(batch, &beside.set, now);
        if let Ok(set) = update.get_document_mut("$set") {
            set.insert("tail", binaries(&batch.blobs));
            set.insert("tail_from", i64::from(drawing.seq));
            set.insert("tail_size", tail_size(&batch.blobs));
        }
        self.changes(filter, update).await
    }

    /// Updates the drawing that the filter matches. Returns whether it did.
    pub(super) async fn changes(&self, filter: Document, update: Document) -> StoreResult<bool> {
        let changed = self
            .drawings
            .clone_with_type::<Document>()
            .find_one_and_update(filter, update)
            .projection(doc! {"_id": 1})
            .max_time(MAX_TIME)
            .await?;
        Ok(changed.is_some())
    }
}

/// [`Batch::obstacle`] as a filter: matches a drawing that has none.
fn allows(user: &str, key: &str, batch: &Batch, create: Option<&NewDrawing>) -> Document {
    let from_seq = i64::from(batch.from_seq);
    let mut rules = vec![
        doc! {"width": {"$gte": i64::from(batch.min_paper.width)}},
        doc! {"height": {"$gte": i64::from(batch.min_paper.height)}},
        doc! {"base": {"$gte": from_seq + i64::from(batch.len()) - i64::from(batch.max_actions)}},
        doc! {"bytes": {"$lte": signed(batch.max_bytes).saturating_sub(signed(batch.bytes()))}},
    ];
    if batch.point_count > 0 {
        let most = i64::from(batch.max_points) - i64::from(batch.point_count);
        rules.push(doc! {"points": {"$lte": most}});
    }
    if !batch.in_room {
        // The room's kind and state, as in `Room::refuses_owner`.
        let (closed, frozen) = (RoomState::Closed.name(), RoomState::Frozen.name());
        rules.push(doc! {"$or": [
            {"room": {"$exists": false}},
            {"room.state": closed},
            {"room.kind": "together", "room.state": {"$ne": frozen}},
        ]});
    }
    rules.push(if let Some(width) = batch.one_stroke_width {
        let one_stroke = doc! {
            "strokes": {"$lte": 1 - i64::from(batch.stroke_count)},
            "width": {"$gte": i64::from(width)},
        };
        doc! {"$or": [{"mode": mode_name(Mode::Free)}, one_stroke]}
    } else {
        doc! {"mode": mode_name(Mode::Free)}
    });
    if let Some(new) = create.filter(|new| new.explicit) {
        let paper = doc! {"width": i64::from(new.paper.width), "height": i64::from(new.paper.height)};
        rules.extend([paper, doc! {"mode": mode_name(new.mode)}]);
    }
    doc! {"_id": key, "u": user, "seq": from_seq, "state": DrawingState::Live.name(), "$and": rules}
}

/// Update of an append, without the tail.
fn grows(batch: &Batch, beside: &Document, now: Micros) -> Document {
    let mut set = doc! {"updated_at": now.0, "all_weapp": false, "last_weapp": false};
    set.extend(beside.clone());
    doc! {
        "$inc": {
            "seq": i64::from(batch.len()),
            "strokes": i64::from(batch.stroke_count),
            "points": i64::from(batch.point_count),
            "bytes": signed(batch.bytes()),
        },
        "$set": set,
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Free => "free",
        Mode::OneStroke => "one_stroke",
    }
}

pub(super) fn binaries(blobs: &[impl AsRef<[u8]>]) -> Vec<Binary> {
    blobs.iter().map(|blob| binary(blob.as_ref())).collect()
}

pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_named_as_it_is_stored() {
        for mode in [Mode::Free, Mode::OneStroke] {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode_name(mode));
        }
        for state in [DrawingState::Live, DrawingState::Bin, DrawingState::Purging] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
