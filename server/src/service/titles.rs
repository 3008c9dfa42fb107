//! Titles of drawings, given at the creation or later, and their moderation.

use yibi_common::api::Summary;

use super::drawings::{Append, DrawingError, DrawingResult, DrawingService};
use super::moderation::Moderation;
use crate::domain::user::UserKey;

/// The use cases that give a drawing a title.
#[derive(Clone)]
pub struct TitleService {
    drawings: DrawingService,
    moderation: Moderation,
}

impl TitleService {
    #[must_use]
    pub fn new(drawings: DrawingService, moderation: Moderation) -> Self {
        Self { drawings, moderation }
    }

    /// Appends actions, see [`DrawingService::append`]; WeChat checks the title of a new drawing. An existing
    /// drawing keeps its title, and the check of that title.
    ///
    /// # Errors
    /// The errors of [`DrawingService::append`].
    pub async fn append(&self, user: &UserKey, id: &str, append: Append) -> DrawingResult<u32> {
        let title = append.drawing.as_ref().and_then(|drawing| drawing.title.clone()).unwrap_or_default();
        let checked = !title.is_empty() && self.drawings.would_be_new(user, id, &title).await?;
        if checked {
            self.moderation.before_title(user, id, &title).await?;
        }
        let appended = self.drawings.append(user, id, append).await;
        if checked {
            self.begin_check(user, id, &appended);
        }
        appended
    }

    /// Gives a drawing another title, which WeChat checks.
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
        self.drawings.may_rename(user, id, title).await?;
        self.moderation.before_title(user, id, title).await?;
        let renamed = self.drawings.rename(user, public_id, id, title).await;
        self.begin_check(user, id, &renamed);
        renamed
    }

    /// Begins the check of the present title. After a failure of the store the title may still be stored
    /// later: then its check waits in the queue.
    fn begin_check<T>(&self, user: &UserKey, id: &str, outcome: &DrawingResult<T>) {
        if !matches!(outcome, Err(DrawingError::Store(_) | DrawingError::Busy)) {
            self.moderation.begin_title(user, id);
        }
    }
}
