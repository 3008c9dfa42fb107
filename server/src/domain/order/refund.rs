//! Money that goes back. The number of a refund is stored before WeChat is called and never changes: WeChat gives
//! money back once for each number.

use serde::{Deserialize, Serialize};
use yibi_common::shop::{OrderState, RefundState};

use super::{EffectKind, Fault, Micros, Order, out_trade_no};

/// Reason of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// An operator gives the money back.
    Operator,
    /// The picture is not printed.
    Picture,
    /// The order was closed, or paid by other money.
    Surplus,
}

/// Refund of the money of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Number by which WeChat knows the refund.
    pub out_refund_no: String,
    /// Sum in fen: all of the payment.
    pub amount: u64,
    pub state: RefundState,
    pub cause: RefundCause,
    pub asked_at: Micros,
    #[serde(default)]
    pub ended_at: Option<Micros>,
}

impl Order {
    /// Starts the refund of an attempt's money, or starts a failed one again under the same number.
    pub(super) fn begin_refund(&mut self, number: u32, cause: RefundCause, now: Micros) {
        let out_refund_no = format!("{}-r", out_trade_no(&self.id, number));
        let Some(attempt) = self.attempt_mut(number) else { return };
        let Some(payment) = &attempt.payment else { return };
        // Money that went back at WeChat's console can't go back once more.
        let is_back = payment.fault == Some(Fault::Refunded);
        match &mut attempt.refund {
            Some(refund) if refund.state == RefundState::Failed => {
                (refund.state, refund.ended_at) = (RefundState::Pending, None);
            }
            Some(_) => return,
            None => {
                attempt.refund = Some(Refund {
                    out_refund_no,
                    amount: payment.amount,
                    state: if is_back { RefundState::Success } else { RefundState::Pending },
                    cause,
                    asked_at: now,
                    ended_at: is_back.then_some(now),
                });
            }
        }
        if is_back {
            return;
        }
        self.schedule(EffectKind::Refund, Some(number), now);
    }

    /// Gives the money that paid the order back. Returns whether that applies.
    pub fn ask_refund(&mut self, cause: RefundCause, now: Micros) -> bool {
        let applies = matches!(
            self.state,
            OrderState::Paid
                | OrderState::Printing
                | OrderState::Shipped
                | OrderState::Received
                | OrderState::Held
                | OrderState::RefundFailed
        );
        let Some(number) = self.paid_by.filter(|_| applies) else { return false };
        self.finish(EffectKind::Receive, None, now);
        self.begin_refund(number, cause, now);
        let is_back = self.refund().is_some_and(|refund| refund.state == RefundState::Success);
        self.go(if is_back { OrderState::Refunded } else { OrderState::Refunding }, now);
        true
    }

    /// An operator gives money back: surplus money whose refund failed, else the money that paid the order. While the
    /// refund of surplus money has not reached WeChat, asking again changes nothing, so that a repeated request does not
    /// take the money that pays the order too. Returns whether anything changes.
    pub fn give_back(&mut self, now: Micros) -> bool {
        if self.repeat_refunds(now) {
            return true;
        }
        let mut surplus = self.attempts.iter().filter(|attempt| Some(attempt.number) != self.paid_by);
        let is_pending = |refund: &Refund| refund.state == RefundState::Pending;
        let is_asked = surplus.any(|attempt| attempt.refund.as_ref().is_some_and(is_pending));
        !is_asked && self.ask_refund(RefundCause::Operator, now)
    }

