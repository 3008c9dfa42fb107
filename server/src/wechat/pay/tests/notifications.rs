//! Notifications of payments.

use wechat_simulator::pay::{CallFault, Notice, NoticeSignature, PayApi, PayStep, PhonePayment};

use super::*;

#[tokio::test]
async fn notifications_are_believed_by_their_signature_alone() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        for (number, signature) in
            [("order1-1", NoticeSignature::PublicKey), ("order2-1", NoticeSignature::Certificate)]
        {
            merchant.script(vec![PayStep::Notice(Notice { signature, ..Notice::default() })]);
            let prepay_id = merchant.prepay(number).await;
            merchant.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
            assert!(matches!(merchant.notification().await.unwrap(), Notification::Payment(_)));
        }
        for (number, signature) in [
            ("order3-1", NoticeSignature::Foreign),
            ("order4-1", NoticeSignature::UnknownSerial),
            ("order5-1", NoticeSignature::Probe),
        ] {
            merchant.script(vec![PayStep::Notice(Notice { signature, ..Notice::default() })]);
            let prepay_id = merchant.prepay(number).await;
            merchant.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
            let refused = merchant.notification().await;
            assert!(matches!(refused, Err(PayError::Signature(_))), "{version} {signature:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_amount_or_app_in_a_notification_is_shown() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        let notice =
            Notice { amount: Some(1), app_id: Some("wx1".to_owned()), times: 2, ..Notice::default() };
        merchant.script(vec![PayStep::Notice(notice)]);
        let prepay_id = merchant.prepay("order1-1").await;
        merchant.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
        for _ in 0..2 {
            let Notification::Payment(payment) = merchant.notification().await.unwrap() else { panic!() };
            assert_eq!((payment.amount, payment.app_id.as_str()), (Some(1), "wx1"));
        }
    }
}

#[tokio::test]
async fn a_payment_can_be_notified_before_the_order_call_returns() {
    for version in VERSIONS {
        let merchant = Merchant::with(version, &[]).await;
        merchant.script(vec![fault(PayApi::Prepay, CallFault::PayFirst)]);
        let request = order("order1-1");
        let (placed, notified) = tokio::join!(merchant.gateway.prepay(&request), merchant.notification());
        placed.unwrap();
        let Notification::Payment(payment) = notified.unwrap() else { panic!() };
        assert_paid(&payment, "order1-1");
    }
}
