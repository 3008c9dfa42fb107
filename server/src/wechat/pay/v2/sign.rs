//! Signatures and the encryption of version 2, by the one key that merchant and WeChat share.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt};
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::super::{KEY_LENGTH, PayError};
use super::xml::Fields;

/// Length of an AES block in bytes.
const BLOCK: usize = 16;

/// Method of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignType {
    HmacSha256,
    Md5,
}

impl SignType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "HMAC-SHA256",
            Self::Md5 => "MD5",
        }
    }
}

/// The key of version 2 (API 密钥).
pub(super) struct SharedKey(SecretString);

impl SharedKey {
    /// `None` unless the key has 32 characters.
    pub(super) fn new(key: &SecretString) -> Option<Self> {
        (key.expose_secret().len() == KEY_LENGTH).then(|| Self(key.clone()))
    }

    /// The signature of all non-empty fields but `sign`.
    pub(super) fn sign<'f>(
        &self,
        method: SignType,
        fields: impl IntoIterator<Item = (&'f String, &'f String)>,
    ) -> String {
        let mut text = String::new();
        for (name, value) in fields {
            if name != "sign" && !value.is_empty() {
                text.push_str(&format!("{name}={value}&"));
            }
        }
        let key = self.0.expose_secret();
        text.push_str(&format!("key={key}"));
        match method {
            SignType::Md5 => HEXUPPER.encode(&Md5::digest(text.as_bytes())),
            // HMAC accepts keys of any length, so this error can't occur; an empty signature fits no other.
            SignType::HmacSha256 => Hmac::<Sha256>::new_from_slice(key.as_bytes())
                .map(|mac| HEXUPPER.encode(&mac.chain_update(text).finalize().into_bytes()))
                .unwrap_or_default(),
        }
    }

    /// Verifies the signature of received fields, unknown ones included. A message may leave out its method: then it is
    /// the order's.
    ///
    /// # Errors
    /// [`PayError::Signature`].
    pub(super) fn verify(&self, fields: &Fields, ordered_by: SignType) -> Result<(), PayError> {
        let method = match fields.get("sign_type").map(String::as_str) {
            None | Some("") => ordered_by,
            Some("HMAC-SHA256") => SignType::HmacSha256,
            Some("MD5") => SignType::Md5,
            Some(_) => return Err(PayError::Signature("its method is unknown")),
        };
        let given = fields.get("sign").filter(|sign| !sign.is_empty());
        let given = given.ok_or(PayError::Signature("it is missing"))?;
        if self.sign(method, fields).as_bytes().ct_eq(given.as_bytes()).into() {
            return Ok(());
        }
        Err(PayError::Signature("it does not match"))
    }

    /// Decrypts `req_info` of a refund's notification: AES-256-ECB with PKCS#7, keyed by the lower-case hexadecimal MD5
    /// of the key.
    pub(super) fn decrypt(&self, encrypted: &str) -> Option<Vec<u8>> {
        decrypt_ecb(HEXLOWER.encode(&Md5::digest(self.0.expose_secret())).as_bytes(), encrypted)
    }
}

fn decrypt_ecb(key: &[u8], encrypted: &str) -> Option<Vec<u8>> {
    let key: [u8; KEY_LENGTH] = key.try_into().ok()?;
    let cipher = Aes256::new(&key.into());
    let bytes = BASE64.decode(encrypted.as_bytes()).ok()?;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    if !rest.is_empty() {
        return None;
    }
    let mut plain = Vec::with_capacity(bytes.len());
    for block in blocks {
        let mut block: Block<Aes256> = (*block).into();
        cipher.decrypt_block(&mut block);
        plain.extend_from_slice(&block);
    }
    let padding = usize::from(*plain.last()?);
    let length = plain.len().checked_sub(padding)?;
    let padded = (1..=BLOCK).contains(&padding)
        && plain.get(length..)?.iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(length);
    padded.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn key(text: &str) -> SharedKey {
        SharedKey::new(&text.into()).unwrap()
    }

    /// WeChat's published sample.
    fn sample() -> Fields {
        fields(&[
            ("appid", "wxd930ea5d5a258f4f"),
            ("body", "test"),
            ("device_info", "1000"),
            ("mch_id", "10000100"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
        ])
    }

    #[test]
    fn published_samples_are_signed_alike() {
        let key = key("192006250b4c09247ec02edce69f6a2d");
        assert_eq!(key.sign(SignType::Md5, &sample()), "9A0A8659F005D6984697E2CA0A9CF3B7");
        let hmac = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6";
        assert_eq!(key.sign(SignType::HmacSha256, &sample()), hmac);
    }

    #[test]
    fn every_received_field_is_signed() {
        let key = key("192006250b4c09247ec02edce69f6a2d");
        for (method, named) in
            [(SignType::Md5, true), (SignType::HmacSha256, true), (SignType::HmacSha256, false)]
        {
            let mut received = sample();
            received.insert("coupon_fee_0".to_owned(), "100".to_owned());
            received.insert("coupon_type_$0".to_owned(), "CASH".to_owned());
            received.insert("attach".to_owned(), String::new());
            if named {
                received.insert("sign_type".to_owned(), method.name().to_owned());
            }
            let sign = key.sign(method, &received);
            received.insert("sign".to_owned(), sign.clone());
            key.verify(&received, SignType::HmacSha256).unwrap();
            for (name, value) in [("coupon_fee_0", "1"), ("further", "1"), ("sign", ""), ("sign_type", "SM3")]
            {
                let mut changed = received.clone();
                changed.insert(name.to_owned(), value.to_owned());
                assert!(key.verify(&changed, SignType::HmacSha256).is_err(), "{name}");
            }
            received.remove("sign");
            assert!(key.verify(&received, SignType::HmacSha256).is_err());
        }
    }

    #[test]
    fn a_published_block_is_decrypted() {
        let key = b"0123456789abcdef0123456789abcdef";
        assert_eq!(decrypt_ecb(key, "pZwJZBLuy3mDACEQT4YTBw==").unwrap(), b"hello");
        for broken in ["", "pZwJZBLuy3mDACEQT4YT", "AAAAAAAAAAAAAAAAAAAAAA==", "?"] {
            assert_eq!(decrypt_ecb(key, broken), None, "{broken}");
        }
    }

    #[test]
    fn a_key_has_32_characters() {
        assert!(SharedKey::new(&"short".into()).is_none());
    }
}
