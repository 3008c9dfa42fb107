//! The API's description, made of the handlers and their types.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{Modify, OpenApi};

use super::v1::{avatar, bin, drawings, images, me, open_data, orders, phone, rooms, sessions, shares};
use crate::http::App;
use crate::problem::Code;

/// The public API, version 1.
#[derive(OpenApi)]
#[openapi(
    info(title = "yibi", description = "Sessions and drawings of a WeChat mini-program. Failures are problem+json with a stable `code`."),
    servers((url = "/api/v1")),
    paths(
        sessions::sign_in, sessions::sign_out, sessions::renew, sessions::limits,
        me::me, me::patch_me, me::put_me, me::leave, me::sessions, me::end_session, me::export,
        avatar::upload, avatar::remove, avatar::linked,
        open_data::open, open_data::session_key, phone::bind, phone::remove,
        drawings::list, drawings::read, drawings::append, drawings::rename, drawings::put_title, drawings::delete, drawings::restore,
        bin::empty, bin::remove,
        images::png, images::svg, images::gif, images::pdf, images::linked,
        rooms::open, rooms::view, rooms::actions, rooms::strokes, rooms::take, rooms::release, rooms::end, rooms::lock,
        rooms::unlock, rooms::close, rooms::remove, rooms::ban, rooms::report, rooms::list,
        shares::share, shares::share_of, shares::revoke, shares::list, shares::report,
        orders::shop, orders::create, orders::list, orders::read, orders::pay, orders::refresh, orders::cancel, orders::received,
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

/// The failures that every operation may answer, and the values of `code`.
pub(crate) struct Failures;

impl Modify for Failures {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations =
                [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let problem =
                    ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
                let failure = ResponseBuilder::new()
                    .description("`internal`, or with `Retry-After` `unavailable` or `busy`")
                    .content("application/problem+json", problem);
                operation.responses.responses.insert("5XX".to_owned(), failure.build().into());
            }
        }
        let schemas = document.components.get_or_insert_default().schemas.get_mut("ProblemBody");
        let Some(RefOr::T(Schema::Object(problem))) = schemas else { return };
        if let Some(RefOr::T(Schema::Object(code))) = problem.properties.get_mut("code") {
            code.enum_values = Some(Code::ALL.iter().map(|code| code.text().into()).collect());
        }
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/openapi.json").route(web::get().to(document)));
}

async fn document(app: App) -> HttpResponse {
    let mut document = Document::openapi();
    if app.orders.is_none() {
        // A server without a shop has none of its addresses.
        document.paths.paths.retain(|path, _| path != "/shop" && !path.starts_with("/orders"));
    }
    HttpResponse::Ok().json(document)
}
