//! What an operator sees and does: any user's drawings, those in the bin like the others.

use yibi_common::drawing::Action;

use super::{GalleryError, GalleryResult, GalleryService, check_id, decoded};
use crate::clock::Micros;
use crate::store::gallery::{Gallery, Header};
use crate::user::UserKey;

/// A drawing with its actions from a number on.
pub struct Opened {
    /// The drawing.
    pub header: Header,
    /// The number of the first of the actions.
    pub since: u32,
    /// The actions.
    pub actions: Vec<Action>,
}

impl GalleryService {
    /// A drawing with its actions from `since` on, also from the bin.
    ///
    /// # Errors
    /// [`GalleryError::NotFound`], [`GalleryError::Store`].
    pub async fn open(&self, user: &UserKey, id: &str, since: u32) -> GalleryResult<Opened> {
        check_id(id).map_err(|_| GalleryError::NotFound)?;
        let stored = self.0.store.read(user, id, since).await?.ok_or(GalleryError::NotFound)?;
        let actions = decoded(&stored)?;
        Ok(Opened { header: stored.header, since: stored.since, actions })
    }

    /// A drawing without its actions, also from the bin.
    ///
    /// # Errors
    /// [`GalleryError::NotFound`], [`GalleryError::Store`].
    pub async fn header(&self, user: &UserKey, id: &str) -> GalleryResult<Header> {
        check_id(id).map_err(|_| GalleryError::NotFound)?;
        self.0.store.header(user, id).await?.ok_or(GalleryError::NotFound)
    }

    /// Puts a drawing in the bin or takes it out; the drawing as it is then.
    ///
    /// # Errors
    /// [`GalleryError::NotFound`], [`GalleryError::Store`].
    pub async fn set_deleted(&self, user: &UserKey, id: &str, deleted: bool) -> GalleryResult<Header> {
        check_id(id).map_err(|_| GalleryError::NotFound)?;
        let header = self.0.store.set_deleted(user, id, deleted, Micros::now()).await?;
        header.ok_or(GalleryError::NotFound)
    }
}
