//! Rooms of drawings, and the people in them.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::room::{AfterMember, Member, RoomChange, RoomWritten};
use crate::domain::share::{AfterShare, Code, CodeRecord};
use crate::domain::user::UserKey;

operations! {
/// Rooms. An acknowledged change is durable. A room is a part of its drawing's header and goes with it; its code is
/// one of those of [`Shares`](super::Shares), stored before the room.
pub trait Rooms {
    /// Writes a changed room together with the strokes that it brings, or nothing.
    async fn change_room(&self, owner: &UserKey, drawing: &str, change: &RoomChange, now: Micros) -> RoomWritten;

    /// Codes of rooms of one owner or of all, the newest first by `created_at` and code.
    async fn room_codes(
        &self,
        owner: Option<&UserKey>,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> Vec<CodeRecord>;

    /// Stores that a person is in a room, unless it is stored.
    async fn add_member(&self, member: &Member) -> ();

    /// Removes a person from a room.
    async fn remove_member(&self, user: &UserKey, code: &Code) -> ();

    /// Rooms of a person, the latest joined first.
    async fn members(&self, user: &UserKey, after: Option<&AfterMember>, limit: u32) -> Vec<Member>;
}
}
