//! What only the owner of a room does.

use yibi_common::drawing::Action;
use yibi_common::picture::{History, Step};

use super::records::ROUNDS;
use super::{FoundRoom, RoomCaller, RoomError, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::room::{Room, RoomChange, RoomWritten};
use crate::store::StoreError;

impl RoomService {
    /// Lets only the owner draw, or everybody again.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn set_locked(
        &self,
        caller: RoomCaller<'_>,
        code: &str,
        locked: bool,
    ) -> RoomResult<FoundRoom> {
        self.change(caller, code, |room, who, now| room.set_locked(who, locked, now)).await
    }

    /// Shuts a person out.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn ban(&self, caller: RoomCaller<'_>, code: &str, person: &str) -> RoomResult<FoundRoom> {
        if person.is_empty() || person.len() > 64 {
            return Err(RoomError::Value("person is the public id of a user"));
        }
        self.change(caller, code, |room, who, now| room.ban(who, person, now)).await
    }

    /// Finishes a relay, which shares it.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn end(&self, caller: RoomCaller<'_>, code: &str) -> RoomResult<FoundRoom> {
        let found = self.change(caller, code, Room::end).await?;
        self.drawn(&found, &found.room, found.header.seq).await?;
        Ok(found)
    }

    /// Ends a room.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn close(&self, caller: RoomCaller<'_>, code: &str) -> RoomResult<FoundRoom> {
        self.change(caller, code, |room, who, _| room.close(who)).await
    }

    /// Removes a stroke; in a relay the last one. A stroke that was removed before stays so.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn remove(&self, caller: RoomCaller<'_>, code: &str, seq: u32) -> RoomResult<FoundRoom> {
        for _ in 0..ROUNDS {
            let found = self.found(code).await?;
            found.room.check_owner(found.person(caller), Micros::now())?;
            if let Some(found) = self.try_to_remove(found, seq, true).await? {
                return Ok(found);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Removes a stroke; `None` when another change came first. Only the last stroke of a relay is removed if
    /// `last_only`.
    pub(super) async fn try_to_remove(
        &self,
        found: FoundRoom,
        seq: u32,
        last_only: bool,
    ) -> RoomResult<Option<FoundRoom>> {
        let (owner, header) = (&found.owner.key, &found.header);
        let Some((stored, actions)) = self.0.drawings.stored_actions(owner, &header.id).await? else {
            return Err(RoomError::NotFound);
        };
        if stored.seq != header.seq {
            return Ok(None);
        }
        let mut history = History::new(header.base);
        actions.iter().for_each(|action| history.push(Step::from(action)));
        if !history.shows(seq) {
            let is_removed =
                |action: &Action| matches!(action, Action::Remove { seq: removed, .. } if *removed == seq);
            return if actions.iter().any(is_removed) {
                Ok(Some(found))
            } else {
                Err(RoomError::Value("seq is not the number of a stroke in effect"))
            };
        }
        let strokes: Vec<u32> = (header.base..).zip(&actions).map(|(number, _)| number).collect();
        let shown: Vec<u32> = strokes.into_iter().filter(|number| history.shows(*number)).collect();
        if found.room.is_relay() && last_only && shown.last() != Some(&seq) {
            return Err(RoomError::Value("the owner of a relay removes the last stroke"));
        }
        let previous = shown.iter().rev().find(|number| **number != seq);
        let author =
            previous.and_then(|number| actions.get((*number - header.base) as usize)).map(Action::by);
        let author = author.and_then(|by| found.authors().get(usize::from(by)).cloned());
        let mut room = found.room.clone();
        room.take_out_last(author.as_deref())?;
        let at = Micros::now().since(header.created_at).as_millis();
        let actions = [Action::Remove { seq, at: u64::try_from(at).ok() }];
        let batch = self.0.drawings.room_batch(header, &actions)?;
        let change =
            RoomChange { seq: Some(header.seq), batch: Some(batch), ..RoomChange::of(&found.room, room) };
        if self.0.drawings.write_room(owner, header, &change, &actions).await? != RoomWritten::Done {
            return Ok(None);
        }
        self.0.moderation.check_room(owner, &header.id, &change.room.code).await?;
        let mut found = found;
        found.header.seq = found.header.seq.saturating_add(1);
        found.room = change.room;
        Ok(Some(found))
    }
}
