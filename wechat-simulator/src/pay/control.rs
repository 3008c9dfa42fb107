//! The part of the control API that is about payments.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::orders::PhonePayment;
use super::script::{PayScript, PayStep};
use crate::script::InvalidScript;
use crate::state::State;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandRefund {
    out_trade_no: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotifyHost {
    host: String,
}

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/simulator/pay").route(web::post().to(pay)))
        .service(web::resource("/simulator/pay/refund").route(web::post().to(refund)))
        .service(web::resource("/simulator/pay/notify-host").route(web::post().to(notify_host)))
        .service(web::resource("/simulator/pay/ledger").route(web::get().to(ledger)))
        .service(
            web::resource("/simulator/pay/script")
                .route(web::post().to(add_to_script))
                .route(web::delete().to(clear_script)),
        );
}

async fn pay(state: web::Data<State>, payment: web::Json<PhonePayment>) -> HttpResponse {
    match state.into_inner().pay(&payment) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => HttpResponse::UnprocessableEntity().json(json!({ "error": error.to_string() })),
    }
}

async fn refund(state: web::Data<State>, request: web::Json<HandRefund>) -> HttpResponse {
    if state.into_inner().refund_by_hand(&request.out_trade_no) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::UnprocessableEntity().json(json!({ "error": "no payment has this number" }))
    }
}

async fn notify_host(state: web::Data<State>, target: web::Json<NotifyHost>) -> HttpResponse {
    state.notify_payments_at(target.into_inner().host);
    HttpResponse::NoContent().finish()
}

async fn ledger(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.pay_ledger())
}

async fn add_to_script(state: web::Data<State>, steps: web::Json<Vec<PayStep>>) -> HttpResponse {
    match state.add_pay_steps(steps.into_inner()) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error.to_string() })),
    }
}

async fn clear_script(state: web::Data<State>) -> HttpResponse {
    state.clear_pay_steps();
    HttpResponse::NoContent().finish()
}

impl State {
    pub(crate) fn add_pay_steps(&self, steps: Vec<PayStep>) -> Result<(), InvalidScript> {
        self.memory().pay.script.add(steps)
    }

    pub(crate) fn clear_pay_steps(&self) {
        self.memory().pay.script = PayScript::default();
    }
}
