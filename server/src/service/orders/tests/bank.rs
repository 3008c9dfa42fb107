//! A payment gateway in memory, with a ledger of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::wechat::pay::{
    CloseOutcome, Notification, NotificationReply, PayError, PayFuture, PayVersion, Payment, PaymentGateway,
    PaymentParameters, PrepayId, PrepayRequest, RawNotification, Refund, RefundNumbers, RefundRequest,
    RefundState, TradeState,
};

pub(super) const MERCHANT: &str = "1900000001";

#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) request: PrepayRequest,
    pub(super) state: TradeState,
    pub(super) refunded: u64,
    refunds: HashMap<String, RefundState>,
}

/// The faults of the next calls.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Script {
    /// No call is answered.
    pub(super) gone: bool,
    /// The next order is made, and its reply is lost.
    pub(super) lost_reply: bool,
    /// The user pays between the query and the close.
    pub(super) pays_before_close: bool,
    pub(super) refuses_refunds: bool,
    /// The interface is that of version 2.
    pub(super) is_old: bool,
}

#[derive(Debug, Default)]
pub(super) struct Bank {
    trades: Mutex<HashMap<String, Trade>>,
    pub(super) script: Mutex<Script>,
    calls: Mutex<HashMap<&'static str, u32>>,
}

impl Bank {
    pub(super) fn trades(&self) -> MutexGuard<'_, HashMap<String, Trade>> {
        self.trades.lock().unwrap()
    }

    pub(super) fn calls(&self, call: &str) -> u32 {
        self.calls.lock().unwrap().get(call).copied().unwrap_or_default()
    }

    /// The user pays, also after a close.
    pub(super) fn pay(&self, number: &str) -> Payment {
        let mut trades = self.trades();
        let trade = trades.get_mut(number).unwrap();
        trade.state = TradeState::Paid;
        view(number, trade)
    }

    /// An operator refunds at WeChat's console.
    pub(super) fn refund_at_console(&self, number: &str) {
        let mut trades = self.trades();
        let trade = trades.get_mut(number).unwrap();
        trade.state = TradeState::Refunded;
        trade.refunded = trade.request.amount;
    }

    /// Money that came in and stayed.
    pub(super) fn balance(&self) -> u64 {
        let trades = self.trades();
        let paid =
            trades.values().filter(|trade| matches!(trade.state, TradeState::Paid | TradeState::Refunded));
        paid.map(|trade| trade.request.amount - trade.refunded).sum()
    }

    fn called(&self, call: &'static str) -> Result<(), PayError> {
        *self.calls.lock().unwrap().entry(call).or_default() += 1;
        if self.script.lock().unwrap().gone { Err(PayError::Unavailable("gone".to_owned())) } else { Ok(()) }
    }

    fn order(&self, request: &PrepayRequest) -> Result<PrepayId, PayError> {
        self.called("prepay")?;
        let mut trades = self.trades();
        let number = &request.out_trade_no;
        let trade = trades.entry(number.clone()).or_insert_with(|| Trade {
            request: request.clone(),
            state: TradeState::NotPaid,
            refunded: 0,
            refunds: HashMap::new(),
        });
        if trade.state != TradeState::NotPaid {
            let (code, message) = ("OUT_TRADE_NO_USED".to_owned(), String::new());
            return Err(PayError::Refused { code, message });
        }
        assert_eq!((trade.request.amount, trade.request.expires), (request.amount, request.expires));
        if std::mem::take(&mut self.script.lock().unwrap().lost_reply) {
            return Err(PayError::Unknown("lost".to_owned()));
        }
        Ok(PrepayId(format!("prepay of {number}")))
    }

    fn shut(&self, number: &str) -> Result<CloseOutcome, PayError> {
        self.called("close")?;
        let mut trades = self.trades();
        let Some(trade) = trades.get_mut(number) else { return Ok(CloseOutcome::NotFound) };
        if self.script.lock().unwrap().pays_before_close {
            trade.state = TradeState::Paid;
        }
        if trade.state == TradeState::NotPaid {
            trade.state = TradeState::Closed;
        }
        Ok(if trade.state == TradeState::Closed { CloseOutcome::Closed } else { CloseOutcome::Paid })
    }

    fn give_back(&self, request: &RefundRequest) -> Result<Refund, PayError> {
        self.called("refund")?;
        if self.script.lock().unwrap().refuses_refunds {
            let (code, message) = ("NOT_ENOUGH".to_owned(), String::new());
            return Err(PayError::Refused { code, message });
        }
        let mut trades = self.trades();
        let trade = trades.get_mut(&request.numbers.out_trade_no).unwrap();
        let number = &request.numbers.out_refund_no;
        if !trade.refunds.contains_key(number) {
            trade.refunds.insert(number.clone(), RefundState::Processing);
            trade.refunded += request.amount;
            trade.state = TradeState::Refunded;
        }
        Ok(refund_view(&request.numbers, RefundState::Processing))
    }

    fn refund_of(&self, numbers: &RefundNumbers) -> Result<Option<Refund>, PayError> {
        self.called("query_refund")?;
        let trades = self.trades();
        let known = trades
            .get(&numbers.out_trade_no)
            .is_some_and(|trade| trade.refunds.contains_key(&numbers.out_refund_no));
        Ok(known.then(|| refund_view(numbers, RefundState::Succeeded)))
    }
}

