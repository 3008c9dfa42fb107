//! Version 2 of the interface.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use data_encoding::HEXLOWER;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::Version;
use super::crypto::sign_fields;
use super::ledger::{Order, OrderTerms};
use super::merchant::MERCHANT_ID;
use super::orders::OrderRefusal;
use super::script::{CallFault, PayApi};
use super::v3::pay_first;
use super::xml::{Fields, fields, read, write};
use crate::reply::close;
use crate::state::State;

/// Life of an order that names no end, in milliseconds.
const ORDER_LIFE: u64 = 7 * 24 * 3_600 * 1_000;

fn code_of(refusal: OrderRefusal) -> &'static str {
    match refusal {
        OrderRefusal::App => "APPID_MCHID_NOT_MATCH",
        OrderRefusal::Parameter => "PARAM_ERROR",
        OrderRefusal::Used => "OUT_TRADE_NO_USED",
        OrderRefusal::Paid => "ORDERPAID",
        OrderRefusal::Closed => "ORDERCLOSED",
        OrderRefusal::NotFound => "ORDERNOTEXIST",
        OrderRefusal::TooMany => "FREQUENCY_LIMITED",
    }
}

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/pay/unifiedorder").route(web::post().to(unified_order)))
        .service(web::resource("/pay/orderquery").route(web::post().to(order_query)))
        .service(web::resource("/pay/closeorder").route(web::post().to(close_order)));
}

async fn unified_order(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let state = state.into_inner();
    let answer = |request: &Fields| {
        let text = |name: &str| request.get(name).cloned().unwrap_or_default();
        if text("trade_type") != "JSAPI" || text("spbill_create_ip").is_empty() {
            return Err(OrderRefusal::Parameter);
        }
        let terms = OrderTerms {
            app_id: text("appid"),
            openid: text("openid"),
            description: text("body"),
            amount: text("total_fee").parse().unwrap_or_default(),
            notify_url: text("notify_url"),
        };
        let expires_ms = match text("time_expire").as_str() {
            "" => state.now_ms() + ORDER_LIFE,
            time => parse_time(time).ok_or(OrderRefusal::Parameter)?,
        };
        let prepay_id = state.place_order(&text("out_trade_no"), Version::V2, terms, expires_ms)?;
        Ok(fields([("prepay_id", prepay_id), ("trade_type", "JSAPI".to_owned())]))
    };
    reply(&state, PayApi::Prepay, &body, answer).await
}

async fn order_query(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let state = state.into_inner();
    let answer = |request: &Fields| {
        let order = state.find_order(request.get("out_trade_no").map_or("", String::as_str))?;
        Ok(payment_fields(&order))
    };
    reply(&state, PayApi::Query, &body, answer).await
}

async fn close_order(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let state = state.into_inner();
    let answer = |request: &Fields| {
        state.close_order(request.get("out_trade_no").map_or("", String::as_str))?;
        Ok(Fields::new())
    };
    reply(&state, PayApi::Close, &body, answer).await
}

fn parse_time(text: &str) -> Option<u64> {
    let civil = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    u64::try_from(Offset::constant(8).to_timestamp(civil).ok()?.as_millisecond()).ok()
}

/// An order as a query or a notification shows it.
pub(super) fn payment_fields(order: &Order) -> Fields {
    let mut view = fields([
        ("return_code", "SUCCESS".to_owned()),
        ("appid", order.terms.app_id.clone()),
        ("mch_id", MERCHANT_ID.to_owned()),
        ("out_trade_no", order.out_trade_no.clone()),
        ("trade_state", order.state.name().to_owned()),
        ("attach", String::new()),
    ]);
    if let Some(payment) = &order.payment {
        view.extend(fields([
            ("openid", payment.openid.clone()),
            ("is_subscribe", "N".to_owned()),
            ("trade_type", "JSAPI".to_owned()),
            ("bank_type", "OTHERS".to_owned()),
            ("total_fee", payment.amount.to_string()),
            ("cash_fee", (payment.amount - payment.amount / 10).to_string()),
            ("transaction_id", payment.transaction_id.clone()),
        ]));
    }
    view
}

/// Replies to a call of the merchant, as the script says.
async fn reply(
    state: &Arc<State>,
    api: PayApi,
    body: &[u8],
    answer: impl FnOnce(&Fields) -> Result<Fields, OrderRefusal>,
) -> HttpResponse {
    let fault = state.pay_called(api);
    let request = std::str::from_utf8(body).ok().and_then(read).unwrap_or_default();
    let text = |name: &str| request.get(name).map(String::as_str).unwrap_or_default();
    let md5 = text("sign_type") != "HMAC-SHA256";
    if text("sign") != sign_fields(&request, md5) || text("mch_id") != MERCHANT_ID {
        return document(&fields([
            ("return_code", "FAIL".to_owned()),
            ("return_msg", "签名错误".to_owned()),
        ]));
    }
    let scripted = match &fault {
        Some(CallFault::Refuse { code, .. }) => Some(code.clone()),
        Some(_) | None => None,
    };
    let outcome = match scripted {
        Some(code) => Err(code),
        None => answer(&request).map_err(|refusal| code_of(refusal).to_owned()),
    };
    let prepay_id = outcome.as_ref().ok().and_then(|fields| fields.get("prepay_id").cloned());
    match fault {
        Some(CallFault::LoseReply) => return close(),
        Some(CallFault::Late { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(CallFault::PayFirst) => pay_first(state, &prepay_id.unwrap_or_default()).await,
        Some(CallFault::Foreign | CallFault::Unsigned | CallFault::Refuse { .. }) | None => {}
    }
    let nonce = HEXLOWER.encode(&state.unique()).get(..32).unwrap_or_default().to_owned();
    let mut content = fields([
        ("return_code", "SUCCESS".to_owned()),
        ("return_msg", "OK".to_owned()),
        ("appid", text("appid").to_owned()),
        ("mch_id", MERCHANT_ID.to_owned()),
        ("nonce_str", nonce),
    ]);
    match outcome {
        Ok(more) => {
            content.insert("result_code".to_owned(), "SUCCESS".to_owned());
            content.extend(more);
        }
        Err(code) => content.extend(fields([
            ("result_code", "FAIL".to_owned()),
            ("err_code", code),
            ("err_code_des", "simulated".to_owned()),
        ])),
    }
    match fault {
        Some(CallFault::Foreign) => {
            content.insert("sign".to_owned(), "0".repeat(64));
        }
        Some(CallFault::Unsigned) => {}
        Some(
            CallFault::LoseReply | CallFault::Late { .. } | CallFault::PayFirst | CallFault::Refuse { .. },
        )
        | None => {
            content.insert("sign".to_owned(), sign_fields(&content, md5));
        }
    }
    document(&content)
}

fn document(content: &Fields) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body(write("xml", content))
}
