//! Opening a room.

use yibi_common::drawing::{Action, Mode, OWNER};
use yibi_common::geometry;
use yibi_common::picture::{History, Step};
use yibi_common::rooms::{RoomKind, RoomState};

use super::records::ROUNDS;
use super::{FoundRoom, RoomCaller, RoomError, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::room::{Member, Room, RoomChange, RoomRefusal, RoomWritten};
use crate::domain::share::{Code, CodeRecord, CodeTarget};
use crate::random;
use crate::store::{Rooms, Shares, StoreError, Users};

/// The newest rooms of a user that are looked at to count the open ones.
const COUNTED: u32 = 50;

impl RoomService {
    /// Opens a room in the caller's drawing. Returns the room, and whether it is new: a room that is not closed stays.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn open(
        &self,
        caller: RoomCaller<'_>,
        kind: RoomKind,
        drawing: &str,
        goal: Option<u32>,
    ) -> RoomResult<(FoundRoom, bool)> {
        self.require_on()?;
        Room::check_goal(kind, goal)?;
        let owner = self.store().user(caller.key).await?.ok_or(RoomError::NotFound)?;
        for _ in 0..ROUNDS {
            let header = self.0.drawings.live_header(caller.key, drawing).await?;
            let now = Micros::now();
            let known = header.room.as_deref().cloned();
            if let Some(room) = known.clone().filter(|room| room.state_at(now) != RoomState::Closed) {
                // A crash may have come between the room and its check.
                self.0.moderation.check_room_as_read(caller.key, &header, &room.code).await?;
                return Ok((FoundRoom { owner, header, room }, false));
            }
            if known.as_ref().is_some_and(|room| room.is_removed_at(header.seq)) {
                return Err(RoomRefusal::Ended.into());
            }
            if kind == RoomKind::Together && header.mode == Mode::OneStroke {
                return Err(RoomError::Value("drawing: a drawing of one stroke has one author"));
            }
            if kind == RoomKind::Relay && !self.begins_relay(caller, &header).await? {
                return Err(RoomError::NeedsOneStroke);
            }
            self.require_place(caller).await?;
            self.0.limits.wechat_call(caller.key)?;
            let code = self.new_room_code(caller, drawing, now).await?;
            let member = Member { user: caller.key.clone(), code: code.clone(), joined_at: now };
            self.store().add_member(&member).await?;
            let fresh = Room::fresh(code.clone(), kind, goal, caller.id, now);
            let mut change = match &known {
                Some(closed) => RoomChange::of(closed, fresh),
                None => RoomChange { known: None, room: fresh, seq: None, authors: None, batch: None },
            };
            change.seq = Some(header.seq);
            if header.authors.is_empty() {
                change.authors = Some(vec![caller.id.to_owned()]);
            }
            if self.store().change_room(caller.key, drawing, &change, now).await? == RoomWritten::Done {
                self.0.moderation.check_room(caller.key, drawing, &code).await?;
                let authors = change.authors.unwrap_or(header.authors);
                let header = Header { authors, room: Some(Box::new(change.room.clone())), ..header };
                return Ok((FoundRoom { owner, header, room: change.room }, true));
            }
            self.store().remove_member(caller.key, &code).await?;
            self.store().remove_code(&code).await?;
        }
        Err(StoreError::Busy.into())
    }

    /// Whether the drawing shows exactly one stroke of its owner, not longer than a relay's strokes.
    async fn begins_relay(&self, caller: RoomCaller<'_>, header: &Header) -> RoomResult<bool> {
        if header.mode != Mode::Free || header.authors.len() > 1 {
            return Ok(false);
        }
        let Some((stored, actions)) = self.0.drawings.stored_actions(caller.key, &header.id).await? else {
            return Ok(false);
        };
        if stored.seq != header.seq {
            return Ok(false);
        }
        let mut history = History::new(header.base);
        actions.iter().for_each(|action| history.push(Step::from(action)));
        let longest = header.paper.one_stroke_length(self.0.stroke_length);
        let shown: Vec<&Action> =
            history.done().iter().filter_map(|position| actions.get(*position)).collect();
        let is_clear = |action: &&&Action| matches!(action, Action::Clear { .. });
        let mut strokes = 0;
        for action in shown.iter().rev().take_while(|action| !is_clear(action)) {
            match action {
                Action::Background { .. } => {}
                Action::Stroke { by: OWNER, stroke, .. }
                    if geometry::path_length(&stroke.points) <= longest =>
                {
                    strokes += 1;
                }
                Action::Clear { .. }
                | Action::Stroke { .. }
                | Action::Undo { .. }
                | Action::Redo { .. }
                | Action::Remove { .. }
                | Action::Weapp { .. } => return Ok(false),
            }
        }
        Ok(strokes == 1)
    }

    /// Refuses a user with as many open rooms as allowed. Concurrent requests may exceed the number together, bounded by
    /// the rate limit.
    async fn require_place(&self, caller: RoomCaller<'_>) -> RoomResult<()> {
        let codes = self.store().room_codes(Some(caller.key), None, COUNTED).await?;
        let now = Micros::now();
        let mut open = 0;
        for record in codes {
            let found = self.0.records.room(caller.key, &record.drawing, &record.code).await?;
            open += u32::from(found.is_some_and(|(_, room)| room.state_at(now) == RoomState::Open));
            if open >= self.0.owned {
                return Err(RoomError::TooMany);
            }
        }
        Ok(())
    }

    async fn new_room_code(&self, caller: RoomCaller<'_>, drawing: &str, now: Micros) -> RoomResult<Code> {
        for _ in 0..ROUNDS {
            let record = CodeRecord {
                code: Code::from_random(random::bytes()),
                owner: caller.key.clone(),
                drawing: drawing.to_owned(),
                created_at: now,
                ended_at: None,
                what: CodeTarget::Room,
            };
            if self.store().add_code(&record).await? {
                return Ok(record.code);
            }
        }
        Err(StoreError::Busy.into())
    }
}
