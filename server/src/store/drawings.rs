//! Drawings.

use super::measured::operations;
use crate::domain::batch::{Appended, Batch};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, NewDrawing, Stored, Usage};
use crate::domain::user::UserKey;
use crate::domain::weapp::{WeappHead, WeappSave, WeappSaved};

operations! {
/// Drawings. An acknowledged change is durable.
///
/// A drawing is found by its user and id together, so no id of one user leads to a drawing of another.
pub trait Drawings {
    /// Appends all actions of a batch, or none. With `create` and `from_seq` 0, a missing drawing is created,
    /// unless the batch would be invalid for an empty drawing. An empty batch does not change an existing
    /// drawing.
    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> Appended;

    /// Saves a 2016 picture. If all actions of the drawing are 2016 saves, the picture replaces them and
    /// `base` moves up to it; otherwise it is appended. A drawing in the bin comes back at the end of the
    /// 2016 list; a missing drawing is created.
    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> WeappSaved;

    /// Header of a drawing, also in the bin.
    async fn header(&self, user: &UserKey, id: &str) -> Option<Header>;

    /// A drawing with its actions from number `since` on, also in the bin. Header and actions are of one
    /// state.
    async fn read(&self, user: &UserKey, id: &str, since: u32) -> Option<Stored>;

    /// A page of the user's drawings (`deleted`: in the bin, otherwise outside), the newest change first,
    /// read along an index.
    async fn page(&self, user: &UserKey, deleted: bool, after: Option<&After>, limit: u32) -> Vec<Header>;

    /// The user's drawings outside the bin by first save (equal times by id), the newest first: at most
    /// `limit`, and until the stored forms in [`WeappHead::last`] exceed `max_bytes` in sum. The first one is
    /// always included.
    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> Vec<WeappHead>;

    /// The user's drawings in the bin, the earliest deleted first, at most `limit`.
    async fn bin(&self, user: &UserKey, limit: u32) -> Vec<Header>;

    /// Sets the title of a drawing outside the bin; `None` if there is none.
    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> Option<Header>;

    /// Moves a drawing into the bin (`true`) or out of it (`false`). A drawing that is there already is
    /// returned unchanged.
    async fn set_deleted(&self, user: &UserKey, id: &str, deleted: bool, now: Micros) -> Option<Header>;

    /// Storage that the user takes up.
    async fn usage(&self, user: &UserKey) -> Usage;

    /// The part of [`Drawings::usage`] that lies in the bin.
    async fn bin_usage(&self, user: &UserKey) -> Usage;

    /// Drawings of all users that were deleted before `before`, the earliest first, at most `limit`.
    async fn purges_due(&self, before: Micros, limit: u32) -> Vec<(UserKey, String)>;

    /// Removes a drawing that was deleted before `before`, with all its actions and the check of its title.
    /// Returns whether it did.
    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> bool;
}
}
