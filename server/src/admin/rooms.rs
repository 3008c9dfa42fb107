//! `/rooms`: the rooms of all users.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::admin::{AdminRoom, RemoveStroke, RoomPage, RoomQuery, UserRef};
use yibi_common::api::ProblemBody;

use super::extractors::{Operator, Viewer};
use super::paging::{invalid, limit, read_cursor, write_cursor};
use crate::domain::clock::Micros;
use crate::domain::report::Place;
use crate::domain::share::{AfterShare, Code, copy_name};
use crate::http::reply::Reply;
use crate::http::{App, Body, query};
use crate::service::rooms::FoundRoom;

/// Bytes of a body at most.
const BODY: usize = 1 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    let post = |name: &str| web::resource(format!("/rooms/{{code}}/{name}"));
    config
        .service(web::resource("/rooms").route(web::get().to(list)))
        .service(web::resource("/rooms/{code}").route(web::get().to(one)))
        .service(post("freeze").route(web::post().to(freeze)))
        .service(post("thaw").route(web::post().to(thaw)))
        .service(post("close").route(web::post().to(close)))
        .service(post("remove").route(web::post().to(remove)));
}

/// Rooms, the newest first.
#[utoipa::path(get, path = "/rooms", tag = "rooms", params(RoomQuery), responses(
    (status = 200, description = "A page", body = RoomPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked: RoomQuery = query(&request)?;
    let name = format!("rooms {:?}", asked.state);
    let after = match read_cursor(asked.cursor.as_deref(), &name)? {
        Some(place) => {
            let code =
                Code::parse(&place.name).ok_or_else(|| invalid("the cursor is not one of this list"))?;
            Some(AfterShare { created_at: Micros(place.value), code })
        }
        None => None,
    };
    let limit = limit(asked.limit)?;
    let rooms = app.operators.rooms(after.as_ref(), limit).await?;
    let last = rooms.last().filter(|_| rooms.len() >= limit as usize).map(|room| &room.record);
    let next = last.map(|record| Place { value: record.created_at.0, name: record.code.to_string() });
    let rows = rooms.iter().filter_map(|room| room.found.as_ref()).map(row);
    let rooms = rows.filter(|row| asked.state.is_none_or(|state| row.state == state)).collect();
    Ok(HttpResponse::Ok().json(RoomPage { rooms, next: write_cursor(next, &name) }))
}

/// One room with its people.
#[utoipa::path(get, path = "/rooms/{code}", tag = "rooms",
    params(("code" = String, Path, description = "The code of the room")), responses(
    (status = 200, description = "The room", body = AdminRoom),
    (status = 404, description = "`room_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn one(app: App, _viewer: Viewer, code: Path<String>) -> Reply {
    Ok(HttpResponse::Ok().json(row(&app.operators.room(&code).await?)))
}

/// Stops a room until a decision, and opens its case.
#[utoipa::path(post, path = "/rooms/{code}/freeze", tag = "rooms",
    params(("code" = String, Path, description = "The code of the room")), responses(
    (status = 200, description = "The room", body = AdminRoom),
    (status = 404, description = "`room_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn freeze(app: App, Operator(operator): Operator, code: Path<String>) -> Reply {
    Ok(HttpResponse::Ok().json(row(&app.operators.freeze_room(&operator.actor(), &code).await?)))
}

/// Lets a frozen room go on, which passes its case.
#[utoipa::path(post, path = "/rooms/{code}/thaw", tag = "rooms",
    params(("code" = String, Path, description = "The code of the room")), responses(
    (status = 200, description = "The room", body = AdminRoom),
    (status = 404, description = "`room_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn thaw(app: App, Operator(operator): Operator, code: Path<String>) -> Reply {
    Ok(HttpResponse::Ok().json(row(&app.operators.thaw_room(&operator.actor(), &code).await?)))
}

/// Ends a room, frozen or not.
#[utoipa::path(post, path = "/rooms/{code}/close", tag = "rooms",
    params(("code" = String, Path, description = "The code of the room")), responses(
    (status = 200, description = "The room", body = AdminRoom),
    (status = 404, description = "`room_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn close(app: App, Operator(operator): Operator, code: Path<String>) -> Reply {
    Ok(HttpResponse::Ok().json(row(&app.operators.close_room(&operator.actor(), &code).await?)))
}

/// Removes a stroke in effect from the drawing of a room.
#[utoipa::path(post, path = "/rooms/{code}/remove", tag = "rooms", request_body = RemoveStroke,
    params(("code" = String, Path, description = "The code of the room")), responses(
    (status = 200, description = "The room", body = AdminRoom),
    (status = 404, description = "`room_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn remove(app: App, Operator(operator): Operator, code: Path<String>, body: Body) -> Reply {
    let RemoveStroke { seq } = body.json_within(BODY).await?;
    Ok(HttpResponse::Ok().json(row(&app.operators.remove_stroke(&operator.actor(), &code, seq).await?)))
}

fn row(found: &FoundRoom) -> AdminRoom {
    let FoundRoom { owner, header, room } = found;
    let now = Micros::now();
    AdminRoom {
        code: room.code.to_string(),
        kind: room.kind,
        state: room.state_at(now),
        owner: UserRef::from(owner),
        drawing: header.id.clone(),
        title: header.title.clone(),
        seq: header.seq,
        authors: found.authors(),
        locked: room.locked,
        goal: room.goal,
        strokes: room.is_relay().then_some(room.strokes),
        holder: room.hold_at(now).map(|hold| hold.user.clone()),
        banned: room.banned.clone(),
        frozen_by: room.frozen_by,
        case: room.frozen_seq.map(|seq| copy_name(&room.code, seq)),
        created_at: room.created_at.to_string(),
        last_at: room.last_at.to_string(),
        ends_at: room.ends_at.to_string(),
    }
}
