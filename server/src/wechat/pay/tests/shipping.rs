//! Shipping information, which WeChat accepts for payments that it knows.

use wechat_simulator::pay::PhonePayment;
use wechat_simulator::{Api as SimulatedApi, Scripted, Step};

use super::*;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::settings;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, SessionStore};
use crate::wechat::testing::development_app;
use crate::wechat::{Shipment, ShippingUpload, Wechat};

/// The client of the simulated WeChat of a merchant.
fn wechat(merchant: &Merchant) -> Wechat {
    let directory = merchant.keys.join("store");
    let store = SqliteStore::open(&directory).unwrap();
    let store = SessionStore::new(Backend::Embedded(store), Arc::default());
    let key = || data_encoding::BASE64.encode(&[7; 32]).into();
    let keys =
        settings::Keys { sealing: key(), sealing_old: "".into(), signing: key(), signing_old: "".into() };
    let keys = Arc::new(LazyKeyring::new(keys, KeyPlace::Directory(directory)));
    Wechat::new(merchant.wechat.client(std::time::Duration::from_secs(30)), store, keys)
}

#[tokio::test]
async fn a_parcel_is_uploaded_once_wechat_knows_the_payment() {
    let merchant = Merchant::new("v3").await;
    let (wechat, app) = (wechat(&merchant), development_app());
    let shipment = Shipment {
        merchant_id: merchant.gateway.merchant_id(),
        out_trade_no: "order1-1",
        openid: OPENID,
        carrier: "SF",
        tracking_no: "SF1234567890",
        item: "一笔到底海报",
        contact: Some("138****1234"),
        at: Micros::now(),
    };
    let prepay_id = merchant.prepay("order1-1").await;
    assert_eq!(wechat.upload_shipping(&app, &shipment).await.unwrap(), ShippingUpload::NotYet);
    merchant.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
    assert_eq!(wechat.upload_shipping(&app, &shipment).await.unwrap(), ShippingUpload::Uploaded);
    assert_eq!(wechat.upload_shipping(&app, &shipment).await.unwrap(), ShippingUpload::Uploaded, "repeated");
    let ledger = merchant.wechat.simulator.pay_ledger();
    assert_eq!(ledger.orders[0].tracking_no.as_deref(), Some("SF1234567890"));
    let refused = Step::Error { errcode: 48001, errmsg: "api unauthorized".to_owned() };
    let refused = Scripted { api: SimulatedApi::UploadShippingInfo, ..refused.into() };
    merchant.wechat.simulator.script(vec![refused]).unwrap();
    let error = wechat.upload_shipping(&app, &shipment).await.unwrap_err();
    assert_eq!(error.errcode, Some(48001));
}
