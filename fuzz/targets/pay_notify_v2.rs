//! Any bytes as a notification of WeChat Pay's version 2: as they are, and as the decrypted refund.
#![no_main]

#[path = "../merchant.rs"]
mod merchant;

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wechat_simulator::pay::forge;
use yibi_server::wechat::pay::{Notification, PayError, PaymentGateway, RawNotification};

static GATEWAY: LazyLock<Arc<dyn PaymentGateway>> = LazyLock::new(|| merchant::gateway("v2"));

fn parse(body: &[u8]) -> Result<Notification, PayError> {
    GATEWAY.parse_notification(&RawNotification { timestamp: "", nonce: "", serial: "", signature: "", body })
}

fuzz_target!(|bytes: &[u8]| {
    assert!(matches!(parse(bytes), Err(PayError::Signature(_) | PayError::Unexpected(_))), "it is not signed");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let refund = parse(forge::refund_v2(text).as_bytes());
    assert!(!matches!(refund, Ok(Notification::Payment(_))));
    // As the values of a signed payment.
    let payment = forge::payment_v2(text);
    if let Ok(Notification::Payment(payment)) = parse(payment.as_bytes()) {
        assert!(!payment.out_trade_no.is_empty());
    }
});
