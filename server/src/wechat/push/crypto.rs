//! The signature and the encryption of pushes.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use sha1::{Digest, Sha1};

/// Block size of the padding in bytes: twice the cipher's block, so the usual unpadding of 16 bytes does not
/// apply.
const PADDED: usize = 32;
/// Random bytes before the message.
const RANDOM: usize = 16;

/// The key of safe mode.
#[derive(Clone, PartialEq, Eq)]
pub struct AesKey([u8; 32]);

impl std::fmt::Debug for AesKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AesKey(…)")
    }
}

impl AesKey {
    /// Decodes the key's text from WeChat's console: 43 characters of base64. They hold two bits more than
    /// the key, and WeChat allows any value of these.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut lenient = BASE64_NOPAD.specification();
        lenient.check_trailing_bits = false;
        let decoded = lenient.encoding().ok()?.decode(text.trim_end_matches('=').as_bytes()).ok()?;
        decoded.try_into().ok().map(Self)
    }

    fn iv(&self) -> [u8; 16] {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

/// SHA-1 over the sorted parts, in lower-case hex. SHA-1 is WeChat's protocol.
pub(super) fn signature(token: &str, parts: &[&str]) -> String {
    let mut all = [&[token], parts].concat();
    all.sort_unstable();
    HEXLOWER.encode(&Sha1::digest(all.concat()))
}

/// Decrypts the base64 text of `Encrypt` into the message and the app id after it.
pub(super) fn decrypt(key: &AesKey, encrypted: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let encrypted = BASE64.decode(encrypted.as_bytes()).ok()?;
    let plain = cbc::Decryptor::<Aes256>::new(&key.0.into(), &key.iv().into())
        .decrypt_padded_vec::<NoPadding>(&encrypted)
        .ok()?;
    let pad = usize::from(*plain.last()?);
    let (content, padding) = plain.split_at_checked(plain.len().checked_sub(pad)?)?;
    let padded = (1..=PADDED).contains(&pad) && padding.iter().all(|byte| usize::from(*byte) == pad);
    if !padded {
        return None;
    }
    let (_, content) = content.split_first_chunk::<RANDOM>()?;
    let (length, content) = content.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, app_id) = content.split_at_checked(length)?;
    Some((message.to_vec(), app_id.to_vec()))
}
