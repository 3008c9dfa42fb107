//! `[pay]`: the merchant's account at WeChat Pay.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Settings;
use super::validate::is_loopback_http;
use crate::wechat::pay::PayVersion;

/// Path at which WeChat notifies of payments, and that of refunds.
const NOTIFY_PATH: &str = "/wx/pay/notify";
const REFUND_PATH: &str = "/wx/pay/refund";

/// Maximum length of a notification address.
const MAX_URL: usize = 255;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    pub merchant_id: String,
    pub api: PayVersion,
    pub api_v3_key_file: PathBuf,
    pub private_key_file: PathBuf,
    pub serial: String,
    pub public_key_id: String,
    pub public_key_file: PathBuf,
    pub certificates_dir: PathBuf,
    pub v2_key_file: PathBuf,
    pub notify_url: String,
    pub api_url: String,
}

impl Pay {
    /// Whether a merchant is set.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.merchant_id.is_empty()
    }

    /// WeChat Pay's public key, if one is named.
    #[must_use]
    pub fn public_key(&self) -> Option<(&str, &Path)> {
        (!self.public_key_id.is_empty())
            .then_some((self.public_key_id.as_str(), self.public_key_file.as_path()))
    }

    /// The directory of platform certificates, if one is named.
    #[must_use]
    pub fn certificates(&self) -> Option<&Path> {
        is_set(&self.certificates_dir).then_some(self.certificates_dir.as_path())
    }

    /// The settings without which the version in use can't work.
    fn missing(&self) -> Vec<&'static str> {
        let needed = match self.api {
            PayVersion::V3 => vec![
                ("pay.serial", !self.serial.is_empty()),
                ("pay.private_key_file", is_set(&self.private_key_file)),
                ("pay.api_v3_key_file", is_set(&self.api_v3_key_file)),
                (
                    "pay.public_key_id with pay.public_key_file, or pay.certificates_dir",
                    !self.public_key_id.is_empty() || is_set(&self.certificates_dir),
                ),
            ],
            PayVersion::V2 => vec![("pay.v2_key_file", is_set(&self.v2_key_file))],
        };
        needed.into_iter().filter(|(_, set)| !set).map(|(name, _)| name).collect()
    }
}

fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

impl Settings {
    /// Where WeChat notifies of payments, and of refunds.
    #[must_use]
    pub fn pay_notify_urls(&self) -> (String, String) {
        let set = self.pay.notify_url.as_str();
        if set.is_empty() {
            let public = self.http.public_url.trim_end_matches('/');
            return (format!("{public}{NOTIFY_PATH}"), format!("{public}{REFUND_PATH}"));
        }
        let refund = set.rsplit_once('/').map_or_else(String::new, |(parent, _)| format!("{parent}/refund"));
        (set.to_owned(), refund)
    }

    /// Checks the parts that are wrong in every mode.
    pub(super) fn check_pay(&self, faults: &mut Vec<String>) {
        let Pay { merchant_id, api_url, notify_url, public_key_id, public_key_file, .. } = &self.pay;
        if !api_url.starts_with("https://") && !is_loopback_http(api_url) {
            faults.push("pay.api_url: https is needed, but on loopback".to_owned());
        }
        if merchant_id.len() > 32 || !merchant_id.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.push("pay.merchant_id: the merchant's number (商户号) is digits".to_owned());
        }
        if public_key_id.is_empty() == is_set(public_key_file) {
            faults.push("pay.public_key_id and pay.public_key_file belong together".to_owned());
        }
        if !notify_url.is_empty() && self.notify_fault(notify_url) {
            faults.push(format!(
                "pay.notify_url: WeChat accepts https:// without a query, at most {MAX_URL} characters; the path \
                 ends in {NOTIFY_PATH}, where this server listens"
            ));
        }
    }

    fn notify_fault(&self, url: &str) -> bool {
        // The simulator also notifies a server on the local network (`dev --lan`).
        let is_simulated = is_loopback_http(&self.pay.api_url);
        let allowed = url.starts_with("https://") || is_simulated && url.starts_with("http://");
        !allowed
            || url.len() > MAX_URL
            || !url.ends_with(NOTIFY_PATH)
            || url.contains(['?', '#'])
            || !url.bytes().all(|b| b.is_ascii_graphic())
    }

    /// Why a configured merchant can't take payments.
    #[must_use]
    pub fn pay_faults(&self) -> Vec<String> {
        if !self.pay.is_configured() {
            return Vec::new();
        }
        let mut faults: Vec<String> =
            self.pay.missing().into_iter().map(|name| format!("{name} is not set")).collect();
        if self.pay.notify_url.is_empty() {
            if self.http.public_url.is_empty() {
                faults.push(
                    "pay: http.public_url or pay.notify_url has to be set, so that WeChat can notify"
                        .to_owned(),
                );
            } else if self.notify_fault(&self.pay_notify_urls().0) {
                faults
                    .push("pay: WeChat notifies https addresses only; http.public_url is another".to_owned());
            }
        }
        faults
    }
}
