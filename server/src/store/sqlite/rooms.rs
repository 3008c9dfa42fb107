//! Rooms of drawings, in SQL.

use rusqlite::{Connection, params};

use super::rows::Drawing;
use super::{SqliteStore, drawings, shares};
use crate::domain::clock::Micros;
use crate::domain::room::{AfterMember, Member, RoomChange, RoomWritten};
use crate::domain::share::{AfterShare, Code, CodeRecord};
use crate::domain::user::UserKey;
use crate::store::{Rooms, StoreResult};

const CODES: &str = "SELECT * FROM share_codes WHERE what = 'room' AND (created_at, code) < (?1, ?2)
    ORDER BY created_at DESC, code DESC LIMIT ?3";

const CODES_OF_A_USER: &str = "SELECT * FROM share_codes
    WHERE what = 'room' AND user = ?4 AND (created_at, code) < (?1, ?2)
    ORDER BY created_at DESC, code DESC LIMIT ?3";

const MEMBERS: &str = "SELECT code, joined_at FROM room_members
    WHERE user = ?1 AND (joined_at, code) < (?2, ?3) ORDER BY joined_at DESC, code DESC LIMIT ?4";

impl Rooms for SqliteStore {
    async fn change_room(
        &self,
        owner: &UserKey,
        drawing: &str,
        change: &RoomChange,
        now: Micros,
    ) -> StoreResult<RoomWritten> {
        let bytes =
            change.batch.as_ref().map_or(0, |batch| usize::try_from(batch.bytes()).unwrap_or(usize::MAX));
        let (owner, drawing, change) = (owner.clone(), drawing.to_owned(), change.clone());
        self.writing(bytes, move |connection| change_room(connection, &owner, &drawing, change, now)).await
    }

    async fn room_codes(
        &self,
        owner: Option<&UserKey>,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> StoreResult<Vec<CodeRecord>> {
        let (owner, after) = (owner.cloned(), after.cloned());
        self.reading(move |connection| {
            let (moment, code) =
                after.as_ref().map_or((i64::MAX, ""), |after| (after.created_at.0, after.code.as_str()));
            let codes: Vec<CodeRecord> = match owner {
                Some(owner) => connection
                    .prepare_cached(CODES_OF_A_USER)?
                    .query_map(params![moment, code, limit, owner], shares::code_from_row)?
                    .collect::<rusqlite::Result<_>>()?,
                None => connection
                    .prepare_cached(CODES)?
                    .query_map(params![moment, code, limit], shares::code_from_row)?
                    .collect::<rusqlite::Result<_>>()?,
            };
            Ok(codes)
        })
        .await
    }

    async fn add_member(&self, member: &Member) -> StoreResult<()> {
        let Member { user, code, joined_at } = member.clone();
        self.writing(0, move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO room_members (user, code, joined_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![user, code, joined_at])?;
            Ok(())
        })
        .await
    }

    async fn remove_member(&self, user: &UserKey, code: &Code) -> StoreResult<()> {
        let (user, code) = (user.clone(), code.clone());
        self.writing(0, move |connection| {
            connection
                .prepare_cached("DELETE FROM room_members WHERE user = ? AND code = ?")?
                .execute(params![user, code])?;
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
        let (user, after) = (user.clone(), after.cloned());
        self.reading(move |connection| {
            let (moment, code) =
                after.as_ref().map_or((i64::MAX, ""), |after| (after.joined_at.0, after.code.as_str()));
            let mut statement = connection.prepare_cached(MEMBERS)?;
            let members = statement.query_map(params![user, moment, code, limit], |row| {
                Ok(Member { user: user.clone(), code: row.get(0)?, joined_at: row.get(1)? })
            })?;
            Ok(members.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn change_room(
    connection: &Connection,
    owner: &UserKey,
    id: &str,
    change: RoomChange,
    now: Micros,
) -> StoreResult<RoomWritten> {
    let Some(mut drawing) = Drawing::find(connection, owner, id)? else { return Ok(RoomWritten::Moved) };
    let outcome = change.outcome(&drawing.header);
    if outcome != RoomWritten::Done {
        return Ok(outcome);
    }
    if let Some(batch) = change.batch.as_ref().filter(|batch| !batch.is_empty()) {
        drawings::extend(&mut drawing, batch, now);
        drawing.update_list(connection)?;
        drawing.insert_actions(connection, batch.from_seq, batch.blobs.iter().map(AsRef::as_ref))?;
    }
    drawing.header.room = Some(Box::new(change.room));
    if let Some(authors) = change.authors {
        drawing.header.authors = authors;
    }
    drawing.update_room(connection)?;
    Ok(outcome)
}
