//! The simulator's control API, which WeChat does not have.
//!
//! Its requests require `Content-Type: application/json`, so that a web page of another origin cannot send them
//! from a developer's browser.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::content_security::{ImageResult, PushTarget};
use crate::login::LoginError;
use crate::script::Scripted;
use crate::state::State;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    user: String,
    app_id: Option<String>,
    /// Replaces members of the encrypted data; `null` removes a member.
    #[serde(default)]
    open_data: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalRequest {
    app_id: Option<String>,
    #[serde(default)]
    stuck: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    advance_ms: u64,
}

pub(crate) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    config
        .app_data(web::Data::from(Arc::clone(state)))
        .service(web::resource("/simulator/login").route(web::post().to(login)))
        .service(
            web::resource("/simulator/script")
                .route(web::post().to(add_to_script))
                .route(web::delete().to(clear_script)),
        )
        .service(web::resource("/simulator/phone").route(web::post().to(phone)))
        .service(web::resource("/simulator/access-tokens/refuse").route(web::post().to(refuse_tokens)))
        .service(web::resource("/simulator/push-target").route(web::post().to(push_to)))
        .service(web::resource("/simulator/image-results").route(web::post().to(add_image_results)))
        .service(web::resource("/simulator/calls").route(web::get().to(calls)))
        .service(web::resource("/simulator/clock").route(web::post().to(advance)));
}

async fn login(state: web::Data<State>, request: web::Json<LoginRequest>) -> HttpResponse {
    let LoginRequest { user, app_id, open_data } = request.into_inner();
    match state.login(&user, app_id.as_deref(), open_data) {
        Ok(login) => HttpResponse::Ok().json(login),
        Err(error) => bad_request(error),
    }
}

async fn phone(state: web::Data<State>, request: web::Json<LoginRequest>) -> HttpResponse {
    match state.phone(&request.user, request.app_id.as_deref()) {
        Ok(phone) => HttpResponse::Ok().json(phone),
        Err(error) => bad_request(error),
    }
}

async fn refuse_tokens(state: web::Data<State>, request: web::Json<RefusalRequest>) -> HttpResponse {
    if state.refuse_tokens(request.app_id.as_deref(), request.stuck) {
        HttpResponse::NoContent().finish()
    } else {
        bad_request(LoginError::App)
    }
}

async fn push_to(state: web::Data<State>, target: web::Json<PushTarget>) -> HttpResponse {
    state.push_to(target.into_inner());
    HttpResponse::NoContent().finish()
}

async fn add_image_results(state: web::Data<State>, results: web::Json<Vec<ImageResult>>) -> HttpResponse {
    match state.add_image_results(results.into_inner()) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => bad_request(error),
    }
}

async fn add_to_script(state: web::Data<State>, steps: web::Json<Vec<Scripted>>) -> HttpResponse {
    match state.add_to_script(steps.into_inner()) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => bad_request(error),
    }
}

async fn clear_script(state: web::Data<State>) -> HttpResponse {
    state.clear_script();
    HttpResponse::NoContent().finish()
}

async fn calls(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.calls())
}

async fn advance(state: web::Data<State>, request: web::Json<ClockRequest>) -> HttpResponse {
    state.advance(Duration::from_millis(request.advance_ms));
    HttpResponse::Ok().json(json!({ "now_ms": state.now_ms() }))
}

fn bad_request(error: impl Display) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": error.to_string() }))
}
