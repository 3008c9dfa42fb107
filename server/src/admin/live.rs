//! `/overview`, `/history`, `/events`, `/errors` and `/requests`: how the servers are, and what happens on them.

use std::time::Duration;

use actix_web::web::{self, Bytes, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use yibi_common::admin::{ErrorsReply, Event, EventQuery, History, Overview, RequestDetail};
use yibi_common::api::ProblemBody;

use super::extractors::Viewer;
use super::paging::invalid;
use crate::events::Wanted;
use crate::http::middleware::is_head;
use crate::http::reply::Reply;
use crate::http::{App, query};
use crate::problem::{Code, Problem};

/// Those who may listen to events at a time.
const LISTENERS: usize = 64;
/// How long a listener waits before it looks whether the server is about to end.
const GLANCE: Duration = Duration::from_secs(1);
/// After how many glances without an event a listener is sent a sign of life.
const QUIET: u32 = 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/overview").route(web::get().to(overview)))
        .service(web::resource("/history").route(web::get().to(history)))
        .service(web::resource("/events").route(web::get().to(events)))
        .service(web::resource("/errors").route(web::get().to(errors)))
        .service(web::resource("/requests/{request}").route(web::get().to(request)));
}

/// All servers, and how much there is of everything.
#[utoipa::path(get, path = "/overview", tag = "servers", responses(
    (status = 200, description = "The overview", body = Overview),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn overview(app: App, _viewer: Viewer) -> Reply {
    Ok(HttpResponse::Ok().json(app.operators.overview().await))
}

/// The last hour of the routes, minute by minute, over all servers.
#[utoipa::path(get, path = "/history", tag = "servers", responses(
    (status = 200, description = "The history", body = History),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn history(app: App, _viewer: Viewer) -> Reply {
    Ok(HttpResponse::Ok().json(app.operators.history().await))
}

/// What happens on all servers from now on, as server-sent events. Who is too slow is told how many were missed.
#[utoipa::path(get, path = "/events", tag = "servers", params(EventQuery), responses(
    (status = 200, description = "Events, each the `data` of one server-sent event", body = Event, content_type = "text/event-stream"),
    (status = 503, description = "`busy`: too many listen already", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn events(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let wanted = Wanted::of(query::<EventQuery>(&request)?).map_err(invalid)?;
    let watch = app.metrics.events();
    if watch.listeners() >= LISTENERS {
        return Err(Problem::new(Code::Busy));
    }
    if is_head(&request) {
        return Ok(HttpResponse::Ok().content_type("text/event-stream").finish());
    }
    // The first piece lets the console know that it is connected.
    let begun = (watch.listen(wanted), Some(Bytes::from_static(b": hello\n\n")));
    let pieces = stream::unfold(begun, |(mut listener, first)| async move {
        if let Some(first) = first {
            return Some((Ok::<_, actix_web::Error>(first), (listener, None)));
        }
        for _ in 0..QUIET {
            if listener.is_over() {
                return None;
            }
            if let Some(event) = listener.next(GLANCE).await {
                return Some((Ok(Bytes::from(format!("data: {event}\n\n"))), (listener, None)));
            }
        }
        Some((Ok(Bytes::from_static(b": quiet\n\n")), (listener, None)))
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(pieces))
}

/// The last failures, in groups.
#[utoipa::path(get, path = "/errors", tag = "errors", responses(
    (status = 200, description = "The groups", body = ErrorsReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn errors(app: App, _viewer: Viewer) -> Reply {
    Ok(HttpResponse::Ok().json(app.operators.errors().await))
}

/// One failed request, and what its user asked before and after.
#[utoipa::path(get, path = "/requests/{request}", tag = "errors",
    params(("request" = String, Path, description = "The request's id")), responses(
    (status = 200, description = "The request", body = RequestDetail),
    (status = 404, description = "`request_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn request(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let found = app.operators.failed_request(&id).await;
    Ok(HttpResponse::Ok().json(found.ok_or_else(|| Problem::new(Code::RequestNotFound))?))
}
