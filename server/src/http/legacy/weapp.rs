//! The routes of 2016, as the original demo's client calls them: HTTP 200 whatever happens, and the outcome
//! in the JSON. `/paints` is that protocol's word for drawings.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::http::App;
use crate::http::body::Body;
use crate::http::legacy::wafer;
use crate::http::middleware::LegacyFailure;
use crate::http::rate_limits::address;
use crate::http::v1::sessions::{app_id, client};
use crate::problem::{Code, Problem};
use crate::service::drawings::Save;
use crate::service::sessions::weapp::{Headers, Rejection};
use crate::service::sessions::{Caller, Refusal, SessionError};

/// The member by which the client of 2016 knows a reply of the session layer.
pub(super) const MAGIC: &str = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A";

pub(super) fn routes(config: &mut ServiceConfig) {
    // That protocol knows no 405: a wrong method is an unknown address.
    config
        .service(web::resource("/paints/list").route(web::get().to(list)).default_service(web::to(nothing)))
        .service(web::resource("/paints/save").route(web::post().to(save)).default_service(web::to(nothing)))
        .service(
            web::resource("/paints/delete").route(web::post().to(delete)).default_service(web::to(nothing)),
        );
}

pub(super) async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("Not Found")
}

async fn list(app: App, request: HttpRequest) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    let gzip = takes_gzip(&request);
    match app.drawings.weapp_list(caller.user(), gzip).await {
        Ok(pieces) => {
            let mut reply = HttpResponse::Ok();
            reply.content_type(JSON).insert_header((header::VARY, "Accept-Encoding"));
            if gzip {
                reply.insert_header((header::CONTENT_ENCODING, "gzip"));
            }
            reply.streaming(futures_util::StreamExt::map(pieces, |piece| {
                piece.map_err(|error| {
                    tracing::warn!(error = %error, "a 2016 list broke off");
                    actix_web::error::ErrorInternalServerError("")
                })
            }))
        }
        Err(error) => failed(&error.into()),
    }
}

/// Whether the client takes gzip, and likes it as much as anything else.
fn takes_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|asked| asked.negotiate(supported.iter()) == Some(Encoding::gzip()))
}

async fn save(app: App, request: HttpRequest, body: Body) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    if app.rate_limits.write(caller.user()).is_err() {
        return failure("too many requests");
    }
    let mut form = match form(body).await {
        Ok(form) => form,
        Err(reply) => return reply,
    };
    let (Some(id), Some(actions)) = (text(form.remove("id")), text(form.remove("actions"))) else {
        return failure("id or actions does not exists");
    };
    match app.drawings.weapp_save(caller.user(), &id, actions).await {
        Ok(()) => success(),
        Err(Save::Gallery(error)) => failed(&error.into()),
        Err(other) => failure(&other.to_string()),
    }
}

async fn delete(app: App, request: HttpRequest, body: Body) -> HttpResponse {
    let caller = match caller(&app, &request).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    let mut form = match form(body).await {
        Ok(form) => form,
        Err(reply) => return reply,
    };
    let Some(id) = text(form.remove("id")) else { return failure("id does not exists") };
    match app.drawings.weapp_delete(caller.user(), &id).await {
        Ok(()) => success(),
        Err(error) => failed(&error.into()),
    }
}

/// The session layer, before any route: the caller, or the reply that turns the request away. A client of 2017
/// comes with its own headers, and is told so in its own words.
pub(in crate::http) async fn caller(app: &App, request: &HttpRequest) -> Result<Caller, HttpResponse> {
    if let Some(credential) = wafer::credential(request) {
        return wafer::check(app, request, &credential).await;
    }
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
    let known = headers.code.as_ref().is_some_and(|code| {
        app.sessions.has_hint(&crate::service::sessions::Credential::weapp_code(&wechat_app.id, code))
    });
    if !known && app.rate_limits.check_address(request, from).is_err() {
        return Err(failure("too many requests"));
    }
    match app.sessions.identify(wechat_app, headers, client(request, from, None)).await {
        Ok(Some(caller)) => {
            let public_id = caller.session.public_id.clone();
            actix_web::HttpMessage::extensions_mut(request)
                .insert(crate::http::middleware::CalledBy(public_id));
            Ok(caller)
        }
        Ok(None) => Err(failure("openId does not exists")),
        Err(rejection) => {
            if rejection.is_callers() {
                app.rate_limits.failed(from);
            }
            Err(rejected(rejection))
        }
    }
}

