//! Pictures: of the caller's drawings with the token, and by signed link without.

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use yibi_common::api::ProblemBody;
use yibi_common::api::schema::Binary;

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::query::query;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::drawings::{Format, Link, Picture};

/// The longer side when none is asked for, in pixels.
const SIZE: u32 = 1080;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/drawings/{id}/image.png").route(web::get().to(png)))
        .service(web::resource("/drawings/{id}/image.svg").route(web::get().to(svg)))
        .service(web::resource("/images/{user}/{id}/{file}").route(web::get().to(linked)));
}

#[derive(Deserialize)]
struct ImageQuery {
    size: Option<u32>,
}

/// The drawing's picture as it is now, as PNG.
#[utoipa::path(get, path = "/drawings/{id}/image.png", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses(
    (status = 200, description = "The picture", body = Binary, content_type = "image/png"),
    (status = 304, description = "The picture that the client has"),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn png(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    picture(&app, &caller, &id, &request, Format::Png).await
}

/// The drawing's picture as it is now, as SVG.
#[utoipa::path(get, path = "/drawings/{id}/image.svg", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses(
    (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
    (status = 304, description = "The picture that the client has"),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn svg(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    picture(&app, &caller, &id, &request, Format::Svg).await
}

async fn picture(
    app: &App,
    caller: &Authenticated,
    id: &str,
    request: &HttpRequest,
    format: Format,
) -> Reply {
    let asked: ImageQuery = query(request)?;
    let size = asked.size.unwrap_or(SIZE);
    let picture = app.drawings.picture(caller.user(), id, format, size).await?;
    // The drawing may have changed by the next look, so the client has to ask each time.
    Ok(sent(request, picture, format, "private, no-cache"))
}

#[derive(Deserialize)]
struct LinkQuery {
    size: u32,
    exp: i64,
    sig: String,
}

/// The picture that a summary's `image_url` names.
#[utoipa::path(get, path = "/images/{user}/{id}/{file}", tag = "pictures", security(()), params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("file" = String, Path, description = "`{seq}.png` or `{seq}.svg`"),
    ("size" = u32, Query, description = "As signed"),
    ("exp" = i64, Query, description = "As signed"),
    ("sig" = String, Query, description = "The signature of all the rest"),
), responses(
    (status = 200, description = "The picture", content((Binary = "image/png"), (String = "image/svg+xml"))),
    (status = 304, description = "The picture that the client has"),
    (status = 403, description = "`link_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`drawing_not_found`: deleted meanwhile", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn linked(app: App, path: Path<(String, String, String)>, request: HttpRequest) -> Reply {
    let (public_id, id, file) = path.into_inner();
    let invalid = || Problem::new(Code::LinkInvalid);
    let (seq, ending) = file.split_once('.').ok_or_else(invalid)?;
    let format = match ending {
        "png" => Format::Png,
        "svg" => Format::Svg,
        _ => return Err(invalid()),
    };
    let asked: LinkQuery = query(&request).map_err(|_| invalid())?;
    let seq = seq.parse().map_err(|_| invalid())?;
    let link = Link { public_id: &public_id, id: &id, seq, format, size: asked.size, exp: asked.exp };
    as_given_out(&request, &link.path(), &asked.sig)?;
    let picture = app.drawings.linked_picture(&link, &asked.sig).await?;
    Ok(sent(&request, picture, format, "private, max-age=86400, immutable"))
}

/// Of a picture there is one link, as it was given out, though numbers and escapes can be written in several ways.
pub(super) fn as_given_out(request: &HttpRequest, path: &str, signature: &str) -> Result<(), Problem> {
    let given = format!("{path}&sig={signature}");
    let shown = request.uri().path_and_query();
    let same = shown.is_some_and(|shown| shown.as_str().ends_with(&given));
    if same { Ok(()) } else { Err(Problem::new(Code::LinkInvalid)) }
}

fn sent(request: &HttpRequest, picture: Picture, format: Format, cache: &'static str) -> HttpResponse {
    file(request, picture.bytes, format.media_type(), cache)
}

/// A file with its tag, or the news that the client has it.
pub(in crate::http) fn file(
    request: &HttpRequest,
    bytes: Bytes,
    media_type: &'static str,
    cache: &'static str,
) -> HttpResponse {
    let digest = Sha256::digest(&bytes);
    let tag = EntityTag::new_strong(digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect());
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::CACHE_CONTROL, cache)).insert_header(header::ETag(tag));
    if known { response.finish() } else { response.content_type(media_type).body(bytes) }
}
