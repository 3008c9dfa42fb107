//! Notifications of version 2: of a payment, signed, and of a refund, encrypted.

use super::super::{CURRENCY, Notification, PayError, Payment, Refund, RefundState, TradeState};
use super::SIGN_TYPE;
use super::sign::SharedKey;
use super::xml::{self, Fields};

/// Verifies and decodes the body of a notification.
///
/// # Errors
/// [`PayError::Signature`] when it is not WeChat's, [`PayError::Unexpected`] when it can't be read.
pub(super) fn parse(key: &SharedKey, merchant_id: &str, body: &[u8]) -> Result<Notification, PayError> {
    let fields =
        xml::parse(body, "xml").map_err(|_| PayError::Signature("it is not the XML of a notification"))?;
    let text = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if let Some(encrypted) = fields.get("req_info") {
        let plain = key.decrypt(encrypted).ok_or(PayError::Signature("req_info can't be decrypted"))?;
        let refund = xml::parse(&plain, "root")
            .map_err(|_| PayError::Signature("req_info is not the XML of a refund"))?;
        if text("mch_id") != merchant_id {
            return Err(PayError::Signature("it is another merchant's"));
        }
        return Ok(Notification::Refund(refund_of(&refund)?));
    }
    key.verify(&fields, SIGN_TYPE)?;
    if text("return_code") != "SUCCESS" || text("result_code") != "SUCCESS" {
        return Ok(Notification::Other(text("err_code").chars().take(64).collect()));
    }
    payment(&fields, TradeState::Paid).map(Notification::Payment)
}

/// The payment that verified fields describe.
///
/// # Errors
/// [`PayError::Unexpected`] without an order or with an amount that is no number.
pub(super) fn payment(fields: &Fields, state: TradeState) -> Result<Payment, PayError> {
    let text = |name: &str| fields.get(name).filter(|text| !text.is_empty()).cloned();
    let amount = text("total_fee").map(|fee| fee.parse()).transpose();
    Ok(Payment {
        out_trade_no: text("out_trade_no").ok_or(PayError::Unexpected("a payment names no order"))?,
        state,
        merchant_id: text("mch_id").unwrap_or_default(),
        app_id: text("appid").unwrap_or_default(),
        transaction_id: text("transaction_id"),
        openid: text("openid"),
        amount: amount.map_err(|_| PayError::Unexpected("an amount is no number"))?,
        // WeChat leaves out the currency of orders in yuan.
        currency: Some(text("fee_type").unwrap_or_else(|| CURRENCY.to_owned())),
    })
}

fn refund_of(fields: &Fields) -> Result<Refund, PayError> {
    let text = |name: &str| fields.get(name).filter(|text| !text.is_empty()).cloned();
    let missing = PayError::Unexpected("a refund names no order or no state");
    let (Some(out_trade_no), Some(out_refund_no), Some(state)) =
        (text("out_trade_no"), text("out_refund_no"), text("refund_status"))
    else {
        return Err(missing);
    };
    let amount = text("refund_fee").and_then(|fee| fee.parse().ok());
    Ok(Refund {
        out_trade_no,
        out_refund_no,
        state: RefundState::of(&state),
        refund_id: text("refund_id"),
        amount,
    })
}
