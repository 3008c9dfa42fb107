//! `/me`: the caller, the caller's devices, export and leaving.

use actix_web::http::header;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use tracing::Instrument;
use yibi_common::api::schema::Binary;
use yibi_common::api::{Me, PatchMe, ProblemBody, SessionView, SessionsReply, UsageView};

use crate::domain::session::SessionId;
use crate::domain::user::UserRecord;
use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::middleware::is_head;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/me")
                .route(web::get().to(me))
                .route(web::patch().to(patch_me))
                .route(web::put().to(put_me))
                .route(web::delete().to(leave)),
        )
        .service(web::resource("/me/sessions").route(web::get().to(sessions)))
        .service(web::resource("/me/sessions/{id}").route(web::delete().to(end_session)))
        .service(web::resource("/me/export").route(web::get().to(export)));
}

/// The caller.
#[utoipa::path(get, path = "/me", tag = "me", responses(
    (status = 200, description = "The caller", body = Me),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn me(app: App, caller: Authenticated) -> Reply {
    let user = app.users.user(caller.user()).await?;
    shown(&app, user).await
}

/// Chooses or removes the nickname.
#[utoipa::path(patch, path = "/me", tag = "me", request_body = PatchMe, responses(
    (status = 200, description = "The caller, renamed", body = Me),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn patch_me(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let patch: PatchMe = body.json().await?;
    let user = app.users.set_nickname(caller.user(), &patch.nickname).await?;
    shown(&app, user).await
}

/// What `PATCH` does, for mini-programs: `wx.request` does not know that method.
#[utoipa::path(put, path = "/me", tag = "me", request_body = PatchMe, responses(
    (status = 200, description = "The caller, renamed", body = Me),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn put_me(app: App, caller: Authenticated, body: Body) -> Reply {
    patch_me(app, caller, body).await
}

/// The caller, as the caller sees it.
pub(super) async fn shown(app: &App, user: Option<UserRecord>) -> Reply {
    // A session without its user is one that an erasure has overtaken.
    let user = user.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let usage = app.drawings.usage(&user.key).await?;
    let avatar_url = app.drawings.avatar_url(&user).await?;
    let phone = app.sessions.phone_of(&user).await?.map(|phone| phone.masked());
    let standings = app.moderation.standings(&user).await?;
    Ok(HttpResponse::Ok().json(Me {
        id: user.public_id,
        nickname: user.nickname,
        nickname_state: standings.nickname.map(Into::into),
        avatar_url,
        avatar_state: standings.avatar.map(Into::into),
        created_at: user.created_at.to_string(),
        usage: UsageView { drawings: usage.drawings, bytes: usage.bytes },
        phone,
    }))
}

/// Leaves: all sessions end, everything is hidden at once and erased after a week. Until then a sign-in is answered
/// 409 `account_closing`; one with `reopen` cancels the erasure.
#[utoipa::path(delete, path = "/me", tag = "me", responses(
    (status = 204, description = "Left"),
    (status = 409, description = "`open_orders`: an order is paid and not sent", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn leave(app: App, caller: Authenticated) -> Reply {
    // In a task of its own, which goes on when the client does not wait. Sessions end before the erasure is
    // scheduled, so that a failure half-way costs a sign-in and erases nobody who stays; and once more after it,
    // because a sign-in under way may have created one in between. A sign-in that comes later finds the erasure.
    let leaving = async move {
        // Also where there is no shop any more.
        if app.order_records.has_open_orders(caller.user()).await? {
            return Err(Problem::new(Code::OpenOrders));
        }
        app.sessions.end_all(caller.user()).await?;
        app.drawings.leave(caller.user()).await?;
        app.sessions.end_all(caller.user()).await?;
        Ok::<_, Problem>(())
    };
    let left = tokio::spawn(leaving.in_current_span()).await;
    left.unwrap_or_else(|error| Err(Problem::new(Code::Internal).cause(error)))?;
    Ok(HttpResponse::NoContent().finish())
}

/// The devices that are signed in.
#[utoipa::path(get, path = "/me/sessions", tag = "me", responses(
    (status = 200, description = "The caller's sessions", body = SessionsReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn sessions(app: App, caller: Authenticated) -> Reply {
    let sessions = app.sessions.of_user(caller.user()).await?;
    let view =
        |(session, expires_at): (crate::domain::session::StoredSession, crate::domain::clock::Micros)| {
            SessionView {
                id: session.id.to_string(),
                dialect: session.dialect.name().to_owned(),
                device: session.device,
                created_at: session.created_at.to_string(),
                last_seen: session.last_seen.to_string(),
                expires_at: expires_at.min(session.ends_at).to_string(),
                current: session.id == caller.session.id,
            }
        };
    Ok(HttpResponse::Ok().json(SessionsReply { sessions: sessions.into_iter().map(view).collect() }))
}

/// Ends one of the caller's sessions. The tokens of another device are answered 401 `session_ended` from then on.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "me", params(("id" = String, Path, description = "The session's id")), responses(
    (status = 204, description = "Ended"),
    (status = 404, description = "`session_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn end_session(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    let id = SessionId::parse(&id).ok_or_else(|| Problem::new(Code::SessionNotFound))?;
    app.rate_limits.write(caller.user())?;
    app.sessions.end_listed(&caller, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything of the caller in one zip file.
#[utoipa::path(get, path = "/me/export", tag = "me", responses(
    (status = 200, description = "`profile.json`, `orders.json` where there are orders, and JSON and PNG of every drawing", body = Binary, content_type = "application/zip"),
    (status = 503, description = "`busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn export(app: App, caller: Authenticated, request: HttpRequest) -> Reply {
    let mut reply = HttpResponse::Ok();
    reply
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"yibi.zip\""));
    if is_head(&request) {
        return Ok(reply.finish());
    }
    let orders = app.order_records.export(caller.user()).await?;
    let people = app.rooms.people().clone();
    Ok(reply.streaming(app.drawings.export(caller.user(), people, orders).await?))
}