    /// Whether money went back, or is on its way.
    #[must_use]
    pub fn has_refund(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.refund.is_some())
    }

    /// Starts the failed refunds of surplus money again. Returns whether there was one.
    pub fn repeat_refunds(&mut self, now: Micros) -> bool {
        let is_failed = |refund: &Refund| refund.state == RefundState::Failed;
        let failed = self.attempts.iter().filter(|attempt| Some(attempt.number) != self.paid_by);
        let failed = failed.filter(|attempt| attempt.refund.as_ref().is_some_and(is_failed));
        let numbers: Vec<u32> = failed.map(|attempt| attempt.number).collect();
        for number in &numbers {
            self.begin_refund(*number, RefundCause::Surplus, now);
        }
        if !numbers.is_empty() && self.paid_by.is_none() && self.state == OrderState::RefundFailed {
            self.go(OrderState::Refunding, now);
        }
        !numbers.is_empty()
    }

    /// The attempt of a refund's number.
    #[must_use]
    pub fn attempt_of_refund(&self, out_refund_no: &str) -> Option<u32> {
        let is_it = |attempt: &&super::Attempt| {
            attempt.refund.as_ref().is_some_and(|refund| refund.out_refund_no == out_refund_no)
        };
        self.attempts.iter().find(is_it).map(|attempt| attempt.number)
    }

    /// WeChat tells how far a refund is. A refund that succeeded stays so. Returns whether anything changes.
    pub fn note_refund(&mut self, number: u32, state: RefundState, now: Micros) -> bool {
        let is_main = self.paid_by == Some(number);
        let Some(refund) = self.attempt_mut(number).and_then(|attempt| attempt.refund.as_mut()) else {
            return false;
        };
        let is_final = refund.state == RefundState::Success;
        if is_final || refund.state == state || state == RefundState::Pending {
            return false;
        }
        if refund.state == RefundState::Failed && state == RefundState::Processing {
            // A failure is final at WeChat, but for an operator's success there.
            return false;
        }
        refund.state = state;
        match state {
            RefundState::Success | RefundState::Failed => {
                refund.ended_at = Some(now);
                self.finish(EffectKind::Refund, Some(number), now);
            }
            RefundState::Pending | RefundState::Processing => {}
        }
        let open = matches!(self.state, OrderState::Refunding | OrderState::RefundFailed);
        if is_main && open && state == RefundState::Success {
            self.go(OrderState::Refunded, now);
        } else if is_main && open && state == RefundState::Failed {
            self.go(OrderState::RefundFailed, now);
        } else if self.paid_by.is_none() {
            self.follow_late_refunds(now);
        }
        true
    }

    /// An order that ended without a payment follows the refunds of its late money as soon as one of them fails: an
    /// operator would not look for them in a closed order.
    fn follow_late_refunds(&mut self, now: Micros) {
        let refunds = self.attempts.iter().filter_map(|attempt| attempt.refund.as_ref());
        let states: Vec<RefundState> = refunds.map(|refund| refund.state).collect();
        let is_failed = states.contains(&RefundState::Failed);
        let next = match self.state {
            OrderState::Closed if is_failed => OrderState::RefundFailed,
            OrderState::Refunding | OrderState::RefundFailed if is_failed => OrderState::RefundFailed,
            OrderState::Refunding | OrderState::RefundFailed
                if states.iter().all(|state| *state == RefundState::Success) =>
            {
                OrderState::Refunded
            }
            OrderState::RefundFailed => OrderState::Refunding,
            OrderState::Created
            | OrderState::Paying
            | OrderState::Paid
            | OrderState::Printing
            | OrderState::Shipped
            | OrderState::Received
            | OrderState::Closed
            | OrderState::Refunding
            | OrderState::Refunded
            | OrderState::Held => return,
        };
        if next != self.state {
            self.go(next, now);
        }
    }

    /// WeChat gave the money of an attempt back under a number that is none of ours: somebody refunded it at WeChat's
    /// console. Before the print is sent, the order is held, so that nobody sends it; afterwards it is refunded. Returns
    /// whether anything changes.
    pub fn note_foreign_refund(&mut self, number: u32, out_refund_no: &str, now: Micros) -> bool {
        let is_main = self.paid_by == Some(number);
        let Some(attempt) = self.attempt_mut(number) else { return false };
        if let Some(state) = attempt.refund.as_ref().map(|refund| refund.state) {
            return match state {
                // Ours may be why WeChat says so: the query of ours decides.
                RefundState::Pending | RefundState::Processing => {
                    self.hasten(EffectKind::Refund, Some(number), now)
                }
                RefundState::Failed => self.note_refund(number, RefundState::Success, now),
                RefundState::Success => false,
            };
        }
        let Some(payment) = attempt.payment.as_mut().filter(|payment| payment.fault != Some(Fault::Refunded))
        else {
            return false;
        };
        payment.fault = Some(Fault::Refunded);
        let amount = payment.amount;
        if is_main && matches!(self.state, OrderState::Paid | OrderState::Printing) {
            self.fault = Some(Fault::Refunded);
            self.go(OrderState::Held, now);
            return true;
        }
        let Some(attempt) = self.attempt_mut(number) else { return false };
        attempt.refund = Some(Refund {
            out_refund_no: out_refund_no.to_owned(),
            amount,
            state: RefundState::Success,
            cause: RefundCause::Operator,
            asked_at: now,
            ended_at: Some(now),
        });
        if is_main {
            self.finish(EffectKind::Receive, None, now);
            self.go(OrderState::Refunded, now);
        }
        true
    }
}
