//! Effects that are due, by one server at a time.

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use yibi_common::shop::{OrderState, RefundState};

use super::payments::{Inquiry, refund_state};
use super::{OrderError, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{EffectKind, Order, RefundCause, out_trade_no};
use crate::random;
use crate::store::{Leases, Orders, SessionStore, StoreResult};
use crate::wechat::pay::{self, PayError, RefundNumbers, RefundRequest};

/// Interval of the passes.
const EVERY: Duration = Duration::from_secs(2);
/// Duration of the lease. Two servers that run the same effect are harmless.
const LEASE: Duration = Duration::from_secs(10);
const LEASE_NAME: &str = "orders";
/// Orders of a pass, and how many of them run at once.
const BATCH: u32 = 64;
const AT_ONCE: usize = 8;
/// Interval of the counts for the metrics, and orders that are counted at most.
const COUNTED_EVERY: Duration = Duration::from_secs(30);
const COUNTED: u32 = 10_000;
/// Time that a payment's attempt may remain unknown to WeChat after the order's deadline: a call may be under way.
const LATE_CALL: Duration = Duration::from_secs(30);

/// Runs due effects at intervals until `shutdown`.
pub async fn run_orders(orders: OrderService, leases: SessionStore, shutdown: impl Future<Output = ()>) {
    let holder = random::short_id();
    let looking = async {
        let mut counted: Option<Instant> = None;
        loop {
            match leases.take_lease(LEASE_NAME, &holder, LEASE).await {
                Ok(true) => {
                    if let Err(error) = orders.run_due(Micros::now()).await {
                        tracing::warn!(%error, "the effects of orders were not looked at");
                    }
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "no lease for the effects of orders"),
            }
            if counted.is_none_or(|last| last.elapsed() >= COUNTED_EVERY) {
                counted = Some(Instant::now());
                if let Err(error) = orders.count_states().await {
                    tracing::debug!(%error, "orders were not counted");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    // May stop between any two steps: effects stay due until their outcome is stored.
    tokio::select! {
        () = looking => {}
        () = shutdown => {}
    }
    if let Err(error) = leases.drop_lease(LEASE_NAME, &holder).await {
        tracing::debug!(%error, "the lease for the effects of orders runs out by itself");
    }
}

impl OrderService {
    /// Runs the effects that are due at `now`.
    pub(super) async fn run_due(&self, now: Micros) -> StoreResult<()> {
        let due = self.0.records.store.orders_due(now, BATCH).await?;
        let running = futures_util::stream::iter(due).map(|order| self.run_effects(order, now));
        running.buffer_unordered(AT_ONCE).collect::<()>().await;
        Ok(())
    }

    async fn run_effects(&self, order: Order, now: Micros) {
        for (kind, attempt) in order.due(now) {
            let ran = match (kind, attempt) {
                (EffectKind::Reconcile, Some(number)) => self.reconcile(&order.id, number, now).await,
                (EffectKind::Expire, _) => self.expire(&order.id, now).await,
                (EffectKind::Refund, Some(number)) => self.give_back(&order.id, number, now).await,
                (EffectKind::Receive, _) => self
                    .0
                    .records
                    .change(&order.id, |order| order.arrive(now))
                    .await
                    .map(drop)
                    .map_err(Into::into),
                (EffectKind::Reconcile | EffectKind::Refund, None) => Ok(()),
            };
            if let Err(error) = ran {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, order = order.id, ?kind, "an effect of an order failed");
            }
            // An effect that reached its end is done, and is not put off.
            let put_off = self.0.records.change(&order.id, |order| order.postpone(kind, attempt, now)).await;
            if let Err(error) = put_off {
                tracing::warn!(%error, order = order.id, ?kind, "an effect of an order was not put off");
            }
        }
    }

    /// Asks about an attempt. When the order no longer waits for it, closes it at WeChat.
    async fn reconcile(&self, id: &str, number: u32, now: Micros) -> OrderResult<()> {
        let order = self.current(id).await?;
        if order.is_unpaid() {
            self.inquire(id, number).await?;
        } else if self.shut(id, number).await? == Inquiry::Missing && is_over(&order, now) {
            self.note_closed(id, number).await?;
        }
        Ok(())
    }

    /// Closes an order whose time is over, or whose picture is not printed.
    async fn expire(&self, id: &str, now: Micros) -> OrderResult<()> {
        let order = self.current(id).await?;
        if !order.is_unpaid() {
            self.0
                .records
                .change(id, |order| {
                    order.finish(EffectKind::Expire, None, now);
                    true
                })
                .await?;
            return Ok(());
        }
        for number in order.open_attempts() {
            if self.shut(id, number).await? == Inquiry::Missing && is_over(&order, now) {
                self.note_closed(id, number).await?;
            }
        }
        self.0.records.change(id, |order| order.close(now)).await?;
        Ok(())
    }

    /// Gives the money of an attempt back, or asks how far WeChat is.
    async fn give_back(&self, id: &str, number: u32, now: Micros) -> OrderResult<()> {
        let order = self.current(id).await?;
        let Some(attempt) = order.attempt(number) else { return Ok(()) };
        let (Some(refund), Some(payment)) = (&attempt.refund, &attempt.payment) else { return Ok(()) };
        let numbers = RefundNumbers {
            out_trade_no: out_trade_no(id, number),
            out_refund_no: refund.out_refund_no.clone(),
        };
        let known = if refund.state == RefundState::Processing {
            self.0.gateway.query_refund(&numbers).await?
        } else {
            None
        };
        let reason = match refund.cause {
            RefundCause::Operator => "退款",
            RefundCause::Picture => "图片未通过审核",
            RefundCause::Surplus => "重复或逾期付款",
        };
        let request = RefundRequest {
            numbers,
            reason: reason.to_owned(),
            amount: refund.amount,
            total: payment.amount,
        };
        let state = match known {
            Some(known) => refund_state(&known.state),
            None => match self.0.gateway.refund(&request).await {
                Ok(accepted) => {
                    if accepted.state == pay::RefundState::Manual {
                        tracing::error!(
                            order = id,
                            attempt = number,
                            "a refund has to be made by hand at WeChat Pay's console"
                        );
                    }
                    refund_state(&accepted.state)
                }
                Err(PayError::Refused { code, message }) => {
                    tracing::error!(
                        order = id,
                        attempt = number,
                        code,
                        message,
                        "WeChat Pay refuses a refund"
                    );
                    Some(RefundState::Failed)
                }
                Err(error) => return Err(OrderError::Payment(error)),
            },
        };
        let Some(state) = state else { return Ok(()) };
        let noted = self.0.records.change(id, |order| order.note_refund(number, state, now)).await?;
        if let Some((order, true)) = noted
            && state == RefundState::Failed
            && order.state != OrderState::RefundFailed
        {
            // No state of the order tells it: the attempt's refund in the console does.
            tracing::error!(
                order = id,
                attempt = number,
                "the refund of surplus money failed; an operator has to repeat it"
            );
        }
        Ok(())
    }

    /// Reports the numbers and ages of orders that need somebody to the metrics.
    async fn count_states(&self) -> StoreResult<()> {
        for state in OrderState::ALL {
            let (count, oldest) = self.0.records.store.orders_in(state, COUNTED).await?;
            let age = oldest.map(|oldest| Micros::now().since(oldest)).unwrap_or_default();
            self.0.metrics.orders(state.name(), count, age);
        }
        Ok(())
    }
}

fn is_over(order: &Order, now: Micros) -> bool {
    now >= order.deadline.plus(LATE_CALL)
}
