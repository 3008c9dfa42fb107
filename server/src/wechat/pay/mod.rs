//! WeChat Pay: orders, queries, refunds and notifications behind one trait, so that the service of orders knows neither
//! version of WeChat's interface.
//!
//! Amounts are integers in fen (0.01 yuan). A caller stores its intent before each call and its result afterwards: every
//! call may take effect although its reply is lost.

mod error;
mod host;
mod keys;
mod v2;
mod v3;

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::domain::clock::Micros;

pub use error::PayError;
pub use host::PayHost;
pub use keys::{KeyError, MerchantCertificate};
pub use v2::{V2Config, V2Gateway};
pub use v3::{V3Config, V3Gateway};

/// Length of the APIv3 key and of the key of version 2.
const KEY_LENGTH: usize = 32;

/// How long a `prepay_id` is reused. WeChat's expires after two hours; the phone needs some of them.
pub const PREPAY_LIFE: Duration = Duration::from_secs(110 * 60);

/// Currency of all orders.
pub const CURRENCY: &str = "CNY";

/// Result of a call to WeChat Pay.
pub type PayFuture<'a, T> = BoxFuture<'a, Result<T, PayError>>;

/// A version of WeChat Pay's interface, for one merchant. Dropping a future leaves it open whether the call takes effect.
pub trait PaymentGateway: Send + Sync {
    /// The version, as `[pay] api` names it.
    fn version(&self) -> PayVersion;

    /// The merchant's number, which every payment has to name.
    fn merchant_id(&self) -> &str;

    /// Orders a payment by JSAPI. Repeating it with the same values is safe and gives another `prepay_id` of the same
    /// order; WeChat refuses other values under the same number.
    fn prepay<'a>(&'a self, request: &'a PrepayRequest) -> PayFuture<'a, PrepayId>;

    /// The fields of `wx.requestPayment`, signed anew at each call.
    ///
    /// # Errors
    /// [`PayError::Refused`] when the private key can't sign.
    fn payment_parameters(&self, app_id: &str, prepay_id: &str) -> Result<PaymentParameters, PayError>;

    /// Asks for the state of an attempt. `None`: WeChat has no order of that number.
    fn query<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, Option<Payment>>;

    /// Closes an attempt, so that it can no longer be paid.
    fn close<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, CloseOutcome>;

    /// Refunds an attempt. After any failure it is repeated with the same values, `out_refund_no` above all.
    fn refund<'a>(&'a self, request: &'a RefundRequest) -> PayFuture<'a, Refund>;

    /// Asks for the state of a refund. `None`: WeChat has no refund of that number.
    fn query_refund<'a>(&'a self, refund: &'a RefundNumbers) -> PayFuture<'a, Option<Refund>>;

    /// Verifies and decodes the body of a notification. The face answers a failure with 401.
    ///
    /// # Errors
    /// [`PayError::Signature`] when the notification is not WeChat's, [`PayError::Unexpected`] when it is and can't be
    /// read.
    fn parse_notification(&self, notification: &RawNotification<'_>) -> Result<Notification, PayError>;

    /// The body that answers a notification. WeChat repeats one that is not acknowledged.
    fn notification_reply(&self, accepted: bool) -> NotificationReply;
}

/// A version of WeChat Pay's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayVersion {
    /// JSON, signed by RSA keys.
    V3,
    /// XML, signed by a shared key.
    V2,
}

impl PayVersion {
    /// The name in settings and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V3 => "v3",
            Self::V2 => "v2",
        }
    }
}

/// An attempt to pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepayRequest {
    /// The mini-program in which the payer is.
    pub app_id: String,
    /// Our number of the attempt: 6 to 32 of `0-9A-Za-z_-|*`, unique for the merchant.
    pub out_trade_no: String,
    /// At most 127 characters; the payer sees it.
    pub description: String,
    pub amount: u64,
    /// The payer in that mini-program.
    pub openid: String,
    /// The last moment to pay. The first order of an attempt sets it; WeChat does not close the order then.
    pub expires: Micros,
    /// The payer's address, which version 2 requires.
    pub client_address: Option<IpAddr>,
}

