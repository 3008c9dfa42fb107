//! The people in rooms, as others may see them: by public id, with the nickname and avatar that passed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use moka::future::Cache;
use yibi_common::api::{AuthorView, HoldView};

use crate::domain::moderation::Subject;
use crate::domain::room::Hold;
use crate::domain::user::UserRecord;
use crate::service::drawings::{DrawingError, DrawingService};
use crate::service::moderation::Moderation;
use crate::store::Users;

/// How long a server relies on what it knows of a person. Polling clients ask every few seconds.
const TRUST: Duration = Duration::from_secs(30);
const REMEMBERED: u64 = 20_000;
/// People looked up at the same time.
const AT_ONCE: usize = 8;
/// Name of a person who was erased.
const ERASED: &str = "已注销的画友";

/// The people in rooms. Cheap to clone.
#[derive(Clone)]
pub struct People {
    drawings: DrawingService,
    moderation: Moderation,
    known: Cache<String, AuthorView>,
}

impl People {
    #[must_use]
    pub fn new(drawings: DrawingService, moderation: Moderation) -> Self {
        let known = Cache::builder().time_to_live(TRUST).max_capacity(REMEMBERED).build();
        Self { drawings, moderation, known }
    }

    /// The people with these public ids, in their order.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn of(&self, ids: &[String]) -> Result<Vec<AuthorView>, DrawingError> {
        stream::iter(ids).map(|id| self.one(id)).buffered(AT_ONCE).try_collect().await
    }

    /// The person with that public id.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn one(&self, id: &str) -> Result<AuthorView, DrawingError> {
        let found = self.known.try_get_with_by_ref(id, self.look_up(id)).await;
        found.map_err(|error: Arc<DrawingError>| DrawingError::clone(&error))
    }

    /// A turn with the name of its holder.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn hold(&self, hold: &Hold) -> Result<HoldView, DrawingError> {
        let holder = self.one(&hold.user).await?;
        Ok(HoldView {
            user: hold.user.clone(),
            nickname: holder.nickname,
            until: hold.until.to_string(),
            extended: hold.extended,
        })
    }

    async fn look_up(&self, id: &str) -> Result<AuthorView, DrawingError> {
        match self.drawings.store().user_by_public_id(id).await? {
            Some(user) => self.view(&user).await,
            None => Ok(AuthorView { id: id.to_owned(), nickname: Some(ERASED.to_owned()), avatar_url: None }),
        }
    }

    async fn view(&self, user: &UserRecord) -> Result<AuthorView, DrawingError> {
        let passed = async |subject: Subject| self.moderation.last_passed(&user.key, &subject).await;
        let (nickname, avatar) = tokio::try_join!(passed(Subject::Nickname), passed(Subject::Avatar))?;
        // An uploaded avatar is shown once it passed; WeChat's own is WeChat's to check.
        let is_shown = user.avatar.is_none() || avatar == user.avatar;
        let avatar_url =
            if is_shown && user.is_shown() { self.drawings.avatar_url(user).await? } else { None };
        let nickname = nickname.filter(|nickname| !nickname.is_empty() && !user.nickname.is_empty());
        Ok(AuthorView { id: user.public_id.clone(), nickname, avatar_url })
    }
}
