//! Version 2 of WeChat Pay: XML, signed by a key that merchant and WeChat share. WeChat still serves it
//! (`pay/unifiedorder`), without further development. Its refunds need a client certificate, so an operator makes them
//! at WeChat's console.
//!
//! Source: WeChat Pay's "Unified order" (<https://pay.weixin.qq.com/doc/v2/merchant/4011935214>) and the pages beside it.

mod notification;
mod sign;
mod xml;

use std::net::{IpAddr, Ipv4Addr};

use data_encoding::HEXUPPER;
use jiff::Timestamp;
use jiff::tz::Offset;
use reqwest::{Method, header};
use secrecy::SecretString;

use self::sign::{SharedKey, SignType};
use self::xml::Fields;
use super::host::{PayCall, PayHost};
use super::keys::KeyError;
use super::{
    CURRENCY, CloseOutcome, Notification, NotificationReply, PayError, PayFuture, PayVersion, Payment,
    PaymentGateway, PaymentParameters, PrepayId, PrepayRequest, RawNotification, Refund, RefundNumbers,
    RefundRequest, RefundState, TradeState, is_prepay_id,
};
use crate::domain::clock::Micros;
use crate::random;

/// The method by which orders are signed.
const SIGN_TYPE: SignType = SignType::HmacSha256;

/// WeChat's zone, in which it reads times.
const SHANGHAI: Offset = Offset::constant(8);

/// Replies to notifications. WeChat takes no line break between their elements.
const ACCEPTED: &str =
    "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
const REFUSED: &str =
    "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[FAIL]]></return_msg></xml>";

/// Credentials of a merchant, and where WeChat notifies.
pub struct V2Config<'a> {
    pub merchant_id: &'a str,
    /// The mini-program of all orders: each call of version 2 names it.
    pub app_id: &'a str,
    pub key: &'a SecretString,
    pub notify_url: &'a str,
}

/// Version 2 for one merchant and one mini-program.
pub struct V2Gateway {
    host: PayHost,
    merchant_id: String,
    app_id: String,
    key: SharedKey,
    notify_url: String,
}

impl V2Gateway {
    /// # Errors
    /// [`KeyError::Length`] unless the key has 32 characters.
    pub fn new(host: PayHost, config: &V2Config<'_>) -> Result<Self, KeyError> {
        Ok(Self {
            host,
            merchant_id: config.merchant_id.to_owned(),
            app_id: config.app_id.to_owned(),
            key: SharedKey::new(config.key).ok_or(KeyError::Length("the key of version 2"))?,
            notify_url: config.notify_url.to_owned(),
        })
    }

    /// Makes a call and returns the verified fields of a success; a refusal is an error.
    async fn call(
        &self,
        name: &'static str,
        target: &str,
        fields: &[(&str, String)],
    ) -> Result<Fields, PayError> {
        let mut request: Fields =
            fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        for (name, text) in [
            ("appid", self.app_id.as_str()),
            ("mch_id", &self.merchant_id),
            ("nonce_str", &new_nonce()),
            ("sign_type", SIGN_TYPE.name()),
        ] {
            request.insert(name.to_owned(), text.to_owned());
        }
        request.insert("sign".to_owned(), self.key.sign(SIGN_TYPE, &request));
        let body = xml::write(&request);
        let call = PayCall { name, method: Method::POST, target: target.to_owned(), body };
        let headers = || Ok(vec![(header::CONTENT_TYPE, "text/xml; charset=utf-8".to_owned())]);
        let reply = self.host.call(&call, headers).await?;
        if reply.status != 200 {
            return Err(PayError::Unknown(format!("status {}", reply.status)));
        }
        let reply_fields = xml::parse(&reply.body, "xml")
            .map_err(|_| PayError::Unexpected("the reply is not the XML of the interface"))?;
        self.outcome(reply_fields, reply.repeated)
    }

