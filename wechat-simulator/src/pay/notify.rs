//! Notifications to the merchant, repeated until they are acknowledged.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::json;

use super::Version;
use super::crypto::{seal, seal_refund, sign, sign_fields};
use super::ledger::{Order, Refund};
use super::merchant::{
    CERTIFICATE_KEY, CERTIFICATE_SERIAL, FOREIGN_KEY, MERCHANT_ID, PLATFORM_KEY, PUBLIC_KEY_ID,
};
use super::script::{Notice, NoticeSignature};
use super::xml::{Fields, fields, write};
use crate::state::State;

/// Time-out of an attempt, as at WeChat.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of attempts, and the first and the longest pause between them. WeChat's are 15 s to 6 h.
const ATTEMPTS: u32 = 12;
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A notification that remains to be sent.
#[derive(Debug, Clone)]
pub(super) struct Message {
    content: Content,
    notice: Notice,
}

#[derive(Debug, Clone)]
enum Content {
    Payment(Box<Order>),
    Refund(Box<Refund>, Version),
}

/// A request to the merchant.
struct Request {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Message {
    pub(super) fn of_payment(order: Order, notice: Notice) -> Self {
        Self { content: Content::Payment(Box::new(order)), notice }
    }

    pub(super) fn of_refund(refund: Refund, version: Version) -> Self {
        Self { content: Content::Refund(Box::new(refund), version), notice: Notice::default() }
    }

    fn version(&self) -> Version {
        match &self.content {
            Content::Payment(order) => order.version,
            Content::Refund(_, version) => *version,
        }
    }

    fn url(&self) -> &str {
        match &self.content {
            Content::Payment(order) => &order.terms.notify_url,
            Content::Refund(refund, _) => &refund.notify_url,
        }
    }

    fn out_trade_no(&self) -> &str {
        match &self.content {
            Content::Payment(order) => &order.out_trade_no,
            Content::Refund(refund, _) => &refund.out_trade_no,
        }
    }

    fn request(&self, state: &State) -> Request {
        match self.version() {
            Version::V3 => self.request_v3(state),
            Version::V2 => self.request_v2(state),
        }
    }

    fn request_v3(&self, state: &State) -> Request {
        let (event, original, resource) = match &self.content {
            Content::Payment(order) => {
                let mut transaction = super::v3::transaction(order);
                if let Some(amount) = self.notice.amount {
                    *transaction.pointer_mut("/amount/total").unwrap_or(&mut json!(null)) = json!(amount);
                }
                if let (Some(app_id), Some(members)) = (&self.notice.app_id, transaction.as_object_mut()) {
                    members.insert("appid".to_owned(), json!(app_id));
                }
                ("TRANSACTION.SUCCESS", "transaction", transaction)
            }
            Content::Refund(refund, _) => {
                let event = match refund.status {
                    "ABNORMAL" => "REFUND.ABNORMAL",
                    "CLOSED" => "REFUND.CLOSED",
                    _ => "REFUND.SUCCESS",
                };
                (event, "refund", super::v3::refund_notice(refund))
            }
        };
        let unique = HEXLOWER.encode(&state.unique());
        let nonce = unique.get(..12).unwrap_or_default();
        let nonce_bytes: [u8; 12] = nonce.as_bytes().try_into().unwrap_or_default();
        let body = json!({
            "id": unique,
            "create_time": super::v3::rfc3339(state.now_ms()),
            "event_type": event,
            "resource_type": "encrypt-resource",
            "summary": "simulated",
            "resource": {
                "original_type": original,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": seal(nonce_bytes, original, resource.to_string().as_bytes()),
                "associated_data": original,
                "nonce": nonce,
            },
        })
        .to_string();
        Request { headers: self.signature_headers(state, &unique, &body), body }
    }

    fn signature_headers(&self, state: &State, nonce: &str, body: &str) -> Vec<(&'static str, String)> {
        let seconds = state.now_ms() / 1_000;
        let (key, serial, prefix) = match self.notice.signature {
            NoticeSignature::PublicKey => (PLATFORM_KEY, PUBLIC_KEY_ID, ""),
            NoticeSignature::Certificate => (CERTIFICATE_KEY, CERTIFICATE_SERIAL, ""),
            NoticeSignature::Foreign => (FOREIGN_KEY, PUBLIC_KEY_ID, ""),
            NoticeSignature::UnknownSerial => {
                (PLATFORM_KEY, "PUB_KEY_ID_0000000000000000000000000000000", "")
            }
            NoticeSignature::Probe => (PLATFORM_KEY, PUBLIC_KEY_ID, "WECHATPAY/SIGNTEST/"),
        };
        let signature = sign(key, format!("{seconds}\n{nonce}\n{body}\n").as_bytes());
        vec![
            ("Content-Type", "application/json".to_owned()),
            ("Wechatpay-Timestamp", seconds.to_string()),
            ("Wechatpay-Nonce", nonce.to_owned()),
            ("Wechatpay-Serial", serial.to_owned()),
            ("Wechatpay-Signature", format!("{prefix}{signature}")),
            ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
        ]
    }

