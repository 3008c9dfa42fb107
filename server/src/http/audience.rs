//! Who makes a request, in whichever dialect it speaks.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::legacy::weapp;
use super::{App, auth};
use crate::problem::Problem;
use crate::service::sessions::Caller;

/// What a request's session headers lead to.
pub(crate) enum Shown {
    /// The user of a living session.
    Caller(Caller),
    /// What a client of 2016 or 2017 is told, as it is told everything.
    Refused(HttpResponse),
    /// What today's client is told, or one that shows nothing.
    Problem(Problem),
}

/// Looks at the headers of one dialect: a bearer token before wafer's pair before a code. What one of them does not
/// open, another beside it does not either.
pub(crate) async fn who(app: &App, request: &HttpRequest) -> Shown {
    let headers = request.headers();
    let bearer = headers.get(header::AUTHORIZATION).is_some_and(|value| {
        value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
    });
    let older = ["x-wx-id", "x-wx-skey", "x-wx-code"].iter().any(|name| headers.contains_key(*name));
    if older && !bearer {
        return match weapp::caller(app, request).await {
            Ok(caller) => Shown::Caller(caller),
            Err(reply) => Shown::Refused(reply),
        };
    }
    match auth::authenticated(app, request).await {
        Ok(caller) => Shown::Caller(caller),
        Err(problem) => Shown::Problem(problem),
    }
}
