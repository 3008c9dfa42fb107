//! Users as operators see and change them.

use yibi_common::admin::{Change, Count};

use super::paging::{COUNTED, Listing, by_prefix, count};
use super::sessions::ExpiringSession;
use super::{Actor, OperatorError, OperatorResult, OperatorService};
use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, Usage};
use crate::domain::report::{Rows, UserPage, UsersBy};
use crate::domain::user::{UserKey, UserRecord};
use crate::service::moderation::Standings;
use crate::store::{Drawings, Reports, Sessions, StoreResult, Users};

/// Maximum number of other users that are shown as the same person.
const ELSEWHERE: u32 = 50;

/// Selection of users for a list or count.
#[derive(Debug, Clone)]
pub struct UserSelection {
    /// Index, position and filter.
    pub page: UserPage,
    /// Selects the users whose openid has this prefix, in any app.
    pub openid: Option<String>,
}

/// A user with the data of the detail page.
#[derive(Debug, Clone)]
pub struct UserOverview {
    pub user: UserRecord,
    /// Storage that the user takes up.
    pub usage: Usage,
    /// Moderation of the nickname and the avatar.
    pub standings: Standings,
    pub sessions: Vec<ExpiringSession>,
    /// The drawings that changed last.
    pub latest: Vec<Header>,
    /// Other users with the same unionid.
    pub elsewhere: Vec<UserRecord>,
}

impl OperatorService {
    /// The user with that public id, in any state.
    ///
    /// # Errors
    /// [`OperatorError::NoUser`], [`OperatorError::Store`].
    pub async fn user(&self, public_id: &str) -> OperatorResult<UserRecord> {
        let user = self.drawings.store().user_by_public_id(public_id).await?;
        user.ok_or(OperatorError::NoUser)
    }

    /// A page of users.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn users(&self, selection: &UserSelection) -> OperatorResult<Listing<UserRecord>> {
        let (rows, (total, _)) =
            tokio::try_join!(self.user_rows(selection), self.drawings.store().estimates())?;
        Ok(Listing { rows, total })
    }

    /// Number of selected users, counted for two seconds at most.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn count_users(&self, selection: &UserSelection) -> OperatorResult<Count> {
        let counted = count(|after| {
            let page = UserPage { after, limit: COUNTED, ..selection.page.clone() };
            let part = UserSelection { page, openid: selection.openid.clone() };
            async move { self.user_rows(&part).await }
        });
        Ok(counted.await?)
    }

    async fn user_rows(&self, selection: &UserSelection) -> StoreResult<Rows<UserRecord>> {
        let (page, store) = (&selection.page, self.drawings.store());
        let Some(prefix) = &selection.openid else { return store.user_page(page).await };
        let place = (page.reverse, page.after.as_ref(), page.limit);
        by_prefix(self.sessions.app_ids(), prefix, place, |range, after, limit| {
            let page = UserPage { by: UsersBy::Key(range), after, limit, ..page.clone() };
            async move { store.user_page(&page).await }
        })
        .await
    }

    /// A user with sessions and drawings.
    ///
    /// # Errors
    /// [`OperatorError::NoUser`], [`OperatorError::Store`].
    pub async fn user_overview(&self, public_id: &str) -> OperatorResult<UserOverview> {
        let user = self.user(public_id).await?;
        let (key, store) = (&user.key, self.drawings.store());
        let (usage, standings, sessions, latest) = tokio::try_join!(
            store.usage(key),
            self.moderation.known(&user),
            self.sessions.store().of_user(key),
            self.latest(key),
        )?;
        let mut elsewhere = match &user.unionid {
            Some(unionid) => store.users_of_person(unionid, ELSEWHERE).await?,
            None => Vec::new(),
        };
        elsewhere.retain(|other| other.key != user.key);
        Ok(UserOverview { user, usage, standings, sessions, latest, elsewhere })
    }

    /// The records of some users, looked up together; erased users are missing.
    pub(super) async fn users_of(
        &self,
        users: impl Iterator<Item = &UserKey>,
    ) -> StoreResult<Vec<UserRecord>> {
        let mut keys: Vec<UserKey> = users.cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() { Ok(Vec::new()) } else { self.drawings.store().users(&keys).await }
    }

    /// Blocks a user: all sessions end, and none is created any more.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn block(&self, actor: &Actor, public_id: &str) -> OperatorResult<UserRecord> {
        let key = self.user(public_id).await?.key;
        self.audit(actor, Change::BlockUser, public_id, None).await?;
        let user = self.drawings.store().set_blocked(&key, Some(Micros::now())).await?;
        // In this order: a concurrent sign-in checks for the block again after it has created its session.
        self.sessions.end_all(&key).await?;
        user.ok_or(OperatorError::NoUser)
    }

    /// Unblocks a user.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn unblock(&self, actor: &Actor, public_id: &str) -> OperatorResult<UserRecord> {
        let key = self.user(public_id).await?.key;
        self.audit(actor, Change::UnblockUser, public_id, None).await?;
        self.drawings.store().set_blocked(&key, None).await?.ok_or(OperatorError::NoUser)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn end_sessions(&self, actor: &Actor, public_id: &str) -> OperatorResult<()> {
        let key = self.user(public_id).await?.key;
        self.audit(actor, Change::RevokeSessions, public_id, None).await?;
        Ok(self.sessions.end_all(&key).await?)
    }
}
