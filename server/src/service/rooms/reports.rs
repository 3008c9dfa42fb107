//! Reports by people in a room.

use yibi_common::rooms::{FrozenBy, RoomState};
use yibi_common::sharing::Reason;

use super::{FoundRoom, RoomCaller, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::review::{Reporter, ShareReport};
use crate::service::shares::checked_note;
use crate::store::Reviews;

/// People whose reports freeze a room until an operator has decided.
const FREEZING: u32 = 3;

impl RoomService {
    /// Reports a room. The third person freezes it, unless an operator let it go on since. A further report of the same
    /// person changes nothing.
    ///
    /// # Errors
    /// [`RoomError`](super::RoomError).
    pub async fn report(
        &self,
        caller: RoomCaller<'_>,
        code: &str,
        reason: Reason,
        note: &str,
    ) -> RoomResult<FoundRoom> {
        let note = checked_note(note)?;
        let found = self.found(code).await?;
        found.room.admits(found.person(caller))?;
        let room = &found.room;
        if !matches!(room.state_at(Micros::now()), RoomState::Open | RoomState::Done) {
            // Nobody sees the drawing: the report has its effect already.
            return Ok(found);
        }
        let report = ShareReport {
            code: room.code.clone(),
            reporter: Reporter::User(caller.key.clone()),
            seq: found.header.seq,
            reason,
            note,
            at: Micros::now(),
        };
        self.store().add_report(&report).await?;
        // Also for a repeated report: an earlier one may have been stored without its effect.
        let reporters = self.store().reporters(&room.code, room.cleared_seq).await?;
        if reporters.users >= FREEZING {
            let (owner, drawing) = (&found.owner.key, &found.header.id);
            self.0.records.freeze(owner, drawing, &room.code, FrozenBy::Reports, Some(reason)).await?;
            return self.found(code).await;
        }
        Ok(found)
    }
}
