//! The middleware around every request: its id, its span and log line, its metrics, the headers of every reply,
//! the body of every problem, and the framing of unusual requests.

mod framing;
mod observe;
mod problem_body;
mod security_headers;
mod unread_body;

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use tracing::Instrument;

pub(crate) use framing::is_head;
pub(crate) use problem_body::problem_json;

use self::framing::Framing;
use self::observe::Answer;
use crate::http::App;
use crate::http::address::is_trusted;
use crate::problem::{Code, Problem};
use crate::random;

/// The public id of the user or the name of the operator who made the request, for the log line.
#[derive(Debug, Clone)]
pub(crate) struct CalledBy(pub(crate) String);

/// Marks the operators' listener, whose requests are not counted among the clients'.
#[derive(Debug, Clone, Copy)]
pub struct ForOperators;

/// Marks a legacy (weapp, wafer) reply that reports a failure with status 200.
#[derive(Debug, Clone)]
pub(crate) struct LegacyFailure {
    pub(crate) code: Code,
    /// The cause and its causes, for operators.
    pub(crate) cause: Option<String>,
}

/// The request's id, for records other than the log.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost middleware of a listener.
///
/// # Errors
/// Never: what fails below becomes a response here.
pub async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let app = request.app_data::<App>().cloned();
    let id = request_id(&request, app.as_ref());
    let method = request.method().clone();
    let framing = Framing::of(&mut request);
    let reader = unread_body::reader(&mut request);
    let span = tracing::info_span!("request", request_id = %id, method = observe::method_label(&method));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match framing::refusal(&request) {
        Some(problem) => request.error_response(problem),
        None => next.call(request).instrument(span.clone()).await?.map_into_boxed_body(),
    };

    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    span.in_scope(|| log_cause(response.status(), problem));
    let failure = observe::failure(&response, problem);
    let body = problem_body::body(&response, problem, &id);
    response = problem_body::write(response, body);
    security_headers::set(response.headers_mut(), &id);
    if let Some(reader) = reader {
        response = response.map_body(|_, body| reader.kept_with(body));
    }
    let answer = Answer { id, method, took: began.elapsed(), failure };
    span.in_scope(|| answer.record(app.as_ref(), &response));
    Ok(framing.applied_to(response))
}

fn log_cause(status: StatusCode, problem: Option<&Problem>) {
    let Some(cause) = problem.and_then(Problem::cause_chain) else { return };
    let code = problem.map_or("", |problem| problem.code.text());
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(code, cause, "a request failed");
    } else {
        tracing::warn!(code, cause, "a request failed");
    }
}

/// The id that a trusted proxy gave the request, or a new one.
fn request_id(request: &ServiceRequest, app: Option<&App>) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let trusted = app.is_some_and(|app| is_trusted(request.peer_addr(), app));
    let fits = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    given.filter(|_| trusted).filter(fits).map_or_else(random::short_id, ToOwned::to_owned)
}

/// Answers addresses that no route matches.
pub async fn nothing() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound))
}
