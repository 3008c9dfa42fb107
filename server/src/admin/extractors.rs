//! Who asks, as an extractor: by token, or through the socket by the kernel's word.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use yibi_common::admin::Role;

use super::auth::OperatorAuth;
use super::socket::Peer;
use crate::http::middleware::{CalledBy, RequestId};
use crate::http::reject_early;
use crate::problem::{Code, Problem};
use crate::service::operator::Actor;
use crate::service::rate_limits::FailureBudget;

/// Somebody who may look.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// As the audit log has it.
    pub name: String,
    /// What the caller may do.
    pub role: Role,
    /// Where the request comes from.
    pub from: String,
    pub request_id: String,
}

impl Viewer {
    /// The caller as the audit log names it.
    #[must_use]
    pub fn actor(self) -> Actor {
        Actor { name: self.name, from: self.from, request_id: self.request_id }
    }
}

/// Somebody who may change things.
#[derive(Debug, Clone)]
pub struct Operator(pub Viewer);

/// Another backend, on the internal listener.
#[derive(Debug, Clone)]
pub struct Service(pub Viewer);

fn known(request: &HttpRequest) -> Result<Viewer, Problem> {
    let operators = request.app_data::<Data<OperatorAuth>>().ok_or_else(|| Problem::new(Code::Internal))?;
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let viewer = if let Some(peer) = request.conn_data::<Peer>() {
        Viewer { name: peer.name(), role: peer.role(), from: "socket".to_owned(), request_id }
    } else {
        // The peer itself: what it may say of others is not believed here.
        let peer = request.peer_addr().ok_or_else(|| Problem::new(Code::Unauthenticated))?.ip();
        let budget = FailureBudget::Address(peer);
        operators.rate_limits.check(&budget).map_err(|exceeded| reject_early(request, exceeded))?;
        let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let Some((name, role)) = token.and_then(|token| operators.recognise(token.trim())) else {
            operators.rate_limits.failed(&budget);
            return Err(Problem::new(Code::Unauthenticated));
        };
        Viewer { name: format!("token:{name}"), role, from: peer.to_string(), request_id }
    };
    request.extensions_mut().insert(CalledBy(viewer.name.clone()));
    Ok(viewer)
}

fn viewer(request: &HttpRequest) -> Result<Viewer, Problem> {
    known(request).and_then(|viewer| match viewer.role {
        Role::Viewer | Role::Operator => Ok(viewer),
        Role::Service => Err(Problem::new(Code::RoleNeeded).detail("role service opens nothing here")),
    })
}

impl FromRequest for Service {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(known(request).and_then(|service| match service.role {
            Role::Service => Ok(Self(service)),
            Role::Viewer | Role::Operator => {
                Err(Problem::new(Code::RoleNeeded).detail("a token of role service is needed"))
            }
        }))
    }
}

impl FromRequest for Viewer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(viewer(request))
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(viewer(request).and_then(|viewer| match viewer.role {
            Role::Operator => Ok(Self(viewer)),
            Role::Viewer | Role::Service => Err(Problem::new(Code::RoleNeeded)),
        }))
    }
}
