//! Copies of drawings for shares.

use yibi_common::drawing::Action;
use yibi_common::{codec, picture};

use super::{DrawingError, DrawingResult, DrawingService, check_id, decoded, json};
use crate::domain::drawing::{Header, Stored};
use crate::domain::user::UserKey;
use crate::store::Drawings;

/// Maximum size of a copy in bytes.
const MAX_BYTES: usize = 1 << 20;

impl DrawingService {
    /// Header of a drawing outside the bin.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Deleted`], [`DrawingError::Store`].
    pub async fn live_header(&self, user: &UserKey, id: &str) -> DrawingResult<Header> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let header = self.0.store.header(user, id).await?.ok_or(DrawingError::NotFound)?;
        if header.deleted_at.is_some() { Err(DrawingError::Deleted) } else { Ok(header) }
    }

    /// The visible actions of a drawing in their stored form, with the header of the same state: a background,
    /// then the strokes. `None` for the actions of a drawing that shows no stroke.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Deleted`], [`DrawingError::DrawingTooLarge`] when the copy
    /// of a 2016 picture exceeds 1 MiB, [`DrawingError::Busy`], [`DrawingError::Store`].
    pub async fn visible_copy(
        &self,
        user: &UserKey,
        id: &str,
    ) -> DrawingResult<(Header, Option<Vec<Vec<u8>>>)> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let stored = self.0.store.read(user, id, 0).await?.ok_or(DrawingError::NotFound)?;
        if stored.header.deleted_at.is_some() {
            return Err(DrawingError::Deleted);
        }
        let weight = json::weight(&stored);
        self.lightly(user, weight, move || {
            let copy = visible_actions(&stored)?;
            Ok((stored.header, copy))
        })
        .await
    }
}

fn visible_actions(stored: &Stored) -> DrawingResult<Option<Vec<Vec<u8>>>> {
    let actions = picture::visible(stored.since, &decoded(stored)?);
    if !actions.iter().any(|action| matches!(action, Action::Stroke { .. })) {
        return Ok(None);
    }
    let blobs: Vec<Vec<u8>> = actions.iter().map(codec::encode).collect();
    let bytes: usize = blobs.iter().map(Vec::len).sum();
    if bytes > MAX_BYTES { Err(DrawingError::DrawingTooLarge) } else { Ok(Some(blobs)) }
}
