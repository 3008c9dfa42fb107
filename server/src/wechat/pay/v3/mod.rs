//! Version 3 of WeChat Pay: JSON over HTTPS; each request, reply and notification is signed by RSA-SHA256.
//!
//! Source: WeChat Pay's "JSAPI order" (<https://pay.wechatpay.cn/doc/v3/merchant/4012791897>) and the pages beside it.

mod messages;
mod notification;
mod signing;

use std::path::Path;

use data_encoding::HEXUPPER;
use reqwest::{Method, header};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::messages::{
    CloseBody, ErrorBody, PrepayBody, PrepayReply, RefundBody, RefundView, TransactionView,
};
use self::notification::ResourceKey;
use self::signing::{Signer, Stamp, verify};
use super::host::{PayCall, PayHost, PayReply};
use super::keys::{KeyError, MerchantKey, PlatformKeys};
use super::{
    CloseOutcome, Notification, NotificationReply, PayError, PayFuture, PayVersion, Payment, PaymentGateway,
    PaymentParameters, PrepayId, PrepayRequest, RawNotification, Refund, RefundNumbers, RefundRequest,
    is_prepay_id,
};
use crate::domain::clock::Micros;
use crate::random;
use crate::wechat::lenient;

/// Names the key by which WeChat signs its reply.
const SERIAL: header::HeaderName = header::HeaderName::from_static("wechatpay-serial");

/// Credentials of a merchant, and where WeChat notifies.
pub struct V3Config<'a> {
    pub merchant_id: &'a str,
    /// Serial of the merchant's API certificate.
    pub serial: &'a str,
    pub private_key: &'a Path,
    pub api_v3_key: &'a SecretString,
    /// Id (`PUB_KEY_ID_…`) and file of WeChat Pay's public key.
    pub public_key: Option<(&'a str, &'a Path)>,
    /// Directory of WeChat Pay's platform certificates.
    pub certificates: Option<&'a Path>,
    pub notify_url: &'a str,
    pub refund_notify_url: &'a str,
}

/// Version 3 for one merchant.
pub struct V3Gateway {
    host: PayHost,
    signer: Signer,
    keys: PlatformKeys,
    resource_key: ResourceKey,
    notify_url: String,
    refund_notify_url: String,
}

impl V3Gateway {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(host: PayHost, config: &V3Config<'_>) -> Result<Self, KeyError> {
        let signer = Signer {
            merchant_id: config.merchant_id.to_owned(),
            serial: config.serial.to_owned(),
            key: MerchantKey::read(config.private_key)?,
        };
        let keys = PlatformKeys::read(config.public_key, config.certificates)?;
        if let Some(serial) = keys.serial_of(signer.key.public()) {
            return Err(KeyError::OwnKey(serial.to_owned()));
        }
        Ok(Self {
            host,
            signer,
            keys,
            resource_key: ResourceKey::new(config.api_v3_key).ok_or(KeyError::Length("the APIv3 key"))?,
            notify_url: config.notify_url.to_owned(),
            refund_notify_url: config.refund_notify_url.to_owned(),
        })
    }

    /// Makes a call, verifies a successful reply and returns its body; a refusal is an error.
    async fn call(
        &self,
        name: &'static str,
        method: Method,
        target: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Vec<u8>, PayError> {
        let body = match body {
            Some(body) => serde_json::to_string(body)
                .map_err(|_| PayError::refused("LOCAL_REQUEST", "the request has no JSON"))?,
            None => String::new(),
        };
        let call = PayCall { name, method, target: target.to_owned(), body };
        let reply = self.host.call(&call, || self.headers(&call)).await?;
        let signed = RawNotification {
            timestamp: &reply.timestamp,
            nonce: &reply.nonce,
            serial: &reply.serial,
            signature: &reply.signature,
            body: &reply.body,
        };
        let success = (200..300).contains(&reply.status);
        // Refusals may lack a signature.
        if success || !reply.signature.is_empty() {
            verify(&self.keys, &signed, Micros::now().seconds()).inspect_err(|error| {
                tracing::error!(call = name, serial = reply.serial, %error, "a reply of WeChat Pay is not verified");
            })?;
        }
        if success { Ok(reply.body) } else { Err(refusal(&reply)) }
    }

    fn headers(&self, call: &PayCall) -> Result<Vec<(header::HeaderName, String)>, PayError> {
        let target = self.host.full_target(&call.target);
        let authorization =
            self.signer.authorization(call.method.as_str(), &target, &call.body, &new_stamp())?;
        Ok(vec![
            (header::AUTHORIZATION, authorization),
            (header::ACCEPT, "application/json".to_owned()),
            (header::CONTENT_TYPE, "application/json".to_owned()),
            (SERIAL, self.keys.preferred().to_owned()),
        ])
    }

    fn transaction(&self, out_trade_no: &str, suffix: &str) -> String {
        format!("/v3/pay/transactions/out-trade-no/{}{suffix}", path_segment(out_trade_no))
    }
}

impl PaymentGateway for V3Gateway {
    fn version(&self) -> PayVersion {
        PayVersion::V3
    }

