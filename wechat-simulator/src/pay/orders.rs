//! Orders: placing, paying, querying and closing them.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::Version;
use super::ledger::{MAX_ORDERS, Order, OrderState, OrderTerms, PaymentRecord};
use super::merchant::MERCHANT_ID;
use super::notify::Message;
use crate::state::State;

/// Life of a `prepay_id` in milliseconds.
const PREPAY_LIFE: u64 = 2 * 3_600 * 1_000;

/// Why an order call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderRefusal {
    /// The mini-program is not the merchant's.
    App,
    /// A value is missing or out of range.
    Parameter,
    /// The number has an order with other values.
    Used,
    Paid,
    Closed,
    NotFound,
    TooMany,
}

/// What the payer does on the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Paid,
    /// The payer closes the sheet.
    Cancelled,
}

/// The phone's side of `wx.requestPayment`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhonePayment {
    pub prepay_id: String,
    pub outcome: Outcome,
    /// Pays although the order is closed or expired, as a payment does that overlapped with closing.
    #[serde(default)]
    pub late: bool,
    /// The amount that is paid, in place of the order's.
    #[serde(default)]
    pub amount: Option<u64>,
    /// The payer, in place of the one that the order names.
    #[serde(default)]
    pub openid: Option<String>,
}

impl PhonePayment {
    /// The payer pays the order.
    #[must_use]
    pub fn paid(prepay_id: &str) -> Self {
        Self {
            prepay_id: prepay_id.to_owned(),
            outcome: Outcome::Paid,
            late: false,
            amount: None,
            openid: None,
        }
    }
}

/// Why the phone can't pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    #[error("no order has this prepay_id")]
    NotFound,
    #[error("the order is paid already")]
    Paid,
    #[error("the order is closed or expired")]
    Closed,
}

impl State {
    /// Places an order, or repeats its call; returns a new `prepay_id`.
    pub(super) fn place_order(
        &self,
        out_trade_no: &str,
        version: Version,
        terms: OrderTerms,
        expires_ms: u64,
    ) -> Result<String, OrderRefusal> {
        if self.app(Some(&terms.app_id)).is_none() {
            return Err(OrderRefusal::App);
        }
        let number = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
        let fits = (6..=32).contains(&out_trade_no.len())
            && out_trade_no.bytes().all(number)
            && terms.amount > 0
            && (1..=127).contains(&terms.description.chars().count())
            && !terms.openid.is_empty()
            && terms.notify_url.starts_with("http")
            && expires_ms > self.now_ms();
        if !fits {
            return Err(OrderRefusal::Parameter);
        }
        let prepay_id = format!("wx{}", HEXLOWER.encode(&self.unique()).get(..34).unwrap_or_default());
        let pay = &mut self.memory().pay;
        match pay.orders.get(out_trade_no) {
            Some(order) => match order.state {
                OrderState::Success | OrderState::Refund => return Err(OrderRefusal::Paid),
                OrderState::Closed => return Err(OrderRefusal::Closed),
                OrderState::Notpay if order.terms != terms => return Err(OrderRefusal::Used),
                OrderState::Notpay => {}
            },
            None if pay.orders.len() >= MAX_ORDERS => return Err(OrderRefusal::TooMany),
            None => {
                let order = Order {
                    out_trade_no: out_trade_no.to_owned(),
                    version,
                    terms,
                    expires_ms: expires_ms.min(self.now_ms() + PREPAY_LIFE),
                    state: OrderState::Notpay,
                    payment: None,
                    refunded: 0,
                    notifications: 0,
                    acknowledged: 0,
                    shipped: None,
                };
                pay.orders.insert(out_trade_no.to_owned(), order);
            }
        }
        pay.prepay_ids.insert(prepay_id.clone(), out_trade_no.to_owned());
        Ok(prepay_id)
    }

    pub(super) fn find_order(&self, out_trade_no: &str) -> Result<Order, OrderRefusal> {
        self.memory().pay.orders.get(out_trade_no).cloned().ok_or(OrderRefusal::NotFound)
    }

    pub(super) fn close_order(&self, out_trade_no: &str) -> Result<(), OrderRefusal> {
        let mut memory = self.memory();
        let order = memory.pay.orders.get_mut(out_trade_no).ok_or(OrderRefusal::NotFound)?;
        match order.state {
            OrderState::Notpay => order.state = OrderState::Closed,
            OrderState::Closed => return Err(OrderRefusal::Closed),
            OrderState::Success | OrderState::Refund => return Err(OrderRefusal::Paid),
        }
        Ok(())
    }

    /// Records the payment; its notification remains to be sent.
    pub(super) fn record_payment(&self, payment: &PhonePayment) -> Result<Option<Message>, PayError> {
        let (now_ms, unique) = (self.now_ms(), HEXLOWER.encode(&self.unique()));
        let mut memory = self.memory();
        let pay = &mut memory.pay;
        let number = pay.prepay_ids.get(&payment.prepay_id).ok_or(PayError::NotFound)?;
        let order = pay.orders.get_mut(number).ok_or(PayError::NotFound)?;
        if payment.outcome == Outcome::Cancelled {
            return Ok(None);
        }
        match order.state {
            OrderState::Success | OrderState::Refund => return Err(PayError::Paid),
            OrderState::Closed if !payment.late => return Err(PayError::Closed),
            OrderState::Notpay if order.expires_ms <= now_ms && !payment.late => {
                return Err(PayError::Closed);
            }
            OrderState::Closed | OrderState::Notpay => {}
        }
        order.state = OrderState::Success;
        order.payment = Some(PaymentRecord {
            transaction_id: format!("42000{}", unique.get(..23).unwrap_or_default()),
            openid: payment.openid.clone().unwrap_or_else(|| order.terms.openid.clone()),
            amount: payment.amount.unwrap_or(order.terms.amount),
            at_ms: now_ms,
        });
        let order = order.clone();
        Ok(Some(Message::of_payment(order, pay.script.notice())))
    }

    /// Records the payment and has it notified.
    pub(crate) fn pay(self: &Arc<Self>, payment: &PhonePayment) -> Result<(), PayError> {
        if let Some(message) = self.record_payment(payment)? {
            self.send(&message);
        }
        Ok(())
    }

    /// Whether the merchant of a request is the simulated one.
    pub(super) fn is_merchant(merchant_id: &str) -> bool {
        merchant_id == MERCHANT_ID
    }
}
