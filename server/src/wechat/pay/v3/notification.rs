//! The encrypted resource of a notification of version 3 (AEAD_AES_256_GCM).

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::{KEY_LENGTH, Notification, PayError};
use super::messages::{RefundView, TransactionView};
use crate::wechat::lenient;

/// Length of the nonce in bytes.
const NONCE: usize = 12;

#[derive(Deserialize)]
struct Envelope {
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: Option<String>,
    nonce: String,
}

/// The APIv3 key, which decrypts resources.
pub(super) struct ResourceKey(Aes256Gcm);

impl ResourceKey {
    /// `None` unless the key has 32 bytes.
    pub(super) fn new(key: &SecretString) -> Option<Self> {
        let key: [u8; KEY_LENGTH] = key.expose_secret().as_bytes().try_into().ok()?;
        Some(Self(Aes256Gcm::new(&key.into())))
    }

    /// Decodes the body of a verified notification.
    ///
    /// # Errors
    /// [`PayError::Unexpected`], also when the APIv3 key is not the merchant's.
    pub(super) fn open_notification(&self, body: &[u8]) -> Result<Notification, PayError> {
        let Envelope { event_type, resource } =
            lenient::from_slice(body).ok_or(PayError::Unexpected("a notification has another form"))?;
        let plain = self.open(&resource).ok_or(PayError::Unexpected("a resource can't be decrypted"))?;
        let wrong = PayError::Unexpected("a resource has another form");
        if event_type.starts_with("TRANSACTION.") {
            let view: TransactionView = lenient::from_slice(&plain).ok_or(wrong)?;
            return Ok(Notification::Payment(view.payment()));
        }
        if event_type.starts_with("REFUND.") {
            let view: RefundView = lenient::from_slice(&plain).ok_or(wrong)?;
            return view.notified().map(Notification::Refund);
        }
        Ok(Notification::Other(event_type.chars().take(64).collect()))
    }

    pub(super) fn open(&self, resource: &Resource) -> Option<Vec<u8>> {
        if resource.algorithm != "AEAD_AES_256_GCM" {
            return None;
        }
        let nonce: [u8; NONCE] = resource.nonce.as_bytes().try_into().ok()?;
        let sealed = BASE64.decode(resource.ciphertext.as_bytes()).ok()?;
        let aad = resource.associated_data.as_deref().unwrap_or_default().as_bytes();
        self.0.decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad }).ok()
    }
}
