//! The record of an answered request: metrics, the log line, and the events and figures that operators see.

use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use yibi_common::admin::{Failure, RequestRow};

use super::{CalledBy, ForOperators, LegacyFailure};
use crate::domain::clock::Micros;
use crate::events::Answered;
use crate::http::App;
use crate::http::address::RejectedEarly;
use crate::problem::{Code, Problem};

/// The methods that some address takes. All others are recorded under one name: a method is a text of any
/// length that a stranger chooses.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The method's name in logs, metrics and events.
pub(super) fn method_label(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The public id of the user who asked, and the drawing that the path names.
struct RequestSubject {
    user: Option<String>,
    drawing: Option<String>,
}

/// A request that has its response.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) took: Duration,
    pub(super) failure: Option<FailedReply>,
}

/// The failure in a response.
pub(super) struct FailedReply {
    code: Code,
    cause: Option<String>,
    detail: Option<String>,
}

impl Answer {
    /// Records the request. Requests that were rejected early are counted and nothing else: they come by the
    /// thousand and would fill the log.
    pub(super) fn record(self, app: Option<&App>, response: &ServiceResponse<BoxBody>) {
        let method = method_label(&self.method);
        let route = response.request().match_pattern().filter(|route| !route.is_empty());
        let route = route.unwrap_or_else(|| "unmatched".to_owned());
        let status = response.status().as_u16();
        if let Some(app) = app {
            app.metrics.request(method, &route, status, self.took);
        }
        if response.request().extensions().get::<RejectedEarly>().is_some() {
            if let Some(app) = app {
                app.metrics.rejected_early();
            }
            return;
        }
        let caller = response.request().extensions().get::<CalledBy>().cloned().map(|caller| caller.0);
        let duration_ms = self.took.as_secs_f64() * 1000.0;
        tracing::info!(route, status, user = caller, duration_ms, "request");
        if let Some(app) = app {
            let counted = response.request().app_data::<ForOperators>().is_none();
            let drawing = route.contains("/drawings/{id}").then(|| response.request().match_info().get("id"));
            let drawing = drawing.flatten().map(str::to_owned);
            let caller = RequestSubject { user: caller, drawing };
            self.publish(app, method, route, status, caller, counted);
        }
    }

    fn publish(
        self,
        app: &App,
        method: &str,
        route: String,
        status: u16,
        caller: RequestSubject,
        counted: bool,
    ) {
        let RequestSubject { user, drawing } = caller;
        let events = app.metrics.events();
        let at = Micros::now().to_string();
        if let Some(FailedReply { code, cause, detail }) = self.failure {
            events.failed(Failure {
                request_id: self.id.clone(),
                server: String::new(),
                at: at.clone(),
                method: method.to_owned(),
                route: route.clone(),
                status,
                code: code.text().to_owned(),
                cause,
                detail,
                user: user.clone(),
                drawing,
            });
        }
        if counted {
            let row = RequestRow {
                request_id: self.id,
                server: String::new(),
                at,
                method: method.to_owned(),
                route,
                status,
                duration_us: u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            };
            events.answered(Answered { row, user });
        }
    }
}

/// The failure that operators see of a response, with its cause; none for failures that strangers can bring about
/// at will.
pub(super) fn failure(response: &ServiceResponse<BoxBody>, problem: Option<&Problem>) -> Option<FailedReply> {
    let legacy = response.response().extensions().get::<LegacyFailure>().cloned();
    let (code, cause, detail) = match (legacy, problem) {
        (Some(LegacyFailure { code, cause }), _) => (code, cause, None),
        (None, Some(problem)) => (problem.code, problem.cause_chain(), problem.detail.clone()),
        (None, None) => {
            let failed = response.status().is_server_error();
            return failed.then_some(FailedReply { code: Code::Internal, cause: None, detail: None });
        }
    };
    let at_will =
        matches!(code.status().as_u16(), 401 | 404 | 405 | 417 | 429 | 501) || code == Code::LinkInvalid;
    (cause.is_some() || !at_will).then_some(FailedReply { code, cause, detail })
}
