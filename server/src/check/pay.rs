//! WeChat Pay: whether the merchant's keys belong together and are those that WeChat knows, and whether its clock agrees.

use std::sync::Arc;

use super::Finding;
use super::wechat::clock;
use crate::app::{PaySetupError, payment_gateway};
use crate::random;
use crate::settings::Settings;
use crate::telemetry::Metrics;
use crate::wechat::WechatClient;
use crate::wechat::pay::{MerchantCertificate, PayError, PayVersion, PaymentGateway};

/// The certificate that WeChat's tool writes beside the private key.
const CERTIFICATE: &str = "apiclient_cert.pem";

/// The end of a certificate that needs attention, in seconds from now.
const SOON: i64 = 30 * 86_400;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let gateway = match payment_gateway(settings, &Arc::new(Metrics::default())) {
        Ok(Some(gateway)) => gateway,
        // Missing settings are findings of the settings.
        Ok(None) | Err(PaySetupError::Settings(_)) => return Vec::new(),
        Err(error) => {
            return vec![Finding::error(
                "pay",
                error.to_string(),
                "deploy/guide/payment.md says where each key is found",
            )];
        }
    };
    let mut findings = certificate(settings);
    let number = format!("yibicheck{}", random::short_id());
    let asked = jiff::Timestamp::now();
    let (answer, date) = tokio::join!(gateway.query(&number), date(settings));
    if let Some(date) = date {
        findings.extend(clock(asked, jiff::Timestamp::now(), &date, "WeChat Pay"));
    }
    findings.push(merchant(gateway.as_ref(), answer.map(|order| order.is_some())));
    findings
}

/// The `Date` of the pay host.
async fn date(settings: &Settings) -> Option<String> {
    WechatClient::new(&settings.pay.api_url, settings.wechat.timeout).ok()?.date().await
}

/// Findings on the merchant's API certificate, if it lies beside the private key.
fn certificate(settings: &Settings) -> Vec<Finding> {
    let pay = &settings.pay;
    let path = pay.private_key_file.with_file_name(CERTIFICATE);
    if pay.api != PayVersion::V3 || !path.is_file() {
        return Vec::new();
    }
    let certificate = match MerchantCertificate::read(&path, &pay.private_key_file) {
        Ok(certificate) => certificate,
        Err(error) => {
            return vec![Finding::warning(
                "pay",
                error.to_string(),
                "copy it from the merchant's console again",
            )];
        }
    };
    let left = certificate.ends - jiff::Timestamp::now().as_second();
    let shown = path.display();
    vec![if !certificate.is_of_key {
        Finding::error(
            "pay",
            format!("{shown} is not the certificate of pay.private_key_file"),
            "use both files of the same download (账户中心 - API 安全)",
        )
    } else if !certificate.serial.eq_ignore_ascii_case(&pay.serial) {
        Finding::error(
            "pay",
            format!("pay.serial is {}, but {shown} has {}", pay.serial, certificate.serial),
            "set pay.serial to the certificate's",
        )
    } else if left < SOON {
        Finding::warning(
            "pay",
            format!("the merchant's certificate ends in {} days", left.max(0) / 86_400),
            "request another in the merchant's console, and set its key and serial",
        )
    } else {
        Finding::ok("pay", "private key, certificate and serial belong together")
    }]
}

/// The finding on a signed query of an order that does not exist.
fn merchant(gateway: &dyn PaymentGateway, answer: Result<bool, PayError>) -> Finding {
    let (id, version) = (gateway.merchant_id(), gateway.version().name());
    let wrong = |text: String, to_do: &str| Finding::error("pay", text, to_do);
    match answer {
        Ok(_) => Finding::ok(
            "pay",
            format!(
                "knows merchant {id} by {version}: a signed query of an unknown order says that there is none"
            ),
        ),
        Err(PayError::Refused { code, message }) if code == "SIGN_ERROR" || code == "RETURN_FAIL" => wrong(
            format!("refuses the signature of merchant {id} ({code} {message})"),
            match gateway.version() {
                PayVersion::V3 => {
                    "pay.merchant_id, pay.serial and pay.private_key_file have to be of one API certificate"
                }
                PayVersion::V2 => "set pay.merchant_id and pay.v2_key_file (API 密钥) right",
            },
        ),
        Err(PayError::Refused { code, message }) => wrong(
            format!("refuses merchant {id} ({code} {message})"),
            "see in the merchant's console whether it may use JSAPI payments and is bound to the mini-program",
        ),
        Err(error @ (PayError::Signature(_) | PayError::Unexpected(_))) => wrong(
            error.to_string(),
            "copy WeChat Pay's public key and its id again (账户中心 - API 安全 - 微信支付公钥)",
        ),
        Err(PayError::Unknown(_) | PayError::Unavailable(_)) => {
            wrong("gives no usable answer".to_owned(), "may this machine reach api.mch.weixin.qq.com:443?")
        }
    }
}
