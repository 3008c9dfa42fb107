//! Rooms as operators see and change them.

use yibi_common::admin::Change;

use super::{Actor, OperatorResult, OperatorService};
use crate::domain::share::AfterShare;
use crate::service::rooms::{FoundRoom, OperatorRoom};

impl OperatorService {
    /// A page of all rooms, the newest first.
    ///
    /// # Errors
    /// [`OperatorError::Room`](super::OperatorError::Room).
    pub async fn rooms(&self, after: Option<&AfterShare>, limit: u32) -> OperatorResult<Vec<OperatorRoom>> {
        Ok(self.rooms.all(after, limit).await?)
    }

    /// The room of a code.
    ///
    /// # Errors
    /// [`OperatorError::Room`](super::OperatorError::Room).
    pub async fn room(&self, code: &str) -> OperatorResult<FoundRoom> {
        Ok(self.rooms.for_operator(code).await?)
    }

    /// Stops a room until a decision. A room that is stopped or closed stays as it is.
    ///
    /// # Errors
    /// [`OperatorError::Room`](super::OperatorError::Room), [`OperatorError::Store`](super::OperatorError::Store).
    pub async fn freeze_room(&self, actor: &Actor, code: &str) -> OperatorResult<FoundRoom> {
        let found = self.audited_room(actor, Change::FreezeRoom, code).await?;
        self.rooms.freeze(&found).await?;
        self.room(code).await
    }

    /// Lets a frozen room go on.
    ///
    /// # Errors
    /// As [`freeze_room`](Self::freeze_room).
    pub async fn thaw_room(&self, actor: &Actor, code: &str) -> OperatorResult<FoundRoom> {
        let found = self.audited_room(actor, Change::ThawRoom, code).await?;
        self.rooms.thaw(&found, &actor.name).await?;
        self.room(code).await
    }

    /// Ends a room.
    ///
    /// # Errors
    /// As [`freeze_room`](Self::freeze_room).
    pub async fn close_room(&self, actor: &Actor, code: &str) -> OperatorResult<FoundRoom> {
        let found = self.audited_room(actor, Change::CloseRoom, code).await?;
        self.rooms.shut(&found, &actor.name).await?;
        self.room(code).await
    }

    /// Removes a stroke from the drawing of a room.
    ///
    /// # Errors
    /// As [`freeze_room`](Self::freeze_room).
    pub async fn remove_stroke(&self, actor: &Actor, code: &str, seq: u32) -> OperatorResult<FoundRoom> {
        self.audited_room(actor, Change::RemoveStroke, code).await?;
        Ok(self.rooms.take_out(code, seq).await?)
    }

    async fn audited_room(&self, actor: &Actor, change: Change, code: &str) -> OperatorResult<FoundRoom> {
        let found = self.room(code).await?;
        self.audit(actor, change, &found.owner.public_id, Some(found.room.code.as_str())).await?;
        Ok(found)
    }
}