/// WeChat's number of an order that waits for its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepayId(pub String);

/// The fields of `wx.requestPayment`, under the names that it requires. All are texts, the time too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentParameters {
    pub time_stamp: String,
    pub nonce_str: String,
    pub package: String,
    pub sign_type: String,
    pub pay_sign: String,
}

/// State of an attempt at WeChat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeState {
    /// The attempt is paid.
    Paid,
    /// The attempt was paid, and at least a part was refunded.
    Refunded,
    /// The attempt is not paid yet; it still may be.
    NotPaid,
    /// The attempt can no longer be paid.
    Closed,
    /// Another state, by WeChat's name: the attempt stays open.
    Other(String),
}

impl TradeState {
    fn of(name: &str) -> Self {
        match name {
            "SUCCESS" => Self::Paid,
            "REFUND" => Self::Refunded,
            "NOTPAY" => Self::NotPaid,
            "CLOSED" => Self::Closed,
            _ => Self::Other(name.chars().take(32).collect()),
        }
    }
}

/// An attempt as WeChat reports it, by a query or by a notification. The caller compares merchant, app, payer, amount
/// and currency with its own record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub out_trade_no: String,
    pub state: TradeState,
    pub merchant_id: String,
    pub app_id: String,
    /// WeChat's number of the payment, once there is one.
    pub transaction_id: Option<String>,
    /// The payer, once paid.
    pub openid: Option<String>,
    /// The order's total, whatever coupons covered. A query of an unpaid order may leave it out.
    pub amount: Option<u64>,
    pub currency: Option<String>,
}

/// Result of closing an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// The attempt can no longer be paid.
    Closed,
    /// The attempt was paid before: a query tells the payment.
    Paid,
    /// WeChat has no order of that number. It may be on its way.
    NotFound,
}

/// Numbers of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundNumbers {
    /// The number of the paid attempt.
    pub out_trade_no: String,
    /// Our number of the refund, at most 64 characters, which makes a repeated call harmless.
    pub out_refund_no: String,
}

/// A refund of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    pub numbers: RefundNumbers,
    /// The payer sees it, at most 80 bytes.
    pub reason: String,
    /// The amount to refund.
    pub amount: u64,
    /// The amount of the payment.
    pub total: u64,
}

/// State of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundState {
    /// WeChat accepted it; a notification or a query tells the outcome.
    Processing,
    /// The money is back.
    Succeeded,
    /// The refund failed for good.
    Closed,
    /// The payer's bank refused it: an operator handles it at WeChat's console.
    Abnormal,
    /// This version of the interface refunds nothing: an operator refunds at WeChat's console (退款), and a query tells
    /// when that is done.
    Manual,
    /// Another state, by WeChat's name.
    Other(String),
}

impl RefundState {
    fn of(name: &str) -> Self {
        match name {
            "PROCESSING" => Self::Processing,
            "SUCCESS" => Self::Succeeded,
            "CLOSED" | "REFUNDCLOSE" => Self::Closed,
            "ABNORMAL" | "CHANGE" => Self::Abnormal,
            _ => Self::Other(name.chars().take(32).collect()),
        }
    }
}

/// A refund as WeChat reports it, by a reply or by a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub out_trade_no: String,
    pub out_refund_no: String,
    pub state: RefundState,
    /// WeChat's number of the refund.
    pub refund_id: Option<String>,
    /// The refunded amount.
    pub amount: Option<u64>,
}

/// A notification as it arrived: its body, and its headers `Wechatpay-…`, empty where one is missing. The signature covers
/// these bytes.
#[derive(Debug, Clone, Copy)]
pub struct RawNotification<'a> {
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub serial: &'a str,
    pub signature: &'a str,
    pub body: &'a [u8],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// An attempt was paid.
    Payment(Payment),
    Refund(Refund),
    /// An event without effect on orders, such as the probe of WeChat's self-test. It is acknowledged.
    Other(String),
}

/// The body that answers a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationReply {
    pub content_type: &'static str,
    pub body: &'static str,
}

/// Whether the text can be a `prepay_id`; it becomes a part of signed texts.
fn is_prepay_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
