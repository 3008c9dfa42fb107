//! Orders of prints, as operators see them. No reply but that of `/address` holds an address.

use serde::{Deserialize, Serialize};

use crate::shop::{OrderState, Parcel, PrintCheck, PrintPaper, RefundState};

use super::UserRef;

/// The parameters of `GET /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct OrderQuery {
    /// Orders in this state; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of `GET /orders`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderRow {
    /// The order's id.
    pub id: String,
    /// Its state.
    pub state: OrderState,
    /// The check of its picture.
    pub check: PrintCheck,
    /// The user; `null` once erased.
    pub user: Option<UserRef>,
    /// Id of the drawing; empty once the user is erased.
    pub drawing: String,
    /// Id of the product.
    pub product: String,
    /// Paper of the print.
    pub paper: PrintPaper,
    /// Sum in fen, shipping included.
    pub amount: u32,
    /// Currency of the sum.
    pub currency: String,
    /// Why the order is held: `amount`, `currency`, `app`, `merchant`, `payer` or `refunded`.
    pub fault: Option<String>,
    /// The time at which the order was made.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of the last change.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// The time of the payment.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub paid_at: Option<String>,
    /// The parcel, once sent.
    pub shipped: Option<Parcel>,
}

/// The reply to `GET /orders/{order}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderDetail {
    /// The order.
    #[serde(flatten)]
    pub order: OrderRow,
    /// The time until which it can be paid.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deadline: String,
    /// Attempts at a payment, the oldest first.
    pub attempts: Vec<AttemptView>,
    /// The effects that are due, and those that are done.
    pub effects: Vec<EffectView>,
}

/// An attempt at a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptView {
    /// The number under which WeChat Pay knows it.
    pub out_trade_no: String,
    /// `open`, `paid` or `closed`.
    pub state: String,
    /// WeChat's number of the payment.
    pub transaction_id: Option<String>,
    /// Sum that was paid, in fen.
    pub paid: Option<u64>,
    /// The refund's number.
    pub out_refund_no: Option<String>,
    /// The state of the refund.
    pub refund: Option<RefundState>,
}

/// Something that an order has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EffectView {
    /// `reconcile`, `expire`, `refund` or `receive`.
    pub kind: String,
    /// Number of the attempt that it is about.
    pub attempt: Option<u32>,
    /// The time of the next try.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub due: String,
    /// Number of tries.
    pub tries: u32,
    /// The time of its end.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub done: Option<String>,
}
