//! Authentication as an extractor.
//!
//! Extractors are polled together, so an extractor that reads the body would read it before an unknown caller is
//! rejected (see [`crate::http::body`], which reads nothing until it is asked to).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::middleware::CalledBy;
use crate::problem::{Code, Problem};
use crate::service::auth::AuthError;
use crate::service::sessions::{Caller, Credential};

/// The user of a bearer token.
pub(super) struct Authenticated(pub(super) Caller);

impl std::ops::Deref for Authenticated {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<App>().ok_or_else(|| Problem::new(Code::Internal))?;
            authenticated(app, &request).await.map(Self)
        })
    }
}

/// The user of the request's bearer token.
pub(super) async fn authenticated(app: &App, request: &HttpRequest) -> Result<Caller, Problem> {
    let credential = bearer(request);
    let outcome = app.auth.authenticate(credential.as_ref(), address(request, app)).await;
    let caller = outcome.map_err(|error| problem(request, error))?;
    note_caller(request, &caller);
    Ok(caller)
}

/// The problem of a request without a caller.
pub(super) fn problem(request: &HttpRequest, error: AuthError) -> Problem {
    match error {
        AuthError::RateLimited(exceeded) => reject_early(request, exceeded),
        AuthError::Refused(error) => error.into(),
    }
}

/// Notes the caller for the log line and the limits of callers without a session.
pub(super) fn note_caller(request: &HttpRequest, caller: &Caller) {
    request.extensions_mut().insert(CalledBy(caller.session.public_id.clone()));
}

fn bearer(request: &HttpRequest) -> Option<Credential> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Credential::bearer(token.trim())).flatten()
}
