//! `/rooms`: people draw in one drawing; and the caller's rooms.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::api::{
    BanRequest, OpenRoomRequest, ProblemBody, RemoveStrokeRequest, RoomActionsReply, RoomReply,
    RoomStrokesReply, RoomStrokesRequest, RoomsReply, ShareReportRequest,
};

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::query::{PageQuery, query};
use crate::http::reply::Reply;
use crate::service::rooms::{FoundRoom, RoomCaller};

pub(super) fn routes(config: &mut ServiceConfig) {
    let post = |name: &str| web::resource(format!("/rooms/{{code}}/{name}"));
    config
        .service(web::resource("/rooms").route(web::post().to(open)))
        .service(web::resource("/rooms/{code}").route(web::get().to(view)))
        .service(post("actions").route(web::get().to(actions)))
        .service(post("strokes").route(web::post().to(strokes)))
        .service(post("take").route(web::post().to(take)))
        .service(post("release").route(web::post().to(release)))
        .service(post("end").route(web::post().to(end)))
        .service(post("lock").route(web::post().to(lock)))
        .service(post("unlock").route(web::post().to(unlock)))
        .service(post("close").route(web::post().to(close)))
        .service(post("remove").route(web::post().to(remove)))
        .service(post("ban").route(web::post().to(ban)))
        .service(post("reports").route(web::post().to(report)))
        .service(web::resource("/me/rooms").route(web::get().to(list)));
}

fn person(caller: &Authenticated) -> RoomCaller<'_> {
    RoomCaller { key: caller.user(), id: &caller.session.public_id }
}

async fn shown(app: &App, caller: &Authenticated, found: &FoundRoom) -> Reply {
    Ok(HttpResponse::Ok().json(app.rooms.reply(person(caller), found).await?))
}

/// Opens a room in a drawing of the caller. A room that is not closed stays, and is answered 200.
#[utoipa::path(post, path = "/rooms", tag = "rooms", request_body = OpenRoomRequest, responses(
    (status = 201, description = "The new room", body = RoomReply),
    (status = 200, description = "The drawing's room", body = RoomReply),
    (status = 404, description = "`drawing_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`drawing_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`relay_needs_one_stroke`, `too_many_rooms`, `invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn open(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let asked: OpenRoomRequest = body.json().await?;
    let (found, is_new) = app.rooms.open(person(&caller), asked.kind, &asked.drawing, asked.goal).await?;
    let reply = app.rooms.reply(person(&caller), &found).await?;
    Ok(if is_new { HttpResponse::Created() } else { HttpResponse::Ok() }.json(reply))
}

/// A room. A frozen one shows its state and no drawing.
#[utoipa::path(get, path = "/rooms/{code}", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_banned`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn view(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    Ok(HttpResponse::Ok().json(app.rooms.view(person(&caller), &code).await?))
}

#[derive(Deserialize)]
struct ActionsQuery {
    since: Option<u32>,
}

/// The actions of a room's drawing, with their authors. A client without a socket asks every 3 seconds.
#[utoipa::path(get, path = "/rooms/{code}/actions", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
    ("since" = Option<u32>, Query, description = "Leave out the actions before this number", minimum = 0, maximum = 4_294_967_295_u32),
), responses(
    (status = 200, description = "The actions", body = RoomActionsReply),
    (status = 403, description = "`room_banned`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn actions(
    app: App,
    caller: Authenticated,
    code: Path<String>,
    request: HttpRequest,
) -> Reply {
    let asked: ActionsQuery = query(&request)?;
    let json = app.rooms.actions(person(&caller), &code, asked.since.unwrap_or(0)).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// Appends actions of the caller; the server chooses their place. A `stroke_id` among the last 64 strokes has its first
/// reply.
#[utoipa::path(post, path = "/rooms/{code}/strokes", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), request_body = RoomStrokesRequest, responses(
    (status = 200, description = "Stored for good", body = RoomStrokesReply),
    (status = 403, description = "`room_banned`, `room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`not_your_turn`, `room_ended`, `room_full`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_action`, `invalid_value`, `drawing_full`, `storage_full`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn strokes(
    app: App,
    caller: Authenticated,
    code: Path<String>,
    body: Body,
) -> Reply {
    app.rate_limits.write(caller.user())?;
    let asked: RoomStrokesRequest = body.json().await?;
    let drawn = app.rooms.draw(person(&caller), &code, &asked.stroke_id, &asked.actions).await?;
    Ok(HttpResponse::Ok().json(RoomStrokesReply { seq: drawn.seq, from: drawn.from }))
}

/// Takes the turn of a relay for 90 seconds. A second call of its holder extends it once, to 120 seconds from then.
#[utoipa::path(post, path = "/rooms/{code}/take", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_banned`, `room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`not_your_turn` names the holder in `hold`; `room_ended`, `room_full`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn take(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.take(person(&caller), &code).await?;
    shown(&app, &caller, &found).await
}

/// Gives the turn back. Without the turn, nothing changes.
#[utoipa::path(post, path = "/rooms/{code}/release", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn release(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.release(person(&caller), &code).await?;
    shown(&app, &caller, &found).await
}

