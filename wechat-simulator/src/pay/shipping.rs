//! `POST /wxa/sec/order/upload_shipping_info`.

use serde_json::{Value, json};

use super::merchant::MERCHANT_ID;
use crate::reply::Refusal;
use crate::state::State;
use crate::token_apis::Call;

/// Records the parcel of a paid order.
pub(crate) fn upload_shipping(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    let text = |pointer: &str| call.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| call.body.pointer(pointer).and_then(Value::as_u64);
    let parcel = (
        text("/shipping_list/0/express_company").to_owned(),
        text("/shipping_list/0/tracking_no").to_owned(),
    );
    let item = text("/shipping_list/0/item_desc").chars().count();
    let fits = number("/logistics_type") == Some(1)
        && number("/delivery_mode") == Some(1)
        && !parcel.0.is_empty()
        && (1..=128).contains(&parcel.1.len())
        && (1..=120).contains(&item)
        && text("/upload_time").contains('T');
    if !fits {
        return Err(Refusal::new(state, 47_001, "data format error"));
    }
    let mut memory = state.memory();
    let by_number =
        number("/order_key/order_number_type") == Some(1) && text("/order_key/mchid") == MERCHANT_ID;
    let order = memory.pay.orders.get_mut(text("/order_key/out_trade_no")).filter(|_| by_number);
    let order = order.filter(|order| {
        order.payment.as_ref().is_some_and(|payment| payment.openid == text("/payer/openid"))
            && order.terms.app_id == call.app.id
    });
    let refuse = |errcode, errmsg| Err(Refusal::new(state, errcode, errmsg));
    let Some(order) = order else { return refuse(10_060_001, "pay order not exist") };
    if order.shipped.as_ref() == Some(&parcel) {
        return refuse(10_060_023, "shipping info not changed");
    }
    order.shipped = Some(parcel);
    Ok(json!({}))
}