pub(super) const JSON: &str = "application/json; charset=utf-8";

fn magic(reason: Option<&str>, error: Value) -> HttpResponse {
    let mut reply = json!({MAGIC: 1});
    if let (Some(reason), Some(reply)) = (reason, reply.as_object_mut()) {
        reply.insert("reason".to_owned(), reason.into());
    }
    if let Some(reply) = reply.as_object_mut() {
        reply.insert("error".to_owned(), error);
    }
    HttpResponse::Ok().content_type(JSON).body(reply.to_string())
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
        // Signing in again would change nothing: a reason that 2016 clients don't try again for.
        Rejection::Failed(blocked @ SessionError::Blocked) => {
            noted(magic(Some("ERR_USER_BLOCKED"), error("the user is blocked")), &blocked.into())
        }
        Rejection::Failed(closing @ SessionError::Closing { .. }) => {
            noted(magic(Some("ERR_ACCOUNT_CLOSING"), error("the account is closing")), &closing.into())
        }
        Rejection::Failed(failure) => failed(&failure.into()),
    }
}

/// WeChat's own JSON.
fn detail(refusal: &Refusal) -> Option<Value> {
    let errcode = refusal.errcode?;
    Some(json!({"errcode": errcode, "errmsg": refusal.errmsg.as_deref().unwrap_or_default()}))
}

fn success() -> HttpResponse {
    HttpResponse::Ok().content_type(JSON).body(r#"{"code":0,"msg":"success","data":{}}"#)
}

fn failure(reason: &str) -> HttpResponse {
    let reply = json!({"code": -1, "msg": "fail", "error": {"reason": reason}});
    HttpResponse::Ok().content_type(JSON).body(reply.to_string())
}

/// A problem in the shape of 2016, its cause in the log.
fn failed(problem: &Problem) -> HttpResponse {
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a 2016 request failed");
    }
    let reason = match (problem.code, &problem.detail) {
        (Code::InvalidValue | Code::InvalidAction, Some(detail)) => detail,
        (Code::RateLimited, _) => "too many requests",
        (code, _) => code.title(),
    };
    noted(failure(reason), problem)
}

/// The reply with what operators are to know of it.
fn noted(mut reply: HttpResponse, problem: &Problem) -> HttpResponse {
    let note = LegacyFailure { code: problem.code, cause: problem.cause_chain() };
    reply.extensions_mut().insert(note);
    reply
}

/// The members of a JSON or form body. Whatever else it is, it has none.
async fn form(body: Body) -> Result<serde_json::Map<String, Value>, HttpResponse> {
    let plain = |status: StatusCode| {
        let text = status.canonical_reason().unwrap_or_default();
        HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
    };
    let media_type = body.media_type();
    let bytes = body.bytes().await.map_err(|problem| plain(problem.code.status()))?;
    match media_type.as_str() {
        "application/json" if !bytes.is_empty() => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(Value::Array(_)) => Ok(serde_json::Map::new()),
            Ok(_) | Err(_) => Err(plain(StatusCode::BAD_REQUEST)),
        },
        "application/x-www-form-urlencoded" => {
            let pairs = web::Query::<Vec<(String, String)>>::from_query(&String::from_utf8_lossy(&bytes));
            let pairs = pairs.map_err(|_| plain(StatusCode::BAD_REQUEST))?.into_inner();
            Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
        }
        _ => Ok(serde_json::Map::new()),
    }
}

/// A member as JavaScript's `String()` makes it, but an array or object as its JSON text; nothing when it is
/// missing or empty.
fn text(value: Option<Value>) -> Option<String> {
    let text = match value? {
        Value::Null => return None,
        Value::String(text) => text,
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        structure @ (Value::Array(_) | Value::Object(_)) => structure.to_string(),
    };
    (!text.is_empty()).then_some(text)
}
