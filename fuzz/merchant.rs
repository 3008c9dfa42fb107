//! The simulated merchant's gateway.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wechat_simulator::MiniProgram;
use wechat_simulator::pay::{KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, PUBLIC_KEY_ID};
use yibi_server::settings::Settings;
use yibi_server::wechat::pay::PaymentGateway;

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs()
}

pub fn gateway(version: &str) -> Arc<dyn PaymentGateway> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = std::env::temp_dir().join(format!("yibi-fuzz-{}", std::process::id()));
    let keys = KeyFiles::write(&directory).expect("the keys are written");
    let path = |path: &std::path::Path| path.display().to_string();
    let environment = [
        ("WECHAT__APP_ID", MiniProgram::development().id),
        ("PAY__MERCHANT_ID", MERCHANT_ID.to_owned()),
        ("PAY__API", version.to_owned()),
        ("PAY__API_URL", "http://127.0.0.1:9".to_owned()),
        ("PAY__NOTIFY_URL", "http://127.0.0.1:9/wx/pay/notify".to_owned()),
        ("PAY__SERIAL", MERCHANT_SERIAL.to_owned()),
        ("PAY__PUBLIC_KEY_ID", PUBLIC_KEY_ID.to_owned()),
        ("PAY__PUBLIC_KEY_FILE", path(&keys.public_key)),
        ("PAY__PRIVATE_KEY_FILE", path(&keys.private_key)),
        ("PAY__API_V3_KEY_FILE", path(&keys.api_v3_key)),
        ("PAY__V2_KEY_FILE", path(&keys.v2_key)),
    ];
    let environment = environment.map(|(name, value)| (format!("YIBI_{name}"), value));
    let settings = Settings::load(None, environment, &[]).expect("the settings fit");
    yibi_server::payment_gateway(&settings, &Arc::default()).expect("the keys fit").expect("a merchant is set")
}
