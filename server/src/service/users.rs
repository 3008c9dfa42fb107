//! Users as they see and change themselves: their record, nickname and avatar. What they show is moderated.

use std::sync::Arc;

use bytes::Bytes;

use super::drawings::{DrawingError, DrawingService};
use super::moderation::Moderation;
use super::rate_limits::{LimitExceeded, RateLimits};
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::text;
use crate::domain::user::{UserKey, UserRecord};
use crate::random;
use crate::store::{Avatars, StoreError, Users};

/// Why a user's request about oneself failed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// A value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// The user calls WeChat's API too often.
    #[error("too many requests")]
    RateLimited(LimitExceeded),
    /// The uploaded file can't be taken.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<LimitExceeded> for UserError {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

/// The use cases of users about themselves.
#[derive(Clone)]
pub struct UserService {
    drawings: DrawingService,
    moderation: Moderation,
    limits: Arc<RateLimits>,
}

impl UserService {
    #[must_use]
    pub fn new(drawings: DrawingService, moderation: Moderation, limits: Arc<RateLimits>) -> Self {
        Self { drawings, moderation, limits }
    }

    /// The user's record; `None` after an erasure.
    ///
    /// # Errors
    /// [`UserError::Store`].
    pub async fn user(&self, user: &UserKey) -> Result<Option<UserRecord>, UserError> {
        Ok(self.drawings.store().user(user).await?)
    }

    /// Sets the nickname and has WeChat check it; an empty one removes it.
    ///
    /// # Errors
    /// [`UserError::Value`], [`UserError::RateLimited`], [`UserError::Store`].
    pub async fn set_nickname(
        &self,
        user: &UserKey,
        nickname: &str,
    ) -> Result<Option<UserRecord>, UserError> {
        let store = self.drawings.store();
        if nickname.is_empty() {
            let renamed = store.set_nickname(user, "").await?;
            self.moderation.forget(user, &Subject::Nickname).await?;
            return Ok(renamed);
        }
        let nickname =
            text::nickname(nickname).ok_or(UserError::Value("nickname has 1 to 32 visible characters"))?;
        self.limits.wechat_call(user)?;
        let check = self.moderation.before(user, Subject::Nickname, nickname).await?;
        let renamed = store.set_nickname(user, nickname).await?;
        self.moderation.begin(check);
        Ok(renamed)
    }

    /// Makes an uploaded file the user's avatar and has WeChat check it.
    ///
    /// # Errors
    /// [`UserError`].
    pub async fn set_avatar(&self, user: &UserKey, file: Bytes) -> Result<Option<UserRecord>, UserError> {
        let image = self.drawings.avatar_of(user, file).await?;
        let id = random::public_id();
        self.limits.wechat_call(user)?;
        let check = self.moderation.before(user, Subject::Avatar, &id).await?;
        let changed = self.drawings.store().set_avatar(user, &id, &image, Micros::now()).await?;
        self.moderation.begin(check);
        Ok(changed)
    }
}
