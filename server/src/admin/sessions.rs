//! `/sessions`: who is signed in.

use std::time::Duration;

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{Count, SessionDetail, SessionOrder, SessionPage, SessionQuery};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{invalid, limit, read_cursor, write_cursor};
use super::views::Names;
use crate::domain::clock::Micros;
use crate::domain::report::{self, SessionFilter};
use crate::domain::session::Dialect;
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::Problem;
use crate::service::operator::{SessionOverview, SessionSelection};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/sessions").route(web::get().to(list)))
        .service(web::resource("/sessions/count").route(web::get().to(counted)))
        .service(
            web::resource("/sessions/{session}").route(web::get().to(one)).route(web::delete().to(revoke)),
        );
}

/// What a query asks for.
struct Asked {
    selection: SessionSelection,
    /// The name of the list, for cursors.
    list: String,
}

impl Asked {
    async fn of(app: &App, query: &SessionQuery) -> Result<Self, Problem> {
        let now = Micros::now();
        let dialect = match query.dialect.as_deref() {
            None => None,
            Some(name) => Some(dialect(name)?),
        };
        let filter = SessionFilter {
            dialect,
            openid: query.openid.clone(),
            seen_since: query.online.map(|seconds| now.minus(Duration::from_secs(seconds))),
            ends_before: query.ttl.map(|seconds| now.plus(Duration::from_secs(seconds))),
        };
        // A prefix of the openid is found along that index alone.
        let natural = if query.openid.is_some() { SessionOrder::Openid } else { SessionOrder::Expiry };
        let order = query.order.unwrap_or(natural);
        let reverse = query.reverse.unwrap_or(false);
        let list = format!("sessions {order:?} {reverse} {}", query.user.is_some());
        let after = read_cursor(query.cursor.as_deref(), &list)?;
        let user = match &query.user {
            Some(public_id) => Some(app.operators.user(public_id).await?.key),
            None => None,
        };
        let limit = limit(query.limit)?;
        let page = report::SessionPage { order, reverse, after, limit, users: None, filter };
        Ok(Self { selection: SessionSelection { page, user }, list })
    }
}

fn dialect(name: &str) -> Result<Dialect, Problem> {
    serde_json::from_value(name.into()).map_err(|_| invalid("dialect is none that there is"))
}

/// Sessions, in one of three orders.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionQuery), responses(
    (status = 200, description = "A page", body = SessionPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&app, &query(&request)?).await?;
    let (listing, users) = app.operators.sessions(&asked.selection).await?;
    let (rows, names) = (listing.rows, Names::new(&users));
    let sessions = rows.rows.iter().map(|(session, ends)| names.session(session, *ends)).collect();
    Ok(HttpResponse::Ok().json(SessionPage {
        sessions,
        next: write_cursor(rows.next, &asked.list),
        total: Count { value: listing.total, exact: false },
        now: Micros::now().to_string(),
    }))
}

/// How many sessions the filters leave; for two seconds at most.
#[utoipa::path(get, path = "/sessions/count", tag = "sessions", params(SessionQuery), responses(
    (status = 200, description = "The number", body = Count),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn counted(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&app, &query(&request)?).await?;
    Ok(HttpResponse::Ok().json(app.operators.count_sessions(&asked.selection).await?))
}

/// One session, what else its user has open, and what that user drew last.
#[utoipa::path(get, path = "/sessions/{session}", tag = "sessions",
    params(("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The session", body = SessionDetail),
    (status = 404, description = "`session_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let SessionOverview { session: (session, ends), others, latest, users } =
        app.operators.session_overview(&id).await?;
    let names = Names::new(&users);
    Ok(HttpResponse::Ok().json(SessionDetail {
        session: names.session(&session, ends),
        others: others.iter().map(|(session, ends)| names.session(session, *ends)).collect(),
        drawings: latest.iter().map(|header| names.drawing(&session.user, header)).collect(),
        now: Micros::now().to_string(),
    }))
}

/// Ends a session. It holds on every server within a second.
#[utoipa::path(delete, path = "/sessions/{session}", tag = "sessions",
    params(("session" = String, Path, description = "The session's id")), responses(
    (status = 204, description = "Ended"),
    (status = 404, description = "`session_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    app.operators.end_session(&operator.actor(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
