//! WeChat's notifications and answers about attempts and refunds, applied to orders.

use yibi_common::shop::RefundState;

use super::{OrderError, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{EffectKind, Fault, Money, Order, Receipt, out_trade_no, parse_out_trade_no};
use crate::store::{StoreError, StoreResult};
use crate::wechat::pay::{
    self, CloseOutcome, Notification, NotificationReply, PayError, PayVersion, Payment, RawNotification,
    TradeState,
};

/// Reason why a notification is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The message is not WeChat's.
    #[error("the notification is not WeChat's")]
    Untrusted(#[source] PayError),
    /// No order has that number; WeChat sends the notification again.
    #[error("the number is unknown")]
    Unknown,
    /// WeChat can't be asked about the message; it sends the notification again.
    #[error("WeChat Pay")]
    Payment(#[source] PayError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// State of an attempt after a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// The attempt is paid, and the order knows it.
    Paid,
    /// WeChat takes no money for the attempt, and the order knows it.
    Closed,
    /// WeChat may still take money.
    Open,
    /// WeChat does not know the attempt.
    Missing,
}

impl OrderService {
    /// Takes a notification of WeChat's: verifies it, then stores what it says. A repeated one changes nothing.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub async fn notify(&self, raw: &RawNotification<'_>) -> Result<(), NotifyError> {
        let taken = match self.0.gateway.parse_notification(raw) {
            Ok(Notification::Payment(payment)) => self.take_payment(&payment).await,
            Ok(Notification::Refund(refund)) => self.take_refund(&refund).await,
            Ok(Notification::Other(event)) => {
                tracing::info!(event, "a notification of WeChat Pay has no effect on orders");
                Ok("other")
            }
            Err(error) => Err(NotifyError::Untrusted(error)),
        };
        let outcome = match &taken {
            Ok(outcome) => outcome,
            Err(NotifyError::Untrusted(_)) => "untrusted",
            Err(NotifyError::Unknown) => "unknown",
            Err(NotifyError::Payment(_) | NotifyError::Store(_)) => "failed",
        };
        self.0.metrics.paid_notification(outcome);
        taken.map(drop)
    }

    /// The body that answers a notification.
    #[must_use]
    pub fn notification_reply(&self, accepted: bool) -> NotificationReply {
        self.0.gateway.notification_reply(accepted)
    }

    async fn take_payment(&self, payment: &Payment) -> Result<&'static str, NotifyError> {
        if payment.state != TradeState::Paid {
            return Ok("other");
        }
        match self.money(payment).await? {
            Receipt::Unknown => Err(NotifyError::Unknown),
            Receipt::Repeated => Ok("repeated"),
            Receipt::Paid => Ok("paid"),
            Receipt::Surplus => Ok("surplus"),
            Receipt::Held => Ok("held"),
        }
    }

    pub(super) async fn take_refund(&self, refund: &pay::Refund) -> Result<&'static str, NotifyError> {
        let (id, number) = parse_out_trade_no(&refund.out_trade_no).ok_or(NotifyError::Unknown)?;
        let Some(state) = refund_state(&refund.state) else { return Ok("other") };
        // A notification of version 2 has no signature. A failure is for a person, and a query tells whether it is still
        // so. Both are asked for at once instead of being believed.
        let is_believed = self.0.gateway.version() == PayVersion::V3 && state == RefundState::Success;
        let (mut is_attempt, mut is_ours) = (false, false);
        let apply = |order: &mut Order| {
            is_attempt = order.attempt(number).is_some();
            let attempt = order.attempt_of_refund(&refund.out_refund_no);
            is_ours = attempt.is_some();
            attempt.is_some_and(|number| {
                if is_believed {
                    order.note_refund(number, state, Micros::now())
                } else {
                    order.hasten(EffectKind::Refund, Some(number), Micros::now())
                }
            })
        };
        let changed = self.0.records.change(id, apply).await?;
        match changed {
            Some((_, true)) => Ok("refund"),
            Some(_) if is_ours => Ok("repeated"),
            Some(_) if is_attempt => self.take_foreign_refund(refund, id, number).await,
            Some(_) | None => Err(NotifyError::Unknown),
        }
    }

    /// Somebody refunded an attempt at WeChat's console, under a number that the order does not know. WeChat's state of
    /// the attempt decides.
    async fn take_foreign_refund(
        &self,
        refund: &pay::Refund,
        id: &str,
        number: u32,
    ) -> Result<&'static str, NotifyError> {
        let asked = self.0.gateway.query(&refund.out_trade_no).await.map_err(NotifyError::Payment)?;
        let Some(payment) = asked.filter(|payment| payment.state == TradeState::Refunded) else {
            tracing::warn!(order = id, attempt = number, "a refund at WeChat Pay's console is not made yet");
            return Ok("other");
        };
        if self.money(&payment).await? != Receipt::Repeated {
            // The order did not know of the money: it is held, or the money counts as gone back.
            return Ok("refund");
        }
        let paid = payment.amount.unwrap_or_default();
        if refund.amount.is_some_and(|amount| amount < paid) {
            tracing::error!(
                order = id,
                attempt = number,
                amount = refund.amount,
                "a part of a payment was refunded at WeChat Pay's console; the order stays as it is"
            );
            return Ok("other");
        }
        let noted = self
            .0
            .records
            .change(id, |order| order.note_foreign_refund(number, &refund.out_refund_no, Micros::now()));
        match noted.await? {
            Some((order, true)) => {
                let state = order.state.name();
                tracing::error!(
                    order = id,
                    attempt = number,
                    state,
                    "an order was refunded at WeChat Pay's console"
                );
                Ok("refund")
            }
            Some((_, false)) => Ok("repeated"),
            None => Err(NotifyError::Unknown),
        }
    }

    /// Applies a payment to its order.
    pub(super) async fn money(&self, payment: &Payment) -> StoreResult<Receipt> {
        let Some((id, number)) = parse_out_trade_no(&payment.out_trade_no) else {
            return Ok(Receipt::Unknown);
        };
        let mut receipt = Receipt::Unknown;
        let changed = self.0.records.change(id, |order| {
            receipt = order.receive(number, &self.money_of(payment, order), Micros::now());
            !matches!(receipt, Receipt::Unknown | Receipt::Repeated)
        });
        changed.await?;
        match receipt {
            Receipt::Held | Receipt::Surplus => {
                tracing::warn!(order = id, attempt = number, ?receipt, "money arrived that pays no order");
            }
            Receipt::Paid => tracing::info!(order = id, attempt = number, "an order is paid"),
            Receipt::Unknown | Receipt::Repeated => {}
        }
        Ok(receipt)
    }

    fn money_of(&self, payment: &Payment, order: &Order) -> Money {
        let user = order.user.as_str();
        let fault = if payment.merchant_id != self.0.gateway.merchant_id() {
            Some(Fault::Merchant)
        } else if !user.is_empty() && payment.app_id != order.user.app_id() {
            Some(Fault::App)
        } else if payment.state == TradeState::Refunded {
            Some(Fault::Refunded)
        } else {
            None
        };
        Money {
            transaction_id: payment.transaction_id.clone().unwrap_or_default(),
            amount: payment.amount.unwrap_or_default(),
            fault,
            currency: payment.currency.clone().unwrap_or_else(|| pay::CURRENCY.to_owned()),
            payer: payment.openid.clone(),
        }
    }

    /// Asks WeChat about an attempt and applies the answer.
    pub(super) async fn inquire(&self, id: &str, number: u32) -> OrderResult<Inquiry> {
        let Some(payment) = self.0.gateway.query(&out_trade_no(id, number)).await? else {
            return Ok(Inquiry::Missing);
        };
        match &payment.state {
            TradeState::Paid | TradeState::Refunded => {
                self.money(&payment).await?;
                Ok(Inquiry::Paid)
            }
            TradeState::Closed => {
                self.note_closed(id, number).await?;
                Ok(Inquiry::Closed)
            }
            TradeState::NotPaid => Ok(Inquiry::Open),
            TradeState::Other(state) => {
                tracing::warn!(order = id, attempt = number, state, "WeChat Pay names an unknown state");
                Ok(Inquiry::Open)
            }
        }
    }

    /// Closes an attempt at WeChat: asks first and afterwards, since the user may pay in between.
    pub(super) async fn shut(&self, id: &str, number: u32) -> OrderResult<Inquiry> {
        let before = self.inquire(id, number).await?;
        if before != Inquiry::Open {
            return Ok(before);
        }
        match self.0.gateway.close(&out_trade_no(id, number)).await? {
            CloseOutcome::Closed | CloseOutcome::Paid => self.inquire(id, number).await,
            CloseOutcome::NotFound => Ok(Inquiry::Missing),
        }
    }

    pub(super) async fn note_closed(&self, id: &str, number: u32) -> StoreResult<()> {
        self.0.records.change(id, |order| order.close_attempt(number, Micros::now())).await?;
        Ok(())
    }

    /// The order as it is now.
    pub(super) async fn current(&self, id: &str) -> OrderResult<Order> {
        let current = self.0.records.change(id, |_| false).await?;
        current.map(|(order, _)| order).ok_or(OrderError::NotFound)
    }
}

/// The state of a refund in the order; `None` for one that WeChat does not explain.
pub(super) fn refund_state(state: &pay::RefundState) -> Option<RefundState> {
    match state {
        // An operator refunds at WeChat's console; a later query tells.
        pay::RefundState::Processing | pay::RefundState::Manual => Some(RefundState::Processing),
        pay::RefundState::Succeeded => Some(RefundState::Success),
        pay::RefundState::Closed | pay::RefundState::Abnormal => Some(RefundState::Failed),
        pay::RefundState::Other(_) => None,
    }
}
