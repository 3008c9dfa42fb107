//! The public face of shares, `/s/…`: a page that is complete without JavaScript, the picture in several forms,
//! and the JSON. No request carries a token or cookie, and a reply depends on its address alone.
//!
//! A share that is not shown answers alike on every address: 202 while it is checked, 410 when it was taken back,
//! 404 when there is none.

mod assets;
mod html;
mod report;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::address::{address, origin, reject_early};
use super::middleware::{RequestId, problem_json};
use super::v1::images::{animation, file, still, tagged, unchanged};
use super::{App, query};
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::drawings::{Format, Rendition};
use crate::service::shares::{CardShape, PictureKind, ShareError, ShownShare};

/// Caching of a reply that changes with the share: a share that is taken back is gone within a minute.
const MINUTE: &str = "public, max-age=60";
/// Caching while a share is checked.
const MOMENT: &str = "public, max-age=5";

/// The longer sides of public pictures, in pixels: a visitor can have few pictures made of one share.
const SIZES: [u32; 11] = [64, 128, 240, 320, 480, 640, 720, 960, 1080, 1440, 2048];

pub(super) fn routes(config: &mut ServiceConfig) {
    // Authors can't open a share to search engines yet.
    let not_indexed = DefaultHeaders::new().add(("x-robots-tag", "noindex"));
    let shares = web::scope("/s")
        .wrap(not_indexed)
        .service(web::resource("/-/{file}").route(web::get().to(assets::asset)))
        .service(web::resource("/{code}/card.png").route(web::get().to(card)))
        .service(web::resource("/{code}/avatar.jpg").route(web::get().to(avatar)))
        .service(web::resource("/{code}/code.png").route(web::get().to(code_picture)))
        .service(web::resource("/{code}/report").route(web::post().to(report::report)))
        .service(web::resource("/{code:[0-9a-z]*}.json").route(web::get().to(json)))
        .service(web::resource("/{code:[0-9a-z]*}.gif").route(web::get().to(gif)))
        .service(web::resource("/{code:[0-9a-z]*}.png").route(web::get().to(png)))
        .service(web::resource("/{code:[0-9a-z]*}.svg").route(web::get().to(svg)))
        .service(web::resource("/{code}").route(web::get().to(page)));
    config.service(shares);
}

async fn page(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    admit(&app, &request)?;
    let public = match app.shares.public(&code).await {
        Ok(public) => public,
        Err(error) => {
            let hidden = Hidden::of(error)?;
            return Ok(html::reply(hidden.status(), hidden.caching(), &html::hidden("", &hidden)));
        }
    };
    let url = app.shares.url(&public.shown.share.code, &origin(&request, &app));
    let has_code = app.shares.code_picture(&public.shown).await.is_some();
    Ok(html::reply(StatusCode::OK, MINUTE, &html::share(&public, &url, has_code)))
}

async fn json(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    admit(&app, &request)?;
    let public = match app.shares.public(&code).await {
        Ok(public) => public,
        Err(error) => return Ok(Hidden::of(error)?.as_json(&request)),
    };
    let origin = origin(&request, &app);
    let tag = app.shares.json_tag(&public, &origin);
    if let Some(reply) = unchanged(&request, &tag, MINUTE) {
        return Ok(reply);
    }
    match app.shares.public_json(&public, &origin).await {
        Ok(json) => Ok(tagged(&tag, json, "application/json", MINUTE)),
        Err(error) => Ok(Hidden::of(error)?.as_json(&request)),
    }
}

async fn png(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    picture(&app, &code, &request, |request| offered(Format::Png, request)).await
}

async fn svg(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    picture(&app, &code, &request, |request| offered(Format::Svg, request)).await
}

async fn gif(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    picture(&app, &code, &request, |request| animation(request).map(PictureKind::Rendition)).await
}

/// The still picture of the size that the query names, or of the next larger one that is offered.
fn offered(format: Format, request: &HttpRequest) -> Result<PictureKind, Problem> {
    let rendition = match still(format, request)? {
        Rendition::Still(format, size) if size >= SIZES[0] => {
            let offered = SIZES.into_iter().find(|offered| *offered >= size);
            Rendition::Still(format, offered.unwrap_or(size))
        }
        other @ (Rendition::Still(..) | Rendition::Animation(_) | Rendition::Document) => other,
    };
    Ok(PictureKind::Rendition(rendition))
}

#[derive(Deserialize)]
struct CardQuery {
    shape: Option<String>,
}

