//! Signatures and encryption of WeChat Pay. The code is independent of the server's on purpose: each side tests the other.

use std::collections::BTreeMap;

use aes::Aes256;
use aes::cipher::{Block, BlockCipherEncrypt};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::Sha256;

use super::merchant::{API_V3_KEY, MERCHANT_KEY, V2_KEY};

/// Length of an AES block in bytes.
const BLOCK: usize = 16;

fn key_pair(pem: &[u8]) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?.secret_pkcs8_der()).ok()
}

/// The RSA-SHA256 signature by a private key in PEM, in base64. Empty when the key does not sign.
pub(super) fn sign(pem: &[u8], text: &[u8]) -> String {
    let Some(pair) = key_pair(pem) else { return String::new() };
    let mut signature = vec![0; pair.public().modulus_len()];
    match pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature) {
        Ok(()) => BASE64.encode(&signature),
        Err(_) => String::new(),
    }
}

/// Whether the merchant's key made the signature.
pub(super) fn is_merchants(text: &[u8], signature: &str) -> bool {
    let signature = BASE64.decode(signature.as_bytes()).unwrap_or_default();
    key_pair(MERCHANT_KEY).is_some_and(|pair| {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        key.verify(text, &signature).is_ok()
    })
}

/// Encrypts a resource of a notification by the APIv3 key, in base64.
pub(super) fn seal(nonce: [u8; 12], aad: &str, plain: &[u8]) -> String {
    let key: [u8; 32] = API_V3_KEY.as_bytes().try_into().unwrap_or_default();
    let payload = Payload { msg: plain, aad: aad.as_bytes() };
    let sealed = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), payload);
    BASE64.encode(&sealed.unwrap_or_default())
}

/// The signature of version 2 over all non-empty fields but `sign`, by HMAC-SHA256 or by MD5.
pub(super) fn sign_fields(fields: &BTreeMap<String, String>, md5: bool) -> String {
    let signed = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
    let pairs: Vec<String> = signed.map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!("{}&key={V2_KEY}", pairs.join("&"));
    if md5 {
        return HEXUPPER.encode(&Md5::digest(text));
    }
    Hmac::<Sha256>::new_from_slice(V2_KEY.as_bytes())
        .map(|mac| HEXUPPER.encode(&mac.chain_update(text).finalize().into_bytes()))
        .unwrap_or_default()
}

/// Encrypts `req_info` of a refund's notification of version 2 (AES-256-ECB, PKCS#7), in base64.
pub(super) fn seal_refund(plain: &str) -> String {
    let key = HEXLOWER.encode(&Md5::digest(V2_KEY));
    let key: [u8; 32] = key.as_bytes().try_into().unwrap_or_default();
    let cipher = Aes256::new(&key.into());
    let padding = BLOCK - plain.len() % BLOCK;
    let mut bytes = plain.as_bytes().to_vec();
    bytes.resize(bytes.len() + padding, u8::try_from(padding).unwrap_or(u8::MAX));
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let mut sealed = Vec::with_capacity(bytes.len());
    for block in blocks {
        let mut block: Block<Aes256> = (*block).into();
        cipher.encrypt_block(&mut block);
        sealed.extend_from_slice(&block);
    }
    BASE64.encode(&sealed)
}