/// Finishes a relay of two strokes or more, by its owner. It is then shared in the owner's name.
#[utoipa::path(post, path = "/rooms/{code}/end", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn end(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.end(person(&caller), &code).await?;
    shown(&app, &caller, &found).await
}

/// Lets only the owner draw; the others watch.
#[utoipa::path(post, path = "/rooms/{code}/lock", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn lock(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.set_locked(person(&caller), &code, true).await?;
    shown(&app, &caller, &found).await
}

/// Lets everybody draw again.
#[utoipa::path(post, path = "/rooms/{code}/unlock", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn unlock(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.set_locked(person(&caller), &code, false).await?;
    shown(&app, &caller, &found).await
}

/// Ends a room, by its owner. The drawing stays the owner's, with all strokes.
#[utoipa::path(post, path = "/rooms/{code}/close", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn close(app: App, caller: Authenticated, code: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let found = app.rooms.close(person(&caller), &code).await?;
    shown(&app, &caller, &found).await
}

/// Removes a stroke in effect, by the owner; in a relay the last one.
#[utoipa::path(post, path = "/rooms/{code}/remove", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), request_body = RemoveStrokeRequest, responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn remove(
    app: App,
    caller: Authenticated,
    code: Path<String>,
    body: Body,
) -> Reply {
    app.rate_limits.write(caller.user())?;
    let RemoveStrokeRequest { seq } = body.json().await?;
    let found = app.rooms.remove(person(&caller), &code, seq).await?;
    shown(&app, &caller, &found).await
}

/// Shuts a person out of a room, by its owner.
#[utoipa::path(post, path = "/rooms/{code}/ban", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), request_body = BanRequest, responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_owner_only`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 423, description = "`room_frozen`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn ban(app: App, caller: Authenticated, code: Path<String>, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let BanRequest { person: banned } = body.json().await?;
    let found = app.rooms.ban(person(&caller), &code, &banned).await?;
    shown(&app, &caller, &found).await
}

/// Reports a room. The third person who does freezes it until an operator has decided.
#[utoipa::path(post, path = "/rooms/{code}/reports", tag = "rooms", params(
    ("code" = String, Path, description = "The room's code", pattern = "^[0-9a-hjkmnp-tv-z]{12}$"),
), request_body = ShareReportRequest, responses(
    (status = 200, description = "The room", body = RoomReply),
    (status = 403, description = "`room_banned`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`room_not_found`, `sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
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
    let note = asked.note.as_deref().unwrap_or_default();
    let found = app.rooms.report(person(&caller), &code, asked.reason, note).await?;
    shown(&app, &caller, &found).await
}

/// Rooms that the caller opened or drew in, the latest joined first.
#[utoipa::path(get, path = "/me/rooms", tag = "rooms", params(
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses(
    (status = 200, description = "A page", body = RoomsReply),
    (status = 404, description = "`sharing_off`, `rooms_off`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn list(app: App, caller: Authenticated, request: HttpRequest) -> Reply {
    let asked: PageQuery = query(&request)?;
    Ok(HttpResponse::Ok().json(app.rooms.rooms_of(person(&caller), asked.cursor.as_deref()).await?))
}
