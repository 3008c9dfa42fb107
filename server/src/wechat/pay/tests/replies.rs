//! Replies that are lost, late, refused or forged.

use std::time::Duration;

use tokio::net::TcpListener;
use wechat_simulator::pay::{CallFault, PayApi};

use super::*;

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_with_the_same_values() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        merchant.script(vec![fault(PayApi::Prepay, CallFault::LoseReply)]);
        merchant.prepay("order1-1").await;
        assert_eq!(merchant.calls(PayApi::Prepay), 2);
        assert_eq!(merchant.wechat.simulator.pay_ledger().orders.len(), 1);
        merchant.script(vec![fault(PayApi::Close, CallFault::LoseReply)]);
        assert_eq!(merchant.gateway.close("order1-1").await.unwrap(), CloseOutcome::Closed);
        assert_eq!(merchant.calls(PayApi::Close), 2);
    }
}

#[tokio::test]
async fn a_call_without_any_reply_has_an_unknown_outcome() {
    for version in VERSIONS {
        let merchant = Merchant::with(version, &[("WECHAT__TIMEOUT", "1")]).await;
        merchant.script(vec![fault(PayApi::Prepay, CallFault::Late { ms: 60_000 }); 3]);
        let error = merchant.gateway.prepay(&order("order1-1")).await.unwrap_err();
        assert!(matches!(error, PayError::Unknown(_)) && !error.is_without_effect(), "{error}");
        let orders = merchant.wechat.simulator.pay_ledger().orders;
        assert_eq!(orders.len(), 1, "it took effect");
    }
}

#[tokio::test]
async fn only_server_errors_and_limits_are_repeated() {
    let merchant = Merchant::new("v3").await;
    let refuse =
        |status, code: &str| fault(PayApi::Prepay, CallFault::Refuse { status, code: code.to_owned() });
    merchant.script(vec![refuse(500, "SYSTEM_ERROR"), refuse(429, "FREQUENCY_LIMITED")]);
    merchant.prepay("order1-1").await;
    assert_eq!(merchant.calls(PayApi::Prepay), 3);
    for (status, code) in [(400, "PARAM_ERROR"), (401, "SIGN_ERROR"), (403, "NO_AUTH")] {
        let before = merchant.calls(PayApi::Prepay);
        merchant.script(vec![refuse(status, code)]);
        let error = merchant.gateway.prepay(&order("order2-1")).await.unwrap_err();
        assert_eq!((error.code(), merchant.calls(PayApi::Prepay)), (Some(code), before + 1));
    }
    merchant.script(vec![refuse(429, "FREQUENCY_LIMITED"); 3]);
    let error = merchant.gateway.prepay(&order("order2-1")).await.unwrap_err();
    assert!(matches!(error, PayError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_refusal_after_a_lost_reply_leaves_the_outcome_unknown() {
    let merchant = Merchant::new("v3").await;
    let refuse = CallFault::Refuse { status: 403, code: "OUT_TRADE_NO_USED".to_owned() };
    merchant.script(vec![fault(PayApi::Prepay, CallFault::LoseReply), fault(PayApi::Prepay, refuse)]);
    let error = merchant.gateway.prepay(&order("order1-1")).await.unwrap_err();
    assert!(matches!(error, PayError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn a_reply_that_wechat_did_not_sign_is_not_believed() {
    for version in VERSIONS {
        let merchant = Merchant::new(version).await;
        for forged in [CallFault::Foreign, CallFault::Unsigned] {
            merchant.script(vec![fault(PayApi::Prepay, forged)]);
            let error = merchant.gateway.prepay(&order("order1-1")).await.unwrap_err();
            assert!(matches!(error, PayError::Signature(_)) && !error.is_without_effect(), "{error}");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_refused_on_both_sides() {
    let merchant = Merchant::new("v3").await;
    merchant.prepay("order1-1").await;
    merchant.wechat.simulator.advance(Duration::from_secs(600));
    let error = merchant.gateway.query("order1-1").await.unwrap_err();
    assert!(matches!(error, PayError::Signature(_)) || error.code() == Some("SIGN_ERROR"), "{error}");
}

#[tokio::test]
async fn keys_that_do_not_belong_to_the_merchant_are_refused() {
    let serial = "5157570DEAD5E55E000000000000000000000003";
    let merchant = Merchant::with("v3", &[("PAY__SERIAL", serial)]).await;
    let error = merchant.gateway.query("order1-1").await.unwrap_err();
    assert_eq!(error.code(), Some("SIGN_ERROR"));
    let certificates_alone = [("PAY__PUBLIC_KEY_ID", ""), ("PAY__PUBLIC_KEY_FILE", "")];
    let merchant = Merchant::with("v3", &certificates_alone).await;
    merchant.prepay("order1-1").await;
    merchant.gateway.query("order1-1").await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for version in VERSIONS {
        let merchant = Merchant::with(version, &[("PAY__API_URL", &format!("http://{unused}"))]).await;
        let error = merchant.gateway.prepay(&order("order1-1")).await.unwrap_err();
        assert!(matches!(error, PayError::Unavailable(_)) && error.is_without_effect(), "{error}");
    }
}
