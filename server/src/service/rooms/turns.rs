//! Taking and giving back the turn, and strokes.

use yibi_common::drawing::{Action, Invalid, OWNER};
use yibi_common::geometry;

use super::records::ROUNDS;
use super::{FoundRoom, RoomCaller, RoomError, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::room::{Member, NewStroke, Person, Room, RoomChange, RoomRefusal, RoomWritten};
use crate::service::drawings::DrawingError;
use crate::store::{Rooms, StoreError};

/// Result of a stroke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Number of the first action.
    pub from: u32,
    /// Number of the drawing's action behind the last one.
    pub seq: u32,
}

impl RoomService {
    /// Gives the caller the turn, or extends it once.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn take(&self, caller: RoomCaller<'_>, code: &str) -> RoomResult<FoundRoom> {
        let found = self.found(code).await?;
        self.require_author_place(&found, caller)?;
        // A person who waits for the turn is not in the room yet.
        found.room.clone().take(found.person(caller), Micros::now())?;
        self.join(&found, caller).await?;
        self.change(caller, code, Room::take).await
    }

    /// Gives the turn back.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn release(&self, caller: RoomCaller<'_>, code: &str) -> RoomResult<FoundRoom> {
        self.change(caller, code, Room::release).await
    }

    /// Appends actions of the caller where the drawing ends. The same `stroke_id` again has the first result.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn draw(
        &self,
        caller: RoomCaller<'_>,
        code: &str,
        stroke_id: &str,
        actions: &[Action],
    ) -> RoomResult<Drawn> {
        check_stroke_id(stroke_id)?;
        for _ in 0..ROUNDS {
            let found = self.found(code).await?;
            let person = found.person(caller);
            found.room.admits(person)?;
            let (by, authors) = place_of(&found, person)?;
            if let Some(known) = found.room.remembered(stroke_id, by) {
                // The first request may have ended before its check.
                self.0
                    .moderation
                    .check_room_as_read(&found.owner.key, &found.header, &found.room.code)
                    .await?;
                return Ok(Drawn { from: known.from, seq: known.seq });
            }
            let now = Micros::now();
            found.room.may_draw(person, now)?;
            self.require_author_place(&found, caller)?;
            let actions = self.signed(&found, person, by, actions)?;
            let from = found.header.seq;
            let batch = self.0.drawings.room_batch(&found.header, &actions)?;
            let seq = from.saturating_add(batch.len());
            let mut room = found.room.clone();
            room.draw(person, NewStroke { stroke_id, by, from, seq }, self.0.crowd, now)?;
            if authors.is_some() && !person.is_owner {
                self.join(&found, caller).await?;
            }
            let change = RoomChange {
                seq: Some(from),
                authors,
                batch: Some(batch),
                ..RoomChange::of(&found.room, room)
            };
            let written =
                self.0.drawings.write_room(&found.owner.key, &found.header, &change, &actions).await?;
            if written == RoomWritten::Done {
                self.drawn(&found, &change.room, seq).await?;
                return Ok(Drawn { from, seq });
            }
        }
        Err(StoreError::Busy.into())
    }

    /// What follows a change of the drawing: WeChat looks at the picture, and a finished relay is shared.
    pub(super) async fn drawn(&self, found: &FoundRoom, room: &Room, seq: u32) -> RoomResult<()> {
        self.0.moderation.check_room(&found.owner.key, &found.header.id, &room.code).await?;
        if room.is_relay() {
            let header = Header { seq, ..found.header.clone() };
            self.share_finished(&found.owner.key, &header, room).await;
        }
        Ok(())
    }

    /// Stores that the caller is in the room, for the list of the caller's rooms.
    async fn join(&self, found: &FoundRoom, caller: RoomCaller<'_>) -> RoomResult<()> {
        let code = found.room.code.clone();
        let member = Member { user: caller.key.clone(), code, joined_at: Micros::now() };
        self.store().add_member(&member).await?;
        Ok(())
    }

    /// Refuses a new person where as many people drew as the room takes.
    fn require_author_place(&self, found: &FoundRoom, caller: RoomCaller<'_>) -> RoomResult<()> {
        let authors = found.authors();
        let is_known = authors.iter().any(|id| id == caller.id);
        if is_known || authors.len() < self.0.crowd.authors as usize {
            Ok(())
        } else {
            Err(RoomRefusal::Full.into())
        }
    }

    /// The actions with their author, as far as the room takes them.
    fn signed(
        &self,
        found: &FoundRoom,
        person: Person<'_>,
        by: u16,
        actions: &[Action],
    ) -> RoomResult<Vec<Action>> {
        let invalid = |index, rule| RoomError::Drawing(DrawingError::Invalid { index: Some(index), rule });
        if actions.is_empty() {
            return Err(RoomError::Value("a stroke has at least one action"));
        }
        if found.room.is_relay() {
            let [Action::Stroke { stroke, .. }] = actions else {
                return Err(RoomError::Value("a turn of a relay is exactly one stroke"));
            };
            let longest = found.header.paper.one_stroke_length(self.0.stroke_length);
            if geometry::path_length(&stroke.points) > longest {
                return Err(invalid(0, Invalid::OneStrokeLength(longest as u32)));
            }
        }
        self.0.drawings.check_room_actions(actions)?;
        let signed = actions.iter().enumerate().map(|(index, action)| match action.clone().signed(by) {
            Err(Invalid::OwnerOnly) if !person.is_owner => Err(RoomRefusal::OwnerOnly.into()),
            signed => signed.map_err(|rule| invalid(index, rule)),
        });
        signed.collect()
    }
}

/// The caller's number among the authors, and the list of authors if it becomes longer.
fn place_of(found: &FoundRoom, person: Person<'_>) -> RoomResult<(u16, Option<Vec<String>>)> {
    if person.is_owner {
        return Ok((OWNER, None));
    }
    let mut authors = found.authors();
    if let Some(place) = authors.iter().position(|id| id == person.id) {
        return Ok((u16::try_from(place).unwrap_or(u16::MAX), None));
    }
    let place = u16::try_from(authors.len()).map_err(|_| RoomRefusal::Full)?;
    authors.push(person.id.to_owned());
    Ok((place, Some(authors)))
}

fn check_stroke_id(id: &str) -> RoomResult<()> {
    let fits = (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits { Ok(()) } else { Err(RoomError::Value("a stroke_id is 1 to 64 of A-Z a-z 0-9 _ -")) }
}
