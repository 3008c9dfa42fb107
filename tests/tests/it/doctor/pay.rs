//! The check of the merchant's account.

use yibi_tests::TempDir;

use super::{Patient, about, tells};

struct Merchant {
    patient: Patient,
    keys: TempDir,
}

impl Merchant {
    fn new() -> Self {
        Self { patient: Patient::new(), keys: TempDir::new() }
    }

    fn check(&self, version: &str, other: &[(&str, &str)]) -> yibi_tests::command::Ended {
        let merchant = self.patient.wechat.pay_settings(version, &self.keys);
        let kept = merchant.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| other.iter().all(|(other, _)| other != name));
        let settings: Vec<(&str, &str)> = kept.chain(other.iter().copied()).collect();
        self.patient.check(&[], &settings)
    }

    fn file(&self, name: &str) -> String {
        self.keys.path().join(name).display().to_string()
    }
}

#[test]
fn a_merchants_account_is_proven() {
    let merchant = Merchant::new();
    for version in ["v3", "v2"] {
        let ended = merchant.check(version, &[]);
        tells(&ended, "ok", "pay", "knows merchant 1900000001");
        tells(&ended, "ok", "clock", "WeChat Pay");
        assert!(about(&ended, "pay").iter().all(|line| line.starts_with("ok")), "{}", ended.stdout);
    }
    let ended = merchant.check("v3", &[]);
    tells(&ended, "ok", "pay", "private key, certificate and serial belong together");
    assert!(
        about(&merchant.patient.check(&[], &[]), "pay").is_empty(),
        "without a merchant, nothing is said"
    );
}

#[test]
fn each_fault_of_a_merchants_account_is_named() {
    let merchant = Merchant::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (private_key, public_key) = (merchant.file("apiclient_key.pem"), merchant.file("pub_key.pem"));
    let other_serial = "5157570DEAD5E55E000000000000000000000003";
    let short = merchant.file("short.key");
    merchant.check("v3", &[]);
    std::fs::write(&short, "short").unwrap();
    // The merchant's own certificate in the place of WeChat Pay's is a frequent mistake.
    let own = merchant.file("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::copy(merchant.file("apiclient_cert.pem"), format!("{own}/apiclient_cert.pem")).unwrap();
    let nowhere = format!("http://{gone}");
    for (version, name, value, told) in [
        ("v3", "PAY__SERIAL", other_serial, "pay.serial is"),
        ("v3", "PAY__SERIAL", other_serial, "SIGN_ERROR"),
        ("v3", "PAY__PRIVATE_KEY_FILE", public_key.as_str(), "is not an RSA private key"),
        ("v3", "PAY__PRIVATE_KEY_FILE", "/none", "/none can't be read"),
        ("v3", "PAY__PUBLIC_KEY_FILE", private_key.as_str(), "is not a public key"),
        ("v3", "PAY__PUBLIC_KEY_ID", "PUB_KEY_ID_01", "its serial is unknown"),
        ("v3", "PAY__CERTIFICATES_DIR", own.as_str(), "is the merchant's own"),
        ("v3", "PAY__API_V3_KEY_FILE", short.as_str(), "32 characters"),
        ("v3", "PAY__MERCHANT_ID", "1900000002", "SIGN_ERROR"),
        ("v3", "PAY__API_URL", nowhere.as_str(), "no usable answer"),
        ("v2", "PAY__V2_KEY_FILE", short.as_str(), "32 characters"),
        ("v2", "PAY__MERCHANT_ID", "1900000002", "RETURN_FAIL"),
    ] {
        let ended = merchant.check(version, &[(name, value)]);
        assert_eq!(ended.code, Some(1), "{name}={value}: {}", ended.stdout);
        tells(&ended, "error", "pay", told);
    }
    let ended = merchant.check("v3", &[("PAY__SERIAL", "")]);
    tells(&ended, "error", "settings", "pay.serial is not set");
}
