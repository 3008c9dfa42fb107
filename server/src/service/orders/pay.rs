//! Paying, asking and cancelling, by the user.

use std::net::IpAddr;

use super::payments::Inquiry;
use super::{OrderError, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{Order, out_trade_no};
use crate::domain::user::UserKey;
use crate::wechat::pay::{PREPAY_LIFE, PayError, PaymentParameters, PrepayRequest};
use yibi_common::shop::OrderState;

/// Attempts at a payment that WeChat does not take any more.
const ROUNDS: usize = 3;
/// Characters of a payment's description at most.
const DESCRIPTION: usize = 120;

impl OrderService {
    /// Begins a payment, or goes on with the one that was begun. Returns the fields of `wx.requestPayment`.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] when the order is paid, closed or past its deadline;
    /// [`OrderError::Payment`], [`OrderError::RateLimited`], [`OrderError::Store`].
    pub async fn pay(
        &self,
        user: &UserKey,
        id: &str,
        client_address: Option<IpAddr>,
    ) -> OrderResult<PaymentParameters> {
        self.owned(user, id).await?;
        self.0.limits.wechat_call(user)?;
        for _ in 0..ROUNDS {
            let mut begun = None;
            // Stored before the call: a notification may come before WeChat's reply.
            let changed = self.0.records.change(id, |order| {
                let known = order.attempts.len();
                begun = order.begin_attempt(Micros::now());
                order.attempts.len() > known
            });
            let (order, _) = changed.await?.ok_or(OrderError::NotFound)?;
            let number = begun.ok_or(OrderError::State)?;
            match self.prepay_id(&order, number, client_address).await {
                Ok(prepay_id) => return Ok(self.0.gateway.payment_parameters(user.app_id(), &prepay_id)?),
                Err(OrderError::Payment(PayError::Refused { code, message })) => {
                    tracing::warn!(order = id, attempt = number, code, message, "WeChat Pay takes no order");
                    // The number may be closed or paid there: another attempt follows only if WeChat says so.
                    if self.inquire(id, number).await? != Inquiry::Closed {
                        payable(&self.owned(user, id).await?)?;
                        return Err(PayError::Refused { code, message }.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(OrderError::State)
    }

    async fn prepay_id(
        &self,
        order: &Order,
        number: u32,
        client_address: Option<IpAddr>,
    ) -> OrderResult<String> {
        let attempt = order.attempt(number).ok_or(OrderError::State)?;
        let known =
            attempt.prepay_id.as_ref().filter(|_| Micros::now().since(attempt.begun_at) < PREPAY_LIFE);
        if let Some(prepay_id) = known {
            return Ok(prepay_id.clone());
        }
        let request = PrepayRequest {
            app_id: order.user.app_id().to_owned(),
            out_trade_no: out_trade_no(&order.id, number),
            description: order.product.name.chars().take(DESCRIPTION).collect(),
            amount: order.amount.into(),
            openid: order.user.openid().to_owned(),
            expires: attempt.expires,
            client_address,
        };
        let prepay_id = self.0.gateway.prepay(&request).await?.0;
        let changed = self.0.records.change(&order.id, |order| order.note_prepay(number, &prepay_id)).await?;
        let (current, _) = changed.ok_or(OrderError::NotFound)?;
        payable(&current).map(|()| prepay_id)
    }

    /// Asks WeChat about the order's open attempts. Returns the order.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], [`OrderError::Payment`], [`OrderError::RateLimited`], [`OrderError::Store`].
    pub async fn refresh(&self, user: &UserKey, id: &str) -> OrderResult<Order> {
        let order = self.owned(user, id).await?;
        let open = order.open_attempts();
        if open.is_empty() {
            return Ok(order);
        }
        self.0.limits.wechat_call(user)?;
        for number in open {
            self.inquire(id, number).await?;
        }
        self.current(id).await
    }

    /// Cancels an order that is not paid. Where WeChat does not know an attempt yet, the order is closed at its
    /// deadline only. Returns the order.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] once the order is paid; [`OrderError::Payment`],
    /// [`OrderError::RateLimited`], [`OrderError::Store`].
    pub async fn cancel(&self, user: &UserKey, id: &str) -> OrderResult<Order> {
        let order = self.owned(user, id).await?;
        if order.state == OrderState::Closed {
            return Ok(order);
        }
        payable(&order)?;
        // A payment may be begun while another one is closed.
        for _ in 0..ROUNDS {
            let open = self.current(id).await?.open_attempts();
            if !open.is_empty() {
                self.0.limits.wechat_call(user)?;
            }
            let mut is_missing = false;
            for number in open {
                is_missing |= self.shut(id, number).await? == Inquiry::Missing;
            }
            let closed = self.0.records.change(id, |order| order.close(Micros::now())).await?;
            let (order, _) = closed.ok_or(OrderError::NotFound)?;
            if order.state == OrderState::Closed {
                return Ok(order);
            }
            payable(&order)?;
            if is_missing {
                return Ok(order);
            }
        }
        self.current(id).await
    }

    /// The user has the print. Said twice, it changes nothing. Returns the order.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] unless the print was sent; [`OrderError::Store`].
    pub async fn received(&self, user: &UserKey, id: &str) -> OrderResult<Order> {
        self.owned(user, id).await?;
        let changed = self.0.records.change(id, |order| order.arrive(Micros::now())).await?;
        let (order, _) = changed.ok_or(OrderError::NotFound)?;
        if order.state == OrderState::Received { Ok(order) } else { Err(OrderError::State) }
    }
}

/// Whether the order still waits for money.
fn payable(order: &Order) -> OrderResult<()> {
    if order.is_unpaid() { Ok(()) } else { Err(OrderError::State) }
}
