//! Authentication as an extractor.
//!
//! Extractors are polled together, so one that reads the body would read it before a stranger is turned away
//! (see [`super::body`], which reads nothing until it is asked to).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::App;
use super::envelope::CalledBy;
use super::guard::address;
use crate::problem::{Code, Problem};
use crate::session::{Caller, Presented, SessionError};

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
    let presented = bearer(request);
    let known = presented.is_some_and(|presented| app.sessions.knows(&presented));
    if !known {
        app.guard.hear(request, from)?;
    }
    let strange = match presented {
        Some(presented) if !known => !app.sessions.vouches(&presented).await?,
        Some(_) | None => false,
    };
    if strange {
        app.guard.hear_strangers(request)?;
    }
    let caller = match presented {
        Some(presented) => app.sessions.authenticate(&presented).await,
        None => Err(SessionError::Unauthenticated),
    };
    if matches!(caller, Err(SessionError::Unauthenticated)) {
        app.guard.failed(from);
        if strange {
            app.guard.stranger_failed();
        }
    }
    let caller = caller?;
    request.extensions_mut().insert(CalledBy(caller.session.public_id.clone()));
    Ok(caller)
}

fn bearer(request: &HttpRequest) -> Option<Presented> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Presented::bearer(token.trim())).flatten()
}
