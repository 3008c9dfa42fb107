//! Use cases of operators. Each change is written to the audit log before it is made, so that no change lacks an entry.

use std::sync::Arc;

use secrecy::SecretString;
use yibi_common::admin::{AuditEntry, Change, Happening};

use super::drawings::{DrawingError, DrawingService};
use super::sessions::{Refusal, SessionError, SessionService};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::session::{SessionId, StoredSession};
use crate::domain::user::UserRecord;
use crate::store::{Reports, Sessions, StoreError, Users};
use crate::telemetry::Metrics;
use crate::wechat::{AccessToken, Wechat};

/// Why an operator's request failed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no such user.
    #[error("no such user")]
    NoUser,
    /// There is no such living session.
    #[error("no such session")]
    NoSession,
    /// The session's WeChat key is no longer the user's.
    #[error("the session_key was superseded")]
    KeySuperseded,
    /// No mini-program of the settings has that app id.
    #[error("an unknown mini-program")]
    UnknownApp,
    /// A use case of sessions failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A use case of drawings failed.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

type OperatorResult<T> = Result<T, OperatorError>;

/// Operator or backend that makes a change, as the audit log names it.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Name of the token or user.
    pub name: String,
    /// Address of the request.
    pub from: String,
    pub request_id: String,
}

/// The use cases of operators.
#[derive(Clone)]
pub struct OperatorService {
    drawings: DrawingService,
    sessions: SessionService,
    wechat: Wechat,
    metrics: Arc<Metrics>,
}

impl OperatorService {
    #[must_use]
    pub fn new(
        drawings: DrawingService,
        sessions: SessionService,
        wechat: Wechat,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { drawings, sessions, wechat, metrics }
    }

    /// The user with that public id, in any state.
    ///
    /// # Errors
    /// [`OperatorError::NoUser`], [`OperatorError::Store`].
    pub async fn user(&self, public_id: &str) -> OperatorResult<UserRecord> {
        let user = self.drawings.store().user_by_public_id(public_id).await?;
        user.ok_or(OperatorError::NoUser)
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

    /// Has WeChat replace a session's session_key, see [`SessionService::reset_key`].
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

    /// Moves a user's drawing into the bin or out of it.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn set_deleted(
        &self,
        actor: &Actor,
        public_id: &str,
        id: &str,
        deleted: bool,
    ) -> OperatorResult<(UserRecord, Header)> {
        let user = self.user(public_id).await?;
        self.drawings.header(&user.key, id).await?;
        let change = if deleted { Change::DeleteDrawing } else { Change::RestoreDrawing };
        self.audit(actor, change, public_id, Some(id)).await?;
        let header = self.drawings.set_deleted(&user.key, id, deleted).await?;
        Ok((user, header))
    }

    /// The fleet's access token of a mini-program, of the first one if none is named; with `refused`, a token other
    /// than that one, which WeChat refused.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn access_token(
        &self,
        actor: &Actor,
        app_id: Option<&str>,
        refused: Option<&SecretString>,
    ) -> OperatorResult<AccessToken> {
        let app = self.sessions.app(app_id).filter(|app| app_id.is_none_or(|id| id == app.id));
        let app = app.ok_or(OperatorError::UnknownApp)?;
        self.audit(actor, Change::GiveAccessToken, "", Some(&app.id)).await?;
        let token = match refused {
            None => self.wechat.access_token(app).await,
            Some(refused) => self.wechat.access_token_other_than(app, refused).await,
        };
        Ok(token.map_err(|error| SessionError::Exchange(Refusal::from(&error)))?)
    }

    async fn session(&self, id: &str) -> OperatorResult<StoredSession> {
        let id = SessionId::parse(id).ok_or(OperatorError::NoSession)?;
        self.sessions.store().read(id, None, None).await?.ok_or(OperatorError::NoSession)
    }

    async fn audit(
        &self,
        actor: &Actor,
        change: Change,
        user: &str,
        target: Option<&str>,
    ) -> OperatorResult<()> {
        let now = Micros::now();
        let entry = AuditEntry {
            at: now.to_string(),
            who: actor.name.clone(),
            from: actor.from.clone(),
            change,
            user: user.to_owned(),
            target: target.map(ToOwned::to_owned),
            request_id: actor.request_id.clone(),
        };
        self.drawings.store().audit(now, &entry).await?;
        self.metrics.events().publish(|| Happening::Changed { entry: entry.clone() });
        tracing::info!(who = %entry.who, change = change.name(), user, target, "an operator changes something");
        Ok(())
    }
}
