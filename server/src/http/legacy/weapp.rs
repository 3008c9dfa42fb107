//! The session layer of 2016 and its replies: HTTP 200 whatever happens, and the outcome in the JSON.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::reply::{self, MAGIC, note_failure};
use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::auth::note_caller;
use crate::http::v1::sessions::{app_id, client};
use crate::problem::{Code, Problem};
use crate::service::auth::AuthError;
use crate::service::sessions::weapp::{Headers, Rejection};
use crate::service::sessions::{Caller, Refusal, SessionError};

/// The caller of a request of 2016, or the reply that refuses it.
pub(super) async fn caller(app: &App, request: &HttpRequest) -> Result<Caller, HttpResponse> {
    let from = address(request, app);
    let header = |name: &str| request.headers().get(name);
    let text = |name: &str| header(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let headers = Headers {
        code: text("x-wx-code"),
        raw_data: header("x-wx-rawdata").map(|value| value.as_bytes().to_vec()),
        signature: text("x-wx-signature"),
    };
    let Some(wechat_app) = app.sessions.app(app_id(request).as_deref()) else {
        return Err(failure("the server is not set up for WeChat"));
    };
    match app.auth.identify(wechat_app, headers, client(request, from, None), from).await {
        Ok(Some(caller)) => {
            note_caller(request, &caller);
            Ok(caller)
        }
        Ok(None) => Err(failure("openId does not exists")),
        Err(AuthError::RateLimited(exceeded)) => Err(failed(&reject_early(request, exceeded))),
        Err(AuthError::Refused(rejection)) => Err(rejected(rejection)),
    }
}

fn magic(reason: Option<&str>, error: Value) -> HttpResponse {
    let mut reply = json!({MAGIC: 1});
    if let (Some(reason), Some(reply)) = (reason, reply.as_object_mut()) {
        reply.insert("reason".to_owned(), reason.into());
    }
    if let Some(reply) = reply.as_object_mut() {
        reply.insert("error".to_owned(), error);
    }
    reply::json(&reply)
}

fn rejected(rejection: Rejection) -> HttpResponse {
    let error = |message: &str| json!({"name": "Error", "message": message});
    match rejection {
        Rejection::SessionExpired => {
            magic(Some("ERR_SESSION_EXPIRED"), error("`wxUserInfo` not found by `code`"))
        }
        Rejection::ExchangeFailed(refusal) => {
            let mut error = error("jscode failed to exchange session_key");
            if let (Some(detail), Some(error)) = (detail(&refusal), error.as_object_mut()) {
                error.insert("detail".to_owned(), detail);
            }
            magic(Some("ERR_SESSION_KEY_EXCHANGE_FAILED"), error)
        }
        Rejection::UntrustedRawData => magic(Some("ERR_UNTRUSTED_RAW_DATA"), error("untrusted raw data")),
        Rejection::RawDataEncoding => magic(None, json!({"name": "URIError", "message": "URI malformed"})),
        Rejection::RawDataSyntax => {
            magic(None, json!({"name": "SyntaxError", "message": "raw data is not JSON"}))
        }
        Rejection::RawDataType => {
            magic(None, json!({"name": "TypeError", "message": "raw data is not an object"}))
        }
        // Signing in again would change nothing: clients of 2016 do not retry for these reasons.
        Rejection::Failed(blocked @ SessionError::Blocked) => {
            note_failure(magic(Some("ERR_USER_BLOCKED"), error("the user is blocked")), &blocked.into())
        }
        Rejection::Failed(closing @ SessionError::Closing { .. }) => {
            note_failure(magic(Some("ERR_ACCOUNT_CLOSING"), error("the account is closing")), &closing.into())
        }
        Rejection::Failed(failure) => failed(&failure.into()),
    }
}

fn detail(refusal: &Refusal) -> Option<Value> {
    let errcode = refusal.errcode?;
    Some(json!({"errcode": errcode, "errmsg": refusal.errmsg.as_deref().unwrap_or_default()}))
}

pub(super) fn success() -> HttpResponse {
    reply::json(&json!({"code": 0, "msg": "success", "data": {}}))
}

pub(super) fn failure(reason: &str) -> HttpResponse {
    reply::json(&json!({"code": -1, "msg": "fail", "error": {"reason": reason}}))
}

/// A problem in the shape of 2016, its cause in the log.
pub(super) fn failed(problem: &Problem) -> HttpResponse {
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a 2016 request failed");
    }
    let reason = match (problem.code, &problem.detail) {
        (Code::InvalidValue | Code::InvalidAction, Some(detail)) => detail,
        (Code::RateLimited, _) => "too many requests",
        (code, _) => code.title(),
    };
    note_failure(failure(reason), problem)
}
