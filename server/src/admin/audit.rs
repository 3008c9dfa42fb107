//! The audit log: what operators changed. An entry is written before the change, so that none goes without.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{AuditEntry, AuditPage, AuditQuery, Change, Happening};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{limit, read_cursor, write_cursor};
use crate::domain::clock::Micros;
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::Problem;
use crate::store::admin::GalleryAdmin;

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
    let page = app.drawings.store().audit_page(after.as_ref(), limit(asked.limit)?).await?;
    let next = write_cursor(page.next, "audit");
    Ok(HttpResponse::Ok().json(AuditPage { entries: page.rows, next }))
}

/// Writes down what an operator is about to do.
pub(super) async fn note(
    app: &App,
    operator: &Operator,
    change: Change,
    user: &str,
    target: Option<&str>,
) -> Result<(), Problem> {
    let Operator(who) = operator;
    write(app, who, change, user, target).await
}

/// Writes down what somebody with a token is about to do.
pub(crate) async fn write(
    app: &App,
    who: &Viewer,
    change: Change,
    user: &str,
    target: Option<&str>,
) -> Result<(), Problem> {
    let now = Micros::now();
    let entry = AuditEntry {
        at: now.to_string(),
        who: who.name.clone(),
        from: who.from.clone(),
        change,
        user: user.to_owned(),
        target: target.map(ToOwned::to_owned),
        request_id: who.request_id.clone(),
    };
    app.drawings.store().audit(now, &entry).await?;
    app.metrics.events().publish(|| Happening::Changed { entry: entry.clone() });
    tracing::info!(who = %entry.who, change = change.name(), user, target, "an operator changes something");
    Ok(())
}
