//! The dialects of older clients: weapp-session (2016) and wafer (2017).

pub(super) mod wafer;
pub(super) mod weapp;

use actix_web::web::{self, ServiceConfig};

use crate::settings;

/// Adds the routes of both dialects.
pub(super) fn routes(config: &mut ServiceConfig, settings: &settings::Http) {
    config.service(web::scope(&settings.weapp_base_path).configure(weapp::routes));
    wafer::routes(config, &settings.wafer_base_path);
}
