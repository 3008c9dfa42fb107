//! Appends through a drawing's room. Bytes count on the owner.

use bytes::Bytes;
use yibi_common::api::Summary;
use yibi_common::codec;
use yibi_common::drawing::{Action, Mode, OWNER};
use yibi_common::rooms::RoomState;

use super::append::{ANY_PAPER, batch, refusal};
use super::quota::Need;
use super::{DrawingError, DrawingResult, DrawingService, decoded, json};
use crate::domain::batch::Batch;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::room::{RoomChange, RoomWritten};
use crate::domain::user::{UserKey, UserRecord};
use crate::service::rooms::People;
use crate::store::{Drawings, Rooms};

/// Removals that a full drawing still takes, and their bytes: nobody can fill a drawing so that an offending stroke stays.
const REMOVALS: u32 = 500;
const REMOVAL_BYTES: u64 = 8 << 10;

fn is_removal(action: &Action) -> bool {
    matches!(action, Action::Remove { .. })
}

impl DrawingService {
    /// A drawing's actions, with the header of the same state; `None` for a drawing that is gone or in the bin.
    ///
    /// # Errors
    /// [`DrawingError::Busy`], [`DrawingError::Store`].
    pub async fn stored_actions(
        &self,
        owner: &UserKey,
        id: &str,
    ) -> DrawingResult<Option<(Header, Vec<Action>)>> {
        let stored = self.0.store.read(owner, id, 0).await?;
        let Some(stored) = stored.filter(|stored| stored.header.deleted_at.is_none()) else {
            return Ok(None);
        };
        let weight = json::weight(&stored);
        self.lightly(owner, weight, move || {
            let actions = decoded(&stored)?;
            Ok(Some((stored.header, actions)))
        })
        .await
    }

    /// Stores that time closed the drawing's relay, which then takes actions of its owner. Returns whether it did.
    pub(super) async fn settle_room(&self, owner: &UserKey, header: &Header) -> DrawingResult<bool> {
        let now = Micros::now();
        let Some(known) = header.room.as_deref() else { return Ok(false) };
        let mut room = known.clone();
        if !room.settle(now) || room.state != RoomState::Closed {
            return Ok(false);
        }
        let change = RoomChange::of(known, room);
        // Where another change came first, the next attempt sees it.
        self.0.store.change_room(owner, &header.id, &change, now).await?;
        Ok(true)
    }

    /// Checks the actions that a client sends to a room, before they have their author.
    ///
    /// # Errors
    /// [`DrawingError::Invalid`], [`DrawingError::DrawingFull`].
    pub fn check_room_actions(&self, actions: &[Action]) -> DrawingResult<()> {
        let limits = &self.0.limits;
        if actions.len() > limits.actions_per_drawing as usize {
            return Err(DrawingError::DrawingFull);
        }
        for (index, action) in actions.iter().enumerate() {
            let valid = action.validate(ANY_PAPER, Mode::Free, limits);
            valid.map_err(|rule| DrawingError::Invalid { index: Some(index), rule })?;
        }
        Ok(())
    }

    /// The batch that appends actions of any author behind a drawing's list.
    ///
    /// # Errors
    /// [`DrawingError::DrawingFull`].
    pub fn room_batch(&self, header: &Header, actions: &[Action]) -> DrawingResult<Batch> {
        let points: u64 = actions.iter().map(|action| u64::from(action.point_count())).sum();
        if points > u64::from(self.0.limits.points_per_drawing) {
            return Err(DrawingError::DrawingFull);
        }
        let blobs: Vec<Bytes> = actions.iter().map(codec::encode).map(Bytes::from).collect();
        let mut batch = Batch { in_room: true, ..batch(header.seq, actions, &blobs, &self.0.limits) };
        if actions.iter().all(is_removal) {
            batch.max_actions = batch.max_actions.saturating_add(REMOVALS);
            batch.max_bytes = batch.max_bytes.saturating_add(REMOVAL_BYTES);
        }
        Ok(batch)
    }

    /// Writes the change of a room that appends actions to a drawing as it was read.
    ///
    /// # Errors
    /// [`DrawingError`] when the drawing or its owner's storage is full, or an action does not fit the drawing.
    pub async fn write_room(
        &self,
        owner: &UserKey,
        header: &Header,
        change: &RoomChange,
        actions: &[Action],
    ) -> DrawingResult<RoomWritten> {
        let bytes = change.batch.as_ref().map_or(0, Batch::bytes);
        // A removal must be possible in a full storage, too.
        let bytes = if actions.iter().all(is_removal) { 0 } else { bytes };
        let empties_bin = actions.iter().all(|action| action.by() == OWNER);
        let need = Need { id: &header.id, drawing: false, bytes, empties_bin };
        let refused =
            |found: Option<&Header>| found.is_none_or(|found| change.outcome(found) != RoomWritten::Done);
        let place = self.room_for(owner, need, refused, |_| 0).await?;
        let written = self.0.store.change_room(owner, &header.id, change, Micros::now()).await?;
        match written {
            RoomWritten::Done => {
                place.settle(0, i64::try_from(bytes).unwrap_or(i64::MAX));
                let appended = u32::try_from(actions.len()).unwrap_or(u32::MAX);
                self.0.metrics.appended(appended);
                self.tell_saved(owner, &header.id, Some(header.seq), false).await;
            }
            RoomWritten::Moved => place.release(),
            RoomWritten::Refused(obstacle) => {
                place.release();
                return Err(refusal(obstacle, header, actions, 0, &self.0.limits));
            }
        }
        Ok(written)
    }

    /// The summary of a drawing for people in its room, with the title that they may see.
    ///
    /// # Errors
    /// [`DrawingError::Store`] when the keys can't be read.
    pub async fn room_summary(
        &self,
        owner: &UserRecord,
        header: &Header,
        title: String,
    ) -> DrawingResult<Summary> {
        let signer = &self.0.keys.get().await?.signer;
        Ok(Summary { title, ..self.summary(header, &owner.public_id, signer) })
    }

    /// The actions of a room's drawing from `since` on, as the JSON of a
    /// [`RoomActionsReply`](yibi_common::api::RoomActionsReply).
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::DrawingTooLarge`], [`DrawingError::Store`].
    pub async fn room_actions(
        &self,
        owner: &UserRecord,
        id: &str,
        since: u32,
        people: &People,
    ) -> DrawingResult<Vec<u8>> {
        let stored = self.0.store.read(&owner.key, id, since).await?.ok_or(DrawingError::NotFound)?;
        // The authors of these actions: a list that was read before may lack the last one.
        let authors = match stored.header.authors.as_slice() {
            [] => people.of(std::slice::from_ref(&owner.public_id)).await?,
            authors => people.of(authors).await?,
        };
        let limits = self.0.limits.clone();
        self.lightly(&owner.key, json::weight(&stored), move || json::write_room(&stored, &authors, &limits))
            .await
    }
}
