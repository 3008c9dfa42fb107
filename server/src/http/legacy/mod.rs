//! The dialects of older clients: weapp-session (2016) and wafer (2017).

mod paints;
mod reply;
mod wafer;
mod weapp;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::App;
use crate::service::sessions::Caller;
use crate::settings;

/// Adds the routes of both dialects.
pub(super) fn routes(config: &mut ServiceConfig, settings: &settings::Http) {
    config.service(web::scope(&settings.weapp_base_path).configure(paints::routes));
    wafer::routes(config, &settings.wafer_base_path);
}

/// The session layer of both dialects, before any route: the caller, or the reply that refuses the request. A client
/// of 2017 is known by its own headers and answered in its own words.
pub(super) async fn caller(app: &App, request: &HttpRequest) -> Result<Caller, HttpResponse> {
    match wafer::credential(request) {
        Some(credential) => wafer::caller(app, request, &credential).await,
        None => weapp::caller(app, request).await,
    }
}
