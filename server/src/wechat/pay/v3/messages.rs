//! Bodies of version 3.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::super::{
    CURRENCY, PayError, Payment, PrepayRequest, Refund, RefundNumbers, RefundRequest, RefundState, TradeState,
};
use crate::domain::clock::Micros;
use crate::wechat::lenient;

/// WeChat's zone: it reads a time without one in another way.
const SHANGHAI: Offset = Offset::constant(8);

#[derive(Serialize)]
pub(super) struct PrepayBody<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: OrderAmount,
    payer: Payer<'a>,
}

#[derive(Serialize)]
struct OrderAmount {
    total: u64,
    currency: &'static str,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

impl<'a> PrepayBody<'a> {
    /// The order of an attempt.
    ///
    /// # Errors
    /// [`PayError::Refused`] when its time is out of range.
    pub(super) fn new(
        request: &'a PrepayRequest,
        merchant_id: &'a str,
        notify_url: &'a str,
    ) -> Result<Self, PayError> {
        let time_expire = rfc3339(request.expires)
            .ok_or_else(|| PayError::refused("LOCAL_REQUEST", "the time is out of range"))?;
        Ok(Self {
            appid: &request.app_id,
            mchid: merchant_id,
            description: &request.description,
            out_trade_no: &request.out_trade_no,
            time_expire,
            notify_url,
            amount: OrderAmount { total: request.amount, currency: CURRENCY },
            payer: Payer { openid: &request.openid },
        })
    }
}

fn rfc3339(moment: Micros) -> Option<String> {
    let timestamp = Timestamp::from_second(moment.seconds()).ok()?;
    Some(timestamp.display_with_offset(SHANGHAI).to_string())
}

#[derive(Deserialize)]
pub(super) struct PrepayReply {
    pub(super) prepay_id: String,
}

#[derive(Serialize)]
pub(super) struct CloseBody<'a> {
    pub(super) mchid: &'a str,
}

#[derive(Serialize)]
pub(super) struct RefundBody<'a> {
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    reason: &'a str,
    notify_url: &'a str,
    amount: RefundAmount,
}

#[derive(Serialize)]
struct RefundAmount {
    refund: u64,
    total: u64,
    currency: &'static str,
}

impl<'a> RefundBody<'a> {
    pub(super) fn new(request: &'a RefundRequest, notify_url: &'a str) -> Self {
        Self {
            out_trade_no: &request.numbers.out_trade_no,
            out_refund_no: &request.numbers.out_refund_no,
            reason: &request.reason,
            notify_url,
            amount: RefundAmount { refund: request.amount, total: request.total, currency: CURRENCY },
        }
    }
}

/// A payment in a reply to a query or in a notification.
#[derive(Deserialize)]
pub(super) struct TransactionView {
    out_trade_no: String,
    trade_state: String,
    #[serde(default)]
    appid: String,
    #[serde(default)]
    mchid: String,
    transaction_id: Option<String>,
    payer: Option<PayerView>,
    amount: Option<TotalView>,
}

#[derive(Deserialize)]
struct PayerView {
    openid: Option<String>,
}

#[derive(Deserialize)]
struct TotalView {
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    total: Option<u64>,
    currency: Option<String>,
}

impl TransactionView {
    pub(super) fn payment(self) -> Payment {
        let (amount, currency) = self.amount.map_or((None, None), |amount| (amount.total, amount.currency));
        Payment {
            out_trade_no: self.out_trade_no,
            state: TradeState::of(&self.trade_state),
            merchant_id: self.mchid,
            app_id: self.appid,
            transaction_id: self.transaction_id.filter(|id| !id.is_empty()),
            openid: self.payer.and_then(|payer| payer.openid),
            amount,
            currency,
        }
    }
}

/// A refund in a reply (`status`) or in a notification (`refund_status`).
#[derive(Deserialize)]
pub(super) struct RefundView {
    out_trade_no: String,
    out_refund_no: String,
    refund_id: Option<String>,
    status: Option<String>,
    refund_status: Option<String>,
    amount: Option<RefundAmountView>,
}

#[derive(Deserialize)]
struct RefundAmountView {
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    refund: Option<u64>,
}

impl RefundView {
    /// The refund of these numbers.
    ///
    /// # Errors
    /// [`PayError::Unexpected`] when the reply is about another refund or has no state.
    pub(super) fn refund(self, numbers: &RefundNumbers) -> Result<Refund, PayError> {
        if self.out_trade_no != numbers.out_trade_no || self.out_refund_no != numbers.out_refund_no {
            return Err(PayError::Unexpected("the reply is about another refund"));
        }
        self.notified()
    }

    /// The refund of a notification.
    ///
    /// # Errors
    /// [`PayError::Unexpected`] without a state.
    pub(super) fn notified(self) -> Result<Refund, PayError> {
        let state =
            self.refund_status.or(self.status).ok_or(PayError::Unexpected("a refund has no state"))?;
        Ok(Refund {
            out_trade_no: self.out_trade_no,
            out_refund_no: self.out_refund_no,
            state: RefundState::of(&state),
            refund_id: self.refund_id,
            amount: self.amount.and_then(|amount| amount.refund),
        })
    }
}

#[derive(Deserialize, Default)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_its_zone() {
        assert_eq!(rfc3339(Micros(1_800_000_000_123_456)).unwrap(), "2027-01-15T16:00:00+08:00");
        assert_eq!(rfc3339(Micros(i64::MAX)), None);
    }
}
