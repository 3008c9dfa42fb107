//! The routes of 2017, as wafer's client SDK calls them: HTTP 200 whatever happens, and the outcome in the JSON.
//! Drawings are where the client of 2016 finds them, too.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::http::App;
use crate::http::legacy::weapp::{JSON, MAGIC, nothing};
use crate::http::middleware::{CalledBy, LegacyFailure};
use crate::http::rate_limits::address;
use crate::http::v1::sessions::{app_id, client};
use crate::problem::{Code, Problem};
use crate::service::sessions::wafer::LogIn;
use crate::service::sessions::{Caller, Credential, SessionError};
use crate::store::gallery::Gallery;

const LOGIN_FAILED: &str = "ERR_LOGIN_FAILED";
const INVALID_SESSION: &str = "ERR_INVALID_SESSION";
const CHECK_FAILED: &str = "ERR_CHECK_LOGIN_FAILED";

pub(super) fn routes(config: &mut ServiceConfig, base_path: &str) {
    // The client says which method it uses for the sign-in; GET unless told otherwise. Nothing is read of a body.
    let sign_in = web::resource(format!("{base_path}/login"));
    let sign_in = sign_in.route(web::get().to(log_in)).route(web::post().to(log_in));
    let user = web::resource(format!("{base_path}/user")).route(web::get().to(user));
    config.service(sign_in.default_service(web::to(nothing))).service(user.default_service(web::to(nothing)));
}

/// A header that is there and not empty.
fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

async fn log_in(app: App, request: HttpRequest) -> HttpResponse {
    let from = address(&request, &app);
    if app.rate_limits.check_address(&request, from).is_err() {
        return magic(LOGIN_FAILED, "too many requests");
    }
    let Some(wechat_app) = app.sessions.app(app_id(&request).as_deref()) else {
        return magic(LOGIN_FAILED, Code::WechatMisconfigured.title());
    };
    let names = ["X-WX-Code", "X-WX-Encrypted-Data", "X-WX-IV"];
    let [Some(code), Some(encrypted_data), Some(iv)] = names.map(|name| header(&request, name)) else {
        return magic(LOGIN_FAILED, "X-WX-Code, X-WX-Encrypted-Data and X-WX-IV are needed");
    };
    let client = client(&request, from, None);
    let log_in = LogIn { app: wechat_app.clone(), code, encrypted_data, iv, client };
    match app.sessions.log_in(log_in).await {
        Ok(pair) => reply(&json!({MAGIC: 1, "session": {"id": pair.id, "skey": pair.skey}})),
        Err(SessionError::UntrustedOpenData) => {
            app.rate_limits.failed(from);
            magic(LOGIN_FAILED, "the encrypted data is not of this code")
        }
        Err(error) if error.is_callers() => {
            app.rate_limits.failed(from);
            magic(LOGIN_FAILED, Problem::from(error).code.title())
        }
        Err(error) => failed(LOGIN_FAILED, &error.into()),
    }
}

/// What wafer's demo answered: who the session's user is.
async fn user(app: App, request: HttpRequest) -> HttpResponse {
    let Some(credential) = credential(&request) else {
        return magic(CHECK_FAILED, "X-WX-Id or X-WX-Skey is missing");
    };
    let caller = match check(&app, &request, &credential).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    match app.drawings.store().user(caller.user()).await {
        Ok(Some(user)) => match app.drawings.avatar_url(&user).await {
            Ok(avatar) => {
                let mut info = Map::new();
                info.insert("openId".to_owned(), user.key.openid().into());
                info.insert("nickName".to_owned(), user.nickname.into());
                info.extend(avatar.map(|avatar| ("avatarUrl".to_owned(), avatar.into())));
                info.extend(user.unionid.map(|unionid| ("unionId".to_owned(), unionid.into())));
                reply(&json!({"code": 0, "message": "ok", "data": {"userInfo": info}}))
            }
            Err(error) => failed(CHECK_FAILED, &error.into()),
        },
        Ok(None) => magic(INVALID_SESSION, INVALID),
        Err(error) => failed(CHECK_FAILED, &error.into()),
    }
}

/// The pair of a request that has both halves.
pub(super) fn credential(request: &HttpRequest) -> Option<Credential> {
    Some(Credential::wafer(&header(request, "X-WX-Id")?, &header(request, "X-WX-Skey")?))
}

const INVALID: &str = "the session has ended; log in again";

/// The session layer, before any route: the caller, or the reply that turns the request away.
pub(super) async fn check(
    app: &App,
    request: &HttpRequest,
    credential: &Credential,
) -> Result<Caller, HttpResponse> {
    let from = address(request, app);
    if !app.sessions.has_hint(credential) && app.rate_limits.check_address(request, from).is_err() {
        return Err(magic(CHECK_FAILED, "too many requests"));
    }
    match app.sessions.authenticate(credential).await {
        Ok(caller) => {
            request.extensions_mut().insert(CalledBy(caller.session.public_id.clone()));
            Ok(caller)
        }
        Err(SessionError::Unauthenticated) => {
            app.rate_limits.failed(from);
            Err(magic(INVALID_SESSION, INVALID))
        }
        Err(error) => Err(failed(CHECK_FAILED, &error.into())),
    }
}

/// A reply by which the client knows that its session is spoken of. It signs in again on
/// [`INVALID_SESSION`] alone, and once.
fn magic(error: &str, message: &str) -> HttpResponse {
    reply(&json!({MAGIC: 1, "error": error, "message": message}))
}

/// A problem in that shape, its cause in the log.
fn failed(error: &str, problem: &Problem) -> HttpResponse {
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a wafer request failed");
    }
    let mut reply = magic(error, problem.code.title());
    let note = LegacyFailure { code: problem.code, cause: problem.cause_chain() };
    reply.extensions_mut().insert(note);
    reply
}

fn reply(body: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(JSON).body(body.to_string())
}
