//! Version 3 of the interface.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::Version;
use super::crypto::{is_merchants, sign};
use super::ledger::{Order, OrderTerms, Refund};
use super::merchant::{
    CERTIFICATE_KEY, CERTIFICATE_SERIAL, FOREIGN_KEY, MERCHANT_ID, MERCHANT_SERIAL, PLATFORM_KEY,
    PUBLIC_KEY_ID,
};
use super::orders::{OrderRefusal, PhonePayment};
use super::refunds::RefundRefusal;
use super::script::{CallFault, PayApi};
use crate::reply::close;
use crate::state::State;

/// Maximum difference between the clocks of a request and of WeChat, in seconds.
const WINDOW: u64 = 300;

/// A refusal: status and code.
struct Refusal(u16, &'static str);

impl From<OrderRefusal> for Refusal {
    fn from(refusal: OrderRefusal) -> Self {
        match refusal {
            OrderRefusal::App => Self(400, "APPID_MCHID_NOT_MATCH"),
            OrderRefusal::Parameter => Self(400, "PARAM_ERROR"),
            OrderRefusal::Used => Self(400, "INVALID_REQUEST"),
            OrderRefusal::Paid => Self(400, "ORDERPAID"),
            OrderRefusal::Closed => Self(400, "ORDER_CLOSED"),
            OrderRefusal::NotFound => Self(404, "ORDER_NOT_EXIST"),
            OrderRefusal::TooMany => Self(429, "FREQUENCY_LIMITED"),
        }
    }
}

impl From<RefundRefusal> for Refusal {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::NotFound => Self(404, "RESOURCE_NOT_EXISTS"),
            RefundRefusal::Parameter => Self(400, "INVALID_REQUEST"),
        }
    }
}

/// Content of a success; `None` is 204.
type Answer = Result<Option<Value>, Refusal>;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v3/pay/transactions/jsapi").route(web::post().to(prepay)))
        .service(web::resource("/v3/pay/transactions/out-trade-no/{number}").route(web::get().to(query)))
        .service(
            web::resource("/v3/pay/transactions/out-trade-no/{number}/close")
                .route(web::post().to(close_order)),
        )
        .service(web::resource("/v3/refund/domestic/refunds").route(web::post().to(refund)))
        .service(web::resource("/v3/refund/domestic/refunds/{number}").route(web::get().to(query_refund)));
}

async fn prepay(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let state = state.into_inner();
    let answer = |content: &Value| {
        let text = |pointer: &str| content.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if !State::is_merchant(text("/mchid")) {
            return Err(Refusal(400, "MCH_NOT_EXISTS"));
        }
        let terms = OrderTerms {
            app_id: text("/appid").to_owned(),
            openid: text("/payer/openid").to_owned(),
            description: text("/description").to_owned(),
            amount: content.pointer("/amount/total").and_then(Value::as_u64).unwrap_or_default(),
            notify_url: text("/notify_url").to_owned(),
        };
        if text("/amount/currency") != "CNY" {
            return Err(Refusal(400, "PARAM_ERROR"));
        }
        let expires: Timestamp = text("/time_expire").parse().map_err(|_| Refusal(400, "PARAM_ERROR"))?;
        let expires_ms = u64::try_from(expires.as_millisecond()).unwrap_or_default();
        let prepay_id = state.place_order(text("/out_trade_no"), Version::V3, terms, expires_ms)?;
        Ok(Some(json!({ "prepay_id": prepay_id })))
    };
    reply(&state, PayApi::Prepay, &request, &body, answer).await
}

async fn query(state: web::Data<State>, request: HttpRequest, number: web::Path<String>) -> HttpResponse {
    let state = state.into_inner();
    let merchant = request.query_string() == format!("mchid={MERCHANT_ID}");
    let answer = |_: &Value| {
        if !merchant {
            return Err(Refusal(400, "PARAM_ERROR"));
        }
        Ok(Some(transaction(&state.find_order(&number)?)))
    };
    reply(&state, PayApi::Query, &request, b"", answer).await
}

