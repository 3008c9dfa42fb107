//! Rooms of drawings, and the people in them. A room is a part of its drawing's header.

use mongodb::bson::{Document, doc};

use super::append::{Beside, room_for};
use super::records::{Keyed, list, value};
use super::schema::{Collections, DrawingState, drawing_key};
use super::{MongoGallery, ROUNDS, StoreError, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::room::{AfterMember, Member, RoomChange, RoomWritten};
use crate::domain::share::{AfterShare, Code, CodeRecord, CodeTarget};
use crate::domain::user::UserKey;
use crate::store::Rooms;

impl Rooms for MongoGallery {
    async fn change_room(
        &self,
        owner: &UserKey,
        drawing: &str,
        change: &RoomChange,
        now: Micros,
    ) -> StoreResult<RoomWritten> {
        let (owner, drawing, change) = (owner.clone(), drawing.to_owned(), change.clone());
        self.run(async move |db| db.change_room(&owner, &drawing, &change, now).await).await
    }

    async fn room_codes(
        &self,
        owner: Option<&UserKey>,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> StoreResult<Vec<CodeRecord>> {
        let mut filter = doc! {"what": CodeTarget::Room.name()};
        if let Some(owner) = owner {
            filter.insert("owner", owner.as_str());
        }
        if let Some(AfterShare { created_at, code }) = after {
            // The first condition bounds the index scan, the second separates equal times.
            filter.insert("created_at", doc! {"$lte": created_at.0});
            filter.insert(
                "$or",
                [doc! {"created_at": {"$lt": created_at.0}}, doc! {"_id": {"$lt": code.as_str()}}],
            );
        }
        let order = doc! {"created_at": -1, "_id": -1};
        self.run(async move |db| list(&db.codes, filter, order, limit).await).await
    }

    async fn add_member(&self, member: &Member) -> StoreResult<()> {
        let member = member_doc(member);
        self.run(async move |db| member.insert(&db.members).await.map(drop)).await
    }

    async fn remove_member(&self, user: &UserKey, code: &Code) -> StoreResult<()> {
        let theirs = doc! {"_id": format!("{user}/{code}"), "u": user.as_str()};
        self.run(async move |db| {
            db.members.delete_one(theirs).await?;
            Ok(())
        })
        .await
    }

    async fn members(
        &self,
        user: &UserKey,
        after: Option<&AfterMember>,
        limit: u32,
    ) -> StoreResult<Vec<Member>> {
        let mut filter = doc! {"u": user.as_str()};
        if let Some(AfterMember { joined_at, code }) = after {
            filter.insert("joined_at", doc! {"$lte": joined_at.0});
            filter.insert(
                "$or",
                [doc! {"joined_at": {"$lt": joined_at.0}}, doc! {"code": {"$lt": code.as_str()}}],
            );
        }
        let order = doc! {"joined_at": -1, "code": -1};
        self.run(async move |db| list(&db.members, filter, order, limit).await).await
    }
}

fn member_doc(member: &Member) -> Keyed<Member> {
    Keyed::of_user(format!("{}/{}", member.user, member.code), &member.user, member.clone())
}

/// Filter of a drawing whose room has this version.
pub(super) fn room_version(version: Option<u32>) -> Document {
    match version {
        Some(version) => doc! {"room.version": i64::from(version)},
        None => doc! {"room": {"$exists": false}},
    }
}

impl Collections {
    async fn change_room(
        &self,
        owner: &UserKey,
        id: &str,
        change: &RoomChange,
        now: Micros,
    ) -> StoreResult<RoomWritten> {
        let key = drawing_key(owner, id);
        let beside = beside(change)?;
        for _ in 0..ROUNDS {
            let done = match change.batch.as_ref().filter(|batch| !batch.is_empty()) {
                Some(batch) => self.push(owner, &key, batch, None, &beside, now).await?,
                None => {
                    let mut filter =
                        doc! {"_id": &key, "u": owner.as_str(), "state": DrawingState::Live.name()};
                    filter.extend(beside.filter.clone());
                    self.changes(filter, doc! {"$set": beside.set.clone()}).await?
                }
            };
            if done {
                return Ok(RoomWritten::Done);
            }
            let drawing = self.find_drawing(owner, &key).await?;
            let Some(drawing) = drawing.filter(|drawing| drawing.state == DrawingState::Live) else {
                return Ok(RoomWritten::Moved);
            };
            let outcome = change.outcome(&drawing.header());
            if outcome != RoomWritten::Done {
                return Ok(outcome);
            }
            if let Some(batch) =
                change.batch.as_ref().filter(|batch| drawing.tail_size > room_for(&batch.blobs))
            {
                self.seal(&drawing).await?;
                if self.push_sealed(&drawing, batch, None, &beside, now).await? {
                    return Ok(RoomWritten::Done);
                }
            }
        }
        Err(StoreError::Busy)
    }
}

fn beside(change: &RoomChange) -> StoreResult<Beside> {
    let mut filter = room_version(change.known);
    if let Some(seq) = change.seq {
        filter.insert("seq", i64::from(seq));
    }
    let mut set = doc! {"room": value(&change.room)?};
    if let Some(authors) = &change.authors {
        set.insert("authors", authors);
    }
    Ok(Beside { filter, set })
}
