//! Replies of both older dialects.

use actix_web::HttpResponse;
use serde_json::Value;

use crate::http::middleware::LegacyFailure;
use crate::problem::Problem;

/// The member by which an older client knows a reply of the session layer.
pub(super) const MAGIC: &str = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A";

const JSON: &str = "application/json; charset=utf-8";

/// The reply of a path or method that does not exist. The dialects have no 405.
pub(super) async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("Not Found")
}

/// A reply of status 200, whatever the body says.
pub(super) fn json(body: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(JSON).body(body.to_string())
}

/// The media type of a reply that is streamed.
pub(super) fn media_type() -> &'static str {
    JSON
}

/// Notes the problem behind a reply for operators.
pub(super) fn note_failure(mut reply: HttpResponse, problem: &Problem) -> HttpResponse {
    let note = LegacyFailure { code: problem.code, cause: problem.cause_chain() };
    reply.extensions_mut().insert(note);
    reply
}
