//! `/sessions`: who is signed in.

use std::time::Duration;

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{Count, SessionDetail, SessionOrder, SessionPage, SessionQuery};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{COUNTED, by_prefix, count, invalid, limit, of_sorted, read_cursor, write_cursor};
use super::views::Names;
use crate::domain::clock::Micros;
use crate::domain::report::{self, Place, Rows, SessionFilter};
use crate::domain::session::{Dialect, SessionId, StoredSession};
use crate::domain::user::UserKey;
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::{Code, Problem};
use crate::store::{Drawings, SessionReports, Sessions, StoreError, StoreResult};

/// Drawings shown beside a session or user.
pub(super) const LATEST: u32 = 10;

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
    page: report::SessionPage,
    /// The one user whose sessions are wanted.
    user: Option<UserKey>,
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
        Ok(Self { page, user, list })
    }

    async fn rows(&self, app: &App) -> StoreResult<Rows<(StoredSession, Micros)>> {
        let page = &self.page;
        let store = app.sessions.store();
        if let Some(user) = &self.user {
            let mut all = store.of_user(user).await?;
            all.retain(|(session, ends)| page.filter.takes(session, *ends));
            let down = page.reverse != (page.order == SessionOrder::LastSeen);
            let place_of = |row: &(StoredSession, Micros)| place_of(row, page.order);
            return Ok(of_sorted(all, place_of, down, page.after.as_ref(), page.limit));
        }
        let Some(prefix) = page.filter.openid.as_ref().filter(|_| page.order == SessionOrder::Openid) else {
            return store.session_page(page).await;
        };
        let place = (page.reverse, page.after.as_ref(), page.limit);
        by_prefix(app, prefix, place, |users, after, limit| {
            let page = report::SessionPage { users: Some(users), after, limit, ..page.clone() };
            async move { store.session_page(&page).await }
        })
        .await
    }
}

fn dialect(name: &str) -> Result<Dialect, Problem> {
    serde_json::from_value(name.into()).map_err(|_| invalid("dialect is none that there is"))
}

fn place_of((session, _): &(StoredSession, Micros), order: SessionOrder) -> Place {
    let name = session.id.to_string();
    match order {
        // What was used first ends first. When exactly is only known to within the time of asking, which would
        // make a page begin again with what the one before ended with.
        SessionOrder::Expiry | SessionOrder::LastSeen => Place { value: session.last_seen.0, name },
        SessionOrder::Openid => Place { value: 0, name: format!("{}/{name}", session.user) },
    }
}

/// Sessions, in one of three orders.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionQuery), responses(
    (status = 200, description = "A page", body = SessionPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&app, &query(&request)?).await?;
    let (rows, total) =
        tokio::try_join!(asked.rows(&app), app.sessions.store().session_estimates(Micros(i64::MAX)))?;
    let names = Names::of(&app, rows.rows.iter().map(|(session, _)| &session.user)).await?;
    let sessions = rows.rows.iter().map(|(session, ends)| names.session(session, *ends)).collect();
    Ok(HttpResponse::Ok().json(SessionPage {
        sessions,
        next: write_cursor(rows.next, &asked.list),
        total: Count { value: total.0, exact: false },
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
    let counted = count(|after| {
        let page = report::SessionPage { after, limit: COUNTED, ..asked.page.clone() };
        let asked = Asked { page, user: asked.user.clone(), list: String::new() };
        let app = app.clone();
        async move { asked.rows(&app).await }
    });
    Ok(HttpResponse::Ok().json(counted.await?))
}

/// The living session with that id and all others of its user, each with the moment it ends.
async fn found(
    app: &App,
    id: &str,
) -> Result<((StoredSession, Micros), Vec<(StoredSession, Micros)>), Problem> {
    let missing = || Problem::new(Code::SessionNotFound);
    let id = SessionId::parse(id).ok_or_else(missing)?;
    let store = app.sessions.store();
    let session = store.read(id, None, None).await?.ok_or_else(missing)?;
    let mut all = store.of_user(&session.user).await?;
    let place = all.iter().position(|(session, _)| session.id == id).ok_or_else(missing)?;
    Ok((all.remove(place), all))
}

/// One session, what else its user has open, and what that user drew last.
#[utoipa::path(get, path = "/sessions/{session}", tag = "sessions",
    params(("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The session", body = SessionDetail),
    (status = 404, description = "`session_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let ((session, ends), others) = found(&app, &id).await?;
    let user = &session.user;
    let (names, latest) = tokio::try_join!(Names::of(&app, std::iter::once(user)), latest(&app, user))
        .map_err(Problem::from)?;
    Ok(HttpResponse::Ok().json(SessionDetail {
        session: names.session(&session, ends),
        others: others.iter().map(|(session, ends)| names.session(session, *ends)).collect(),
        drawings: latest.iter().map(|header| names.drawing(user, header)).collect(),
        now: Micros::now().to_string(),
    }))
}

/// What a user drew last, outside the bin.
pub(super) async fn latest(
    app: &App,
    user: &UserKey,
) -> Result<Vec<crate::domain::drawing::Header>, StoreError> {
    app.drawings.store().page(user, false, None, LATEST).await
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
