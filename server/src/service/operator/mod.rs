//! Use cases of operators. Each change is written to the audit log before it is made, so that no change lacks
//! an entry.

mod audit;
mod decisions;
mod drawings;
mod orders;
mod paging;
mod review_age;
mod reviews;
mod rooms;
mod servers;
mod sessions;
mod users;

use std::sync::Arc;

use secrecy::SecretString;
use yibi_common::admin::Change;
use yibi_common::sharing::CaseState;

pub use drawings::DrawingSelection;
pub use orders::OrderChange;
pub use paging::Listing;
pub use review_age::run_review_age;
pub use reviews::CaseOverview;
pub use servers::Readiness;
pub use sessions::{ExpiringSession, SessionOverview, SessionSelection};
pub use users::{UserOverview, UserSelection};

use super::drawings::{DrawingError, DrawingService};
use super::moderation::Moderation;
use super::orders::{OrderError, OrderService};
use super::rooms::{RoomError, RoomService};
use super::sessions::{Refusal, SessionError, SessionService};
use super::shares::{ShareError, ShareService};
use crate::domain::drawing::Header;
use crate::domain::user::UserKey;
use crate::store::{Drawings, StoreError, StoreResult};
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
    /// There is no such review case.
    #[error("no such case")]
    NoCase,
    /// The copy that a case is about is no longer kept.
    #[error("the evidence is gone")]
    NoEvidence,
    /// Another operator has the case open.
    #[error("{0} has the case open")]
    CaseClaimed(String),
    /// The case was decided.
    #[error("the case was decided")]
    CaseDecided(CaseState),
    /// The content of the case was replaced or is gone.
    #[error("nothing is left to decide")]
    CaseClosed,
    /// A value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// The server has no shop.
    #[error("no shop")]
    NoShop,
    /// A use case of orders failed.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// A use case of shares failed.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A use case of rooms failed.
    #[error(transparent)]
    Room(#[from] RoomError),
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

/// Drawings shown beside a session or user.
const LATEST: u32 = 10;

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
    moderation: Moderation,
    shares: ShareService,
    rooms: RoomService,
    orders: Option<OrderService>,
    wechat: Wechat,
    metrics: Arc<Metrics>,
}

impl OperatorService {
    #[must_use]
    pub fn new(
        drawings: DrawingService,
        sessions: SessionService,
        moderation: Moderation,
        (shares, orders): (ShareService, Option<OrderService>),
        rooms: RoomService,
        wechat: Wechat,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { drawings, sessions, moderation, shares, orders, rooms, wechat, metrics }
    }

    /// The fleet's access token of a mini-program, of the first one if none is named; with `refused`, a token
    /// other than that one, which WeChat refused.
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

    /// The drawings of a user that changed last, outside the bin.
    async fn latest(&self, user: &UserKey) -> StoreResult<Vec<Header>> {
        self.drawings.store().page(user, false, None, LATEST).await
    }
}
