//! WeChat's signatures and encryption, as WeChat makes them.
//!
//! Sources: WeChat's "Verification and decryption of open data"
//! (<https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html>) and "Message push"
//! (<https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>). The code is
//! independent of the server's on purpose: each side tests the other.

use aes::{Aes128, Aes256};
use cbc::Encryptor;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// Bytes of an AES block, and of an AES-128 key.
const BLOCK: usize = 16;
/// Pushes are padded to a multiple of this many bytes, twice the block of the cipher.
const PUSH_PADDING: usize = 32;

/// The signature of `wx.getUserInfo`: `sha1(raw_data + session_key)` in lower-case hex.
#[must_use]
pub fn raw_data_signature(raw_data: &str, session_key: &str) -> String {
    HEXLOWER.encode(&Sha1::new().chain_update(raw_data).chain_update(session_key).finalize())
}

/// The signature of `sig_method=hmac_sha256`: HMAC-SHA256 over `body` in lower-case hex, keyed by the text of the
/// session_key.
#[must_use]
pub fn session_signature(session_key: &str, body: &[u8]) -> String {
    // HMAC accepts keys of any length, so the error of the trait cannot occur.
    Hmac::<Sha256>::new_from_slice(session_key.as_bytes())
        .map(|mac| HEXLOWER.encode(&mac.chain_update(body).finalize().into_bytes()))
        .unwrap_or_default()
}

/// Encrypts open data (AES-128-CBC, PKCS#7) under the base64 session_key; returns `encryptedData` and `iv` in
/// base64, or nothing when the session_key is not base64 of 16 bytes.
#[must_use]
pub fn encrypt_open_data(session_key: &str, iv: [u8; BLOCK], plain: &[u8]) -> Option<(String, String)> {
    let key: [u8; BLOCK] = BASE64.decode(session_key.as_bytes()).ok()?.try_into().ok()?;
    let encrypted = Encryptor::<Aes128>::new(&key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain);
    Some((BASE64.encode(&encrypted), BASE64.encode(&iv)))
}

/// The signature of a push: SHA-1 over the sorted token and parts in lower-case hex. The parts are the timestamp
/// and the nonce, in safe mode also the encrypted message.
#[must_use]
pub fn push_signature(token: &str, parts: &[&str]) -> String {
    let mut sorted = [&[token], parts].concat();
    sorted.sort_unstable();
    HEXLOWER.encode(&Sha1::digest(sorted.concat()))
}

/// Decodes the 43 base64 characters of an `EncodingAESKey`. Their last two bits are arbitrary.
#[must_use]
pub fn decode_push_key(text: &str) -> Option<[u8; 32]> {
    let mut lenient = BASE64_NOPAD.specification();
    lenient.check_trailing_bits = false;
    lenient.encoding().ok()?.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// Encrypts a push (AES-256-CBC, the key's first half as the IV); returns the base64 of `Encrypt`.
#[must_use]
pub fn encrypt_push(key: &[u8; 32], random: [u8; 16], message: &[u8], app_id: &str) -> String {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut plain = [&random[..], &length, message, app_id.as_bytes()].concat();
    let padding = PUSH_PADDING - plain.len() % PUSH_PADDING;
    plain.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(u8::MAX));
    let iv: [u8; BLOCK] = key.first_chunk().copied().unwrap_or_default();
    let encrypted = Encryptor::<Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(&plain);
    BASE64.encode(&encrypted)
}
