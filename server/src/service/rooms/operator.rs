//! What operators do with rooms. The audit log comes first, in [`OperatorService`](crate::service::operator).

use yibi_common::rooms::FrozenBy;
use yibi_common::sharing::CaseState;

use super::records::ROUNDS;
use super::{FoundRoom, RoomError, RoomResult, RoomService};
use crate::domain::clock::Micros;
use crate::domain::review::Decision;
use crate::domain::room::Room;
use crate::domain::share::{AfterShare, CodeRecord, copy_name};
use crate::store::{Rooms, StoreError};

/// A room in an operator's list, with its code's record.
#[derive(Debug, Clone)]
pub struct OperatorRoom {
    pub record: CodeRecord,
    /// The room; `None` when its drawing or owner is gone.
    pub found: Option<FoundRoom>,
}

impl RoomService {
    /// A page of all rooms, the newest first.
    ///
    /// # Errors
    /// [`RoomError::Store`].
    pub async fn all(&self, after: Option<&AfterShare>, limit: u32) -> RoomResult<Vec<OperatorRoom>> {
        let codes = self.store().room_codes(None, after, limit).await?;
        let mut rooms = Vec::with_capacity(codes.len());
        for record in codes {
            let found = match self.find(record.code.as_str()).await {
                Ok(found) => Some(found),
                Err(RoomError::NotFound) => None,
                Err(error) => return Err(error),
            };
            rooms.push(OperatorRoom { record, found });
        }
        Ok(rooms)
    }

    /// The room of a code, also while rooms are off or its owner is not shown.
    ///
    /// # Errors
    /// [`RoomError::NotFound`], [`RoomError::Store`].
    pub async fn for_operator(&self, code: &str) -> RoomResult<FoundRoom> {
        self.find(code).await
    }

    /// The records, for decisions on cases.
    #[must_use]
    pub fn records(&self) -> &super::RoomRecords {
        &self.0.records
    }

    /// Freezes a room until a decision, and opens its case.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn freeze(&self, found: &FoundRoom) -> RoomResult<()> {
        let (owner, drawing, code) = (&found.owner.key, &found.header.id, &found.room.code);
        self.0.records.freeze(owner, drawing, code, FrozenBy::Operator, None).await?;
        Ok(())
    }

    /// Lets a frozen room go on, which passes its case.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn thaw(&self, found: &FoundRoom, operator: &str) -> RoomResult<()> {
        let (owner, drawing, code) = (&found.owner.key, &found.header.id, &found.room.code);
        self.0.records.thaw(owner, drawing, code).await?;
        self.decide_case(&found.room, operator, CaseState::Passed).await
    }

    /// Ends a room, which settles its case.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn shut(&self, found: &FoundRoom, operator: &str) -> RoomResult<()> {
        let (owner, drawing, code) = (&found.owner.key, &found.header.id, &found.room.code);
        self.0.records.close(owner, drawing, code).await?;
        self.decide_case(&found.room, operator, CaseState::Removed).await
    }

    /// Removes any stroke in effect from the drawing of a room, in every state of the room.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn take_out(&self, code: &str, seq: u32) -> RoomResult<FoundRoom> {
        for _ in 0..ROUNDS {
            let found = self.find(code).await?;
            if let Some(found) = self.try_to_remove(found, seq, false).await? {
                return Ok(found);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Settles the case of a room that was frozen.
    async fn decide_case(&self, room: &Room, operator: &str, state: CaseState) -> RoomResult<()> {
        let Some(seq) = room.frozen_seq else { return Ok(()) };
        let decision = Decision { operator: operator.to_owned(), at: Micros::now() };
        let settle = |case: &mut crate::domain::review::Case| {
            let applies = case.state == CaseState::Held;
            if applies {
                (case.state, case.claim, case.decision) = (state, None, Some(decision.clone()));
            }
            applies
        };
        self.0.records.cases().change_case(&copy_name(&room.code, seq), settle).await?;
        Ok(())
    }
}
