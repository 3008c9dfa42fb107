//! Shares: of the caller's drawings, and reports of others' shares.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::api::{ProblemBody, ShareReply, ShareReportRequest, ShareRequest, SharesReply, SharesRow};

use super::images::{as_given_out, file};
use crate::domain::share::Share;
use crate::http::App;
use crate::http::address::origin;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::query::{PageQuery, query};
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::shares::{CopyPicture, ShareChange};

/// Shares on a page.
const PAGE: u32 = 20;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/drawings/{id}/share")
                .route(web::post().to(share))
                .route(web::get().to(share_of))
                .route(web::delete().to(revoke)),
        )
        .service(web::resource("/shares").route(web::get().to(list)))
        .service(web::resource("/shares/{code}/reports").route(web::post().to(report)))
        .service(web::resource("/images/shares/{copy}/{file}").route(web::get().to(under_check)));
}

/// Shares a drawing, or its present state again. Sent twice, it has the first reply.
#[utoipa::path(post, path = "/drawings/{id}/share", tag = "shares", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
), request_body = ShareRequest, responses(
    (status = 200, description = "The share", body = ShareReply),
    (status = 403, description = "`phone_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`drawing_not_found`, `sharing_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`share_removed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`drawing_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`nothing_to_share`, `drawing_too_large`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn share(
    app: App,
    caller: Authenticated,
    id: Path<String>,
    request: HttpRequest,
    body: Body,
) -> Reply {
    app.rate_limits.write(caller.user())?;
    let asked: ShareRequest = body.json_or_default().await?;
    let change = ShareChange { audience: asked.audience, allow_continue: asked.allow_continue };
    let share = app.shares.share(caller.user(), &id, change).await?;
    Ok(HttpResponse::Ok().json(reply(&app, &share, &origin(&request, &app))))
}

/// The share of a drawing.
#[utoipa::path(get, path = "/drawings/{id}/share", tag = "shares", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
), responses(
    (status = 200, description = "The share", body = ShareReply),
    (status = 404, description = "`share_not_found`, `sharing_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn share_of(
    app: App,
    caller: Authenticated,
    id: Path<String>,
    request: HttpRequest,
) -> Reply {
    let share = app.shares.share_of(caller.user(), &id).await?;
    Ok(HttpResponse::Ok().json(reply(&app, &share, &origin(&request, &app))))
}

/// Ends the share of a drawing. Its address answers 410 from now on.
#[utoipa::path(delete, path = "/drawings/{id}/share", tag = "shares", params(
    ("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v"),
), responses(
    (status = 204, description = "The drawing is not shared, now or before"),
    (status = 404, description = "`sharing_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn revoke(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.shares.revoke(caller.user(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The caller's shares, the newest first.
#[utoipa::path(get, path = "/shares", tag = "shares", params(
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses(
    (status = 200, description = "A page", body = SharesReply),
    (status = 404, description = "`sharing_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn list(app: App, caller: Authenticated, request: HttpRequest) -> Reply {
    let asked: PageQuery = query(&request)?;
    let page = app.shares.shares(caller.user(), asked.cursor.as_deref(), PAGE).await?;
    let origin = origin(&request, &app);
    let shares = page.shares.into_iter().map(|shared| SharesRow {
        drawing: shared.share.drawing.clone(),
        title: shared.title,
        in_bin: shared.in_bin,
        share: reply(&app, &shared.share, &origin),
    });
    Ok(HttpResponse::Ok().json(SharesReply { shares: shares.collect(), next: page.next }))
}

/// Reports a share. A user's further reports of the same share change nothing.
#[utoipa::path(post, path = "/shares/{code}/reports", tag = "shares", params(
    ("code" = String, Path, description = "The share's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), request_body = ShareReportRequest, responses(
    (status = 204, description = "Reported, now or before"),
    (status = 404, description = "`share_not_found`, `sharing_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`share_gone`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn report(
    app: App,
    caller: Authenticated,
    code: Path<String>,
    body: Body,
) -> Reply {
    app.rate_limits.write(caller.user())?;
    let asked: ShareReportRequest = body.json().await?;
    app.shares.report(caller.user(), &code, asked.reason, asked.note.as_deref().unwrap_or_default()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct LinkQuery {
    exp: i64,
    sig: String,
}

/// A picture of a copy that WeChat checks.
async fn under_check(app: App, path: Path<(String, String)>, request: HttpRequest) -> Reply {
    let invalid = || Problem::new(Code::LinkInvalid);
    let (copy, name) = path.into_inner();
    let kind = CopyPicture::of_file(&name).ok_or_else(invalid)?;
    let asked: LinkQuery = query(&request).map_err(|_| invalid())?;
    as_given_out(&request, &app.shares.check_path(&copy, kind, asked.exp), &asked.sig)?;
    let picture = app.shares.picture_under_check(&copy, kind, asked.exp, &asked.sig).await?;
    Ok(file(&request, picture, "image/png", "private, no-cache"))
}

fn reply(app: &App, share: &Share, origin: &str) -> ShareReply {
    ShareReply {
        code: share.code.to_string(),
        state: share.state,
        shown_seq: share.shown_seq,
        checking_seq: share.checking_seq,
        reason: share.reason,
        audience: share.audience,
        allow_continue: share.allow_continue,
        url: app.shares.url(&share.code, origin),
        created_at: share.created_at.to_string(),
    }
}
