//! The session layer and routes of 2017, as wafer's client SDK calls them: HTTP 200 whatever happens, and the outcome
//! in the JSON. Drawings are at the routes of 2016.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, json};

use super::reply::{self, MAGIC, not_found, note_failure};
use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::auth::note_caller;
use crate::http::v1::sessions::{app_id, client};
use crate::problem::{Code, Problem};
use crate::service::auth::AuthError;
use crate::service::sessions::wafer::LogIn;
use crate::service::sessions::{Caller, Credential, SessionError};

const LOGIN_FAILED: &str = "ERR_LOGIN_FAILED";
const INVALID_SESSION: &str = "ERR_INVALID_SESSION";
const CHECK_FAILED: &str = "ERR_CHECK_LOGIN_FAILED";

pub(super) fn routes(config: &mut ServiceConfig, base_path: &str) {
    // The client says which method it uses for the sign-in; GET unless told otherwise. Nothing is read of a body.
    let sign_in = web::resource(format!("{base_path}/login"));
    let sign_in = sign_in.route(web::get().to(log_in)).route(web::post().to(log_in));
    let user = web::resource(format!("{base_path}/user")).route(web::get().to(user));
    config
        .service(sign_in.default_service(web::to(not_found)))
        .service(user.default_service(web::to(not_found)));
}

/// A header that is there and not empty.
fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

async fn log_in(app: App, request: HttpRequest) -> HttpResponse {
    let from = address(&request, &app);
    if let Err(exceeded) = app.auth.check_sign_in(from) {
        return failed(LOGIN_FAILED, &reject_early(&request, exceeded));
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
    match app.auth.log_in(log_in, from).await {
        Ok(pair) => reply::json(&json!({MAGIC: 1, "session": {"id": pair.id, "skey": pair.skey}})),
        Err(AuthError::RateLimited(exceeded)) => failed(LOGIN_FAILED, &reject_early(&request, exceeded)),
        Err(AuthError::Refused(SessionError::UntrustedOpenData)) => {
            magic(LOGIN_FAILED, "the encrypted data is not of this code")
        }
        Err(AuthError::Refused(error)) if error.is_callers() => {
            magic(LOGIN_FAILED, Problem::from(error).code.title())
        }
        Err(AuthError::Refused(error)) => failed(LOGIN_FAILED, &error.into()),
    }
}

/// What wafer's demo answered: who the session's user is.
async fn user(app: App, request: HttpRequest) -> HttpResponse {
    let Some(credential) = credential(&request) else {
        return magic(CHECK_FAILED, "X-WX-Id or X-WX-Skey is missing");
    };
    let caller = match caller(&app, &request, &credential).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    match app.users.user(caller.user()).await {
        Ok(Some(user)) => match app.drawings.avatar_url(&user).await {
            Ok(avatar) => {
                let mut info = Map::new();
                info.insert("openId".to_owned(), user.key.openid().into());
                info.insert("nickName".to_owned(), user.nickname.into());
                info.extend(avatar.map(|avatar| ("avatarUrl".to_owned(), avatar.into())));
                info.extend(user.unionid.map(|unionid| ("unionId".to_owned(), unionid.into())));
                reply::json(&json!({"code": 0, "message": "ok", "data": {"userInfo": info}}))
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

/// The caller of a request with a pair, or the reply that refuses it.
pub(super) async fn caller(
    app: &App,
    request: &HttpRequest,
    credential: &Credential,
) -> Result<Caller, HttpResponse> {
    match app.auth.authenticate(Some(credential), address(request, app)).await {
        Ok(caller) => {
            note_caller(request, &caller);
            Ok(caller)
        }
        Err(AuthError::RateLimited(exceeded)) => Err(failed(CHECK_FAILED, &reject_early(request, exceeded))),
        Err(AuthError::Refused(SessionError::Unauthenticated)) => Err(magic(INVALID_SESSION, INVALID)),
        Err(AuthError::Refused(error)) => Err(failed(CHECK_FAILED, &error.into())),
    }
}

/// A reply of the session layer. The client signs in again on [`INVALID_SESSION`] alone, and once.
fn magic(error: &str, message: &str) -> HttpResponse {
    reply::json(&json!({MAGIC: 1, "error": error, "message": message}))
}

/// A problem in that shape, its cause in the log.
fn failed(error: &str, problem: &Problem) -> HttpResponse {
    if let Some(cause) = problem.cause_chain() {
        tracing::warn!(code = problem.code.text(), cause, "a wafer request failed");
    }
    let message = if problem.code == Code::RateLimited { "too many requests" } else { problem.code.title() };
    note_failure(magic(error, message), problem)
}
