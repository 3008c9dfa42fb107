//! The drawing routes of 2016, as the original demo's client calls them: HTTP 200 whatever happens, and the outcome in
//! the JSON. `/paints` is that protocol's word for drawings.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use yibi_common::json_text::repair_surrogates;

use super::caller;
use super::reply::{media_type, not_found};
use super::weapp::{failed, failure, success};
use crate::http::App;
use crate::http::body::Body;
use crate::service::drawings::Save;

pub(super) fn routes(config: &mut ServiceConfig) {
    // The protocol has no 405: a wrong method is an unknown path.
    let resource = |path: &str| web::resource(path).default_service(web::to(not_found));
    config
        .service(resource("/paints/list").route(web::get().to(list)))
        .service(resource("/paints/save").route(web::post().to(save)))
        .service(resource("/paints/delete").route(web::post().to(delete)));
}

async fn list(app: App, request: HttpRequest) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    let gzip = takes_gzip(&request);
    match app.drawings.weapp_list(caller.user(), gzip).await {
        Ok(pieces) => {
            let mut reply = HttpResponse::Ok();
            reply.content_type(media_type()).insert_header((header::VARY, "Accept-Encoding"));
            if gzip {
                reply.insert_header((header::CONTENT_ENCODING, "gzip"));
            }
            reply.streaming(futures_util::StreamExt::map(pieces, |piece| {
                piece.map_err(|error| {
                    tracing::warn!(error = %error, "a 2016 list broke off");
                    actix_web::error::ErrorInternalServerError("")
                })
            }))
        }
        Err(error) => failed(&error.into()),
    }
}

/// Whether the client accepts gzip and prefers nothing else.
fn takes_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|asked| asked.negotiate(supported.iter()) == Some(Encoding::gzip()))
}

async fn save(app: App, request: HttpRequest, body: Body) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    if app.rate_limits.write(caller.user()).is_err() {
        return failure("too many requests");
    }
    let mut form = match form(body).await {
        Ok(form) => form,
        Err(reply) => return reply,
    };
    let (Some(id), Some(actions)) = (text(form.remove("id")), text(form.remove("actions"))) else {
        return failure("id or actions does not exists");
    };
    match app.drawings.weapp_save(caller.user(), &id, actions).await {
        Ok(()) => success(),
        Err(Save::Gallery(error)) => failed(&error.into()),
        Err(other) => failure(&other.to_string()),
    }
}

async fn delete(app: App, request: HttpRequest, body: Body) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    if app.rate_limits.write(caller.user()).is_err() {
        return failure("too many requests");
    }
    let mut form = match form(body).await {
        Ok(form) => form,
        Err(reply) => return reply,
    };
    let Some(id) = text(form.remove("id")) else { return failure("id does not exists") };
    match app.drawings.weapp_delete(caller.user(), &id).await {
        Ok(()) => success(),
        Err(error) => failed(&error.into()),
    }
}

/// The members of a JSON or form body. Whatever else it is, it has none.
async fn form(body: Body) -> Result<serde_json::Map<String, Value>, HttpResponse> {
    let plain = |status: StatusCode| {
        let text = status.canonical_reason().unwrap_or_default();
        HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
    };
    let media_type = body.media_type();
    let bytes = body.bytes().await.map_err(|problem| plain(problem.code.status()))?;
    // The 2016 server skipped a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match media_type.as_str() {
        "application/json" if !bytes.is_empty() => match read_json(bytes) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(Value::Array(_)) => Ok(serde_json::Map::new()),
            Ok(_) | Err(_) => Err(plain(StatusCode::BAD_REQUEST)),
        },
        "application/x-www-form-urlencoded" => {
            let pairs = web::Query::<Vec<(String, String)>>::from_query(&String::from_utf8_lossy(bytes));
            let pairs = pairs.map_err(|_| plain(StatusCode::BAD_REQUEST))?.into_inner();
            Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
        }
        _ => Ok(serde_json::Map::new()),
    }
}

/// Reads JSON as the 2016 server did: half an emoji in a text becomes U+FFFD.
fn read_json(bytes: &[u8]) -> serde_json::Result<Value> {
    match std::str::from_utf8(bytes) {
        Ok(json) => serde_json::from_str(&repair_surrogates(json)),
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// A member as JavaScript's `String()` makes it, but an array or object as its JSON text; nothing when it is
/// missing or empty.
fn text(value: Option<Value>) -> Option<String> {
    let text = match value? {
        Value::Null => return None,
        Value::String(text) => text,
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        structure @ (Value::Array(_) | Value::Object(_)) => structure.to_string(),
    };
    (!text.is_empty()).then_some(text)
}
