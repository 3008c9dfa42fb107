//! The bodies of problems: written here, where the request's id is known.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use yibi_common::api::ProblemBody;

use crate::problem::{Code, Problem};

/// Writes the body of a failed response.
pub(super) fn write(
    response: ServiceResponse<BoxBody>,
    body: Option<ProblemBody>,
) -> ServiceResponse<BoxBody> {
    let Some(body) = body else { return response };
    let json = serde_json::to_vec(&body).unwrap_or_default();
    response.map_body(|head, _| {
        let value = HeaderValue::from_static("application/problem+json");
        head.headers_mut().insert(header::CONTENT_TYPE, value);
        head.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        BoxBody::new(json)
    })
}

/// The problem body of a failed response: of the handler's problem, or of a failure that the framework answered. None
/// where the handler wrote a body of its own.
pub(super) fn body(
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
        hold: problem.and_then(|problem| problem.hold.as_deref().cloned()),
    }
}

/// The body of a problem as bytes, for replies that carry it in another place.
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
