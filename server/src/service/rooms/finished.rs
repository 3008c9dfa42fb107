//! The share of a finished relay, made in the owner's name.

use yibi_common::rooms::RoomState;
use yibi_common::sharing::ShareState;

use super::RoomService;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::room::Room;
use crate::domain::share::Share;
use crate::domain::user::UserKey;
use crate::service::shares::{ShareChange, ShareError};
use crate::store::Shares;

impl RoomService {
    /// Shares a relay that is done, unless it is shared, or the owner or an operator ended the share. A relay that time
    /// finished is shared by its first reader. A failure leaves the share to the next reader.
    pub(super) async fn share_finished(
        &self,
        owner: &UserKey,
        header: &Header,
        room: &Room,
    ) -> Option<Share> {
        if !room.is_relay() || room.state_at(Micros::now()) != RoomState::Done {
            return None;
        }
        match self.finished_share(owner, header).await {
            Ok(share) => share,
            Err(error) => {
                tracing::warn!(%error, code = %room.code, "a finished relay is not shared yet");
                None
            }
        }
    }

    async fn finished_share(&self, owner: &UserKey, header: &Header) -> Result<Option<Share>, ShareError> {
        match self.store().share(owner, &header.id).await? {
            Some(share) if matches!(share.state, ShareState::Revoked | ShareState::Removed) => Ok(None),
            Some(share) if share.newest_seq() >= Some(header.seq) => Ok(Some(share)),
            // None, or one of the drawing before the relay was done.
            Some(_) | None => self.0.shares.share(owner, &header.id, ShareChange::default()).await.map(Some),
        }
    }
}
