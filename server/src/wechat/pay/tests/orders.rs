//! Orders: placing, paying, closing.

use wechat_simulator::pay::PhonePayment;

use super::*;

#[tokio::test]
async fn an_order_is_placed_paid_notified_and_queried() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        assert_eq!(merchant.gateway.query("order1-1").await.unwrap(), None);
        let prepay_id = merchant.prepay("order1-1").await;
        let unpaid = merchant.gateway.query("order1-1").await.unwrap().unwrap();
        assert_eq!((unpaid.state, unpaid.transaction_id), (TradeState::NotPaid, None));
        let fields = merchant.gateway.payment_parameters(&app_id(), &prepay_id).unwrap();
        assert_eq!(fields.package, format!("prepay_id={prepay_id}"));
        merchant.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
        let Notification::Payment(notified) = merchant.notification().await.unwrap() else {
            panic!("a payment is notified");
        };
        assert_paid(&notified, "order1-1");
        assert_eq!(merchant.gateway.query("order1-1").await.unwrap().unwrap(), notified);
        assert_eq!(merchant.gateway.close("order1-1").await.unwrap(), CloseOutcome::Paid);
    }
}

#[tokio::test]
async fn repeating_an_order_is_safe_and_changing_it_is_refused() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        let request = order("order1-1");
        let first = merchant.gateway.prepay(&request).await.unwrap();
        assert_ne!(merchant.gateway.prepay(&request).await.unwrap(), first, "another id of the same order");
        let dearer = PrepayRequest { amount: AMOUNT + 1, ..request.clone() };
        let error = merchant.gateway.prepay(&dearer).await.unwrap_err();
        assert!(error.is_without_effect(), "{error}");
        let foreign = PrepayRequest { app_id: "wx0000000000000000".to_owned(), ..order("order2-1") };
        let error = merchant.gateway.prepay(&foreign).await.unwrap_err();
        assert_eq!(error.code(), Some("APPID_MCHID_NOT_MATCH"));
        assert_eq!(merchant.wechat.simulator.pay_ledger().orders.len(), 1);
    }
}

#[tokio::test]
async fn a_closed_order_is_paid_no_more_but_by_a_payment_under_way() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        assert_eq!(merchant.gateway.close("order1-1").await.unwrap(), CloseOutcome::NotFound);
        let prepay_id = merchant.prepay("order1-1").await;
        assert_eq!(merchant.gateway.close("order1-1").await.unwrap(), CloseOutcome::Closed);
        assert_eq!(merchant.gateway.close("order1-1").await.unwrap(), CloseOutcome::Closed, "repeated");
        assert_eq!(merchant.gateway.query("order1-1").await.unwrap().unwrap().state, TradeState::Closed);
        let payment = PhonePayment::paid(&prepay_id);
        assert!(merchant.wechat.simulator.pay(&payment).is_err());
        merchant.wechat.simulator.pay(&PhonePayment { late: true, ..payment }).unwrap();
        assert_paid(&merchant.gateway.query("order1-1").await.unwrap().unwrap(), "order1-1");
    }
}
