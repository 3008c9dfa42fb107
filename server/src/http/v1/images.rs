//! Pictures: of the caller's drawings with the token, and by signed link without.

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use yibi_common::api::ProblemBody;
use yibi_common::api::schema::{Binary, PictureReplies};

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::query::query;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::drawings::{Format, GifSize, Link, Rendition};

/// The longer side when none is asked for, in pixels.
const SIZE: u32 = 1080;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/drawings/{id}/image.png").route(web::get().to(png)))
        .service(web::resource("/drawings/{id}/image.svg").route(web::get().to(svg)))
        .service(web::resource("/drawings/{id}/image.gif").route(web::get().to(gif)))
        .service(web::resource("/drawings/{id}/image.pdf").route(web::get().to(pdf)))
        .service(web::resource("/images/{user}/{id}/{file}").route(web::get().to(linked)));
}

/// The drawing's picture as it is now, as PNG.
#[utoipa::path(get, path = "/drawings/{id}/image.png", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses((status = 200, description = "The picture", body = Binary, content_type = "image/png"), PictureReplies))]
pub(super) async fn png(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    let rendition = still(Format::Png, &request)?;
    current(&app, &caller, &id, &request, rendition).await
}

/// The drawing's picture as it is now, as SVG.
#[utoipa::path(get, path = "/drawings/{id}/image.svg", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"), PictureReplies))]
pub(super) async fn svg(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    let rendition = still(Format::Svg, &request)?;
    current(&app, &caller, &id, &request, rendition).await
}

/// The replay of the drawing's visible strokes, as an endless GIF of at most 7.5 s.
#[utoipa::path(get, path = "/drawings/{id}/image.gif", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("size" = Option<String>, Query, description = "`720` or `480`: the longer side in pixels at most, and at most 900 kB; \
        `sticker`: a square of 240 pixels and at most 500 kB. 720 when absent", pattern = "^(sticker|480|720)$", example = "480"),
), responses((status = 200, description = "The animation", body = Binary, content_type = "image/gif"), PictureReplies))]
pub(super) async fn gif(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    let rendition = animation(&request)?;
    current(&app, &caller, &id, &request, rendition).await
}

/// The drawing's picture as it is now, as a PDF of one page with vectors; the longer side has 297 mm.
#[utoipa::path(get, path = "/drawings/{id}/image.pdf", tag = "pictures", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
), responses((status = 200, description = "The page", body = Binary, content_type = "application/pdf"), PictureReplies))]
pub(super) async fn pdf(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    current(&app, &caller, &id, &request, Rendition::Document).await
}

#[derive(Deserialize)]
struct StillQuery {
    size: Option<u32>,
}

#[derive(Deserialize)]
struct GifQuery {
    size: Option<String>,
}

/// The still picture of the size that the query names.
pub(in crate::http) fn still(format: Format, request: &HttpRequest) -> Result<Rendition, Problem> {
    let asked: StillQuery = query(request)?;
    Ok(Rendition::Still(format, asked.size.unwrap_or(SIZE)))
}

/// The replay in the size that the query names.
pub(in crate::http) fn animation(request: &HttpRequest) -> Result<Rendition, Problem> {
    let asked: GifQuery = query(request)?;
    let size = asked.size.as_deref().map_or(Some(GifSize::Large), GifSize::parse);
    let wrong = || Problem::new(Code::InvalidValue).detail("size is sticker, 480 or 720");
    size.map(Rendition::Animation).ok_or_else(wrong)
}

/// A drawing of the caller as it is now. It may have changed by the next request, so the client has to
/// revalidate it each time.
async fn current(
    app: &App,
    caller: &Authenticated,
    id: &str,
    request: &HttpRequest,
    rendition: Rendition,
) -> Reply {
    let picture = app.drawings.picture(caller.user(), id, rendition).await?;
    Ok(file(request, picture.bytes, rendition.media_type(), "private, no-cache"))
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
    let (public_id, id, name) = path.into_inner();
    let invalid = || Problem::new(Code::LinkInvalid);
    let (seq, ending) = name.split_once('.').ok_or_else(invalid)?;
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
    Ok(file(&request, picture.bytes, format.media_type(), "private, max-age=86400, immutable"))
}

/// Of a picture there is one link, as it was given out, though numbers and escapes can be written in several ways.
pub(super) fn as_given_out(request: &HttpRequest, path: &str, signature: &str) -> Result<(), Problem> {
    let given = format!("{path}&sig={signature}");
    let shown = request.uri().path_and_query();
    let same = shown.is_some_and(|shown| shown.as_str().ends_with(&given));
    if same { Ok(()) } else { Err(Problem::new(Code::LinkInvalid)) }
}

/// A file with its tag, or the news that the client has it.
pub(in crate::http) fn file(
    request: &HttpRequest,
    bytes: Bytes,
    media_type: &'static str,
    cache: &'static str,
) -> HttpResponse {
    let digest = Sha256::digest(&bytes);
    let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    unchanged(request, &tag, cache).unwrap_or_else(|| tagged(&tag, bytes, media_type, cache))
}

/// The news that the client has the file with that tag, if so.
pub(in crate::http) fn unchanged(
    request: &HttpRequest,
    tag: &str,
    cache: &'static str,
) -> Option<HttpResponse> {
    let tag = EntityTag::new_strong(tag.to_owned());
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    };
    let mut response = HttpResponse::NotModified();
    response.insert_header((header::CACHE_CONTROL, cache)).insert_header(header::ETag(tag));
    known.then(|| response.finish())
}

/// A file with its tag.
pub(in crate::http) fn tagged(
    tag: &str,
    bytes: Bytes,
    media_type: &'static str,
    cache: &'static str,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header(header::ETag(EntityTag::new_strong(tag.to_owned())));
    response.content_type(media_type).body(bytes)
}
