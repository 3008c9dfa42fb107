//! Signatures of version 3: of requests, of `wx.requestPayment`, and the verification of what WeChat signs.

use data_encoding::BASE64;

use super::super::keys::{MerchantKey, PlatformKeys};
use super::super::{PayError, PaymentParameters, RawNotification};

/// Scheme of the `Authorization` header.
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// Start of a signature that WeChat makes wrong on purpose, to see whether a merchant verifies.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// Maximum age of a signature in seconds, in either direction.
const WINDOW: i64 = 300;

/// The merchant's side of a signature.
pub(super) struct Signer {
    pub(super) merchant_id: String,
    /// Serial of the merchant's API certificate.
    pub(super) serial: String,
    pub(super) key: MerchantKey,
}

/// The time and the nonce of a signature.
pub(super) struct Stamp {
    pub(super) seconds: i64,
    pub(super) nonce: String,
}

impl Signer {
    /// The `Authorization` header of a request; `target` is the path with its query.
    pub(super) fn authorization(
        &self,
        method: &str,
        target: &str,
        body: &str,
        stamp: &Stamp,
    ) -> Result<String, PayError> {
        let signature = self.key.sign(&request_text(method, target, body, stamp))?;
        let Self { merchant_id, serial, .. } = self;
        let Stamp { seconds, nonce } = stamp;
        Ok(format!(
            "{SCHEME} mchid=\"{merchant_id}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{seconds}\",serial_no=\"{serial}\""
        ))
    }

    /// The fields of `wx.requestPayment`.
    pub(super) fn parameters(
        &self,
        app_id: &str,
        prepay_id: &str,
        stamp: Stamp,
    ) -> Result<PaymentParameters, PayError> {
        let package = format!("prepay_id={prepay_id}");
        let pay_sign = self.key.sign(&payment_text(app_id, &package, &stamp))?;
        let Stamp { seconds, nonce } = stamp;
        Ok(PaymentParameters {
            time_stamp: seconds.to_string(),
            nonce_str: nonce,
            package,
            sign_type: "RSA".to_owned(),
            pay_sign,
        })
    }
}

pub(super) fn request_text(method: &str, target: &str, body: &str, stamp: &Stamp) -> String {
    format!("{method}\n{target}\n{}\n{}\n{body}\n", stamp.seconds, stamp.nonce)
}

pub(super) fn payment_text(app_id: &str, package: &str, stamp: &Stamp) -> String {
    format!("{app_id}\n{}\n{}\n{package}\n", stamp.seconds, stamp.nonce)
}

/// Verifies a notification, or a reply with the same headers, over its raw bytes.
///
/// # Errors
/// [`PayError::Signature`].
pub(super) fn verify(keys: &PlatformKeys, signed: &RawNotification<'_>, now: i64) -> Result<(), PayError> {
    if signed.signature.is_empty() || signed.timestamp.is_empty() || signed.serial.is_empty() {
        return Err(PayError::Signature("a header is missing"));
    }
    if signed.signature.starts_with(PROBE) {
        return Err(PayError::Signature("it is a probe"));
    }
    let seconds: i64 = signed.timestamp.parse().map_err(|_| PayError::Signature("its time is no number"))?;
    if now.abs_diff(seconds) > WINDOW.unsigned_abs() {
        return Err(PayError::Signature("its time differs from this machine's by more than 300 s"));
    }
    let signature =
        BASE64.decode(signed.signature.as_bytes()).map_err(|_| PayError::Signature("it is not base64"))?;
    let head = format!("{}\n{}\n", signed.timestamp, signed.nonce);
    let text = [head.as_bytes(), signed.body, b"\n"].concat();
    keys.verify(signed.serial, &signature, &text)
}
