//! Whether the server lives, whether it can do its work, and what it counts. None of it needs a token; none of
//! it is for the public.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use serde_json::json;

use crate::http::App;
use crate::service::operator::Readiness;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/healthz").route(web::get().to(healthz)))
        .service(web::resource("/readyz").route(web::get().to(readyz)))
        .service(web::resource("/metrics").route(web::get().to(metrics)));
}

/// Alive: the process answers.
async fn healthz() -> impl Responder {
    HttpResponse::Ok().json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// Ready: what it needs answers too, and it is not about to stop. 503 otherwise, with what is amiss.
async fn readyz(app: App) -> impl Responder {
    let Readiness { gallery, sessions } = app.operators.readiness().await;
    let ready = gallery == "ok" && sessions == "ok";
    let draining = app.metrics.events().is_draining();
    let status = match (draining, ready) {
        (true, _) => "draining",
        (false, true) => "ok",
        (false, false) => "unavailable",
    };
    let body = json!({
        "status": status,
        "dependencies": {"gallery": gallery, "sessions": sessions},
    });
    if status == "ok" { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

async fn metrics(app: App) -> impl Responder {
    app.drawings.observe();
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    HttpResponse::Ok().content_type(media_type).body(app.metrics.text())
}
