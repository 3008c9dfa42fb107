//! What surrounds every request: its id, its span and log line, its metrics, the headers of every reply, and
//! the body of every problem.

mod unread_body;

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use tracing::Instrument;
use yibi_common::admin::{Failure, RequestRow};
use yibi_common::api::ProblemBody;

use crate::domain::clock::Micros;
use crate::events::Answered;
use crate::http::App;
use crate::http::address::{RejectedEarly, is_trusted};
use crate::problem::{Code, Problem};
use crate::random;

/// Whose request it turned out to be, for the log line.
#[derive(Debug, Clone)]
pub(crate) struct CalledBy(pub(crate) String);

/// Marks the operators' listener, whose requests are not counted among the clients'.
#[derive(Debug, Clone, Copy)]
pub struct ForOperators;

/// A failure in a reply of 2016, which is none by its status.
#[derive(Debug, Clone)]
pub(crate) struct LegacyFailure {
    /// What it is.
    pub(crate) code: Code,
    /// Its cause and its causes.
    pub(crate) cause: Option<String>,
}

/// The request's id, for what is written down beyond the log.
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
    if method == Method::HEAD {
        // Routed as the GET that it asks about; the connection remembers to leave out the body.
        request.head_mut().method = Method::GET;
    }
    let reader = unread_body::reader(&mut request);
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
    let failure = failure(&response, problem);
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
    if let Some(reader) = reader {
        response = response.map_body(|_, body| reader.kept_with(body));
    }

    let took = began.elapsed();
    let route = response.request().match_pattern().filter(|route| !route.is_empty());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    if let Some(app) = &app {
        app.metrics.request(method.as_str(), &route, status, took);
    }
    if response.request().extensions().get::<RejectedEarly>().is_some() {
        if let Some(app) = &app {
            app.metrics.rejected_early();
        }
        return Ok(response);
    }
    let caller = response.request().extensions().get::<CalledBy>().cloned().map(|caller| caller.0);
    if let Some(app) = &app {
        let watch = app.metrics.events();
        if let Some((code, cause)) = failure {
            watch.failed(Failure {
                request_id: id.clone(),
                server: String::new(),
                at: Micros::now().to_string(),
                method: method.to_string(),
                route: route.clone(),
                status,
                code: code.text().to_owned(),
                cause,
                user: caller.clone(),
            });
        }
        if response.request().app_data::<ForOperators>().is_none() {
            let row = RequestRow {
                request_id: id,
                server: String::new(),
                at: Micros::now().to_string(),
                method: method.to_string(),
                route: route.clone(),
                status,
                duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            };
            watch.answered(Answered { row, user: caller.clone() });
        }
    }
    span.in_scope(|| {
        let duration_ms = took.as_secs_f64() * 1000.0;
        tracing::info!(route, status, user = caller, duration_ms, "request");
    });
    Ok(response)
}

/// What operators are to know of a response: a failure with its cause, unless strangers can bring it about at
/// will.
fn failure(response: &ServiceResponse<BoxBody>, problem: Option<&Problem>) -> Option<(Code, Option<String>)> {
    let of_2016 = response.response().extensions().get::<LegacyFailure>().cloned();
    let (code, cause) = match (of_2016, problem) {
        (Some(LegacyFailure { code, cause }), _) => (code, cause),
        (None, Some(problem)) => (problem.code, problem.cause_chain()),
        (None, None) => return response.status().is_server_error().then_some((Code::Internal, None)),
    };
    let at_will = matches!(code.status().as_u16(), 401 | 404 | 405 | 429) || code == Code::LinkInvalid;
    (cause.is_some() || !at_will).then_some((code, cause))
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
    Some(body_of(code, status, problem, id))
}

fn body_of(code: Code, status: StatusCode, problem: Option<&Problem>, id: &str) -> ProblemBody {
    ProblemBody {
        kind: "about:blank".to_owned(),
        title: code.title().to_owned(),
        status: status.as_u16(),
        code: code.text().to_owned(),
        detail: problem.and_then(|problem| problem.detail.clone()),
        request_id: id.to_owned(),
        base: problem.and_then(|problem| problem.place).map(|(base, _)| base),
        seq: problem.and_then(|problem| problem.place).map(|(_, seq)| seq),
        erase_at: problem.and_then(|problem| problem.erase_at).map(|at| at.to_string()),
    }
}

/// The body of a problem, for a reply that carries it elsewhere, too.
pub(crate) fn problem_json(problem: &Problem, id: &str) -> Vec<u8> {
    let body = body_of(problem.code, problem.code.status(), Some(problem), id);
    serde_json::to_vec(&body).unwrap_or_default()
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
