//! `/drawings` of everybody, and `/users/{user}/drawings/{id}`.

use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::admin::{Count, DrawingDetail, DrawingPage, DrawingQuery, DrawingRow, UserRef};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{invalid, limit, read_cursor, write_cursor};
use super::views::{Names, drawing_row};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::report::{self, DrawingFilter};
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::Problem;
use crate::service::drawings::{Format, Rendition};
use crate::service::operator::DrawingSelection;

/// The longer side of a picture when none is asked for, in pixels.
const SIZE: u32 = 1080;

pub(super) fn routes(config: &mut ServiceConfig) {
    let one = "/users/{user}/drawings/{id}";
    config
        .service(web::resource("/drawings").route(web::get().to(list)))
        .service(web::resource("/drawings/count").route(web::get().to(counted)))
        .service(web::resource(one).route(web::get().to(read)).route(web::delete().to(delete)))
        .service(web::resource(format!("{one}/restore")).route(web::post().to(restore)))
        .service(web::resource(format!("{one}/export")).route(web::get().to(export)))
        .service(web::resource(format!("{one}/image.png")).route(web::get().to(png)))
        .service(web::resource(format!("{one}/image.svg")).route(web::get().to(svg)));
}

/// What a query asks for.
struct Asked {
    selection: DrawingSelection,
    /// The name of the list, for cursors.
    list: String,
}

impl Asked {
    async fn of(app: &App, query: &DrawingQuery) -> Result<Self, Problem> {
        let order = query.order.unwrap_or_default();
        let reverse = query.reverse.unwrap_or(false);
        let user = match &query.user {
            Some(public_id) => Some(app.operators.user(public_id).await?.key),
            None => None,
        };
        let list = format!("drawings {order:?} {reverse} {}", user.is_some());
        let filter = DrawingFilter {
            mode: query.mode,
            deleted: query.deleted,
            since: moment(query.since.as_deref())?,
            until: moment(query.until.as_deref())?,
        };
        let after = read_cursor(query.cursor.as_deref(), &list)?;
        let page = report::DrawingPage { order, reverse, after, limit: limit(query.limit)?, filter };
        Ok(Self { selection: DrawingSelection { page, user }, list })
    }
}

fn moment(text: Option<&str>) -> Result<Option<Micros>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let moment = text.parse::<jiff::Timestamp>();
    let moment = moment.map_err(|_| invalid("since and until are moments as in RFC 3339"))?;
    Ok(Some(Micros(moment.as_microsecond())))
}

/// Drawings of all users or of one, in one of three orders.
#[utoipa::path(get, path = "/drawings", tag = "drawings", params(DrawingQuery), responses(
    (status = 200, description = "A page", body = DrawingPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&app, &query(&request)?).await?;
    let (listing, users) = app.operators.drawings(&asked.selection).await?;
    let (rows, names) = (listing.rows, Names::new(&users));
    Ok(HttpResponse::Ok().json(DrawingPage {
        drawings: rows.rows.iter().map(|(user, header)| names.drawing(user, header)).collect(),
        next: write_cursor(rows.next, &asked.list),
        total: Count { value: listing.total, exact: false },
        now: Micros::now().to_string(),
    }))
}

/// How many drawings the filters leave; for two seconds at most.
#[utoipa::path(get, path = "/drawings/count", tag = "drawings", params(DrawingQuery), responses(
    (status = 200, description = "The number", body = Count),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn counted(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&app, &query(&request)?).await?;
    Ok(HttpResponse::Ok().json(app.operators.count_drawings(&asked.selection).await?))
}

#[derive(Deserialize)]
struct ReadQuery {
    since: Option<u32>,
}

/// The JSON of a [`DrawingDetail`].
async fn detail(app: &App, public_id: &str, id: &str, since: u32) -> Result<Vec<u8>, Problem> {
    let user = app.operators.user(public_id).await?;
    let authors = app.operators.drawing_authors(&user, id).await?;
    let row = |header: &Header| drawing_row(UserRef::from(&user), header);
    Ok(app.drawings.detail(&user.key, id, since, authors, row).await?)
}

