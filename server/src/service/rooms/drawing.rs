//! A drawing of the caller with the people who drew it.

use yibi_common::codec;

use super::{RoomCaller, RoomResult, RoomService};
use crate::domain::drawing::Stored;

impl RoomService {
    /// One drawing of the caller with its actions from `since` on, the bin included, as the JSON of a
    /// [`DrawingReply`](yibi_common::api::DrawingReply). A client that does not know authors gets the visible strokes of
    /// a drawing of several people, whatever `since` says.
    ///
    /// # Errors
    /// [`RoomError::Drawing`](super::RoomError::Drawing).
    pub async fn drawing(
        &self,
        caller: RoomCaller<'_>,
        id: &str,
        since: u32,
        knows_authors: bool,
    ) -> RoomResult<Vec<u8>> {
        let (drawings, user) = (&self.0.drawings, caller.key);
        let mut stored = drawings.stored(user, id, since).await?;
        if !knows_authors && needs_authors(&stored) {
            if stored.since > stored.header.base {
                stored = drawings.stored(user, id, 0).await?;
            }
            return Ok(drawings.visible_reply(user, caller.id, stored).await?);
        }
        let authors = if stored.header.authors.len() > 1 {
            self.0.people.of(&stored.header.authors).await?
        } else {
            Vec::new()
        };
        Ok(drawings.reply(user, caller.id, stored, authors).await?)
    }
}

/// Whether only a client that knows authors and removals can show the actions.
fn needs_authors(stored: &Stored) -> bool {
    stored.header.authors.len() > 1 || stored.actions.iter().any(|blob| codec::is_of_room(blob))
}
