//! Authentication of a request in any dialect.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::{App, auth, legacy};
use crate::problem::Problem;
use crate::service::sessions::Caller;

/// The outcome of authenticating a request of any dialect.
pub(crate) enum Shown {
    /// The user of a living session.
    Caller(Caller),
    /// The reply to a client of 2016 or 2017, in its dialect.
    Refused(HttpResponse),
    /// The problem of a client of today, or of one that shows nothing.
    Problem(Problem),
}

/// Authenticates by the headers of one dialect: a bearer token before wafer's pair before a code. A credential that
/// opens nothing is not followed by a try of another one.
pub(crate) async fn who(app: &App, request: &HttpRequest) -> Shown {
    let headers = request.headers();
    let bearer = headers.get(header::AUTHORIZATION).is_some_and(|value| {
        value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
    });
    let older = ["x-wx-id", "x-wx-skey", "x-wx-code"].iter().any(|name| headers.contains_key(*name));
    if older && !bearer {
        return match legacy::caller(app, request).await {
            Ok(caller) => Shown::Caller(caller),
            Err(reply) => Shown::Refused(reply),
        };
    }
    match auth::authenticated(app, request).await {
        Ok(caller) => Shown::Caller(caller),
        Err(problem) => Shown::Problem(problem),
    }
}
