//! `/reviews`: the review queue; and `/users/{user}/shares`.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{
    NoteReview, OpenReview, RemoveReview, ReviewCopy, ReviewDetail, ReviewPage, ReviewQuery, ReviewRow,
    SharePage, ShareQuery,
};
use yibi_common::api::ProblemBody;
use yibi_common::sharing::Reason;

use super::extractors::{Operator, Viewer};
use super::paging::{invalid, limit, read_cursor, write_cursor};
use super::review_views::{Cases, share_row};
use crate::domain::clock::Micros;
use crate::domain::report::Place;
use crate::domain::review::{AfterCase, CaseDecision, CaseFilter};
use crate::domain::share::{AfterShare, Code};
use crate::http::reply::Reply;
use crate::http::{App, Body, query};
use crate::problem::Problem;
use crate::service::shares::CopyPicture;

/// Bytes of a body at most.
const BODY: usize = 8 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    let one = "/reviews/{case}";
    let post = |name: &str| web::resource(format!("{one}/{name}"));
    config
        .service(web::resource("/reviews").route(web::get().to(list)).route(web::post().to(open)))
        .service(web::resource(one).route(web::get().to(one_case)))
        .service(web::resource(format!("{one}/drawing")).route(web::get().to(copy)))
        .service(web::resource(format!("{one}/picture.png")).route(web::get().to(picture)))
        .service(web::resource(format!("{one}/sheet.png")).route(web::get().to(sheet)))
        .service(web::resource(format!("{one}/avatar.png")).route(web::get().to(avatar)))
        .service(post("claim").route(web::post().to(claim)))
        .service(post("pass").route(web::post().to(pass)))
        .service(post("remove").route(web::post().to(remove)))
        .service(post("hold").route(web::post().to(hold)))
        .service(post("note").route(web::post().to(note)))
        .service(web::resource("/users/{user}/shares").route(web::get().to(shares)));
}

/// Cases, the most urgent first: by age, and reported content earlier.
#[utoipa::path(get, path = "/reviews", tag = "reviews", params(ReviewQuery), responses(
    (status = 200, description = "A page", body = ReviewPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked: ReviewQuery = query(&request)?;
    let reason = asked.reason.map(|number| Reason::of(number).ok_or_else(|| invalid("reason is 1 to 6")));
    let now = Micros::now();
    let older = asked.older.map(|seconds| now.minus(std::time::Duration::from_secs(seconds.into())));
    let owner = match &asked.author {
        Some(public_id) => Some(app.operators.user(public_id).await?.key),
        None => None,
    };
    let filter = CaseFilter {
        state: asked.state,
        reason: reason.transpose()?,
        opened_by: asked.by,
        opened_before: older,
        owner,
    };
    let name = format!(
        "reviews {:?} {:?} {:?} {:?} {:?}",
        asked.state, asked.reason, asked.by, asked.older, asked.author
    );
    let after = read_cursor(asked.cursor.as_deref(), &name)?;
    let after = after.map(|place| AfterCase { rank_at: Micros(place.value), id: place.name });
    let limit = limit(asked.limit)?;
    let (cases, users) = app.operators.cases(&filter, after.as_ref(), limit).await?;
    let last = cases.last().filter(|_| cases.len() >= limit as usize);
    let next = last.map(|case| Place { value: case.rank_at.0, name: case.id.clone() });
    let views = Cases::new(&users, now);
    Ok(HttpResponse::Ok().json(ReviewPage {
        reviews: cases.iter().map(|case| views.row(case)).collect(),
        next: write_cursor(next, &name),
        now: now.to_string(),
    }))
}

/// Opens a case of a share, about the copy that the public sees or else the newest one; the share stays as it is.
/// A case that waits for a decision stays as it is.
#[utoipa::path(post, path = "/reviews", tag = "reviews", request_body = OpenReview, responses(
    (status = 200, description = "The case", body = ReviewRow),
    (status = 404, description = "`share_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`share_gone`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn open(app: App, operator: Operator, body: Body) -> Reply {
    let Operator(operator) = operator;
    let OpenReview { code } = body.json_within(BODY).await?;
    let case = app.operators.open_case(&operator.actor(), &code).await?;
    row(&app, &case).await
}

/// One case with its reports, and the author's other cases.
#[utoipa::path(get, path = "/reviews/{case}", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case", body = ReviewDetail),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one_case(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let overview = app.operators.case_overview(&id).await?;
    let views = Cases::new(&overview.users, Micros::now());
    Ok(HttpResponse::Ok().json(views.detail(&overview)))
}

/// The copy that a case is about, for a replay.
#[utoipa::path(get, path = "/reviews/{case}/drawing", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The copy", body = ReviewCopy),
    (status = 404, description = "`case_not_found`; `evidence_not_found`: the copy is no longer kept", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn copy(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let copy = app.operators.case_copy(&id).await?;
    let json = app.drawings.copy_json(copy).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// The copy that a case is about, as a picture.
#[utoipa::path(get, path = "/reviews/{case}/picture.png", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`case_not_found`; `evidence_not_found`: the copy is no longer kept", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn picture(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    png(&app, &id, CopyPicture::Picture).await
}

/// Nine moments of the copy that a case is about, as a picture.
#[utoipa::path(get, path = "/reviews/{case}/sheet.png", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The contact sheet", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`case_not_found`; `evidence_not_found`: the copy is no longer kept", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn sheet(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    png(&app, &id, CopyPicture::Sheet).await
}

