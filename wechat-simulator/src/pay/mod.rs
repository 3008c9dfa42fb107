//! A simulated WeChat Pay for one merchant: both versions of the interface, with real signatures and a ledger.
//!
//! | request | effect |
//! |---|---|
//! | `/v3/pay/transactions/…`, `/v3/refund/domestic/refunds…` | version 3: order, query, close, refund, query of a refund |
//! | `/pay/unifiedorder`, `/pay/orderquery`, `/pay/closeorder` | version 2 |
//! | `POST /simulator/pay {"prepay_id","outcome","late"?,"amount"?,"openid"?}` | the phone's side, see [`PhonePayment`] |
//! | `POST /simulator/pay/refund {"out_trade_no"}` | a refund by hand at the merchant's console |
//! | `POST /simulator/pay/script [{"notice":{…}},{"refund":"abnormal"},{"call":{"api","fault"}},…]` | sets the next behaviour, see [`PayStep`] |
//! | `DELETE /simulator/pay/script` | returns to normal behaviour |
//! | `POST /simulator/pay/notify-host {"host"}` | sends notifications there in place of the host in their addresses |
//! | `GET /simulator/pay/ledger` | orders, refunds, sums and calls, see [`Ledger`] |

mod control;
mod crypto;
pub mod forge;
mod ledger;
mod merchant;
mod notify;
mod orders;
mod refunds;
mod script;
mod shipping;
mod v2;
mod v3;
mod xml;

use std::sync::Arc;

use actix_web::web;

use crate::state::State;

pub use ledger::{Ledger, OrderView, RefundView};
pub use merchant::{API_V3_KEY, KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, PUBLIC_KEY_ID, V2_KEY};
pub use orders::{Outcome, PayError, PhonePayment};
pub use script::{CallFault, Notice, NoticeSignature, PayApi, PayStep, RefundOutcome};

pub(crate) use ledger::PayMemory;
pub(crate) use shipping::upload_shipping;

pub(crate) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    config.app_data(web::Data::from(Arc::clone(state)));
    v3::configure(config);
    v2::configure(config);
    control::configure(config);
}

/// The version of the interface by which an order came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V3,
    V2,
}