async fn close_order(
    state: web::Data<State>,
    request: HttpRequest,
    number: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let state = state.into_inner();
    let answer = |content: &Value| {
        if content.get("mchid").and_then(Value::as_str) != Some(MERCHANT_ID) {
            return Err(Refusal(400, "PARAM_ERROR"));
        }
        match state.close_order(&number) {
            Ok(()) | Err(OrderRefusal::Closed) => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    };
    reply(&state, PayApi::Close, &request, &body, answer).await
}

async fn refund(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let state = state.into_inner();
    let answer = |content: &Value| {
        let text = |pointer: &str| content.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let number = |pointer: &str| content.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        let placed = state.place_refund(
            text("/out_trade_no"),
            text("/out_refund_no"),
            number("/amount/refund"),
            number("/amount/total"),
            text("/notify_url"),
        )?;
        Ok(Some(refund_reply(&placed)))
    };
    reply(&state, PayApi::Refund, &request, &body, answer).await
}

async fn query_refund(
    state: web::Data<State>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    let state = state.into_inner();
    let answer = |_: &Value| {
        let refund = state.find_refund(&number).ok_or(Refusal(404, "RESOURCE_NOT_EXISTS"))?;
        Ok(Some(refund_reply(&refund)))
    };
    reply(&state, PayApi::QueryRefund, &request, b"", answer).await
}

/// An order as a query or a notification shows it. Coupons lower what the payer pays, not the total.
pub(super) fn transaction(order: &Order) -> Value {
    let mut view = json!({
        "mchid": MERCHANT_ID,
        "appid": order.terms.app_id,
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state.name(),
        "trade_state_desc": "simulated",
    });
    if let (Some(payment), Some(members)) = (&order.payment, view.as_object_mut()) {
        members.insert("transaction_id".to_owned(), json!(payment.transaction_id));
        members.insert("trade_type".to_owned(), json!("JSAPI"));
        members.insert("bank_type".to_owned(), json!("OTHERS"));
        members.insert("attach".to_owned(), json!(""));
        members.insert("success_time".to_owned(), json!(rfc3339(payment.at_ms)));
        members.insert("payer".to_owned(), json!({ "openid": payment.openid }));
        let payer_total = payment.amount - payment.amount / 10;
        let amount = json!({
            "total": payment.amount, "payer_total": payer_total, "currency": "CNY", "payer_currency": "CNY",
        });
        members.insert("amount".to_owned(), amount);
    }
    view
}

fn refund_reply(refund: &Refund) -> Value {
    json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "status": refund.status,
        "amount": { "refund": refund.amount, "total": refund.total, "currency": "CNY" },
    })
}

/// A refund in a notification, whose state has another name than in a reply.
pub(super) fn refund_notice(refund: &Refund) -> Value {
    json!({
        "mchid": MERCHANT_ID,
        "out_trade_no": refund.out_trade_no,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.status,
        "amount": { "refund": refund.amount, "total": refund.total, "payer_refund": refund.amount },
    })
}

pub(super) fn rfc3339(milliseconds: u64) -> String {
    let timestamp = Timestamp::from_second(i64::try_from(milliseconds / 1_000).unwrap_or_default());
    timestamp.unwrap_or_default().display_with_offset(Offset::constant(8)).to_string()
}

