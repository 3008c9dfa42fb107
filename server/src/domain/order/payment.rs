//! Attempts at a payment, and money that arrives: by a notification, or as the answer to a query.

use serde::{Deserialize, Serialize};
use yibi_common::shop::{OrderState, PrintCheck};

use super::refund::RefundCause;
use super::{EffectKind, Micros, Order};

/// State of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// WeChat may take the user's money for it.
    Open,
    Paid,
    /// WeChat takes no money for it any more, or does not know it.
    Closed,
}

/// Attempt at a payment, known to WeChat by a number of its own. It is stored before WeChat is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// Reference of WeChat's order, once the call returned.
    #[serde(default)]
    pub prepay_id: Option<String>,
    pub begun_at: Micros,
    /// Time until which WeChat takes the money.
    pub expires: Micros,
    pub state: AttemptState,
    #[serde(default)]
    pub payment: Option<Payment>,
    #[serde(default)]
    pub refund: Option<super::Refund>,
}

/// Difference between a payment and its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    Amount,
    Currency,
    /// The payment was made in another mini-program.
    App,
    /// The payment went to another merchant.
    Merchant,
    Payer,
    /// The money went back at WeChat, before the order knew of it.
    Refunded,
}

/// Money that arrived for an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// Sum in fen as WeChat names it.
    pub amount: u64,
    pub at: Micros,
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// A payment as WeChat reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    pub transaction_id: String,
    /// Sum in fen.
    pub amount: u64,
    /// Difference that was found before the order was read, such as another merchant.
    pub fault: Option<Fault>,
    pub currency: String,
    /// openid of the payer; `None` where WeChat does not name it.
    pub payer: Option<String>,
}

/// Effect of money on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// The order has no such attempt.
    Unknown,
    /// The money was known.
    Repeated,
    /// The money pays the order.
    Paid,
    /// The money goes back: the order is closed, or paid by other money.
    Surplus,
    /// The money differs from the order, which waits for an operator.
    Held,
}

impl Order {
    /// Whether a payment may be begun at `now`.
    #[must_use]
    pub fn can_pay(&self, now: Micros) -> bool {
        self.is_unpaid() && now < self.deadline && self.check != PrintCheck::Rejected
    }

    /// The number of the attempt to pay with: the last one while it is open, else a new one. `None` when the order
    /// can't be paid any more.
    pub fn begin_attempt(&mut self, now: Micros) -> Option<u32> {
        if !self.can_pay(now) {
            return None;
        }
        let open = self.attempts.iter().rev().find(|attempt| attempt.state == AttemptState::Open);
        if let Some(attempt) = open {
            return Some(attempt.number);
        }
        let number = self.attempts.last().map_or(1, |last| last.number.saturating_add(1));
        self.attempts.push(Attempt {
            number,
            prepay_id: None,
            begun_at: now,
            expires: self.deadline,
            state: AttemptState::Open,
            payment: None,
            refund: None,
        });
        self.schedule(EffectKind::Reconcile, Some(number), Self::first_query(now));
        if self.state == OrderState::Created {
            self.go(OrderState::Paying, now);
        }
        Some(number)
    }

    /// Notes WeChat's reference of an attempt. Returns whether that changes anything.
    pub fn note_prepay(&mut self, number: u32, prepay_id: &str) -> bool {
        let Some(attempt) = self.attempt_mut(number) else { return false };
        let changes = attempt.prepay_id.as_deref() != Some(prepay_id);
        attempt.prepay_id = Some(prepay_id.to_owned());
        changes
    }

    /// WeChat says that it takes no money for an attempt any more. Returns whether that changes anything.
    pub fn close_attempt(&mut self, number: u32, now: Micros) -> bool {
        let Some(attempt) = self.attempt_mut(number) else { return false };
        if attempt.state != AttemptState::Open {
            return false;
        }
        attempt.state = AttemptState::Closed;
        self.finish(EffectKind::Reconcile, Some(number), now);
        true
    }

    /// Closes the order, which has no open attempt. Nothing is printed of it any more, late money goes back: its address
    /// is dropped, and the stores drop its picture. Returns whether that applies.
    pub fn close(&mut self, now: Micros) -> bool {
        let is_open = |state| state == AttemptState::Open;
        if !self.is_unpaid() || self.attempts.iter().any(|attempt| is_open(attempt.state)) {
            return false;
        }
        self.finish(EffectKind::Expire, None, now);
        self.address = None;
        self.go(OrderState::Closed, now);
        true
    }

    /// Numbers of the attempts for which WeChat may take money.
    #[must_use]
    pub fn open_attempts(&self) -> Vec<u32> {
        let open = self.attempts.iter().filter(|attempt| attempt.state == AttemptState::Open);
        open.map(|attempt| attempt.number).collect()
    }

    /// Money arrives for an attempt. Only the first money of an attempt counts: WeChat takes none twice under one
    /// number, and repeats its notifications.
    pub fn receive(&mut self, number: u32, money: &Money, now: Micros) -> Receipt {
        let fault = self.fault_of(money);
        let (paid_by, state, amount) = (self.paid_by, self.state, money.amount);
        let Some(attempt) = self.attempt_mut(number) else { return Receipt::Unknown };
        if attempt.payment.is_some() {
            return Receipt::Repeated;
        }
        let transaction_id = money.transaction_id.clone();
        attempt.payment = Some(Payment { transaction_id, amount, at: now, fault });
        attempt.state = AttemptState::Paid;
        self.finish(EffectKind::Reconcile, Some(number), now);
        let awaited = paid_by.is_none() && matches!(state, OrderState::Created | OrderState::Paying);
        if !awaited {
            self.begin_refund(number, RefundCause::Surplus, now);
            return Receipt::Surplus;
        }
        self.paid_by = Some(number);
        self.paid_at = Some(now);
        self.finish(EffectKind::Expire, None, now);
        if fault.is_some() {
            self.fault = fault;
            self.go(OrderState::Held, now);
            return Receipt::Held;
        }
        self.accept_money(now);
        Receipt::Paid
    }

    /// An operator takes the money of a held order as its payment, unless the merchant does not have it. Returns whether
    /// that applies.
    pub fn release(&mut self, now: Micros) -> bool {
        let is_elsewhere = matches!(self.fault, Some(Fault::Refunded | Fault::Merchant));
        let applies = self.state == OrderState::Held && !is_elsewhere;
        if applies {
            self.accept_money(now);
        }
        applies
    }

    /// The order is paid; when its picture is not printed, the money goes back at once.
    fn accept_money(&mut self, now: Micros) {
        self.go(OrderState::Paid, now);
        if self.check == PrintCheck::Rejected {
            self.ask_refund(RefundCause::Picture, now);
        }
    }

    fn fault_of(&self, money: &Money) -> Option<Fault> {
        let payer = money.payer.as_deref();
        if money.fault.is_some() {
            money.fault
        } else if money.amount != u64::from(self.amount) {
            Some(Fault::Amount)
        } else if money.currency != self.currency {
            Some(Fault::Currency)
        } else if !self.user.as_str().is_empty() && payer.is_some_and(|payer| payer != self.user.openid()) {
            Some(Fault::Payer)
        } else {
            None
        }
    }
}
