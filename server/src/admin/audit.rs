//! `/audit`: the changes of operators.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{AuditPage, AuditQuery};
use yibi_common::api::ProblemBody;

use super::extractors::Viewer;
use super::paging::{limit, read_cursor, write_cursor};
use crate::http::reply::Reply;
use crate::http::{App, query};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/audit").route(web::get().to(list)));
}

/// What operators changed, the latest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "A page", body = AuditPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked: AuditQuery = query(&request)?;
    let after = read_cursor(asked.cursor.as_deref(), "audit")?;
    let page = app.operators.audit_page(after.as_ref(), limit(asked.limit)?).await?;
    let next = write_cursor(page.next, "audit");
    Ok(HttpResponse::Ok().json(AuditPage { entries: page.rows, next }))
}
