//! Lists, reads, renames, deletes and restores drawings.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use yibi_common::api::{AuthorView, Summary};
use yibi_common::limits::Limits;

use super::{DrawingError, DrawingResult, DrawingService, check_id, json};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Header, Stored};
use crate::domain::user::UserKey;
use crate::keys::Signer;
use crate::store::{Drawings, Users};

/// One page of a user's drawings.
pub struct Page {
    pub drawings: Vec<Summary>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl DrawingService {
    /// A page of a user's drawings, newest change first; `cursor` is a former page's `next`. Drawings of several people
    /// are marked unless the client knows authors.
    ///
    /// # Errors
    /// [`DrawingError::Value`] when the cursor is invalid, [`DrawingError::Store`].
    pub async fn page(
        &self,
        user: &UserKey,
        public_id: &str,
        deleted: bool,
        cursor: Option<&str>,
        limit: u32,
        knows_authors: bool,
    ) -> DrawingResult<Page> {
        let after = cursor
            .map(|cursor| read_cursor(cursor).ok_or(DrawingError::Value("the cursor is not one of ours")));
        let after = after.transpose()?;
        // One drawing more than requested shows whether there is another page.
        let mut headers = self.0.store.page(user, deleted, after.as_ref(), limit + 1).await?;
        let more = headers.len() > limit as usize;
        headers.truncate(limit as usize);
        let next = headers.last().filter(|_| more).map(write_cursor);
        let signer = &self.0.keys.get().await?.signer;
        let drawings = headers.iter().map(|header| Summary {
            read_only: !knows_authors && header.authors.len() > 1,
            ..self.summary(header, public_id, signer)
        });
        let drawings = drawings.collect();
        Ok(Page { drawings, next })
    }

    /// One drawing with its actions from `since` on, the bin included.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn stored(&self, user: &UserKey, id: &str, since: u32) -> DrawingResult<Stored> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        self.0.store.read(user, id, since).await?.ok_or(DrawingError::NotFound)
    }

    /// A drawing as the JSON of a [`DrawingReply`](yibi_common::api::DrawingReply), for the client that owns it.
    ///
    /// # Errors
    /// [`DrawingError::DrawingTooLarge`], [`DrawingError::Busy`], [`DrawingError::Store`] for damaged actions.
    pub async fn reply(
        &self,
        user: &UserKey,
        public_id: &str,
        stored: Stored,
        authors: Vec<AuthorView>,
    ) -> DrawingResult<Vec<u8>> {
        let summary = self.summary(&stored.header, public_id, &self.0.keys.get().await?.signer);
        let limits = self.0.limits.clone();
        let weight = json::weight(&stored);
        self.lightly(user, weight, move || json::write_reply(&summary, &authors, &stored, &limits)).await
    }