pub(super) fn view(number: &str, trade: &Trade) -> Payment {
    Payment {
        out_trade_no: number.to_owned(),
        state: trade.state.clone(),
        merchant_id: MERCHANT.to_owned(),
        app_id: trade.request.app_id.clone(),
        transaction_id: Some(format!("transaction of {number}")),
        openid: Some(trade.request.openid.clone()),
        amount: Some(trade.request.amount),
        currency: None,
    }
}

fn refund_view(numbers: &RefundNumbers, state: RefundState) -> Refund {
    let RefundNumbers { out_trade_no, out_refund_no } = numbers.clone();
    Refund { out_trade_no, out_refund_no, state, refund_id: None, amount: None }
}

impl PaymentGateway for Bank {
    fn version(&self) -> PayVersion {
        if self.script.lock().unwrap().is_old { PayVersion::V2 } else { PayVersion::V3 }
    }

    fn merchant_id(&self) -> &str {
        MERCHANT
    }

    fn prepay<'a>(&'a self, request: &'a PrepayRequest) -> PayFuture<'a, PrepayId> {
        Box::pin(async move { self.order(request) })
    }

    fn payment_parameters(&self, _: &str, prepay_id: &str) -> Result<PaymentParameters, PayError> {
        Ok(PaymentParameters {
            time_stamp: "1".to_owned(),
            nonce_str: "n".to_owned(),
            package: format!("prepay_id={prepay_id}"),
            sign_type: "RSA".to_owned(),
            pay_sign: "s".to_owned(),
        })
    }

    fn query<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, Option<Payment>> {
        Box::pin(async move {
            self.called("query")?;
            Ok(self.trades().get(out_trade_no).map(|trade| view(out_trade_no, trade)))
        })
    }

    fn close<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, CloseOutcome> {
        Box::pin(async move { self.shut(out_trade_no) })
    }

    fn refund<'a>(&'a self, request: &'a RefundRequest) -> PayFuture<'a, Refund> {
        Box::pin(async move { self.give_back(request) })
    }

    fn query_refund<'a>(&'a self, refund: &'a RefundNumbers) -> PayFuture<'a, Option<Refund>> {
        Box::pin(async move { self.refund_of(refund) })
    }

    fn parse_notification(&self, _: &RawNotification<'_>) -> Result<Notification, PayError> {
        Err(PayError::Signature("the tests hand payments over themselves"))
    }

    fn notification_reply(&self, _: bool) -> NotificationReply {
        NotificationReply { content_type: "application/json", body: "{}" }
    }
}
