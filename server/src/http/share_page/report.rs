//! Reports from the page, without an account.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::sharing::Reason;

use super::{Hidden, admit, html};
use crate::http::App;
use crate::http::address::address;
use crate::http::body::Body;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};

/// Maximum size of a form in bytes: a note of 200 characters takes twelve bytes each when it is escaped.
const FORM: usize = 4_096;

#[derive(Deserialize)]
struct Form {
    reason: u8,
    #[serde(default)]
    note: String,
}

/// Takes a report. A failure is a page too, since a form has no other reader.
pub(super) async fn report(app: App, code: Path<String>, request: HttpRequest, body: Body) -> Reply {
    match take(&app, &code, &request, body).await {
        Ok(reply) => Ok(reply),
        Err(problem) => Ok(failure(&code, &problem)),
    }
}

async fn take(app: &App, code: &str, request: &HttpRequest, body: Body) -> Reply {
    admit(app, request)?;
    if body.media_type() != "application/x-www-form-urlencoded" {
        let detail = "application/x-www-form-urlencoded is needed";
        return Err(Problem::new(Code::UnsupportedMediaType).detail(detail));
    }
    let bytes = body.bytes_within(FORM).await?;
    let invalid = || Problem::new(Code::InvalidValue).detail("reason is a number from 1 to 6");
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid())?;
    let Query(form) = Query::<Form>::from_query(text).map_err(|_| invalid())?;
    let reason = Reason::of(form.reason).ok_or_else(invalid)?;
    match app.shares.report_as_visitor(address(request, app), code, reason, &form.note).await {
        Ok(()) => Ok(html::reply(StatusCode::OK, "no-store", &html::reported(code))),
        Err(error) => {
            let hidden = Hidden::of(error)?;
            Ok(html::reply(hidden.status(), hidden.caching(), &html::hidden("../", &hidden)))
        }
    }
}

fn failure(code: &str, problem: &Problem) -> HttpResponse {
    let status = problem.code.status();
    let reason = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "现在有点忙，请稍后再试。",
        _ if status.is_server_error() => "服务器出了点问题，请稍后再试。",
        _ => "请选择一个原因，补充说明不超过 200 字。",
    };
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a report of a share failed");
    }
    let mut reply = html::reply(status, "no-store", &html::refused(code, reason));
    if let Some(seconds) = problem.retry_after_seconds() {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}
