//! `/sessions/{session}/reset-key`: a new WeChat key for a session, where the old one may have leaked.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use yibi_common::api::ProblemBody;

use super::extractors::Operator;
use crate::http::App;
use crate::http::reply::Reply;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/sessions/{session}/reset-key").route(web::post().to(reset)));
}

/// Has WeChat replace a session's session_key. Open data that a phone encrypted under the old one no longer opens;
/// the session goes on.
#[utoipa::path(post, path = "/sessions/{session}/reset-key", tag = "sessions",
    params(("session" = String, Path, description = "The session's id")), responses(
    (status = 204, description = "Replaced"),
    (status = 404, description = "`session_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`session_key_superseded`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn reset(app: App, operator: Operator, id: Path<String>) -> Reply {
    let Operator(operator) = operator;
    app.operators.reset_key(&operator.actor(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
