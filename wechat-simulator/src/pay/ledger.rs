//! The books: orders, refunds and their sums.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::Version;
use super::script::{PayApi, PayScript};
use crate::state::State;

/// Maximum number of orders; more are refused, so that no sum is wrong.
pub(super) const MAX_ORDERS: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct PayMemory {
    /// Orders by the merchant's number.
    pub(super) orders: BTreeMap<String, Order>,
    /// The merchant's number of an order by its `prepay_id`.
    pub(super) prepay_ids: HashMap<String, String>,
    /// Refunds by the merchant's number of the refund.
    pub(super) refunds: BTreeMap<String, Refund>,
    pub(super) script: PayScript,
    /// Where notifications go in place of the host that the merchant named.
    pub(super) notify_host: Option<String>,
    pub(super) calls: BTreeMap<PayApi, u64>,
}

/// State of an order, as WeChat names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum OrderState {
    Notpay,
    Success,
    Closed,
    Refund,
}

impl OrderState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Notpay => "NOTPAY",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Refund => "REFUND",
        }
    }
}

/// The values of an order call; a repeated call has to have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderTerms {
    pub(super) app_id: String,
    pub(super) openid: String,
    pub(super) description: String,
    pub(super) amount: u64,
    pub(super) notify_url: String,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) out_trade_no: String,
    pub(super) version: Version,
    pub(super) terms: OrderTerms,
    /// The last moment to pay, in milliseconds since 1970.
    pub(super) expires_ms: u64,
    pub(super) state: OrderState,
    pub(super) payment: Option<PaymentRecord>,
    pub(super) refunded: u64,
    pub(super) notifications: u32,
    pub(super) acknowledged: u32,
    /// Carrier and number of the parcel.
    pub(super) shipped: Option<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct PaymentRecord {
    pub(super) transaction_id: String,
    pub(super) openid: String,
    pub(super) amount: u64,
    pub(super) at_ms: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) out_refund_no: String,
    pub(super) out_trade_no: String,
    pub(super) refund_id: String,
    pub(super) amount: u64,
    pub(super) total: u64,
    pub(super) status: &'static str,
    pub(super) notify_url: String,
}

/// The books, as tests read them.
#[derive(Debug, Clone, Serialize)]
pub struct Ledger {
    pub orders: Vec<OrderView>,
    pub refunds: Vec<RefundView>,
    /// Sum of all payments, in fen.
    pub paid: u64,
    /// Sum of all money that went back, in fen.
    pub refunded: u64,
    /// Calls by API, including failed and scripted ones.
    pub calls: BTreeMap<PayApi, u64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OrderView {
    pub out_trade_no: String,
    /// `NOTPAY`, `SUCCESS`, `CLOSED` or `REFUND`.
    pub state: &'static str,
    pub amount: u64,
    pub paid: Option<u64>,
    pub refunded: u64,
    pub transaction_id: Option<String>,
    pub app_id: String,
    pub openid: String,
    pub description: String,
    /// Notifications that were sent, and those that the merchant acknowledged.
    pub notifications: u32,
    pub acknowledged: u32,
    /// The number of the parcel, once it was uploaded.
    pub tracking_no: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RefundView {
    pub out_refund_no: String,
    pub out_trade_no: String,
    pub amount: u64,
    /// `SUCCESS`, `PROCESSING`, `ABNORMAL` or `CLOSED`.
    pub status: &'static str,
}

impl PayMemory {
    fn ledger(&self) -> Ledger {
        let order = |order: &Order| OrderView {
            out_trade_no: order.out_trade_no.clone(),
            state: order.state.name(),
            amount: order.terms.amount,
            paid: order.payment.as_ref().map(|payment| payment.amount),
            refunded: order.refunded,
            transaction_id: order.payment.as_ref().map(|payment| payment.transaction_id.clone()),
            app_id: order.terms.app_id.clone(),
            openid: order.terms.openid.clone(),
            description: order.terms.description.clone(),
            notifications: order.notifications,
            acknowledged: order.acknowledged,
            tracking_no: order.shipped.as_ref().map(|(_, number)| number.clone()),
        };
        let refund = |refund: &Refund| RefundView {
            out_refund_no: refund.out_refund_no.clone(),
            out_trade_no: refund.out_trade_no.clone(),
            amount: refund.amount,
            status: refund.status,
        };
        Ledger {
            orders: self.orders.values().map(order).collect(),
            refunds: self.refunds.values().map(refund).collect(),
            paid: self
                .orders
                .values()
                .filter_map(|order| order.payment.as_ref())
                .map(|paid| paid.amount)
                .sum(),
            refunded: self.orders.values().map(|order| order.refunded).sum(),
            calls: self.calls.clone(),
        }
    }
}

impl State {
    pub(crate) fn pay_ledger(&self) -> Ledger {
        self.memory().pay.ledger()
    }

    /// Counts a call and takes its fault.
    pub(super) fn pay_called(&self, api: PayApi) -> Option<super::CallFault> {
        let mut memory = self.memory();
        *memory.pay.calls.entry(api).or_default() += 1;
        memory.pay.script.call(api)
    }
}
