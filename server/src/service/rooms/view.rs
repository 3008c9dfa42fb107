//! What a room shows to the people in it.

use data_encoding::BASE64URL_NOPAD;
use yibi_common::api::{RoomReply, RoomRow, RoomShare, RoomsReply};
use yibi_common::rooms::RoomState;

use super::{FoundRoom, RoomCaller, RoomError, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::room::{AfterMember, Member, RoomRefusal};
use crate::domain::share::Code;
use crate::domain::user::UserKey;
use crate::store::{Rooms, Shares};

/// Rooms on a page.
const PAGE: u32 = 20;

impl RoomService {
    /// A room as the caller sees it.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn view(&self, caller: RoomCaller<'_>, code: &str) -> RoomResult<RoomReply> {
        let found = self.found(code).await?;
        found.room.admits(found.person(caller))?;
        self.reply(caller, &found).await
    }

    /// The reply that shows a room.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn reply(&self, caller: RoomCaller<'_>, found: &FoundRoom) -> RoomResult<RoomReply> {
        let FoundRoom { owner, header, room } = found;
        let now = Micros::now();
        let state = room.state_at(now);
        let person = found.person(caller);
        let is_shown = room.shows_drawing(person, now);
        let authors = found.authors();
        let (drawing, people) = if !is_shown {
            (None, Vec::new())
        } else {
            let title = self.title(caller, found).await?;
            let drawing = self.0.drawings.room_summary(owner, header, title).await?;
            (Some(drawing), self.0.people.of(&authors).await?)
        };
        let hold = match room.hold_at(now) {
            Some(hold) => Some(self.0.people.hold(hold).await?),
            None => None,
        };
        let share = if state == RoomState::Done {
            let share = self.share_finished(&owner.key, header, room).await;
            share.filter(|_| authors.iter().any(|id| id == caller.id))
        } else {
            None
        };
        Ok(RoomReply {
            code: room.code.to_string(),
            kind: room.kind,
            state,
            version: room.version,
            locked: room.locked,
            goal: room.goal,
            strokes: room.is_relay().then_some(room.strokes),
            hold,
            last_author: room.last_author.clone().filter(|_| is_shown),
            frozen_by: room.frozen_by,
            drawing,
            people,
            seq: header.seq,
            role: room.role(person, now),
            // Rooms are checked by WeChat, which needs a public URL in the settings.
            share: share.map(|share| RoomShare {
                url: self.0.shares.url(&share.code, ""),
                code: share.code.to_string(),
            }),
            created_at: room.created_at.to_string(),
            ends_at: room.ends_at.to_string(),
        })
    }

    /// The actions of a room's drawing from `since` on, as the JSON of a
    /// [`RoomActionsReply`](yibi_common::api::RoomActionsReply).
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn actions(&self, caller: RoomCaller<'_>, code: &str, since: u32) -> RoomResult<Vec<u8>> {
        let found = self.found(code).await?;
        let (person, now) = (found.person(caller), Micros::now());
        found.room.admits(person)?;
        if !found.room.shows_drawing(person, now) {
            let is_frozen = found.room.state == RoomState::Frozen;
            return Err(if is_frozen { RoomRefusal::Frozen } else { RoomRefusal::Ended }.into());
        }
        let (owner, header) = (&found.owner.key, &found.header);
        if header.updated_at > found.room.last_at && found.room.state_at(now) == RoomState::Open {
            // The owner drew outside the room: whoever sees it first has WeChat look at it.
            self.0.moderation.check_room_as_read(owner, header, &found.room.code).await?;
        }
        Ok(self.0.drawings.room_actions(&found.owner, &header.id, since, &self.0.people).await?)
    }

    /// Rooms that the caller opened or drew in, the latest joined first; `cursor` is a former page's `next`.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn rooms_of(&self, caller: RoomCaller<'_>, cursor: Option<&str>) -> RoomResult<RoomsReply> {
        self.require_on()?;
        let invalid = RoomError::Value("the cursor is not one of ours");
        let after = cursor.map(|text| read_cursor(text).ok_or(invalid)).transpose()?;
        let mut members = self.store().members(caller.key, after.as_ref(), PAGE + 1).await?;
        let more = members.len() > PAGE as usize;
        members.truncate(PAGE as usize);
        let next = members.last().filter(|_| more).map(write_cursor);
        let mut rooms = Vec::with_capacity(members.len());
        for member in members {
            match self.found(member.code.as_str()).await {
                Ok(found) if found.room.admits(found.person(caller)).is_err() => {}
                Ok(found) => rooms.push(self.row(caller, &found, &member).await?),
                Err(RoomError::NotFound) => self.forget_if_gone(caller.key, &member.code).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(RoomsReply { rooms, next })
    }

    /// Removes a pointer to a room whose code was removed. A room whose drawing is in the bin may come back.
    async fn forget_if_gone(&self, user: &UserKey, code: &Code) -> RoomResult<()> {
        if self.store().code(code).await?.is_none() {
            self.store().remove_member(user, code).await?;
        }
        Ok(())
    }

    async fn row(&self, caller: RoomCaller<'_>, found: &FoundRoom, member: &Member) -> RoomResult<RoomRow> {
        let FoundRoom { owner, header, room } = found;
        let now = Micros::now();
        let hold = match room.hold_at(now) {
            Some(hold) => Some(self.0.people.hold(hold).await?),
            None => None,
        };
        Ok(RoomRow {
            code: room.code.to_string(),
            kind: room.kind,
            state: room.state_at(now),
            title: self.title(caller, found).await?,
            owner: self.0.people.one(&owner.public_id).await?,
            goal: room.goal,
            strokes: room.is_relay().then_some(room.strokes),
            hold,
            seq: header.seq,
            role: room.role(found.person(caller), now),
            joined_at: member.joined_at.to_string(),
            ends_at: room.ends_at.to_string(),
        })
    }

    /// The title as the caller may see it: for others than the owner, as it passed.
    async fn title(&self, caller: RoomCaller<'_>, found: &FoundRoom) -> RoomResult<String> {
        let title = &found.header.title;
        if found.person(caller).is_owner || title.is_empty() {
            return Ok(title.clone());
        }
        if !found.room.shows_drawing(found.person(caller), Micros::now()) {
            return Ok(String::new());
        }
        let subject = Subject::Title(found.header.id.clone());
        Ok(self.0.moderation.last_passed(&found.owner.key, &subject).await?.unwrap_or_default())
    }
}

fn write_cursor(member: &Member) -> String {
    BASE64URL_NOPAD.encode(format!("{} {}", member.joined_at.0, member.code).as_bytes())
}

fn read_cursor(text: &str) -> Option<AfterMember> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let (at, code) = text.split_once(' ')?;
    Some(AfterMember { joined_at: Micros(at.parse().ok()?), code: Code::parse(code)? })
}