    fn merchant_id(&self) -> &str {
        &self.signer.merchant_id
    }

    fn prepay<'a>(&'a self, request: &'a PrepayRequest) -> PayFuture<'a, PrepayId> {
        Box::pin(async move {
            let body = PrepayBody::new(request, &self.signer.merchant_id, &self.notify_url)?;
            let reply =
                self.call("pay_prepay", Method::POST, "/v3/pay/transactions/jsapi", Some(&body)).await?;
            let PrepayReply { prepay_id } = decode(&reply)?;
            if !is_prepay_id(&prepay_id) {
                return Err(PayError::Unexpected("the prepay_id has another form"));
            }
            Ok(PrepayId(prepay_id))
        })
    }

    fn payment_parameters(&self, app_id: &str, prepay_id: &str) -> Result<PaymentParameters, PayError> {
        self.signer.parameters(app_id, prepay_id, new_stamp())
    }

    fn query<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, Option<Payment>> {
        Box::pin(async move {
            let target = self.transaction(out_trade_no, &format!("?mchid={}", self.signer.merchant_id));
            match self.call("pay_query", Method::GET, &target, None::<&()>).await {
                Ok(reply) => {
                    let payment = decode::<TransactionView>(&reply)?.payment();
                    if payment.out_trade_no != out_trade_no {
                        return Err(PayError::Unexpected("the reply is about another order"));
                    }
                    Ok(Some(payment))
                }
                Err(PayError::Refused { code, .. }) if is_unknown_order(&code) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn close<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, CloseOutcome> {
        Box::pin(async move {
            let target = self.transaction(out_trade_no, "/close");
            let body = CloseBody { mchid: &self.signer.merchant_id };
            match self.call("pay_close", Method::POST, &target, Some(&body)).await {
                Ok(_) => Ok(CloseOutcome::Closed),
                Err(error) => match error.code() {
                    Some("ORDERPAID" | "ORDER_PAID") => Ok(CloseOutcome::Paid),
                    Some("ORDERCLOSED" | "ORDER_CLOSED") => Ok(CloseOutcome::Closed),
                    Some(code) if is_unknown_order(code) => Ok(CloseOutcome::NotFound),
                    _ => Err(error),
                },
            }
        })
    }

    fn refund<'a>(&'a self, request: &'a RefundRequest) -> PayFuture<'a, Refund> {
        Box::pin(async move {
            let body = RefundBody::new(request, &self.refund_notify_url);
            let reply =
                self.call("pay_refund", Method::POST, "/v3/refund/domestic/refunds", Some(&body)).await?;
            decode::<RefundView>(&reply)?.refund(&request.numbers)
        })
    }

    fn query_refund<'a>(&'a self, refund: &'a RefundNumbers) -> PayFuture<'a, Option<Refund>> {
        Box::pin(async move {
            let target = format!("/v3/refund/domestic/refunds/{}", path_segment(&refund.out_refund_no));
            match self.call("pay_query_refund", Method::GET, &target, None::<&()>).await {
                Ok(reply) => decode::<RefundView>(&reply)?.refund(refund).map(Some),
                Err(PayError::Refused { code, .. }) if code == "RESOURCE_NOT_EXISTS" => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn parse_notification(&self, notification: &RawNotification<'_>) -> Result<Notification, PayError> {
        verify(&self.keys, notification, Micros::now().seconds())?;
        self.resource_key.open_notification(notification.body)
    }

    fn notification_reply(&self, accepted: bool) -> NotificationReply {
        let body = if accepted { r#"{"code":"SUCCESS"}"# } else { r#"{"code":"FAIL","message":"失败"}"# };
        NotificationReply { content_type: "application/json; charset=utf-8", body }
    }
}

/// The refusal in a reply. It may lack a signature, so it is a hint: no payment rests on it.
fn refusal(reply: &PayReply) -> PayError {
    let ErrorBody { code, message } = lenient::from_slice(&reply.body).unwrap_or_default();
    if code.is_empty() {
        return PayError::Unknown(format!("status {} without a code", reply.status));
    }
    // An earlier attempt may have taken effect, such as a first refund before "refunded already".
    let final_answer = is_unknown_order(&code) || code.starts_with("ORDER") || code == "RESOURCE_NOT_EXISTS";
    if reply.repeated && !final_answer {
        return PayError::Unknown(format!("{code} after a lost reply"));
    }
    PayError::refused(&code, &message)
}

fn is_unknown_order(code: &str) -> bool {
    matches!(code, "ORDER_NOT_EXIST" | "ORDERNOTEXIST")
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, PayError> {
    lenient::from_slice(body).ok_or(PayError::Unexpected("the reply has another form"))
}

/// Percent-encodes all but unreserved characters.
fn path_segment(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn new_stamp() -> Stamp {
    Stamp { seconds: Micros::now().seconds(), nonce: HEXUPPER.encode(&random::bytes::<16>()) }
}

#[cfg(test)]
mod tests;
