//! Any bytes as a notification of WeChat Pay's version 3: unsigned, signed as WeChat signs, and as the decrypted resource.
#![no_main]

#[path = "../merchant.rs"]
mod merchant;

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wechat_simulator::pay::forge;
use yibi_server::wechat::pay::{Notification, PayError, PaymentGateway, RawNotification};

static GATEWAY: LazyLock<Arc<dyn PaymentGateway>> = LazyLock::new(|| merchant::gateway("v3"));

/// The result of a body with a valid signature.
fn signed(body: &[u8]) -> Result<Notification, PayError> {
    let timestamp = merchant::now().to_string();
    let (serial, signature) = forge::sign_v3(&timestamp, "nonce", body);
    let raw =
        RawNotification { timestamp: &timestamp, nonce: "nonce", serial, signature: &signature, body };
    GATEWAY.parse_notification(&raw)
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let now = merchant::now().to_string();
    let raw =
        RawNotification { timestamp: &now, nonce: &text, serial: &text, signature: &text, body: bytes };
    assert!(matches!(GATEWAY.parse_notification(&raw), Err(PayError::Signature(_))));
    assert!(!matches!(signed(bytes), Err(PayError::Signature(_))), "a valid signature is accepted");
    for event in ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"] {
        if let Ok(Notification::Payment(payment)) = signed(forge::envelope_v3(event, bytes).as_bytes()) {
            assert_eq!(event, "TRANSACTION.SUCCESS");
            let _ = payment.amount;
        }
    }
});
