//! Reports from the page, without an account.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
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

pub(super) async fn report(app: App, code: Path<String>, request: HttpRequest, body: Body) -> Reply {
    admit(&app, &request)?;
    if body.media_type() != "application/x-www-form-urlencoded" {
        let detail = "application/x-www-form-urlencoded is needed";
        return Err(Problem::new(Code::UnsupportedMediaType).detail(detail));
    }
    let bytes = body.bytes_within(FORM).await?;
    let invalid = || Problem::new(Code::InvalidValue).detail("reason is a number from 1 to 6");
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid())?;
    let Query(form) = Query::<Form>::from_query(text).map_err(|_| invalid())?;
    let reason = Reason::of(form.reason).ok_or_else(invalid)?;
    let from = address(&request, &app);
    match app.shares.report_as_visitor(from, &code, reason, &form.note).await {
        Ok(()) => Ok(html::reply(StatusCode::OK, "no-store", &html::reported(&code))),
        Err(error) => {
            let hidden = Hidden::of(error)?;
            Ok(html::reply(hidden.status(), hidden.caching(), &html::hidden("../", &hidden)))
        }
    }
}