async fn card(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    let kind = |request: &HttpRequest| {
        let asked: CardQuery = query(request)?;
        let shape = match asked.shape.as_deref() {
            None => CardShape::FiveByFour,
            Some(name) => CardShape::parse(name)
                .ok_or_else(|| Problem::new(Code::InvalidValue).detail("shape is 5x4 or 1x1"))?,
        };
        Ok(PictureKind::Card(shape))
    };
    picture(&app, &code, &request, kind).await
}

/// The mini-program code that opens the share.
async fn code_picture(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    let shown = match shown(&app, &code, &request).await? {
        Ok(shown) => shown,
        Err(reply) => return Ok(reply),
    };
    let picture = app.shares.code_picture(&shown).await.ok_or_else(|| Problem::new(Code::ShareNotFound))?;
    // WeChat sends either format.
    let media_type = if picture.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
    Ok(file(&request, picture, media_type, MINUTE))
}

async fn avatar(app: App, code: Path<String>, request: HttpRequest) -> Reply {
    admit(&app, &request)?;
    let public = match app.shares.public(&code).await {
        Ok(public) => public,
        Err(error) => return Ok(Hidden::of(error)?.as_json(&request)),
    };
    let image = app.shares.public_avatar(&public).await?;
    Ok(file(&request, image.into(), "image/jpeg", MINUTE))
}

/// A picture of a share. The query is read after the state, so that a share that is not shown answers alike
/// whatever is asked for.
async fn picture(
    app: &App,
    code: &str,
    request: &HttpRequest,
    kind: impl FnOnce(&HttpRequest) -> Result<PictureKind, Problem>,
) -> Reply {
    let shown = match shown(app, code, request).await? {
        Ok(shown) => shown,
        Err(reply) => return Ok(reply),
    };
    let kind = kind(request)?;
    let tag = app.shares.picture_tag(&shown, kind);
    if let Some(reply) = unchanged(request, &tag, MINUTE) {
        return Ok(reply);
    }
    match app.shares.public_picture(&shown, kind).await {
        Ok(picture) => Ok(tagged(&tag, picture, kind.media_type(), MINUTE)),
        Err(error) => Ok(Hidden::of(error)?.as_json(request)),
    }
}

/// The share of a code, or the reply of an address that is no page.
async fn shown(
    app: &App,
    code: &str,
    request: &HttpRequest,
) -> Result<Result<ShownShare, HttpResponse>, Problem> {
    admit(app, request)?;
    match app.shares.shown(code).await {
        Ok(shown) => Ok(Ok(shown)),
        Err(error) => Ok(Err(Hidden::of(error)?.as_json(request))),
    }
}

/// Counts the request against the limit of its address.
fn admit(app: &App, request: &HttpRequest) -> Result<(), Problem> {
    app.rate_limits.page(address(request, app)).map_err(|exceeded| reject_early(request, exceeded))
}

/// State of a share that the public does not see.
enum Hidden {
    Checking,
    Gone,
    /// There is no such share, or no sharing.
    Absent(Code),
}

impl Hidden {
    fn of(error: ShareError) -> Result<Self, Problem> {
        match error {
            ShareError::Checking => Ok(Self::Checking),
            ShareError::Gone => Ok(Self::Gone),
            ShareError::NotFound => Ok(Self::Absent(Code::ShareNotFound)),
            ShareError::Off => Ok(Self::Absent(Code::SharingOff)),
            ShareError::Removed
            | ShareError::NothingToShare
            | ShareError::PhoneNeeded
            | ShareError::RateLimited(_)
            | ShareError::Value(_)
            | ShareError::Drawing(_)
            | ShareError::Store(_) => Err(error.into()),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Checking => StatusCode::ACCEPTED,
            Self::Gone => StatusCode::GONE,
            Self::Absent(_) => StatusCode::NOT_FOUND,
        }
    }

    fn caching(&self) -> &'static str {
        match self {
            Self::Checking => MOMENT,
            Self::Gone | Self::Absent(_) => MINUTE,
        }
    }

    fn as_json(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static(self.caching())));
        let code = match self {
            Self::Checking => {
                return response.content_type("application/json").body(r#"{"state":"checking"}"#);
            }
            Self::Gone => Code::ShareGone,
            Self::Absent(code) => *code,
        };
        let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        response.content_type("application/problem+json").body(problem_json(&Problem::new(code), &id))
    }
}
