//! `/drawings`: the caller's gallery.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::api::{
    AppendReply, AppendRequest, DrawingReply, DrawingsReply, PatchDrawing, ProblemBody, Summary,
};

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::query::query;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::drawings::Append;
use crate::service::rooms::RoomCaller;

/// Drawings on a page: when no number is asked for, and at most.
const PAGE: u32 = 20;
const LARGEST_PAGE: u32 = 100;
/// First value of `X-Yibi-Client` that tells of authors.
const KNOWS_AUTHORS: u32 = 2;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/drawings").route(web::get().to(list)))
        .service(
            web::resource("/drawings/{id}")
                .route(web::get().to(read))
                .route(web::patch().to(rename))
                .route(web::put().to(put_title))
                .route(web::delete().to(delete)),
        )
        .service(web::resource("/drawings/{id}/actions").route(web::post().to(append)))
        .service(web::resource("/drawings/{id}/restore").route(web::post().to(restore)));
}

#[derive(Deserialize)]
struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    deleted: Option<bool>,
}

/// The caller's drawings, newest change first.
#[utoipa::path(get, path = "/drawings", tag = "drawings", params(
    ("limit" = Option<u32>, Query, description = "1 to 100; 20 when absent", minimum = 1, maximum = 100),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ("deleted" = Option<bool>, Query, description = "Those in the bin instead"),
    ("X-Yibi-Client" = Option<String>, Header, description = "2 for a client that knows drawings of several people"),
), responses(
    (status = 200, description = "A page", body = DrawingsReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, caller: Authenticated, request: HttpRequest) -> Reply {
    let asked: ListQuery = query(&request)?;
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::new(Code::InvalidValue).detail("limit is between 1 and 100"));
    }
    let (user, public_id) = (caller.user(), &caller.session.public_id);
    let deleted = asked.deleted.unwrap_or(false);
    let knows_authors = knows_authors(&request);
    let page =
        app.drawings.page(user, public_id, deleted, asked.cursor.as_deref(), limit, knows_authors).await?;
    Ok(HttpResponse::Ok().json(DrawingsReply { drawings: page.drawings, next: page.next }))
}

/// Whether the client reads actions of several authors.
fn knows_authors(request: &HttpRequest) -> bool {
    let version = request.headers().get("x-yibi-client").and_then(|value| value.to_str().ok());
    version.and_then(|version| version.parse::<u32>().ok()).is_some_and(|version| version >= KNOWS_AUTHORS)
}

#[derive(Deserialize)]
struct ReadQuery {
    since: Option<u32>,
}

/// One drawing with its actions, also from the bin.
#[utoipa::path(get, path = "/drawings/{id}", tag = "drawings", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
    ("since" = Option<u32>, Query, description = "Leave out the actions before this number", minimum = 0, maximum = 4_294_967_295_u32),
    ("X-Yibi-Client" = Option<String>, Header, description = "2 for a client that knows drawings of several people; any other gets the visible strokes of such a drawing, with `read_only`"),
), responses(
    (status = 200, description = "The drawing", body = DrawingReply),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`drawing_too_large`: the actions exceed one reply; ask for a part of them with `since`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn read(app: App, caller: Authenticated, id: Path<String>, request: HttpRequest) -> Reply {
    let asked: ReadQuery = query(&request)?;
    let since = asked.since.unwrap_or(0);
    let person = RoomCaller { key: caller.user(), id: &caller.session.public_id };
    let drawing = app.rooms.drawing(person, &id, since, knows_authors(&request)).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(drawing))
}

/// Puts actions behind a drawing's list; the append at 0 creates it. Sent again, actions that are there are
/// not stored again.
#[utoipa::path(post, path = "/drawings/{id}/actions", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id, chosen by the client", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")),
    request_body = AppendRequest, responses(
    (status = 200, description = "Stored for good", body = AppendReply),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`conflict`: load the tail from `seq` on, put what is pending behind it", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`drawing_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_action`, `invalid_value`, `drawing_full`, `too_many_drawings`, `storage_full`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`rate_limited`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn append(app: App, caller: Authenticated, id: Path<String>, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let asked: AppendRequest = body.json().await?;
    let append = Append { from_seq: asked.from_seq, actions: asked.actions, drawing: asked.drawing };
    let seq = app.titles.append(caller.user(), &id, append).await?;
    Ok(HttpResponse::Ok().json(AppendReply { seq }))
}

/// Gives a drawing another title.
#[utoipa::path(patch, path = "/drawings/{id}", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")),
    request_body = PatchDrawing, responses(
    (status = 200, description = "The drawing, renamed", body = Summary),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn rename(app: App, caller: Authenticated, id: Path<String>, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let patch: PatchDrawing = body.json().await?;
    let renamed = app.titles.rename(caller.user(), &caller.session.public_id, &id, &patch.title).await?;
    Ok(HttpResponse::Ok().json(renamed))
}

/// What `PATCH` does, for mini-programs: `wx.request` does not know that method.
#[utoipa::path(put, path = "/drawings/{id}", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")),
    request_body = PatchDrawing, responses(
    (status = 200, description = "The drawing, renamed", body = Summary),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn put_title(app: App, caller: Authenticated, id: Path<String>, body: Body) -> Reply {
    rename(app, caller, id, body).await
}

/// Puts a drawing in the bin, for thirty days.
#[utoipa::path(delete, path = "/drawings/{id}", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")), responses(
    (status = 204, description = "Deleted, now or before"),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn delete(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.drawings.delete(caller.user(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a drawing out of the bin.
#[utoipa::path(post, path = "/drawings/{id}/restore", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")), responses(
    (status = 200, description = "The drawing, restored", body = Summary),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn restore(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let summary = app.drawings.restore(caller.user(), &caller.session.public_id, &id).await?;
    Ok(HttpResponse::Ok().json(summary))
}
