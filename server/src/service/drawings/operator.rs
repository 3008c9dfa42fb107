//! Operators' access to drawings: of any user, the bin included.

use yibi_common::admin::{DrawingRow, Happening, UserRef};

use super::{DrawingError, DrawingResult, DrawingService, check_id, decoded, json};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::share::ShareCopy;
use crate::domain::user::UserKey;
use crate::store::{Drawings, Users};

/// Maximum size, in bytes, of the stored actions that an event carries.
const CARRIED: u64 = 64 << 10;

impl DrawingService {
    /// Publishes the event that actions from that number on, or the last one, were saved. A failure to
    /// publish does not fail the save.
    pub(super) async fn tell_saved(&self, user: &UserKey, id: &str, from_seq: Option<u32>, created: bool) {
        if self.0.metrics.events().is_watched()
            && let Err(error) = self.try_to_tell(user, id, from_seq, created).await
        {
            tracing::debug!(%error, "who watches was not told of a save");
        }
    }

    async fn try_to_tell(
        &self,
        user: &UserKey,
        id: &str,
        from_seq: Option<u32>,
        created: bool,
    ) -> DrawingResult<()> {
        let store = &self.0.store;
        let known = store.user(user).await?.ok_or(DrawingError::NotFound)?;
        let header = store.header(user, id).await?.ok_or(DrawingError::NotFound)?;
        let from_seq = from_seq.unwrap_or(header.seq.saturating_sub(1));
        let stored = store.read(user, id, from_seq).await?.ok_or(DrawingError::NotFound)?;
        let bytes: u64 = stored.actions.iter().map(|blob| blob.len() as u64).sum();
        let actions = if bytes <= CARRIED { Some(decoded(&stored)?) } else { None };
        self.0.metrics.events().publish(|| Happening::Save {
            user: UserRef::from(&known),
            drawing: stored.header.id.clone(),
            created,
            base: stored.header.base,
            from_seq: stored.since,
            seq: stored.header.seq,
            actions,
        });
        Ok(())
    }

    /// A drawing with its actions from `since` on, the bin included, as the JSON of a
    /// [`DrawingDetail`](yibi_common::admin::DrawingDetail) with that row and those authors.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::DrawingTooLarge`], [`DrawingError::Busy`],
    /// [`DrawingError::Store`].
    pub async fn detail(
        &self,
        user: &UserKey,
        id: &str,
        since: u32,
        authors: Vec<UserRef>,
        row: impl FnOnce(&Header) -> DrawingRow,
    ) -> DrawingResult<Vec<u8>> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let stored = self.0.store.read(user, id, since).await?.ok_or(DrawingError::NotFound)?;
        let row = row(&stored.header);
        let limits = self.0.limits.clone();
        let weight = json::weight(&stored);
        self.lightly(user, weight, move || json::write_detail(&row, &authors, &stored, &limits)).await
    }

    /// A copy of a share as the JSON of a [`ReviewCopy`](yibi_common::admin::ReviewCopy).
    ///
    /// # Errors
    /// [`DrawingError::DrawingTooLarge`], [`DrawingError::Busy`], [`DrawingError::Store`] for damaged actions.
    pub async fn copy_json(&self, copy: ShareCopy) -> DrawingResult<Vec<u8>> {
        let bytes = copy.actions.iter().map(Vec::len).sum();
        let (owner, limits) = (copy.owner.clone(), self.0.limits.clone());
        self.lightly(&owner, bytes, move || json::write_copy(&copy, &limits)).await
    }

    /// A drawing without its actions, the bin included.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn header(&self, user: &UserKey, id: &str) -> DrawingResult<Header> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        self.0.store.header(user, id).await?.ok_or(DrawingError::NotFound)
    }

    /// Moves a drawing into the bin or out of it. Returns the changed drawing.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn set_deleted(&self, user: &UserKey, id: &str, deleted: bool) -> DrawingResult<Header> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let header = self.0.store.set_deleted(user, id, deleted, Micros::now()).await?;
        header.ok_or(DrawingError::NotFound)
    }
}
