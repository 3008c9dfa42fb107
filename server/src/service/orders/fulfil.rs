//! Orders as operators handle them. Each change, made again, has the first result.

use yibi_common::shop::{OrderState, Parcel, PostalAddress, PrintCheck};

use super::{OrderError, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, Order};
use crate::domain::text;
use crate::store::Orders;

/// Characters of a carrier's code and of a tracking number at most.
const CODE: usize = 32;

impl OrderService {
    /// A page of orders, the newest first.
    ///
    /// # Errors
    /// [`OrderError::Store`].
    pub async fn page(
        &self,
        state: Option<OrderState>,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> OrderResult<Vec<Order>> {
        Ok(self.0.records.store.order_page(state, after, limit).await?)
    }

    /// The order of that id.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], [`OrderError::Store`].
    pub async fn find(&self, id: &str) -> OrderResult<Order> {
        self.0.records.store.order(id).await?.ok_or(OrderError::NotFound)
    }

    /// The address of an order, opened.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], also after the erasure of the user; [`OrderError::Store`].
    pub async fn address(&self, id: &str) -> OrderResult<PostalAddress> {
        let order = self.find(id).await?;
        self.0.records.address(&order).await?.ok_or(OrderError::NotFound)
    }

    /// The print begins.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::Unchecked`] before the pass of the picture; [`OrderError::State`];
    /// [`OrderError::Store`].
    pub async fn print(&self, id: &str) -> OrderResult<Order> {
        let order = self.apply(id, |order| order.print(Micros::now())).await?;
        if order.state == OrderState::Printing {
            return Ok(order);
        }
        Err(if order.state == OrderState::Paid { OrderError::Unchecked } else { OrderError::State })
    }

    /// The print is sent.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] unless the print was made; [`OrderError::Value`];
    /// [`OrderError::Store`].
    pub async fn ship(&self, id: &str, parcel: &Parcel) -> OrderResult<Order> {
        let fits = |text: &str| {
            (1..=CODE).contains(&text.chars().count()) && text::is_printable(text) && text.trim() == text
        };
        if !fits(&parcel.carrier) || !fits(&parcel.tracking) {
            return Err(OrderError::Value("carrier and tracking have 1 to 32 characters that show"));
        }
        let order = self.apply(id, |order| order.ship(parcel.clone(), Micros::now())).await?;
        let is_sent = order.state == OrderState::Shipped && order.parcel.as_ref() == Some(parcel);
        if is_sent { Ok(order) } else { Err(OrderError::State) }
    }

    /// The money goes back: surplus money whose refund failed, else all that paid the order.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] for an order without money; [`OrderError::Store`].
    pub async fn refund(&self, id: &str) -> OrderResult<Order> {
        let order = self.apply(id, |order| order.give_back(Micros::now())).await?;
        if order.has_refund() { Ok(order) } else { Err(OrderError::State) }
    }

    /// The money of a held order pays it.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] unless the order was held, and when the merchant does not have the
    /// money; [`OrderError::Store`].
    pub async fn release(&self, id: &str) -> OrderResult<Order> {
        let order = self.apply(id, |order| order.release(Micros::now())).await?;
        let is_released = order.fault.is_some() && order.state != OrderState::Held;
        if is_released { Ok(order) } else { Err(OrderError::State) }
    }

    /// An operator decides on the picture; without a pass the money goes back.
    ///
    /// # Errors
    /// [`OrderError::NotFound`]; [`OrderError::State`] when it was decided otherwise; [`OrderError::Store`].
    pub async fn judge(&self, id: &str, verdict: PrintCheck) -> OrderResult<Order> {
        let order = self.apply(id, |order| order.judge(verdict, true, Micros::now())).await?;
        if order.check == verdict { Ok(order) } else { Err(OrderError::State) }
    }

    async fn apply(&self, id: &str, change: impl FnMut(&mut Order) -> bool) -> OrderResult<Order> {
        let changed = self.0.records.change(id, change).await?;
        changed.map(|(order, _)| order).ok_or(OrderError::NotFound)
    }
}
