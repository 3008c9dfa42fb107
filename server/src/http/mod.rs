//! The public face: routes, and what surrounds every request.

mod avatar;
mod body;
mod caller;
mod drawings;
pub(crate) mod envelope;
mod guard;
mod images;
mod me;
mod open_data;
pub mod openapi;
mod phone;
mod push;
pub(crate) mod reply;
mod sessions;
mod unread;
mod upload;
mod wafer;
mod weapp;
mod who;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

pub(crate) use drawings::query;
pub use envelope::{ForOperators, envelope, nothing};
pub use guard::Guard;
pub(crate) use who::{Shown, who};

use crate::gallery::GalleryService;
use crate::moderation::Moderation;
use crate::push::Pushes;
use crate::session::SessionService;
use crate::settings::{self, Settings};
use crate::telemetry::Metrics;
use crate::wechat::Wechat;

/// What handlers work with; one per server.
pub struct Services {
    /// Who is calling.
    pub sessions: SessionService,
    /// What they drew.
    pub gallery: GalleryService,
    /// WeChat's server side.
    pub wechat: Wechat,
    /// What others may see of it.
    pub moderation: Moderation,
    /// What WeChat tells.
    pub pushes: Pushes,
    /// How often they may.
    pub guard: Guard,
    /// What is counted.
    pub metrics: std::sync::Arc<Metrics>,
    /// How the server is set up.
    pub settings: Settings,
}

/// The services as handlers take them.
pub type App = web::Data<Services>;

/// All public routes.
pub fn routes(config: &mut ServiceConfig, settings: &settings::Http) {
    config.configure(push::routes);
    config.service(web::scope(&settings.weapp_base_path).configure(weapp::routes));
    wafer::routes(config, &settings.wafer_base_path);
    config.service(
        web::scope("/api/v1")
            .configure(sessions::routes)
            .configure(me::routes)
            .configure(avatar::routes)
            .configure(open_data::routes)
            .configure(phone::routes)
            .configure(drawings::routes)
            .configure(images::routes)
            .configure(openapi::routes),
    );
}

/// `GET /` of a production server: the deployer's first proof.
pub async fn root() -> impl Responder {
    HttpResponse::Ok().json(serde_json::json!({"name": "yibi", "version": env!("CARGO_PKG_VERSION")}))
}