    /// A drawing of several people as the JSON of a [`DrawingReply`](yibi_common::api::DrawingReply), for a client that
    /// does not know authors: its visible strokes.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn visible_reply(
        &self,
        user: &UserKey,
        public_id: &str,
        stored: Stored,
    ) -> DrawingResult<Vec<u8>> {
        let summary = self.summary(&stored.header, public_id, &self.0.keys.get().await?.signer);
        let limits = self.0.limits.clone();
        let weight = json::weight(&stored);
        self.lightly(user, weight, move || json::write_visible(summary, &stored, &limits)).await
    }

    /// Whether an append at 0 would create that drawing with that title.
    ///
    /// # Errors
    /// [`DrawingError::Value`], [`DrawingError::Store`].
    pub async fn would_be_new(&self, user: &UserKey, id: &str, title: &str) -> DrawingResult<bool> {
        check_id(id)?;
        check_title(title, &self.0.limits)?;
        Ok(self.0.store.header(user, id).await?.is_none())
    }

    /// Checks that [`rename`](Self::rename) would succeed now.
    ///
    /// # Errors
    /// The errors of [`rename`](Self::rename).
    pub async fn may_rename(&self, user: &UserKey, id: &str, title: &str) -> DrawingResult<()> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        check_title(title, &self.0.limits)?;
        let header = self.0.store.header(user, id).await?.ok_or(DrawingError::NotFound)?;
        if header.deleted_at.is_some() { Err(DrawingError::Deleted) } else { Ok(()) }
    }

    /// Gives a drawing a title.
    ///
    /// # Errors
    /// [`DrawingError::Value`], [`DrawingError::NotFound`], [`DrawingError::Deleted`],
    /// [`DrawingError::Store`].
    pub async fn rename(
        &self,
        user: &UserKey,
        public_id: &str,
        id: &str,
        title: &str,
    ) -> DrawingResult<Summary> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        check_title(title, &self.0.limits)?;
        let Some(header) = self.0.store.rename(user, id, title).await? else {
            let there = self.0.store.header(user, id).await?.is_some();
            return Err(if there { DrawingError::Deleted } else { DrawingError::NotFound });
        };
        Ok(self.summary(&header, public_id, &self.0.keys.get().await?.signer))
    }

    /// Moves a drawing into the bin. Idempotent.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn delete(&self, user: &UserKey, id: &str) -> DrawingResult<()> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let header = self.0.store.set_deleted(user, id, true, Micros::now()).await?;
        header.map(|_| ()).ok_or(DrawingError::NotFound)
    }

    /// Moves a drawing out of the bin. Idempotent.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn restore(&self, user: &UserKey, public_id: &str, id: &str) -> DrawingResult<Summary> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        let header = self.0.store.set_deleted(user, id, false, Micros::now()).await?;
        let header = header.ok_or(DrawingError::NotFound)?;
        Ok(self.summary(&header, public_id, &self.0.keys.get().await?.signer))
    }

    /// Hides all data of a user at once and schedules its erasure in a week; a sign-in that reopens the
    /// account before that cancels the erasure.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn leave(&self, user: &UserKey) -> DrawingResult<()> {
        let after = Duration::from_secs(u64::from(self.0.settings.erasure_days) * 86_400);
        self.0.store.schedule_erasure(user, Micros::now().plus(after)).await?;
        Ok(())
    }

    pub(super) fn summary(&self, header: &Header, public_id: &str, signer: &Signer) -> Summary {
        let shown = header.deleted_at.is_none();
        Summary {
            id: header.id.clone(),
            title: header.title.clone(),
            width: header.paper.width,
            height: header.paper.height,
            mode: header.mode,
            base: header.base,
            seq: header.seq,
            stroke_count: header.stroke_count,
            point_count: header.point_count,
            created_at: header.created_at.to_string(),
            updated_at: header.updated_at.to_string(),
            deleted_at: header.deleted_at.map(|at| at.to_string()),
            read_only: false,
            image_url: shown.then(|| self.image_url(public_id, &header.id, header.seq, signer)),
        }
    }
}

/// Checks a title: its length, and the absence of invisible and bidirectional control characters.
pub(super) fn check_title(title: &str, limits: &Limits) -> DrawingResult<()> {
    if title.chars().count() > limits.title_chars as usize {
        return Err(DrawingError::Value("the title is too long"));
    }
    if !crate::domain::text::is_printable(title) {
        return Err(DrawingError::Value("the title has control or direction characters"));
    }
    Ok(())
}

/// Cursors are opaque to clients; a forged one leads only into the caller's own drawings.
fn write_cursor(header: &Header) -> String {
    let After { moment, id } = After::drawing(header);
    BASE64URL_NOPAD.encode(format!("{}.{id}", moment.0).as_bytes())
}

fn read_cursor(cursor: &str) -> Option<After> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (moment, id) = std::str::from_utf8(&bytes).ok()?.split_once('.')?;
    check_id(id).ok()?;
    Some(After { moment: Micros(moment.parse().ok()?), id: id.to_owned() })
}
