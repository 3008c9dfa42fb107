//! Authentication as an extractor.
//!
//! Extractors are polled together, so one that reads the body would read it before a stranger is turned away
//! (see [`crate::http::body`], which reads nothing until it is asked to).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::http::App;
use crate::http::middleware::CalledBy;
use crate::http::rate_limits::address;
use crate::problem::{Code, Problem};
use crate::service::sessions::{Caller, Credential, SessionError};

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
    let from = address(request, app);
    let credential = bearer(request);
    let known = credential.is_some_and(|credential| app.sessions.has_hint(&credential));
    if !known {
        app.rate_limits.check_address(request, from)?;
    }
    let strange = match credential {
        Some(credential) if !known => !app.sessions.has_valid_tag(&credential).await?,
        Some(_) | None => false,
    };
    if strange {
        app.rate_limits.check_untagged(request)?;
    }
    let caller = match credential {
        Some(credential) => app.sessions.authenticate(&credential).await,
        None => Err(SessionError::Unauthenticated),
    };
    if matches!(caller, Err(SessionError::Unauthenticated | SessionError::EndedByUser)) {
        app.rate_limits.failed(from);
        if strange {
            app.rate_limits.untagged_failed();
        }
    }
    let caller = caller?;
    request.extensions_mut().insert(CalledBy(caller.session.public_id.clone()));
    Ok(caller)
}

fn bearer(request: &HttpRequest) -> Option<Credential> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Credential::bearer(token.trim())).flatten()
}
