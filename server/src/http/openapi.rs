//! The API's description, made of the handlers and their types.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{drawings, images, me, sessions};

/// The public API, version 1.
#[derive(OpenApi)]
#[openapi(
    info(title = "yibi", description = "Sessions and drawings of a WeChat mini-program. Failures are problem+json with a stable `code`."),
    servers((url = "/api/v1")),
    paths(
        sessions::sign_in, sessions::sign_out, sessions::renew, sessions::limits,
        me::me, me::patch_me, me::leave, me::sessions, me::end_session, me::export,
        drawings::list, drawings::read, drawings::append, drawings::rename, drawings::delete, drawings::restore,
        images::png, images::svg, images::linked,
    ),
    security(("token" = [])),
    modifiers(&Token),
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