/// One drawing with its actions, also from the bin.
#[utoipa::path(get, path = "/users/{user}/drawings/{id}", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
    ("since" = Option<u32>, Query, description = "Leave out the actions before this number"),
), responses(
    (status = 200, description = "The drawing", body = DrawingDetail),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`drawing_too_large`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn read(
    app: App,
    _viewer: Viewer,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Reply {
    let asked: ReadQuery = query(&request)?;
    let (user, id) = path.into_inner();
    let json = detail(&app, &user, &id, asked.since.unwrap_or(0)).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// The same as a file.
#[utoipa::path(get, path = "/users/{user}/drawings/{id}/export", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
), responses(
    (status = 200, description = "The drawing", body = DrawingDetail),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`drawing_too_large`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn export(app: App, _viewer: Viewer, path: Path<(String, String)>) -> Reply {
    let (user, id) = path.into_inner();
    let json = detail(&app, &user, &id, 0).await?;
    // A v1 id needs no quoting.
    let file = format!("attachment; filename=\"{id}.json\"");
    let disposition = (header::CONTENT_DISPOSITION, file);
    Ok(HttpResponse::Ok().insert_header(disposition).content_type("application/json").body(json))
}

#[derive(Deserialize)]
struct ImageQuery {
    size: Option<u32>,
}

/// The drawing's picture as PNG, also from the bin.
#[utoipa::path(get, path = "/users/{user}/drawings/{id}/image.png", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses(
    (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn png(
    app: App,
    _viewer: Viewer,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Reply {
    picture(&app, path.into_inner(), &request, Format::Png).await
}

/// The drawing's picture as SVG, also from the bin.
#[utoipa::path(get, path = "/users/{user}/drawings/{id}/image.svg", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
    ("size" = Option<u32>, Query, description = "The longer side in pixels; 1080 when absent", minimum = 64, maximum = 2048),
), responses(
    (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn svg(
    app: App,
    _viewer: Viewer,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Reply {
    picture(&app, path.into_inner(), &request, Format::Svg).await
}

async fn picture(
    app: &App,
    (public_id, id): (String, String),
    request: &HttpRequest,
    format: Format,
) -> Reply {
    let asked: ImageQuery = query(request)?;
    let user = app.operators.user(&public_id).await?.key;
    let header = app.drawings.header(&user, &id).await?;
    let rendition = Rendition::Still(format, asked.size.unwrap_or(SIZE));
    let picture = app.drawings.picture_of(&user, &header, rendition).await?;
    Ok(HttpResponse::Ok().content_type(rendition.media_type()).body(picture.bytes))
}

/// Puts a drawing in the bin.
#[utoipa::path(delete, path = "/users/{user}/drawings/{id}", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
), responses(
    (status = 200, description = "The drawing, deleted", body = DrawingRow),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn delete(app: App, operator: Operator, path: Path<(String, String)>) -> Reply {
    set_deleted(&app, operator, path.into_inner(), true).await
}

/// Takes a drawing out of the bin.
#[utoipa::path(post, path = "/users/{user}/drawings/{id}/restore", tag = "drawings", params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The drawing's id"),
), responses(
    (status = 200, description = "The drawing, restored", body = DrawingRow),
    (status = 404, description = "`user_not_found`, `drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn restore(app: App, operator: Operator, path: Path<(String, String)>) -> Reply {
    set_deleted(&app, operator, path.into_inner(), false).await
}

async fn set_deleted(
    app: &App,
    Operator(operator): Operator,
    (public_id, id): (String, String),
    deleted: bool,
) -> Reply {
    let actor = operator.actor();
    let (user, header) = app.operators.set_deleted(&actor, &public_id, &id, deleted).await?;
    Ok(HttpResponse::Ok().json(drawing_row(UserRef::from(&user), &header)))
}
