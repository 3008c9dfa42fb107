//! What surrounds every request: its id, its span and log line, its metrics, the headers of every reply, and
//! the body of every problem.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use tracing::Instrument;
use yibi_common::api::ProblemBody;

use super::App;
use super::guard::is_trusted;
use crate::problem::{Code, Problem};
use crate::random;

/// Whose request it turned out to be, for the log line.
#[derive(Debug, Clone)]
pub(crate) struct CalledBy(pub(crate) String);

/// The request's id, for what is written down beyond the log.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost middleware of a listener.
///
/// # Errors
/// Never: what fails below becomes a response here.
pub async fn envelope(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let app = request.app_data::<App>().cloned();
    let id = request_id(&request, app.as_ref());
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id = %id, method = %method);
    request.extensions_mut().insert(RequestId(id.clone()));
    let response = next.call(request).instrument(span.clone()).await?;
    let mut response = response.map_into_boxed_body();

    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    if let Some(cause) = problem.and_then(Problem::cause_chain) {
        let code = problem.map_or("", |problem| problem.code.text());
        span.in_scope(|| {
            if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(code, cause, "a request failed");
            } else {
                tracing::warn!(code, cause, "a request failed");
            }
        });
    }
    if let Some(body) = problem_body(&response, problem, &id) {
        let json = serde_json::to_vec(&body).unwrap_or_default();
        response = response.map_body(|head, _| {
            let value = HeaderValue::from_static("application/problem+json");
            head.headers_mut().insert(header::CONTENT_TYPE, value);
            head.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            BoxBody::new(json)
        });
    }
    set_headers(response.headers_mut(), &id);

    let took = began.elapsed();
    let route = response.request().match_pattern().filter(|route| !route.is_empty());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    if let Some(app) = &app {
        app.metrics.request(method.as_str(), &route, status, took);
    }
    let caller = response.request().extensions().get::<CalledBy>().cloned();
    span.in_scope(|| {
        let user = caller.as_ref().map(|caller| caller.0.as_str());
        let duration_ms = took.as_secs_f64() * 1000.0;
        tracing::info!(route, status, user, duration_ms, "request");
    });
    Ok(response)
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

/// The body of a response that is a failure and does not say what of: a handler's problem, or one that the
/// framework made.
fn problem_body(
    response: &ServiceResponse<BoxBody>,
    problem: Option<&Problem>,
    id: &str,
) -> Option<ProblemBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let code = match problem {
        Some(problem) => problem.code,
        None if response.headers().contains_key(header::CONTENT_TYPE)
            && response.response().error().is_none() =>
        {
            return None;
        }
        None => of_framework(status),
    };
    Some(ProblemBody {
        kind: "about:blank".to_owned(),
        title: code.title().to_owned(),
        status: status.as_u16(),
        code: code.text().to_owned(),
        detail: problem.and_then(|problem| problem.detail.clone()),
        request_id: id.to_owned(),
        base: problem.and_then(|problem| problem.place).map(|(base, _)| base),
        seq: problem.and_then(|problem| problem.place).map(|(_, seq)| seq),
    })
}

fn of_framework(status: StatusCode) -> Code {
    let same = Code::ALL.iter().copied().filter(|code| code.status() == status);
    match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        _ if status.is_server_error() => Code::Internal,
        _ => same.into_iter().next().unwrap_or(Code::InvalidRequest),
    }
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// What is at no address.
pub async fn nothing() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound))
}