    fn request_v2(&self, state: &State) -> Request {
        let nonce = HEXLOWER.encode(&state.unique()).get(..32).unwrap_or_default().to_owned();
        let fields = match &self.content {
            Content::Payment(order) => self.payment_fields(order, nonce),
            Content::Refund(refund, _) => refund_fields(refund, nonce),
        };
        Request { headers: vec![("Content-Type", "text/xml".to_owned())], body: write("xml", &fields) }
    }

    fn payment_fields(&self, order: &Order, nonce: String) -> Fields {
        let mut fields = super::v2::payment_fields(order);
        fields.insert("nonce_str".to_owned(), nonce);
        fields.insert("result_code".to_owned(), "SUCCESS".to_owned());
        fields.insert("coupon_fee_0".to_owned(), "1".to_owned());
        fields.remove("trade_state");
        if let Some(amount) = self.notice.amount {
            fields.insert("total_fee".to_owned(), amount.to_string());
        }
        if let Some(app_id) = &self.notice.app_id {
            fields.insert("appid".to_owned(), app_id.clone());
        }
        let signed = match self.notice.signature {
            // WeChat may leave out the method of the order.
            NoticeSignature::PublicKey => Some(sign_fields(&fields, false)),
            NoticeSignature::Certificate => {
                fields.insert("sign_type".to_owned(), "MD5".to_owned());
                Some(sign_fields(&fields, true))
            }
            NoticeSignature::Foreign | NoticeSignature::Probe => Some("0".repeat(64)),
            NoticeSignature::UnknownSerial => None,
        };
        if let Some(sign) = signed {
            fields.insert("sign".to_owned(), sign);
        }
        fields
    }

    /// Makes one attempt; returns whether the merchant acknowledged it.
    pub(super) async fn attempt(&self, state: &State) -> bool {
        let builder = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).tls_certs_only([]);
        let Ok(http) = builder.build() else { return false };
        let Request { headers, body } = self.request(state);
        let mut request = http.post(state.notify_address(self.url())).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.count(state, |order| order.notifications += 1);
        let Ok(reply) = request.send().await else { return false };
        let accepted = reply.status().is_success();
        let text = reply.text().await.unwrap_or_default();
        let acknowledged = accepted && (self.version() == Version::V3 || text.contains("SUCCESS"));
        if acknowledged {
            self.count(state, |order| order.acknowledged += 1);
        }
        acknowledged
    }

    fn count(&self, state: &State, change: impl FnOnce(&mut Order)) {
        if let Some(order) = state.memory().pay.orders.get_mut(self.out_trade_no()) {
            change(order);
        }
    }

    async fn deliver(self, state: Arc<State>) {
        tokio::time::sleep(Duration::from_millis(self.notice.delay_ms)).await;
        let honest =
            matches!(self.notice.signature, NoticeSignature::PublicKey | NoticeSignature::Certificate);
        let mut pause = PAUSES.0;
        for _ in 0..if honest { ATTEMPTS } else { 1 } {
            if self.attempt(&state).await {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

fn refund_fields(refund: &Refund, nonce: String) -> Fields {
    let status = if refund.status == "ABNORMAL" { "CHANGE" } else { refund.status };
    let info = fields([
        ("out_refund_no", refund.out_refund_no.clone()),
        ("out_trade_no", refund.out_trade_no.clone()),
        ("refund_id", refund.refund_id.clone()),
        ("refund_fee", refund.amount.to_string()),
        ("total_fee", refund.total.to_string()),
        ("refund_status", if status == "CLOSED" { "REFUNDCLOSE" } else { status }.to_owned()),
    ]);
    fields([
        ("return_code", "SUCCESS".to_owned()),
        ("mch_id", MERCHANT_ID.to_owned()),
        ("nonce_str", nonce),
        ("req_info", seal_refund(&write("root", &info))),
    ])
}

impl State {
    /// Sends notifications to that host (`http://127.0.0.1:5757`) in place of the one that the merchant named.
    pub(crate) fn notify_payments_at(&self, host: String) {
        self.memory().pay.notify_host = Some(host);
    }

    fn notify_address(&self, url: &str) -> String {
        let host = self.memory().pay.notify_host.clone();
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        match (host, path) {
            (Some(host), Some(path)) => format!("{host}{path}"),
            _ => url.to_owned(),
        }
    }

    /// Sends a notification in the background, as often as its plan says.
    pub(super) fn send(self: &Arc<Self>, message: &Message) {
        let Some(runtime) = self.runtime() else { return };
        for _ in 0..message.notice.times {
            runtime.spawn(message.clone().deliver(Arc::clone(self)));
        }
    }
}
