//! Orders of prints as operators handle them. Reading an address is in the audit log like a change.

use bytes::Bytes;
use yibi_common::admin::Change;
use yibi_common::shop::{OrderState, Parcel, PostalAddress, PrintCheck};

use super::{Actor, OperatorError, OperatorResult, OperatorService};
use crate::domain::order::{AfterOrder, Order};
use crate::domain::user::UserRecord;
use crate::service::orders::{OrderService, PrintFile};
use crate::store::Users;

/// Change of an order by an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderChange {
    /// The picture may be printed.
    Pass,
    /// The picture is not printed, and the money goes back.
    Reject,
    /// The print begins.
    Print,
    /// The print is sent.
    Ship(Parcel),
    /// The money goes back.
    Refund,
    /// The money of a held order pays it.
    Release,
}

impl OrderChange {
    fn audited(&self) -> Change {
        match self {
            Self::Pass => Change::PassOrder,
            Self::Reject => Change::RejectOrder,
            Self::Print => Change::PrintOrder,
            Self::Ship(_) => Change::ShipOrder,
            Self::Refund => Change::RefundOrder,
            Self::Release => Change::ReleaseOrder,
        }
    }
}

impl OperatorService {
    fn orders(&self) -> OperatorResult<&OrderService> {
        self.orders.as_ref().ok_or(OperatorError::NoShop)
    }

    /// A page of orders, the newest first, and their users as far as they are not erased.
    ///
    /// # Errors
    /// [`OperatorError::NoShop`], [`OperatorError::Order`].
    pub async fn order_page(
        &self,
        state: Option<OrderState>,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> OperatorResult<(Vec<Order>, Vec<UserRecord>)> {
        let orders = self.orders()?.page(state, after, limit).await?;
        let users = self.users_of(orders.iter().map(|order| &order.user)).await?;
        Ok((orders, users))
    }

    /// An order, and its user unless erased.
    ///
    /// # Errors
    /// [`OperatorError::NoShop`], [`OperatorError::Order`], [`OperatorError::Store`].
    pub async fn order(&self, id: &str) -> OperatorResult<(Order, Option<UserRecord>)> {
        let order = self.orders()?.find(id).await?;
        let user = self.drawings.store().user(&order.user).await?;
        Ok((order, user))
    }

    /// A picture of an order.
    ///
    /// # Errors
    /// [`OperatorError::NoShop`], [`OperatorError::Order`].
    pub async fn print_file(&self, id: &str, file: PrintFile) -> OperatorResult<Bytes> {
        Ok(self.orders()?.print_file(id, file).await?)
    }

    /// The address of an order; the audit log says who read it.
    ///
    /// # Errors
    /// [`OperatorError::NoShop`], [`OperatorError::Order`], [`OperatorError::Store`].
    pub async fn order_address(&self, actor: &Actor, id: &str) -> OperatorResult<PostalAddress> {
        self.audit_order(actor, Change::ReadAddress, id).await?;
        Ok(self.orders()?.address(id).await?)
    }

    /// Changes an order.
    ///
    /// # Errors
    /// [`OperatorError::NoShop`], [`OperatorError::Order`], [`OperatorError::Store`].
    pub async fn change_order(&self, actor: &Actor, id: &str, change: OrderChange) -> OperatorResult<Order> {
        self.audit_order(actor, change.audited(), id).await?;
        let orders = self.orders()?;
        let changed = match change {
            OrderChange::Pass => orders.judge(id, PrintCheck::Passed).await,
            OrderChange::Reject => orders.judge(id, PrintCheck::Rejected).await,
            OrderChange::Print => orders.print(id).await,
            OrderChange::Ship(parcel) => orders.ship(id, &parcel).await,
            OrderChange::Refund => orders.refund(id).await,
            OrderChange::Release => orders.release(id).await,
        };
        Ok(changed?)
    }

    async fn audit_order(&self, actor: &Actor, change: Change, id: &str) -> OperatorResult<()> {
        let (order, user) = self.order(id).await?;
        let public_id = user.map(|user| user.public_id).unwrap_or_default();
        self.audit(actor, change, &public_id, Some(&order.id)).await
    }
}