async fn png(app: &App, id: &str, kind: CopyPicture) -> Reply {
    let bytes = app.operators.case_picture(id, kind).await?;
    Ok(HttpResponse::Ok().content_type("image/png").body(bytes))
}

/// The avatar that a case is about, or that of the share's author.
#[utoipa::path(get, path = "/reviews/{case}/avatar.png", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The avatar", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`case_not_found`; `evidence_not_found`: the case has no avatar, or it is no longer kept", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn avatar(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let bytes = app.operators.case_avatar(&id).await?;
    Ok(HttpResponse::Ok().content_type("image/png").body(bytes))
}

/// Takes a case for two minutes, or renews the claim; other operators see it.
#[utoipa::path(post, path = "/reviews/{case}/claim", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case, claimed", body = ReviewRow),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`case_claimed` names the operator who has it open; `case_decided`; `case_closed`: the content was replaced or is gone", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn claim(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    let case = app.operators.claim_case(&operator.actor(), &id).await?;
    row(&app, &case).await
}

/// Passes a case: its content may be shown.
#[utoipa::path(post, path = "/reviews/{case}/pass", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case, passed", body = ReviewRow),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`case_claimed` names the operator who has it open; `case_decided`; `case_closed`: the content was replaced or is gone", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn pass(app: App, operator: Operator, id: Path<String>) -> Reply {
    decide(&app, operator, &id, CaseDecision::Pass).await
}

/// Removes the content of a case.
#[utoipa::path(post, path = "/reviews/{case}/remove", tag = "reviews", request_body = RemoveReview,
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case, removed", body = ReviewRow),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`case_claimed` names the operator who has it open; `case_decided`; `case_closed`: the content was replaced or is gone", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn remove(app: App, operator: Operator, id: Path<String>, body: Body) -> Reply {
    let RemoveReview { reason } = body.json_within(BODY).await?;
    decide(&app, operator, &id, CaseDecision::Remove(reason)).await
}

/// Hides the content of a case until a later decision; this also takes back a decision.
#[utoipa::path(post, path = "/reviews/{case}/hold", tag = "reviews",
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case, held", body = ReviewRow),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`case_claimed` names the operator who has it open; `case_closed`: the content was replaced or is gone", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn hold(app: App, operator: Operator, id: Path<String>) -> Reply {
    decide(&app, operator, &id, CaseDecision::Hold).await
}

async fn decide(app: &App, Operator(operator): Operator, id: &str, decision: CaseDecision) -> Reply {
    let case = app.operators.decide_case(&operator.actor(), id, decision).await?;
    row(app, &case).await
}

/// Adds a remark for other operators.
#[utoipa::path(post, path = "/reviews/{case}/note", tag = "reviews", request_body = NoteReview,
    params(("case" = String, Path, description = "The id of the case")), responses(
    (status = 200, description = "The case", body = ReviewRow),
    (status = 404, description = "`case_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn note(app: App, operator: Operator, id: Path<String>, body: Body) -> Reply {
    let NoteReview { text } = body.json_within(BODY).await?;
    let Operator(operator) = operator;
    let case = app.operators.note_case(&operator.actor(), &id, &text).await?;
    row(&app, &case).await
}

async fn row(app: &App, case: &crate::domain::review::Case) -> Reply {
    let users = app.operators.authors(std::iter::once(case)).await?;
    let row: ReviewRow = Cases::new(&users, Micros::now()).row(case);
    Ok(HttpResponse::Ok().json(row))
}

/// The shares of a user, the newest first.
#[utoipa::path(get, path = "/users/{user}/shares", tag = "reviews", params(
    ("user" = String, Path, description = "The user's public id"), ShareQuery,
), responses(
    (status = 200, description = "A page", body = SharePage),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn shares(app: App, _viewer: Viewer, id: Path<String>, request: HttpRequest) -> Reply {
    let asked: ShareQuery = query(&request)?;
    let after = read_cursor(asked.cursor.as_deref(), "shares")?.as_ref().map(after_share).transpose()?;
    let limit = limit(asked.limit)?;
    let shares = app.operators.shares_of(&id, after.as_ref(), limit).await?;
    let last = shares.last().filter(|_| shares.len() >= limit as usize);
    let next = last.map(|share| Place { value: share.created_at.0, name: share.code.to_string() });
    let shares = shares.iter().map(share_row).collect();
    Ok(HttpResponse::Ok().json(SharePage { shares, next: write_cursor(next, "shares") }))
}

fn after_share(place: &Place) -> Result<AfterShare, Problem> {
    let code = Code::parse(&place.name).ok_or_else(|| invalid("the cursor is not one of this list"))?;
    Ok(AfterShare { created_at: Micros(place.value), code })
}
