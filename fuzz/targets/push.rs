//! Any bytes as what WeChat pushes: signed in plain and in safe mode, forged, and as the ciphertext itself.
#![no_main]

use std::sync::LazyLock;

use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;
use wechat_simulator::crypto::{encrypt_push, push_signature};
use yibi_server::wechat::push::{AesKey, Message, PushError, PushKey, PushQuery};

/// WeChat's published sample has these.
const APP: &str = "wxba5fad812f8e6fb9";
const NOW: i64 = 1_714_112_445;

fn key(aes_key: Option<AesKey>) -> PushKey {
    PushKey { app_id: APP.to_owned(), token: "AAAAA".into(), aes_key }
}

static PLAIN: LazyLock<PushKey> = LazyLock::new(|| key(None));
/// Its AES key consists of zero bytes.
static SAFE: LazyLock<PushKey> = LazyLock::new(|| key(AesKey::decode(&"A".repeat(43))));

/// The query of a plain push, or of a push of `encrypted`, with valid signatures.
fn signed_query(encrypted: Option<&str>) -> PushQuery {
    let (timestamp, nonce) = (NOW.to_string(), "1".to_owned());
    let sign = |parts: &[&str]| Some(push_signature("AAAAA", parts));
    PushQuery {
        signature: sign(&[&timestamp, &nonce]),
        msg_signature: encrypted.and_then(|encrypted| sign(&[&timestamp, &nonce, encrypted])),
        timestamp,
        nonce,
        echostr: None,
    }
}

/// What comes of a message of safe mode that is signed as it is to be.
fn opened(encrypted: &str) -> Result<Message, PushError> {
    let query = signed_query(Some(encrypted));
    SAFE.open(&query, format!("{{\"Encrypt\":\"{encrypted}\"}}").as_bytes(), NOW)
}

fuzz_target!(|body: &[u8]| {
    let query = signed_query(None);
    let plain = PLAIN.open(&query, body, NOW);
    assert_eq!(opened(&encrypt_push(&[0; 32], [7; 16], body, APP)), plain, "both modes read alike");
    if let Ok(message) = &plain {
        assert!(!message.event.name().is_empty());
    }

    let forged = SAFE.open(&query, body, NOW);
    assert!(matches!(forged, Err(PushError::Malformed | PushError::Plain | PushError::Signature)));
    // As ciphertext: whatever lies behind its padding and its lengths.
    let _ = opened(&BASE64.encode(body));

    let Ok(text) = std::str::from_utf8(body) else { return };
    let asked = PushQuery { echostr: Some(text.to_owned()), ..query };
    if let Ok(echo) = PLAIN.verify(&asked, NOW) {
        assert!(echo == text && echo.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    let dated = PushQuery { timestamp: text.to_owned(), nonce: text.to_owned(), ..PushQuery::default() };
    assert!(PLAIN.precheck(&dated, NOW).is_err(), "it is not signed");
});
