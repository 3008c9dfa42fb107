//! Refunds.

use wechat_simulator::pay::{CallFault, PayApi, PayStep, RefundOutcome};

use super::*;

#[tokio::test]
async fn a_refund_is_accepted_repeated_and_notified() {
    let merchant = Merchant::new("v3").await;
    let request = refund_of("order1-1");
    let error = merchant.gateway.refund(&request).await.unwrap_err();
    assert_eq!(error.code(), Some("RESOURCE_NOT_EXISTS"));
    assert_eq!(merchant.gateway.query_refund(&request.numbers).await.unwrap(), None);
    merchant.paid("order1-1").await;
    merchant.script(vec![fault(PayApi::Refund, CallFault::LoseReply)]);
    let accepted = merchant.gateway.refund(&request).await.unwrap();
    assert_eq!(accepted.out_refund_no, "order1-1-refund");
    let Notification::Refund(notified) = merchant.notification().await.unwrap() else { panic!() };
    assert_eq!((notified.state, notified.amount), (RefundState::Succeeded, Some(AMOUNT)));
    let queried = merchant.gateway.query_refund(&request.numbers).await.unwrap().unwrap();
    assert_eq!(queried.state, RefundState::Succeeded);
    assert_eq!(merchant.gateway.query("order1-1").await.unwrap().unwrap().state, TradeState::Refunded);
    let ledger = merchant.wechat.simulator.pay_ledger();
    assert_eq!((ledger.paid, ledger.refunded, ledger.refunds.len()), (AMOUNT, AMOUNT, 1), "once");
}

#[tokio::test]
async fn a_refund_that_a_bank_refuses_is_abnormal_until_it_is_repeated() {
    let merchant = Merchant::new("v3").await;
    merchant.paid("order1-1").await;
    merchant
        .script(vec![PayStep::Refund(RefundOutcome::Abnormal), PayStep::Refund(RefundOutcome::Processing)]);
    let request = refund_of("order1-1");
    merchant.gateway.refund(&request).await.unwrap();
    let Notification::Refund(notified) = merchant.notification().await.unwrap() else { panic!() };
    assert_eq!(notified.state, RefundState::Abnormal);
    merchant.gateway.refund(&request).await.unwrap();
    let queried = merchant.gateway.query_refund(&request.numbers).await.unwrap().unwrap();
    assert_eq!(queried.state, RefundState::Processing);
}

#[tokio::test]
async fn version_2_leaves_refunds_to_the_console_and_sees_them() {
    let merchant = Merchant::new("v2").await;
    merchant.paid("order1-1").await;
    let request = refund_of("order1-1");
    assert_eq!(merchant.gateway.refund(&request).await.unwrap().state, RefundState::Manual);
    assert_eq!(merchant.wechat.simulator.pay_ledger().refunded, 0);
    let queried = merchant.gateway.query_refund(&request.numbers).await.unwrap().unwrap();
    assert_eq!(queried.state, RefundState::Manual);
    assert!(merchant.wechat.simulator.refund_by_hand("order1-1"));
    let Notification::Refund(notified) = merchant.notification().await.unwrap() else { panic!() };
    assert_eq!((notified.state, notified.out_trade_no.as_str()), (RefundState::Succeeded, "order1-1"));
    let queried = merchant.gateway.query_refund(&request.numbers).await.unwrap().unwrap();
    assert_eq!(queried.state, RefundState::Succeeded);
}
