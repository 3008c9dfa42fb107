//! Orders of prints: made and paid by users, fulfilled by operators.
//!
//! A call to WeChat Pay stands between two changes of the order: the intent is stored before it, the outcome after it.
//! A crash in between leaves an effect that is due, and every call may be repeated.
//!
//! | file | subject |
//! |---|---|
//! | `create` | making an order |
//! | `address` | postal addresses, and their seal |
//! | `pay` | paying, asking and cancelling, by the user |
//! | `payments` | what WeChat says about attempts and refunds, applied to orders |
//! | `jobs` | effects that are due |
//! | `fulfil` | what operators do |
//! | `lists` | orders of a user |
//! | `pictures` | pictures of orders |
//! | `records` | changes of the records |

mod address;
mod create;
mod fulfil;
mod jobs;
mod lists;
mod pay;
mod payments;
mod pictures;
mod records;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Mutex;

pub use create::NewOrder;
pub use jobs::run_orders;
pub use payments::NotifyError;
pub use pictures::PrintFile;
pub use records::OrderRecords;

use super::drawings::{DrawingError, DrawingService};
use super::moderation::Moderation;
use super::rate_limits::{LimitExceeded, RateLimits};
use crate::domain::order::Order;
use crate::domain::user::UserKey;
use crate::settings::{ModerationMode, Settings, Shop};
use crate::store::{Orders, StoreError};
use crate::telemetry::Metrics;
use crate::wechat::pay::{PayError, PaymentGateway};

/// Locks that keep one user's orders apart; several users may share one.
const LOCKS: usize = 64;

/// Reason why a request about an order failed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The user has no such order.
    #[error("no such order")]
    NotFound,
    /// The order's state does not allow the request.
    #[error("the order's state does not allow this")]
    State,
    /// The picture of the order did not pass its check.
    #[error("the picture did not pass")]
    Unchecked,
    /// The idempotency key belongs to an order of other values.
    #[error("the key was used")]
    KeyReused,
    /// The user has too many orders that are not paid.
    #[error("too many orders")]
    TooMany,
    /// The shop takes no new orders.
    #[error("the shop is closed")]
    Closed,
    /// WeChat Pay can't be asked, or refuses.
    #[error("WeChat Pay")]
    Payment(#[source] PayError),
    /// The user calls WeChat too often.
    #[error("too many requests")]
    RateLimited(LimitExceeded),
    /// A value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// A use case of drawings failed.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<LimitExceeded> for OrderError {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

impl From<PayError> for OrderError {
    fn from(error: PayError) -> Self {
        Self::Payment(error)
    }
}

pub(super) type OrderResult<T> = Result<T, OrderError>;

/// The orders of all users. Cheap to clone.
#[derive(Clone)]
pub struct OrderService(Arc<Inner>);

struct Inner {
    shop: Shop,
    mode: ModerationMode,
    records: OrderRecords,
    drawings: DrawingService,
    moderation: Moderation,
    gateway: Arc<dyn PaymentGateway>,
    limits: Arc<RateLimits>,
    metrics: Arc<Metrics>,
    locks: Vec<Mutex<()>>,
}

impl OrderService {
    /// Orders of prints of those drawings, paid through that gateway.
    #[must_use]
    pub fn new(
        settings: &Settings,
        records: OrderRecords,
        drawings: DrawingService,
        moderation: Moderation,
        gateway: Arc<dyn PaymentGateway>,
        limits: Arc<RateLimits>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner {
            shop: settings.shop.clone(),
            mode: settings.moderation.mode,
            records,
            drawings,
            moderation,
            gateway,
            limits,
            metrics,
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
        }))
    }

    #[must_use]
    pub fn shop(&self) -> &Shop {
        &self.0.shop
    }

    /// The order of that id, for its user.
    async fn owned(&self, user: &UserKey, id: &str) -> OrderResult<Order> {
        let order = self.0.records.store.order(id).await?;
        order.filter(|order| order.user == *user).ok_or(OrderError::NotFound)
    }
}
