//! Requests and replies about orders of prints.

use serde::{Deserialize, Serialize};

use crate::shop::{OrderState, Parcel, PostalAddress, PrintCheck, PrintPaper, RefundState};

/// The reply to `GET /shop`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShopReply {
    /// The prints that can be ordered.
    pub products: Vec<ProductView>,
    /// Shipping cost of an order, in fen.
    pub shipping: u32,
    /// Whether the shop takes new orders.
    pub open: bool,
}

/// A print that can be ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProductView {
    /// Id, as `POST /orders` takes it.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Paper of the print.
    pub paper: PrintPaper,
    /// Price in fen.
    pub price: u32,
}

/// `POST /orders`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// Id of the drawing.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub drawing: String,
    /// Id of the product.
    pub product: String,
    /// The address that the print is sent to.
    pub address: PostalAddress,
    /// A text that the client makes for the order: 1 to 64 visible ASCII characters. The same order under the same key
    /// is made once.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[!-~]{1,64}$"))]
    pub idempotency_key: String,
}

/// An order, as its user sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderReply {
    /// The order's id.
    pub id: String,
    /// State of the order.
    pub state: OrderState,
    /// Id of the drawing; the print shows it as it was when the order was made.
    pub drawing: String,
    /// The product, at the price of the order.
    pub product: ProductView,
    /// Shipping cost in fen.
    pub shipping: u32,
    /// Sum to pay in fen.
    pub amount: u32,
    /// Currency of the sum.
    pub currency: String,
    /// Check of the picture. Paying does not wait for it, printing does.
    pub check: PrintCheck,
    /// Time at which the order was made.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// Time until which the order can be paid.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deadline: String,
    /// Time of the payment.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub paid_at: Option<String>,
    /// The parcel, once sent.
    pub shipped: Option<Parcel>,
    /// The refund, once begun.
    pub refund: Option<RefundView>,
}

/// A refund in an [`OrderReply`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefundView {
    /// Sum in fen.
    pub amount: u64,
    /// The state of the refund.
    pub state: RefundState,
}

/// The reply to `GET /orders`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrdersReply {
    /// Orders, the newest first.
    pub orders: Vec<OrderReply>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// The reply to `POST /orders/{id}/pay`: the fields of `wx.requestPayment`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentReply {
    /// Seconds since 1970, as a text.
    pub time_stamp: String,
    /// A random text.
    pub nonce_str: String,
    /// `prepay_id=…`
    pub package: String,
    /// `RSA`, `HMAC-SHA256` or `MD5`.
    pub sign_type: String,
    /// The signature of the rest.
    pub pay_sign: String,
}