    fn outcome(&self, fields: Fields, repeated: bool) -> Result<Fields, PayError> {
        let text = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        // A failure at this level has no signature: it is a hint that the request itself is wrong.
        if text("return_code") != "SUCCESS" {
            return Err(PayError::refused("RETURN_FAIL", text("return_msg")));
        }
        self.key.verify(&fields, SIGN_TYPE)?;
        if text("mch_id") != self.merchant_id || text("appid") != self.app_id {
            return Err(PayError::Unexpected("the reply is about another merchant or mini-program"));
        }
        match (text("result_code"), text("err_code")) {
            ("SUCCESS", _) => Ok(fields),
            (_, "SYSTEMERROR" | "SYSTEM_ERROR" | "BIZERR_NEED_RETRY") => {
                Err(PayError::Unknown(text("err_code").to_owned()))
            }
            (_, "FREQUENCY_LIMITED" | "FREQ_LIMIT") => {
                Err(PayError::Unavailable(text("err_code").to_owned()))
            }
            (_, code) if repeated && !code.starts_with("ORDER") => {
                Err(PayError::Unknown(format!("{code} after a lost reply")))
            }
            (_, code) => Err(PayError::refused(code, text("err_code_des"))),
        }
    }
}

impl PaymentGateway for V2Gateway {
    fn version(&self) -> PayVersion {
        PayVersion::V2
    }

    fn merchant_id(&self) -> &str {
        &self.merchant_id
    }

    fn prepay<'a>(&'a self, request: &'a PrepayRequest) -> PayFuture<'a, PrepayId> {
        Box::pin(async move {
            if request.app_id != self.app_id {
                let text = "version 2 serves the mini-program of wechat.app_id alone";
                return Err(PayError::refused("APPID_MCHID_NOT_MATCH", text));
            }
            let address = request.client_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            let time_expire = compact_time(request.expires)
                .ok_or_else(|| PayError::refused("LOCAL_REQUEST", "the time is out of range"))?;
            let fields = [
                ("body", request.description.clone()),
                ("out_trade_no", request.out_trade_no.clone()),
                ("fee_type", CURRENCY.to_owned()),
                ("total_fee", request.amount.to_string()),
                ("spbill_create_ip", address.to_string()),
                ("time_expire", time_expire),
                ("notify_url", self.notify_url.clone()),
                ("trade_type", "JSAPI".to_owned()),
                ("openid", request.openid.clone()),
            ];
            let mut reply = self.call("pay_prepay", "/pay/unifiedorder", &fields).await?;
            let id = reply.remove("prepay_id").filter(|id| is_prepay_id(id));
            id.map(PrepayId).ok_or(PayError::Unexpected("the prepay_id has another form"))
        })
    }

    fn payment_parameters(&self, app_id: &str, prepay_id: &str) -> Result<PaymentParameters, PayError> {
        let seconds = Micros::now().seconds();
        Ok(parameters(&self.key, SIGN_TYPE, app_id, prepay_id, seconds, new_nonce()))
    }

