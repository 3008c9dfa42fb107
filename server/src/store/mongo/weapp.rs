//! Saves of 2016 clients.

use mongodb::bson::{Document, doc};
use yibi_common::drawing::{Mode, Paper};

use super::append::{binaries, room_for, signed};
use super::rooms::room_version;
use super::schema::{Collections, DrawingDoc, DrawingState, drawing_key, tail_size};
use super::{ROUNDS, StoreError, StoreResult};
use crate::domain::batch::Obstacle;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::user::UserKey;
use crate::domain::weapp::{WeappSave, WeappSaved};

/// An owned [`WeappSave`].
pub(super) struct Save {
    id: String,
    weapp_id: Option<String>,
    paper: Paper,
    /// The save's single action.
    blobs: Vec<Vec<u8>>,
    stroke_count: u32,
    point_count: u32,
    max_actions: u32,
    max_bytes: u64,
    max_points: u32,
}

impl From<&WeappSave<'_>> for Save {
    fn from(save: &WeappSave<'_>) -> Self {
        Self {
            id: save.id.to_owned(),
            weapp_id: save.weapp_id.map(str::to_owned),
            paper: save.paper,
            blobs: vec![save.blob.to_vec()],
            stroke_count: save.stroke_count,
            point_count: save.point_count,
            max_actions: save.max_actions,
            max_bytes: save.max_bytes,
            max_points: save.max_points,
        }
    }
}

impl Save {
    fn bytes(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.len() as u64).sum()
    }

    /// The obstacle to the save on a drawing that keeps so many actions, bytes and points besides it.
    fn obstacle(&self, mode: Mode, actions: u32, bytes: u64, points: u32) -> Option<Obstacle> {
        if mode == Mode::OneStroke {
            Some(Obstacle::OneStroke)
        } else if actions.saturating_add(1) > self.max_actions {
            Some(Obstacle::Actions)
        } else if bytes.saturating_add(self.bytes()) > self.max_bytes {
            Some(Obstacle::Bytes)
        } else if self.point_count > 0 && points.saturating_add(self.point_count) > self.max_points {
            Some(Obstacle::Points)
        } else {
            None
        }
    }

    /// Header of a new drawing.
    fn header(&self, now: Micros) -> Header {
        Header {
            id: self.id.clone(),
            weapp_id: self.weapp_id.clone(),
            title: String::new(),
            paper: self.paper,
            mode: Mode::Free,
            base: 0,
            seq: 1,
            all_weapp: true,
            stroke_count: self.stroke_count,
            point_count: self.point_count,
            bytes: self.bytes(),
            created_at: now,
            updated_at: now,
            first_saved_at: now,
            deleted_at: None,
            authors: Vec::new(),
            room: None,
        }
    }
}

impl Collections {
    pub(super) async fn weapp_save(
        &self,
        user: &UserKey,
        save: &Save,
        now: Micros,
    ) -> StoreResult<WeappSaved> {
        let key = drawing_key(user, &save.id);
        for _ in 0..ROUNDS {
            let Some(drawing) = self.find_drawing(user, &key).await? else {
                if let Some(obstacle) = save.obstacle(Mode::Free, 0, 0, 0) {
                    return Ok(WeappSaved::Refused(obstacle));
                }
                let new = DrawingDoc::new(user, &save.header(now), &save.blobs, true)?;
                if self.insert(&new).await? {
                    return Ok(WeappSaved::Done { bytes: signed(save.bytes()), created: true });
                }
                continue;
            };
            if drawing.state == DrawingState::Purging {
                self.finish_purge(&drawing).await?;
                continue;
            }
            let (kept_actions, kept_bytes, kept_points) = if drawing.all_weapp {
                (0, 0, 0)
            } else {
                (drawing.seq - drawing.base, drawing.bytes, drawing.points)
            };
            if drawing.header().is_drawn_by_several() {
                return Ok(WeappSaved::Refused(Obstacle::Several));
            }
            if let Some(obstacle) = save.obstacle(drawing.mode, kept_actions, kept_bytes, kept_points) {
                return Ok(WeappSaved::Refused(obstacle));
            }
            let full = drawing.tail_size > room_for(&save.blobs);
            if full && !drawing.all_weapp {
                self.seal(&drawing).await?;
            }
            // An unchanged end of the list implies an unchanged list.
            let mut unchanged = doc! {
                "_id": &drawing.key,
                "u": &drawing.u,
                "inc": drawing.inc,
                "seq": i64::from(drawing.seq),
                "state": drawing.state.name(),
            };
            unchanged.extend(room_version(drawing.room.as_ref().map(|room| room.version)));
            if self.changes(unchanged, after_save(&drawing, save, full, now)).await? {
                let bytes = signed(kept_bytes + save.bytes()) - signed(drawing.bytes);
                return Ok(WeappSaved::Done { bytes, created: false });
            }
        }
        Err(StoreError::Busy)
    }
}

/// The drawing after a save. `full`: the tail has no room for the save.
fn after_save(drawing: &DrawingDoc, save: &Save, full: bool, now: Micros) -> Document {
    let seq = i64::from(drawing.seq);
    let mut set = doc! {"seq": seq + 1, "updated_at": now.0, "last_weapp": true};
    let mut update = Document::new();
    if drawing.all_weapp || full {
        set.insert("tail", binaries(&save.blobs));
        set.insert("tail_from", seq);
        set.insert("tail_size", tail_size(&save.blobs));
    } else {
        update.insert("$push", doc! {"tail": {"$each": binaries(&save.blobs)}});
        set.insert("tail_size", drawing.tail_size.saturating_add(tail_size(&save.blobs)));
    }
    let (strokes, points, bytes) = if drawing.all_weapp {
        set.insert("base", seq);
        (0, 0, 0)
    } else {
        (i64::from(drawing.strokes), i64::from(drawing.points), signed(drawing.bytes))
    };
    set.insert("strokes", strokes + i64::from(save.stroke_count));
    set.insert("points", points + i64::from(save.point_count));
    set.insert("bytes", bytes + signed(save.bytes()));
    if let Some(weapp_id) = &save.weapp_id {
        set.insert("weapp_id", weapp_id);
    }
    if drawing.state == DrawingState::Bin {
        set.insert("state", DrawingState::Live.name());
        set.insert("first_saved_at", now.0);
        update.insert("$unset", doc! {"deleted_at": ""});
    }
    update.insert("$set", set);
    update
}
