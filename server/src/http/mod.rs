//! The public face: routes, and what surrounds every request.

mod address;
mod audience;
mod auth;
mod body;
mod hosts;
mod legacy;
pub(crate) mod middleware;
pub mod openapi;
mod payments;
mod push;
mod query;
pub(crate) mod reply;
mod share_page;
mod unmatched;
mod unread_reply;
mod upload;
mod v1;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

pub(crate) use address::reject_early;
pub(crate) use audience::{Shown, who};
pub(crate) use body::Body;
pub use hosts::{AllowedHosts, refuse_foreign_hosts};
pub use middleware::{ForOperators, envelope, nothing};
pub(crate) use query::query;
pub use unmatched::count_unmatched;
pub(crate) use unread_reply::end_unread;

use crate::service::auth::Authenticator;
use crate::service::drawings::DrawingService;
use crate::service::evidence::EvidenceService;
use crate::service::miniprogram_codes::MiniprogramCodeService;
use crate::service::moderation::Moderation;
use crate::service::operator::OperatorService;
use crate::service::orders::{OrderRecords, OrderService};
use crate::service::pushes::Pushes;
use crate::service::rate_limits::RateLimits;
use crate::service::rooms::RoomService;
use crate::service::sessions::SessionService;
use crate::service::shares::ShareService;
use crate::service::titles::TitleService;
use crate::service::users::UserService;
use crate::settings::{self, Settings};
use crate::telemetry::Metrics;

/// What handlers work with; one per server.
pub struct Services {
    pub sessions: SessionService,
    pub drawings: DrawingService,
    pub evidence: EvidenceService,
    /// Titles of drawings, with their moderation.
    pub titles: TitleService,
    /// Public links to drawings.
    pub shares: ShareService,
    /// Drawings in which several people draw.
    pub rooms: RoomService,
    /// Orders of prints; `None` without a shop.
    pub orders: Option<OrderService>,
    /// The records of orders, for background tasks.
    pub order_records: OrderRecords,
    /// Users as they see and change themselves.
    pub users: UserService,
    /// The use cases of operators.
    pub operators: OperatorService,
    /// What others may see of it.
    pub moderation: Moderation,
    pub pushes: Pushes,
    /// Pictures of mini-program codes.
    pub miniprogram_codes: MiniprogramCodeService,
    /// How often they may.
    pub rate_limits: Arc<RateLimits>,
    /// From credentials to callers.
    pub auth: Authenticator,
    pub metrics: Arc<Metrics>,
    /// How the server is set up.
    pub settings: Settings,
}

/// The services as handlers take them.
pub type App = web::Data<Services>;

pub fn routes(config: &mut ServiceConfig, settings: &settings::Http, has_shop: bool) {
    config.configure(push::routes).configure(share_page::routes);
    if has_shop {
        config.configure(payments::routes);
    }
    legacy::routes(config, settings);
    config.service(web::scope("/api/v1").configure(|config| v1::routes(config, has_shop)));
}

/// `GET /` of a production server: the deployer's first proof.
pub async fn root() -> impl Responder {
    HttpResponse::Ok().json(serde_json::json!({"name": "yibi", "version": env!("CARGO_PKG_VERSION")}))
}