    fn query<'a>(&'a self, out_trade_no: &'a str) -> PayFuture<'a, Option<Payment>> {
        Box::pin(async move {
            let fields = [("out_trade_no", out_trade_no.to_owned())];
            match self.call("pay_query", "/pay/orderquery", &fields).await {
                Ok(reply) => {
                    // A success of the query says nothing about the payment.
                    let state = reply.get("trade_state").map(|state| TradeState::of(state));
                    let state = state.ok_or(PayError::Unexpected("the order has no state"))?;
                    let payment = notification::payment(&reply, state)?;
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
            let fields = [("out_trade_no", out_trade_no.to_owned())];
            match self.call("pay_close", "/pay/closeorder", &fields).await {
                Ok(_) => Ok(CloseOutcome::Closed),
                Err(error) => match error.code() {
                    Some("ORDERPAID") => Ok(CloseOutcome::Paid),
                    Some("ORDERCLOSED") => Ok(CloseOutcome::Closed),
                    Some(code) if is_unknown_order(code) => Ok(CloseOutcome::NotFound),
                    _ => Err(error),
                },
            }
        })
    }

    fn refund<'a>(&'a self, request: &'a RefundRequest) -> PayFuture<'a, Refund> {
        let refund = manual_refund(&request.numbers, RefundState::Manual, Some(request.amount));
        Box::pin(std::future::ready(Ok(refund)))
    }

    fn query_refund<'a>(&'a self, refund: &'a RefundNumbers) -> PayFuture<'a, Option<Refund>> {
        Box::pin(async move {
            let payment = self.query(&refund.out_trade_no).await?;
            Ok(payment.map(|payment| {
                let done = payment.state == TradeState::Refunded;
                let state = if done { RefundState::Succeeded } else { RefundState::Manual };
                manual_refund(refund, state, None)
            }))
        })
    }

    fn parse_notification(&self, raw: &RawNotification<'_>) -> Result<Notification, PayError> {
        notification::parse(&self.key, &self.merchant_id, raw.body)
    }

    fn notification_reply(&self, accepted: bool) -> NotificationReply {
        let body = if accepted { ACCEPTED } else { REFUSED };
        NotificationReply { content_type: "text/xml; charset=utf-8", body }
    }
}

fn manual_refund(numbers: &RefundNumbers, state: RefundState, amount: Option<u64>) -> Refund {
    Refund {
        out_trade_no: numbers.out_trade_no.clone(),
        out_refund_no: numbers.out_refund_no.clone(),
        state,
        refund_id: None,
        amount,
    }
}

fn parameters(
    key: &SharedKey,
    sign_type: SignType,
    app_id: &str,
    prepay_id: &str,
    seconds: i64,
    nonce: String,
) -> PaymentParameters {
    let (time_stamp, package) = (seconds.to_string(), format!("prepay_id={prepay_id}"));
    let signed: Fields = [
        ("appId", app_id),
        ("nonceStr", &nonce),
        ("package", &package),
        ("signType", sign_type.name()),
        ("timeStamp", &time_stamp),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect();
    let pay_sign = key.sign(sign_type, &signed);
    PaymentParameters {
        time_stamp,
        nonce_str: nonce,
        package,
        sign_type: sign_type.name().to_owned(),
        pay_sign,
    }
}

fn is_unknown_order(code: &str) -> bool {
    matches!(code, "ORDERNOTEXIST" | "ORDER_NOT_EXIST")
}

/// A time in Shanghai as `20270115160000`.
fn compact_time(moment: Micros) -> Option<String> {
    let timestamp = Timestamp::from_second(moment.seconds()).ok()?;
    Some(SHANGHAI.to_datetime(timestamp).strftime("%Y%m%d%H%M%S").to_string())
}

fn new_nonce() -> String {
    HEXUPPER.encode(&random::bytes::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_pay_sign_is_made() {
        let key = SharedKey::new(&"qazwsxedcrfvtgbyhnujmikolp111111".into()).unwrap();
        let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".to_owned();
        let prepay_id = "wx2017033010242291fcfe0db70013231072";
        let fields = parameters(&key, SignType::Md5, "wxd678efh567hg6787", prepay_id, 1_490_840_662, nonce);
        assert_eq!(fields.pay_sign, "22D9B4E54AB1950F51E0649E8810ACD6");
        assert_eq!(fields.time_stamp, "1490840662");
        assert_eq!(fields.package, format!("prepay_id={prepay_id}"));
    }

    #[test]
    fn a_time_is_written_in_shanghai() {
        assert_eq!(compact_time(Micros(1_800_000_000_000_000)).unwrap(), "20270115160000");
    }

    #[test]
    fn replies_to_notifications_have_no_line_break() {
        assert!(!ACCEPTED.contains('\n') && !REFUSED.contains('\n'));
    }
}
