//! Requests of callers without a session for paths and methods that do not exist: each counts as a failure of its
//! address, and an address over its limit is rejected early, without a line in the log.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::middleware::CalledBy;
use crate::problem::{Code, Problem};
use crate::service::rate_limits::FailureBudget;

/// Counts replies of 404 and 405 to callers without a session.
///
/// # Errors
/// Those of the services below.
pub async fn count_unmatched(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    if !is_unmatched(&response) {
        return Ok(response);
    }
    let Some(app) = response.request().app_data::<App>().cloned() else { return Ok(response) };
    let budget = FailureBudget::Address(address(response.request(), &app));
    match app.rate_limits.check(&budget) {
        Ok(()) => {
            app.rate_limits.failed(&budget);
            Ok(response)
        }
        Err(exceeded) => {
            let (request, _) = response.into_parts();
            let problem = reject_early(&request, exceeded);
            Ok(ServiceResponse::from_err(problem, request))
        }
    }
}

fn is_unmatched(response: &ServiceResponse<BoxBody>) -> bool {
    let unmatched = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => true,
        StatusCode::NOT_FOUND => {
            let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
            // A drawing or avatar that is gone is found by a signed link, which nobody guesses.
            // A page of a route, such as that of a share, is no problem.
            let is_of_no_route = || response.request().match_pattern().is_none();
            problem.map_or_else(is_of_no_route, |problem| problem.code == Code::NotFound)
        }
        _ => false,
    };
    unmatched && response.request().extensions().get::<CalledBy>().is_none()
}
