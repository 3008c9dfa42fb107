//! `/bin`: removing deleted drawings for good.

use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use tracing::Instrument;
use yibi_common::api::ProblemBody;

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/bin").route(web::delete().to(empty)))
        .service(web::resource("/bin/{id}").route(web::delete().to(remove)));
}

/// Removes all drawings in the bin for good.
#[utoipa::path(delete, path = "/bin", tag = "drawings", responses(
    (status = 204, description = "The bin is empty; the space is free"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn empty(app: App, caller: Authenticated) -> Reply {
    app.rate_limits.write(caller.user())?;
    // In a task of its own: a full bin takes longer than some clients wait.
    let emptying = async move { app.drawings.empty_bin(caller.user()).await.map_err(Problem::from) };
    let emptied = tokio::spawn(emptying.in_current_span()).await;
    emptied.unwrap_or_else(|error| Err(Problem::new(Code::Internal).cause(error)))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes one drawing in the bin for good.
#[utoipa::path(delete, path = "/bin/{id}", tag = "drawings",
    params(("id" = String, Path, description = "The drawing's id", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k3v")), responses(
    (status = 204, description = "Removed, now or before; the space is free"),
    (status = 404, description = "`drawing_not_found`: the drawing is not in the bin", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn remove(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.drawings.remove_from_bin(caller.user(), &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
