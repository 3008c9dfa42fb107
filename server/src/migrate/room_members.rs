//! People in rooms: moved and compared.

use super::journal::{Journal, Part};
use super::verify::Sum;
use super::{Progress, Result, SOURCE, TARGET, TURN, Tally, Whole, at, for_each, move_records};
use crate::domain::room::Member;

/// Copies the people in rooms that a move has not copied yet.
pub(super) async fn move_all<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    all: &Tally,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    if !journal.is_at(Part::RoomMembers) {
        return Ok(());
    }
    progress.begins("people in rooms", all.room_members, journal.done());
    let read = async |place: Option<&str>| from.members_behind(place, TURN).await;
    let write = async |member: &Member| to.add_member(member).await.map_err(at(TARGET));
    move_records(journal, progress, read, write).await
}

/// Adds the people in rooms of both sides to the sums, which have to be equal.
pub(super) async fn compare<G: Whole, H: Whole>(from: &G, to: &H, sums: [&mut Sum; 2]) -> Result<()> {
    let [left, right] = sums;
    let read = async |place: Option<&str>| from.members_behind(place, TURN).await;
    for_each(read, |member: &Member| left.add_debug(member)).await.map_err(at(SOURCE))?;
    let read = async |place: Option<&str>| to.members_behind(place, TURN).await;
    for_each(read, |member: &Member| right.add_debug(member)).await.map_err(at(TARGET))
}
