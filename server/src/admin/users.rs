//! `/users`: everybody who ever signed in.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{Count, UserDetail, UserPage, UserQuery, UserRef, UserRow};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{COUNTED, by_prefix, count, invalid, limit, read_cursor, write_cursor};
use super::sessions::latest;
use super::views::{Names, user_row};
use crate::domain::clock::Micros;
use crate::domain::report::{self, Rows, Texts, UsersBy};
use crate::domain::user::UserRecord;
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::Problem;
use crate::store::{Drawings, Reports, Sessions, StoreResult, Users};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/users").route(web::get().to(list)))
        .service(web::resource("/users/count").route(web::get().to(counted)))
        .service(web::resource("/users/{user}").route(web::get().to(one)))
        .service(web::resource("/users/{user}/block").route(web::post().to(block)))
        .service(web::resource("/users/{user}/unblock").route(web::post().to(unblock)))
        .service(web::resource("/users/{user}/sessions").route(web::delete().to(revoke)));
}

/// Users that are shown as the same person, at most.
const ELSEWHERE: u32 = 50;

/// What a query asks for.
struct Asked {
    page: report::UserPage,
    /// The beginning of the openid that is wanted.
    openid: Option<String>,
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
        Ok(Self { page, openid: query.openid.clone(), list })
    }

    async fn rows(&self, app: &App) -> StoreResult<Rows<UserRecord>> {
        let (page, store) = (&self.page, app.drawings.store());
        let Some(prefix) = &self.openid else { return store.user_page(page).await };
        let place = (page.reverse, page.after.as_ref(), page.limit);
        by_prefix(app, prefix, place, |range, after, limit| {
            let page = report::UserPage { by: UsersBy::Key(range), after, limit, ..page.clone() };
            async move { store.user_page(&page).await }
        })
        .await
    }
}

/// Users: the newest first, or by the beginning of their nickname or openid.
#[utoipa::path(get, path = "/users", tag = "users", params(UserQuery), responses(
    (status = 200, description = "A page", body = UserPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked = Asked::of(&query(&request)?)?;
    let (rows, (total, _)) = tokio::try_join!(asked.rows(&app), app.drawings.store().estimates())?;
    Ok(HttpResponse::Ok().json(UserPage {
        users: rows.rows.iter().map(user_row).collect(),
        next: write_cursor(rows.next, &asked.list),
        total: Count { value: total, exact: false },
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
    let counted = count(|after| {
        let page = report::UserPage { after, limit: COUNTED, ..asked.page.clone() };
        let asked = Asked { page, openid: asked.openid.clone(), list: String::new() };
        let app = app.clone();
        async move { asked.rows(&app).await }
    });
    Ok(HttpResponse::Ok().json(counted.await?))
}

/// One user with what the user keeps.
#[utoipa::path(get, path = "/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The user's public id")), responses(
    (status = 200, description = "The user", body = UserDetail),
    (status = 404, description = "`user_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let user = app.operators.user(&id).await?;
    let key = &user.key;
    let (usage, standings, sessions, latest, names) = tokio::try_join!(
        app.drawings.store().usage(key),
        app.moderation.known(&user),
        app.sessions.store().of_user(key),
        latest(&app, key),
        Names::of(&app, std::iter::once(key)),
    )?;
    let person = match &user.unionid {
        Some(unionid) => app.drawings.store().users_of_person(unionid, ELSEWHERE).await?,
        None => Vec::new(),
    };
    Ok(HttpResponse::Ok().json(UserDetail {
        user: user_row(&user),
        nickname_state: standings.nickname.map(Into::into),
        avatar_state: standings.avatar.map(Into::into),
        drawings: usage.drawings,
        bytes: usage.bytes,
        sessions: sessions.iter().map(|(session, ends)| names.session(session, *ends)).collect(),
        latest: latest.iter().map(|header| names.drawing(key, header)).collect(),
        elsewhere: person.iter().filter(|other| other.key != *key).map(UserRef::from).collect(),
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
