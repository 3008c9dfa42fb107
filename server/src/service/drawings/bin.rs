//! Permanent removal of drawings from the bin, at the user's request.

use futures_util::{StreamExt, TryStreamExt};

use super::{DrawingError, DrawingResult, DrawingService, check_id};
use crate::domain::clock::Micros;
use crate::domain::drawing::After;
use crate::domain::user::UserKey;
use crate::store::Drawings;

/// Drawings read, and removed, at a time.
const PAGE: u32 = 100;
const AT_ONCE: usize = 8;

impl DrawingService {
    /// Removes one drawing from the bin. A missing drawing counts as removed, so that requests are
    /// idempotent.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`] for a drawing outside the bin, [`DrawingError::Store`].
    pub async fn remove_from_bin(&self, user: &UserKey, id: &str) -> DrawingResult<()> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let header = self.0.store.header(user, id).await?;
        if header.as_ref().is_some_and(|header| header.deleted_at.is_none()) {
            return Err(DrawingError::NotFound);
        }
        // Runs without a header, too: it completes an interrupted removal.
        self.0.store.purge(user, id, Micros(i64::MAX)).await?;
        self.recount(user);
        Ok(())
    }

    /// Removes all drawings that are in the bin now. A drawing that is deleted meanwhile stays.
    ///
    /// # Errors
    /// [`DrawingError::Store`]; then some drawings are removed and the others are still in the bin.
    pub async fn empty_bin(&self, user: &UserKey) -> DrawingResult<()> {
        let mut ids = Vec::new();
        let mut after: Option<After> = None;
        loop {
            let page = self.0.store.page(user, true, after.as_ref(), PAGE).await?;
            after = page.last().map(After::drawing);
            let last = page.len() < PAGE as usize;
            ids.extend(page.into_iter().map(|header| header.id));
            if last {
                break;
            }
        }
        let removed = futures_util::stream::iter(ids)
            .map(async |id| self.0.store.purge(user, &id, Micros(i64::MAX)).await)
            .buffer_unordered(AT_ONCE)
            .try_fold(0_u32, async |count, gone| Ok(count + u32::from(gone)))
            .await;
        self.recount(user);
        tracing::info!(removed = removed.as_ref().ok(), "a user emptied the bin");
        removed.map(|_| ()).map_err(Into::into)
    }
}
