//! Notifications with any content under valid signatures, for fuzzing a server.

use serde_json::json;

use super::crypto::{seal, seal_refund, sign, sign_fields};
use super::merchant::{MERCHANT_ID, PLATFORM_KEY, PUBLIC_KEY_ID};
use super::xml::{fields, write};

/// A nonce of AES-GCM. The key is public, so it may repeat.
const NONCE: &str = "fuzzed-nonce";

/// The serial and the signature of a notification of version 3.
#[must_use]
pub fn sign_v3(timestamp: &str, nonce: &str, body: &[u8]) -> (&'static str, String) {
    let text = [format!("{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
    (PUBLIC_KEY_ID, sign(PLATFORM_KEY, &text))
}

/// The body of a notification of version 3 with that decrypted resource.
#[must_use]
pub fn envelope_v3(event: &str, resource: &[u8]) -> String {
    let nonce: [u8; 12] = NONCE.as_bytes().try_into().unwrap_or_default();
    json!({
        "event_type": event,
        "resource": {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": seal(nonce, "fuzzed", resource),
            "associated_data": "fuzzed",
            "nonce": NONCE,
        },
    })
    .to_string()
}

/// A refund's notification of version 2 with that decrypted document.
#[must_use]
pub fn refund_v2(document: &str) -> String {
    let content = fields([
        ("return_code", "SUCCESS".to_owned()),
        ("mch_id", MERCHANT_ID.to_owned()),
        ("req_info", seal_refund(document)),
    ]);
    write("xml", &content)
}

/// A payment's notification of version 2 in which a text stands for number and amount.
#[must_use]
pub fn payment_v2(text: &str) -> String {
    let mut content = fields([
        ("return_code", "SUCCESS".to_owned()),
        ("result_code", "SUCCESS".to_owned()),
        ("mch_id", MERCHANT_ID.to_owned()),
        ("out_trade_no", text.to_owned()),
        ("total_fee", text.to_owned()),
    ]);
    content.insert("sign".to_owned(), sign_fields(&content, false));
    write("xml", &content)
}
