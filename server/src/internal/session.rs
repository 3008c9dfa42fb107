//! `GET /internal/session`: whose the headers of a request are, in any dialect; made for nginx's `auth_request`.
//!
//! auth_request knows a yes (204), a no (401, 403) and an accident (everything else), and throws the body away.
//! So what the client is to be told comes in headers, too: `X-Session-Reply` is the body and `X-Session-Status` its
//! status, which for clients of 2016 and 2017 is 200. `deploy/nginx/auth-request.conf` hands them on.

use std::fmt::Write;

use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::http::middleware::{LegacyFailure, RequestId, problem_json};
use crate::http::{App, Shown, who};
use crate::problem::Problem;
use crate::service::sessions::Caller;

static USER_ID: HeaderName = HeaderName::from_static("x-user-id");
static USER_OPENID: HeaderName = HeaderName::from_static("x-user-openid");
static USER_APP_ID: HeaderName = HeaderName::from_static("x-user-app-id");
static DIALECT: HeaderName = HeaderName::from_static("x-session-dialect");
static STATUS: HeaderName = HeaderName::from_static("x-session-status");
static REPLY: HeaderName = HeaderName::from_static("x-session-reply");

/// The longest reply that goes into a header, in bytes: proxies hold all headers in 4 or 8 KiB.
const LONGEST: usize = 2_048;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/session").route(web::get().to(session)));
}

async fn session(app: App, request: HttpRequest) -> HttpResponse {
    match who(&app, &request).await {
        Shown::Caller(caller) => known(&caller),
        Shown::Refused(reply) => refused(reply),
        Shown::Problem(problem) => problem_of(&request, &problem),
    }
}

fn known(caller: &Caller) -> HttpResponse {
    let user = caller.user();
    HttpResponse::NoContent()
        .insert_header((USER_ID.clone(), caller.session.public_id.as_str()))
        .insert_header((USER_OPENID.clone(), user.openid()))
        .insert_header((USER_APP_ID.clone(), user.app_id()))
        .insert_header((DIALECT.clone(), caller.session.dialect.name()))
        .finish()
}

/// A reply of the older dialects, which are told everything with a 200.
fn refused(mut reply: HttpResponse) -> HttpResponse {
    let failed = reply.extensions().get::<LegacyFailure>().map(|failed| failed.code.status());
    let told = reply.status();
    *reply.status_mut() = failed.unwrap_or(StatusCode::UNAUTHORIZED);
    // These bodies are texts that are there as a whole.
    let (mut head, body) = reply.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    hand_on(head.headers_mut(), told, &body);
    head.set_body(body).map_into_boxed_body()
}

fn problem_of(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let status = problem.code.status();
    let body = problem_json(problem, &id);
    let mut reply = HttpResponse::build(status);
    reply.content_type("application/problem+json");
    if let Some(seconds) = problem.retry_after_seconds() {
        reply.insert_header((header::RETRY_AFTER, seconds));
    }
    let mut reply = reply.finish();
    hand_on(reply.headers_mut(), status, &body);
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a session could not be looked up");
    }
    reply.set_body(body).map_into_boxed_body()
}

fn hand_on(headers: &mut HeaderMap, status: StatusCode, body: &[u8]) {
    let reply = in_ascii(&String::from_utf8_lossy(body));
    let Some(reply) = HeaderValue::from_str(&reply).ok().filter(|reply| reply.len() <= LONGEST) else {
        return;
    };
    headers.insert(STATUS.clone(), HeaderValue::from(status.as_u16()));
    headers.insert(REPLY.clone(), reply);
}

/// The same JSON without a character that a header can't have.
fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing into a string does not fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_same_in_ascii() {
        let value = serde_json::json!({"message": "会话 \"已\" 失效 🎨\n", "é": ["\u{7f}", "\\u4f1a"]});
        let text = in_ascii(&value.to_string());
        assert!(text.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_reply_that_no_header_holds_is_left_out() {
        let mut headers = HeaderMap::new();
        hand_on(&mut headers, StatusCode::OK, "会".repeat(400).as_bytes());
        assert!(headers.is_empty());
        hand_on(&mut headers, StatusCode::OK, b"{}");
        assert_eq!(headers.get(&STATUS).unwrap(), "200");
        assert_eq!(headers.get(&REPLY).unwrap(), "{}");
    }
}
