//! Orders of prints, and their payments.
//!
//! | file | subject |
//! |---|---|
//! | `mod` | the record and its parts |
//! | `payment` | attempts at a payment, and money that arrives |
//! | `fulfilment` | check of the picture, printing, shipping |
//! | `refund` | money that goes back |
//! | `effects` | what is due, and when |
//!
//! Every change of an order is a pure function here; the store applies it by comparison with the stored version.

mod effects;
mod fulfilment;
mod payment;
mod refund;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use yibi_common::drawing::Paper;
use yibi_common::shop::{OrderState, Parcel, PrintCheck, PrintPaper};

pub use effects::{Effect, EffectKind};
pub use payment::{Attempt, AttemptState, Fault, Money, Payment, Receipt};
pub use refund::{Refund, RefundCause};

use super::clock::Micros;
use super::user::UserKey;

/// Length of an order's id in characters.
const ID: usize = 20;

/// Product of an order, as it was when the order was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedProduct {
    pub id: String,
    pub name: String,
    pub paper: PrintPaper,
    /// Price in fen.
    pub price: u32,
}

/// Order of a print. After the erasure of its user it keeps number, amount and times: the key, the address, the
/// parcel and the drawing's id are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    /// Key of the user; empty after the erasure.
    pub user: UserKey,
    /// Id of the drawing; empty after the erasure.
    pub drawing: String,
    pub product: OrderedProduct,
    /// Shipping cost in fen.
    pub shipping: u32,
    /// Sum to pay in fen.
    pub amount: u32,
    pub currency: String,
    /// Sealed address, in the context of the order's id; gone once the order closes unpaid.
    #[serde(default)]
    pub address: Option<String>,
    pub state: OrderState,
    pub check: PrintCheck,
    pub created_at: Micros,
    /// Time until which the order can be paid.
    pub deadline: Micros,
    /// Time of the last change of state.
    pub updated_at: Micros,
    #[serde(default)]
    pub paid_at: Option<Micros>,
    #[serde(default)]
    pub shipped_at: Option<Micros>,
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Number of the attempt whose money pays the order.
    #[serde(default)]
    pub paid_by: Option<u32>,
    #[serde(default)]
    pub effects: Vec<Effect>,
    #[serde(default)]
    pub parcel: Option<Parcel>,
    /// Reason of the state `held`.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// Number of changes.
    pub version: u32,
}

/// Picture of an order: a background and the visible strokes, as they were when the order was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCopy {
    /// `seq` of the drawing at that time.
    pub seq: u32,
    pub paper: Paper,
    /// Stored forms of the actions: one background, then strokes.
    pub actions: Vec<Vec<u8>>,
}

/// The order behind which a page begins, in descending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterOrder {
    pub created_at: Micros,
    pub id: String,
}

/// Id of the order that a user makes under an idempotency key: a used key finds its order without an index.
#[must_use]
pub fn order_id(user: &UserKey, idempotency_key: &str) -> String {
    // Neither an app id nor an openid holds a line break.
    let digest = Sha256::digest(format!("{user}\n{idempotency_key}").as_bytes());
    let mut id = BASE32_NOPAD.encode(&digest).to_ascii_lowercase();
    id.truncate(ID);
    id
}

/// Whether the text may be an order's id.
#[must_use]
pub fn is_order_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

/// Number under which WeChat knows an attempt: at most 32 of the characters that it takes.
#[must_use]
pub fn out_trade_no(order: &str, attempt: u32) -> String {
    format!("{order}-{attempt}")
}

/// The order and the attempt of a number.
#[must_use]
pub fn parse_out_trade_no(number: &str) -> Option<(&str, u32)> {
    let (order, attempt) = number.split_once('-')?;
    let attempt = attempt.parse().ok().filter(|parsed: &u32| parsed.to_string() == attempt)?;
    is_order_id(order).then_some((order, attempt))
}

impl Order {
    /// The attempt of that number.
    #[must_use]
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    fn attempt_mut(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number)
    }

    /// The refund of the money that paid the order.
    #[must_use]
    pub fn refund(&self) -> Option<&Refund> {
        let paying = self.paid_by.and_then(|number| self.attempt(number));
        let late = || self.attempts.iter().rev().find(|attempt| attempt.refund.is_some());
        paying.or_else(late).and_then(|attempt| attempt.refund.as_ref())
    }

    /// Whether money may still come in.
    #[must_use]
    pub fn is_unpaid(&self) -> bool {
        matches!(self.state, OrderState::Created | OrderState::Paying)
    }

    fn go(&mut self, state: OrderState, now: Micros) {
        self.state = state;
        self.updated_at = now;
    }
}

/// States in which an erasure of the user waits: the order is paid, and neither sent nor given back.
pub const OPEN_STATES: [OrderState; 5] = [
    OrderState::Paid,
    OrderState::Printing,
    OrderState::Refunding,
    OrderState::RefundFailed,
    OrderState::Held,
];
