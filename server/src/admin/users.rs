//! `/users`: everybody who ever signed in.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{Count, UserDetail, UserPage, UserQuery, UserRef, UserRow};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{invalid, limit, read_cursor, write_cursor};
use super::views::{Names, user_row};
use crate::domain::clock::Micros;
use crate::domain::report::{self, Texts, UsersBy};
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::Problem;
use crate::service::operator::{UserOverview, UserSelection};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/users").route(web::get().to(list)))
        .service(web::resource("/users/count").route(web::get().to(counted)))
        .service(web::resource("/users/{user}").route(web::get().to(one)))
        .service(web::resource("/users/{user}/block").route(web::post().to(block)))
        .service(web::resource("/users/{user}/unblock").route(web::post().to(unblock)))
        .service(web::resource("/users/{user}/sessions").route(web::delete().to(revoke)));
}

/// What a query asks for.
struct Asked {
    selection: UserSelection,
    /// The name of the list, for cursors.
    list: String,
}

impl Asked {
    fn of(query: &UserQuery) -> Result<Self, Problem> {
        let reverse = query.reverse.unwrap_or(false);
        let (by, name) = match (&query.nickname, &query.openid) {
            (Some(_), Some(_)) => return Err(invalid("nickname and openid can't be asked for together")),
            (Some(prefix), None) => (UsersBy::Nickname(Texts::beginning_with(prefix)), "nickname"),
            (None, Some(prefix)) => (UsersBy::Key(Texts::beginning_with(prefix)), "openid"),
            (None, None) => (UsersBy::Creation, "creation"),
        };
        let list = format!("users {name} {reverse}");
        let after = read_cursor(query.cursor.as_deref(), &list)?;
        let page =
            report::UserPage { by, reverse, after, limit: limit(query.limit)?, blocked: query.blocked };
        let selection = UserSelection { page, openid: query.openid.clone() };
        Ok(Self { selection, list })
    }
}

/// Users: the newest first, or by the beginning of their nickname or openid.
#[utoipa::path(get, path = "/users", tag = "users", params(UserQuery), responses(
    (status = 200, description = "A page", body = UserPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&query(&request)?)?;
    let listing = app.operators.users(&asked.selection).await?;
    Ok(HttpResponse::Ok().json(UserPage {
        users: listing.rows.rows.iter().map(user_row).collect(),
        next: write_cursor(listing.rows.next, &asked.list),
        total: Count { value: listing.total, exact: false },
        now: Micros::now().to_string(),
    }))
}

/// How many users the filters leave; for two seconds at most.
#[utoipa::path(get, path = "/users/count", tag = "users", params(UserQuery), responses(
    (status = 200, description = "The number", body = Count),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn counted(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&query(&request)?)?;
    Ok(HttpResponse::Ok().json(app.operators.count_users(&asked.selection).await?))
}

/// One user with what the user keeps.
#[utoipa::path(get, path = "/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The user's public id")), responses(
    (status = 200, description = "The user", body = UserDetail),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let UserOverview { user, usage, standings, sessions, latest, elsewhere } =
        app.operators.user_overview(&id).await?;
    let names = Names::new(std::slice::from_ref(&user));
    Ok(HttpResponse::Ok().json(UserDetail {
        user: user_row(&user),
        nickname_state: standings.nickname.map(Into::into),
        avatar_state: standings.avatar.map(Into::into),
        drawings: usage.drawings,
        bytes: usage.bytes,
        sessions: sessions.iter().map(|(session, ends)| names.session(session, *ends)).collect(),
        latest: latest.iter().map(|header| names.drawing(&user.key, header)).collect(),
        elsewhere: elsewhere.iter().map(UserRef::from).collect(),
        unionid: user.unionid,
        now: Micros::now().to_string(),
    }))
}

/// Keeps a user out: all sessions end, and no new one is made.
#[utoipa::path(post, path = "/users/{user}/block", tag = "users",
    params(("user" = String, Path, description = "The user's public id")), responses(
    (status = 200, description = "The user, blocked", body = UserRow),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn block(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    Ok(HttpResponse::Ok().json(user_row(&app.operators.block(&operator.actor(), &id).await?)))
}

/// Lets a user in again.
#[utoipa::path(post, path = "/users/{user}/unblock", tag = "users",
    params(("user" = String, Path, description = "The user's public id")), responses(
    (status = 200, description = "The user, free", body = UserRow),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn unblock(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    Ok(HttpResponse::Ok().json(user_row(&app.operators.unblock(&operator.actor(), &id).await?)))
}

/// Ends all sessions of a user.
#[utoipa::path(delete, path = "/users/{user}/sessions", tag = "users",
    params(("user" = String, Path, description = "The user's public id")), responses(
    (status = 204, description = "Ended, all of them"),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    app.operators.end_sessions(&operator.actor(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