/// Replies to a call of the merchant, as the script says.
async fn reply(
    state: &Arc<State>,
    api: PayApi,
    request: &HttpRequest,
    body: &[u8],
    answer: impl FnOnce(&Value) -> Answer,
) -> HttpResponse {
    let fault = state.pay_called(api);
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let serial = header("Wechatpay-Serial");
    let error = |status: u16, code: &str| {
        let content = json!({ "code": code, "message": "simulated" });
        signed(state, status, Some(&content), &key_of(&serial))
    };
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    if !is_authorized(state, request.method().as_str(), &target, body, &header("Authorization")) {
        return error(401, "SIGN_ERROR");
    }
    if let Some(CallFault::Refuse { status, code }) = &fault {
        return error(*status, code);
    }
    let content: Value = if body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(body) {
            Ok(content) => content,
            Err(_) => return error(400, "PARAM_ERROR"),
        }
    };
    let content = match answer(&content) {
        Ok(content) => content,
        Err(Refusal(status, code)) => return error(status, code),
    };
    let mut key = key_of(&serial);
    match fault {
        Some(CallFault::LoseReply) => return close(),
        Some(CallFault::Late { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(CallFault::PayFirst) => {
            let id = content.as_ref().and_then(|content| content.get("prepay_id")).and_then(Value::as_str);
            pay_first(state, id.unwrap_or_default()).await;
        }
        Some(CallFault::Foreign) => key = Some((FOREIGN_KEY, PUBLIC_KEY_ID)),
        Some(CallFault::Unsigned) => key = None,
        Some(CallFault::Refuse { .. }) | None => {}
    }
    let status = if content.is_some() { 200 } else { 204 };
    signed(state, status, content.as_ref(), &key)
}

/// Pays the order and waits until its notification is answered; it is repeated if need be.
pub(super) async fn pay_first(state: &Arc<State>, prepay_id: &str) {
    if let Ok(Some(message)) = state.record_payment(&PhonePayment::paid(prepay_id))
        && !message.attempt(state).await
    {
        state.send(&message);
    }
}

/// The key that the request asks for.
fn key_of(serial: &str) -> Option<(&'static [u8], &'static str)> {
    Some(if serial == CERTIFICATE_SERIAL {
        (CERTIFICATE_KEY, CERTIFICATE_SERIAL)
    } else {
        (PLATFORM_KEY, PUBLIC_KEY_ID)
    })
}

fn signed(
    state: &State,
    status: u16,
    content: Option<&Value>,
    key: &Option<(&'static [u8], &'static str)>,
) -> HttpResponse {
    let body = content.map(Value::to_string).unwrap_or_default();
    let mut builder = HttpResponseBuilder::new(StatusCode::from_u16(status).unwrap_or_default());
    builder.insert_header(("Request-ID", HEXLOWER.encode(&state.unique())));
    if let Some((pem, serial)) = key {
        let (seconds, nonce) = (state.now_ms() / 1_000, HEXLOWER.encode(&state.unique()));
        builder
            .insert_header(("Wechatpay-Timestamp", seconds.to_string()))
            .insert_header((
                "Wechatpay-Signature",
                sign(pem, format!("{seconds}\n{nonce}\n{body}\n").as_bytes()),
            ))
            .insert_header(("Wechatpay-Nonce", nonce))
            .insert_header(("Wechatpay-Serial", *serial));
    }
    builder.content_type("application/json; charset=utf-8").body(body)
}

/// Whether the `Authorization` header is the merchant's signature of this request.
fn is_authorized(state: &State, method: &str, target: &str, body: &[u8], header: &str) -> bool {
    let Some(parts) = header.strip_prefix("WECHATPAY2-SHA256-RSA2048 ") else { return false };
    let part = |name: &str| {
        let mut parts = parts.split(',');
        parts.find_map(|part| part.trim().strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
    };
    let (Some(merchant), Some(serial), Some(nonce), Some(timestamp), Some(signature)) =
        (part("mchid"), part("serial_no"), part("nonce_str"), part("timestamp"), part("signature"))
    else {
        return false;
    };
    let fresh = timestamp.parse().is_ok_and(|at: u64| at.abs_diff(state.now_ms() / 1_000) <= WINDOW);
    let text = [format!("{method}\n{target}\n{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
    merchant == MERCHANT_ID && serial == MERCHANT_SERIAL && fresh && is_merchants(&text, signature)
}
