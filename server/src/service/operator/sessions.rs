//! Sessions of all users.

use yibi_common::admin::{Change, Count, SessionOrder};

use super::paging::{COUNTED, Listing, by_prefix, count, of_sorted};
use super::{Actor, OperatorError, OperatorResult, OperatorService};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::report::{Place, Rows, SessionPage};
use crate::domain::session::{SessionId, StoredSession};
use crate::domain::user::{UserKey, UserRecord};
use crate::service::sessions::SessionError;
use crate::store::{SessionReports, Sessions, StoreResult};

/// A session and the time at which it expires unless it is used.
pub type ExpiringSession = (StoredSession, Micros);

/// Selection of sessions for a list or count.
#[derive(Debug, Clone)]
pub struct SessionSelection {
    /// Order, position and filter.
    pub page: SessionPage,
    /// Selects the sessions of this user only.
    pub user: Option<UserKey>,
}

/// A session with the data of its detail page.
#[derive(Debug, Clone)]
pub struct SessionOverview {
    pub session: ExpiringSession,
    /// The other sessions of its user.
    pub others: Vec<ExpiringSession>,
    /// The user's drawings that changed last.
    pub latest: Vec<Header>,
    /// The user's record; empty when the user is gone.
    pub users: Vec<UserRecord>,
}

impl OperatorService {
    /// A page of sessions, and the records of their users.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn sessions(
        &self,
        selection: &SessionSelection,
    ) -> OperatorResult<(Listing<ExpiringSession>, Vec<UserRecord>)> {
        let estimates = self.sessions.store().session_estimates(Micros(i64::MAX));
        let (rows, (total, _)) = tokio::try_join!(self.session_rows(selection), estimates)?;
        let users = self.users_of(rows.rows.iter().map(|(session, _)| &session.user)).await?;
        Ok((Listing { rows, total }, users))
    }

    /// Number of selected sessions, counted for two seconds at most.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn count_sessions(&self, selection: &SessionSelection) -> OperatorResult<Count> {
        let counted = count(|after| {
            let page = SessionPage { after, limit: COUNTED, ..selection.page.clone() };
            let part = SessionSelection { page, user: selection.user.clone() };
            async move { self.session_rows(&part).await }
        });
        Ok(counted.await?)
    }

    async fn session_rows(&self, selection: &SessionSelection) -> StoreResult<Rows<ExpiringSession>> {
        let (page, store) = (&selection.page, self.sessions.store());
        if let Some(user) = &selection.user {
            let mut all = store.of_user(user).await?;
            all.retain(|(session, ends)| page.filter.takes(session, *ends));
            let down = page.reverse != (page.order == SessionOrder::LastSeen);
            let place_of = |row: &ExpiringSession| place_of(row, page.order);
            return Ok(of_sorted(all, place_of, down, page.after.as_ref(), page.limit));
        }
        let Some(prefix) = page.filter.openid.as_ref().filter(|_| page.order == SessionOrder::Openid) else {
            return store.session_page(page).await;
        };
        let place = (page.reverse, page.after.as_ref(), page.limit);
        by_prefix(self.sessions.app_ids(), prefix, place, |users, after, limit| {
            let page = SessionPage { users: Some(users), after, limit, ..page.clone() };
            async move { store.session_page(&page).await }
        })
        .await
    }

    /// A living session, the other sessions of its user, and what the user drew last.
    ///
    /// # Errors
    /// [`OperatorError::NoSession`], [`OperatorError::Store`].
    pub async fn session_overview(&self, id: &str) -> OperatorResult<SessionOverview> {
        let StoredSession { id, user, .. } = self.session(id).await?;
        let mut others = self.sessions.store().of_user(&user).await?;
        let place =
            others.iter().position(|(session, _)| session.id == id).ok_or(OperatorError::NoSession)?;
        let session = others.remove(place);
        let (users, latest) = tokio::try_join!(self.users_of(std::iter::once(&user)), self.latest(&user))?;
        Ok(SessionOverview { session, others, latest, users })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn end_session(&self, actor: &Actor, id: &str) -> OperatorResult<()> {
        let session = self.session(id).await?;
        self.audit(actor, Change::RevokeSession, &session.public_id, Some(id)).await?;
        match self.sessions.end(&session.user, session.id).await {
            Err(SessionError::NoSession) => Err(OperatorError::NoSession),
            ended => Ok(ended?),
        }
    }

    /// Has WeChat replace a session's session_key, see
    /// [`SessionService::reset_key`](crate::service::sessions::SessionService::reset_key).
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn reset_key(&self, actor: &Actor, id: &str) -> OperatorResult<()> {
        let session = self.session(id).await?;
        self.audit(actor, Change::ResetSessionKey, &session.public_id, Some(id)).await?;
        match self.sessions.reset_key(&session).await {
            // The user-facing error would ask the operator to sign in.
            Err(SessionError::KeySuperseded) => Err(OperatorError::KeySuperseded),
            reset => Ok(reset?),
        }
    }

    async fn session(&self, id: &str) -> OperatorResult<StoredSession> {
        let id = SessionId::parse(id).ok_or(OperatorError::NoSession)?;
        self.sessions.store().read(id, None, None).await?.ok_or(OperatorError::NoSession)
    }
}

fn place_of((session, _): &ExpiringSession, order: SessionOrder) -> Place {
    let name = session.id.to_string();
    match order {
        // The session used first expires first. The exact expiry depends on the time of asking, which would
        // make a page begin again with the last row of the page before.
        SessionOrder::Expiry | SessionOrder::LastSeen => Place { value: session.last_seen.0, name },
        SessionOrder::Openid => Place { value: 0, name: format!("{}/{name}", session.user) },
    }
}
