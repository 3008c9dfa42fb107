//! The operator's API's description, made of the handlers and their types.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{audit, drawings, live, orders, reviews, rooms, session_key, sessions, users, views};
use crate::http::openapi::Failures;

/// The operator's API, version 1.
#[derive(OpenApi)]
#[openapi(
    info(title = "yibi, the operator's side", description = "Served on the admin listener and admin.sock only. Failures are problem+json with a stable `code`."),
    servers((url = "/admin/v1")),
    paths(
        views::me, live::overview, live::history, live::events, live::errors, live::request,
        sessions::list, sessions::counted, sessions::one, sessions::revoke, session_key::reset,
        users::list, users::counted, users::one, users::block, users::unblock, users::revoke,
        drawings::list, drawings::counted, drawings::read, drawings::export, drawings::png, drawings::svg,
        drawings::delete, drawings::restore,
        reviews::list, reviews::open, reviews::one_case, reviews::avatar, reviews::copy, reviews::picture, reviews::sheet, reviews::claim,
        reviews::pass, reviews::remove, reviews::hold, reviews::note, reviews::shares,
        rooms::list, rooms::one, rooms::freeze, rooms::thaw, rooms::close, rooms::remove,
        orders::list, orders::read, orders::picture, orders::print_pdf, orders::print_png, orders::address, orders::pass,
        orders::reject, orders::printing, orders::shipped, orders::refund, orders::release,
        audit::list,
    ),
    security(("token" = [])),
    modifiers(&Token, &Failures),
)]
pub struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/openapi.json").route(web::get().to(document)));
}

async fn document() -> HttpResponse {
    HttpResponse::Ok().json(Document::openapi())
}
