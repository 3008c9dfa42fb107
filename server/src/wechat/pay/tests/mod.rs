//! Both gateways against the simulated WeChat Pay.

mod notifications;
mod orders;
mod refunds;
mod replies;
mod shipping;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wechat_simulator::pay::{
    CallFault, KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, Notice, PUBLIC_KEY_ID, PayApi, PayStep, PhonePayment,
};

use super::*;
use crate::random;
use crate::settings::Settings;
use crate::telemetry::Metrics;
use crate::wechat::testing::Running;

const VERSIONS: [&str; 2] = ["v3", "v2"];
const OPENID: &str = "o-alice";
const AMOUNT: u64 = 1_990;

/// A merchant, its simulated WeChat Pay, and the listener that WeChat notifies.
struct Merchant {
    wechat: Running,
    gateway: Arc<dyn PaymentGateway>,
    notified: TcpListener,
    keys: std::path::PathBuf,
}

impl Drop for Merchant {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.keys);
    }
}

impl Merchant {
    async fn new(version: &str) -> Self {
        Self::with(version, &[]).await
    }

    async fn with(version: &str, further: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wechat = Running::start();
        let notified = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let keys = std::env::temp_dir().join(format!("yibi-pay-{}", random::short_id()));
        let files = KeyFiles::write(&keys).unwrap();
        let path = |path: &std::path::Path| path.display().to_string();
        let mut environment = vec![
            ("WECHAT__APP_ID", app_id()),
            ("WECHAT__TIMEOUT", "30".to_owned()),
            ("PAY__MERCHANT_ID", MERCHANT_ID.to_owned()),
            ("PAY__API", version.to_owned()),
            ("PAY__API_URL", wechat.url.clone()),
            ("PAY__SERIAL", MERCHANT_SERIAL.to_owned()),
            ("PAY__PUBLIC_KEY_ID", PUBLIC_KEY_ID.to_owned()),
            ("PAY__PUBLIC_KEY_FILE", path(&files.public_key)),
            ("PAY__CERTIFICATES_DIR", path(&files.certificates)),
            ("PAY__PRIVATE_KEY_FILE", path(&files.private_key)),
            ("PAY__API_V3_KEY_FILE", path(&files.api_v3_key)),
            ("PAY__V2_KEY_FILE", path(&files.v2_key)),
            ("PAY__NOTIFY_URL", format!("http://{}/wx/pay/notify", notified.local_addr().unwrap())),
        ];
        environment.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let environment = environment.into_iter().map(|(name, value)| (format!("YIBI_{name}"), value));
        let settings = Settings::load(None, environment, &[]).unwrap();
        let gateway = crate::payment_gateway(&settings, &Arc::new(Metrics::default())).unwrap().unwrap();
        Self { wechat, gateway, notified, keys }
    }

    async fn prepay(&self, number: &str) -> String {
        self.gateway.prepay(&order(number)).await.unwrap().0
    }

    async fn paid(&self, number: &str) -> Payment {
        self.script(vec![PayStep::Notice(Notice { times: 0, ..Notice::default() })]);
        let prepay_id = self.prepay(number).await;
        self.wechat.simulator.pay(&PhonePayment::paid(&prepay_id)).unwrap();
        self.gateway.query(number).await.unwrap().unwrap()
    }

    fn script(&self, steps: Vec<PayStep>) {
        self.wechat.simulator.pay_script(steps).unwrap();
    }

    fn calls(&self, api: PayApi) -> u64 {
        self.wechat.simulator.pay_ledger().calls.get(&api).copied().unwrap_or_default()
    }

    /// Takes the next notification, verifies it, and answers it as a face does.
    async fn notification(&self) -> Result<Notification, PayError> {
        let (mut stream, _) = self.notified.accept().await.unwrap();
        let (head, body) = read_request(&mut stream).await;
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        let [timestamp, nonce, serial, signature] =
            ["Timestamp", "Nonce", "Serial", "Signature"].map(|name| header(&format!("Wechatpay-{name}")));
        let raw = RawNotification {
            timestamp: &timestamp,
            nonce: &nonce,
            serial: &serial,
            signature: &signature,
            body: &body,
        };
        let parsed = self.gateway.parse_notification(&raw);
        let status = if parsed.is_ok() { "200 OK" } else { "401 Unauthorized" };
        let NotificationReply { content_type, body } = self.gateway.notification_reply(parsed.is_ok());
        let reply = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(reply.as_bytes()).await.unwrap();
        parsed
    }
}

async fn read_request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4_096];
        let read = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if bytes.len() >= end + 4 + length.unwrap() {
            return (head, bytes[end + 4..].to_vec());
        }
    }
}

fn app_id() -> String {
    wechat_simulator::MiniProgram::development().id
}

fn order(number: &str) -> PrepayRequest {
    PrepayRequest {
        app_id: app_id(),
        out_trade_no: number.to_owned(),
        description: "一笔到底 & 海报 <A4>".to_owned(),
        amount: AMOUNT,
        openid: OPENID.to_owned(),
        expires: Micros::now().plus(Duration::from_secs(1_800)),
        client_address: None,
    }
}

fn refund_of(number: &str) -> RefundRequest {
    let numbers =
        RefundNumbers { out_trade_no: number.to_owned(), out_refund_no: format!("{number}-refund") };
    RefundRequest { numbers, reason: "退款".to_owned(), amount: AMOUNT, total: AMOUNT }
}

fn fault(api: PayApi, fault: CallFault) -> PayStep {
    PayStep::Call { api, fault }
}

fn assert_paid(payment: &Payment, number: &str) {
    assert_eq!(payment.out_trade_no, number);
    assert_eq!(payment.state, TradeState::Paid);
    assert_eq!(payment.merchant_id, MERCHANT_ID);
    assert_eq!(payment.app_id, app_id());
    assert_eq!(payment.openid.as_deref(), Some(OPENID));
    assert_eq!(payment.amount, Some(AMOUNT), "the total, not what the payer paid after a coupon");
    assert_eq!(payment.currency.as_deref(), Some(CURRENCY));
    assert!(payment.transaction_id.is_some());
}
