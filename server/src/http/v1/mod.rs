//! The resources of the API, version 1.

pub(super) mod avatar;
pub(super) mod bin;
pub(super) mod drawings;
pub(super) mod images;
pub(super) mod me;
pub(super) mod open_data;
pub(super) mod orders;
pub(super) mod phone;
pub(super) mod rooms;
pub(super) mod sessions;
pub(super) mod shares;

use actix_web::web::ServiceConfig;

use super::openapi;

/// Adds the routes below `/api/v1`.
pub(super) fn routes(config: &mut ServiceConfig, has_shop: bool) {
    if has_shop {
        config.configure(orders::routes);
    }
    config
        .configure(sessions::routes)
        .configure(me::routes)
        .configure(avatar::routes)
        .configure(open_data::routes)
        .configure(phone::routes)
        .configure(drawings::routes)
        .configure(bin::routes)
        .configure(shares::routes)
        .configure(rooms::routes)
        .configure(images::routes)
        .configure(openapi::routes);
}
