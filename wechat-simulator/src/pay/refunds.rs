//! Refunds.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use super::ledger::{OrderState, Refund};
use super::notify::Message;
use super::script::RefundOutcome;
use crate::state::State;

/// Why a refund is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefundRefusal {
    /// There is no payment of that number.
    NotFound,
    /// The number has a refund with other values, or the amount exceeds the payment.
    Parameter,
}

impl State {
    /// Accepts a refund, or repeats its call. A failed refund is tried again under its number.
    pub(super) fn place_refund(
        self: &Arc<Self>,
        out_trade_no: &str,
        out_refund_no: &str,
        amount: u64,
        total: u64,
        notify_url: &str,
    ) -> Result<Refund, RefundRefusal> {
        let unique = HEXLOWER.encode(&self.unique());
        let mut memory = self.memory();
        let pay = &mut memory.pay;
        let order = pay.orders.get_mut(out_trade_no).ok_or(RefundRefusal::NotFound)?;
        let paid = order.payment.as_ref().map(|payment| payment.amount).ok_or(RefundRefusal::NotFound)?;
        if let Some(before) = pay.refunds.get(out_refund_no) {
            if before.out_trade_no != out_trade_no || before.amount != amount || before.total != total {
                return Err(RefundRefusal::Parameter);
            }
            if matches!(before.status, "SUCCESS" | "PROCESSING") {
                return Ok(before.clone());
            }
        }
        if total != paid || amount == 0 || order.refunded + amount > paid || out_refund_no.len() > 64 {
            return Err(RefundRefusal::Parameter);
        }
        let outcome = pay.script.refund();
        let status = match outcome {
            RefundOutcome::Success | RefundOutcome::Silent => "SUCCESS",
            RefundOutcome::Processing => "PROCESSING",
            RefundOutcome::Abnormal => "ABNORMAL",
            RefundOutcome::Closed => "CLOSED",
        };
        if status == "SUCCESS" {
            order.refunded += amount;
            order.state = OrderState::Refund;
        }
        let refund = Refund {
            out_refund_no: out_refund_no.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            refund_id: format!("50000{}", unique.get(..23).unwrap_or_default()),
            amount,
            total,
            status,
            notify_url: notify_url.to_owned(),
        };
        pay.refunds.insert(out_refund_no.to_owned(), refund.clone());
        let version = order.version;
        drop(memory);
        if !matches!(outcome, RefundOutcome::Silent | RefundOutcome::Processing) && !notify_url.is_empty() {
            self.send(&Message::of_refund(refund.clone(), version));
        }
        // The reply says only that the refund is accepted.
        Ok(Refund { status: "PROCESSING", ..refund })
    }

    pub(super) fn find_refund(&self, out_refund_no: &str) -> Option<Refund> {
        self.memory().pay.refunds.get(out_refund_no).cloned()
    }

    /// A whole refund by hand at the merchant's console. Returns whether there is such a payment.
    pub(crate) fn refund_by_hand(self: &Arc<Self>, out_trade_no: &str) -> bool {
        let (number, paid, notify_url) = {
            let memory = self.memory();
            let Some(order) = memory.pay.orders.get(out_trade_no) else { return false };
            let Some(payment) = &order.payment else { return false };
            let notify_url = order.terms.notify_url.replace("/notify", "/refund");
            (format!("console-{out_trade_no}"), payment.amount, notify_url)
        };
        self.place_refund(out_trade_no, &number, paid, paid, &notify_url).is_ok()
    }
}
