//! Rules between settings, and requirements of production.

use std::net::{IpAddr, SocketAddr};

use secrecy::ExposeSecret;
use yibi_common::admin::Role;
use yibi_common::drawing::MAX_AUTHORS;

use super::{AdminToken, App, ModerationMode, Settings, SettingsError};
use crate::wechat::push::AesKey;

impl Settings {
    /// Checks every rule and reports all faults at once, so that an operator corrects them in one go.
    pub(super) fn consistent(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        self.check_apps(&mut faults);
        self.check_addresses(&mut faults);
        self.check_pay(&mut faults);
        self.check_base_paths(&mut faults);
        self.check_keys(&mut faults);
        self.check_operators(&mut faults);
        self.check_ranges(&mut faults);
        self.check_rates(&mut faults);
        self.shop.check(&mut faults);
        if faults.is_empty() { Ok(()) } else { Err(SettingsError::Unfit(faults)) }
    }

    /// Checks the ids of mini-programs and the secrets of their pushes.
    fn check_apps(&self, faults: &mut Vec<String>) {
        for app in self.apps() {
            let plain = |c: char| c.is_ascii_alphanumeric();
            if app.app_id.is_empty() || app.app_id.len() > 64 || !app.app_id.chars().all(plain) {
                faults.push("wechat.app_id: an app id is letters and digits".to_owned());
            }
        }
        for App { app_id, push_token, push_aes_key, .. } in self.apps() {
            let (token, key) = (push_token.expose_secret(), push_aes_key.expose_secret());
            let fits = (3..=32).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
            if !token.is_empty() && !fits {
                faults.push(format!("wechat push_token of {app_id}: 3 to 32 letters and digits are needed"));
            }
            if !key.is_empty() && (token.is_empty() || AesKey::decode(key).is_none()) {
                faults.push(format!(
                    "wechat push_aes_key of {app_id}: 43 letters and digits are needed, and a push_token"
                ));
            }
        }
        let mut ids: Vec<String> = self.apps().map(|app| app.app_id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            faults.push("wechat.apps: an app id stands there twice".to_owned());
        }
    }

    /// Checks the addresses of WeChat, of the server for clients, and of the internal listener.
    fn check_addresses(&self, faults: &mut Vec<String>) {
        let url = &self.wechat.api_url;
        if !url.starts_with("https://") && !is_loopback_http(url) {
            faults.push("wechat.api_url: https is needed, but on loopback".to_owned());
        }
        let url = &self.http.public_url;
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            faults.push("http.public_url: begins with https://".to_owned());
        }
        if self.internal.listen.is_some_and(|address| !address.ip().is_loopback()) {
            faults.push("internal.listen: has to be a loopback address".to_owned());
        }
    }

    /// Checks that the paths of the older dialects are apart from each other and from all others.
    fn check_base_paths(&self, faults: &mut Vec<String>) {
        for (name, path) in
            [("weapp_base_path", &self.http.weapp_base_path), ("wafer_base_path", &self.http.wafer_base_path)]
        {
            if !path.starts_with('/') || path.ends_with('/') || path.starts_with("/api") {
                faults.push(format!("http.{name}: begins with /, but not with /api, and ends without"));
            }
        }
        let (weapp, wafer) = (&self.http.weapp_base_path, &self.http.wafer_base_path);
        if ["login", "user"].iter().any(|name| is_within(&format!("{wafer}/{name}"), weapp)) {
            faults.push(
                "http.weapp_base_path: would take wafer's /login and /user, which are below wafer_base_path"
                    .to_owned(),
            );
        }
        for (name, path) in [("weapp_base_path", weapp), ("wafer_base_path", wafer)] {
            if ["/wx/push", "/wx/pay"].iter().any(|taken| is_within(path, taken)) {
                faults.push(format!("http.{name}: WeChat's messages come below /wx/push and /wx/pay"));
            }
        }
    }

    /// Checks the length of the keys for sealing and signing.
    fn check_keys(&self, faults: &mut Vec<String>) {
        for (name, key) in [
            ("sealing", &self.keys.sealing),
            ("sealing_old", &self.keys.sealing_old),
            ("signing", &self.keys.signing),
            ("signing_old", &self.keys.signing_old),
        ] {
            let text = key.expose_secret();
            let decoded = data_encoding::BASE64.decode(text.as_bytes()).unwrap_or_default();
            if !text.is_empty() && decoded.len() != 32 {
                faults.push(format!("keys.{name}: 32 bytes in base64 are needed"));
            }
        }
    }

    /// Checks the operators' names and the hashes of their tokens.
    fn check_operators(&self, faults: &mut Vec<String>) {
        let mut names = vec!["admin"];
        for AdminToken { name, sha256, .. } in &self.admin.tokens {
            if !is_operator_name(name) || names.contains(&name.as_str()) {
                faults.push(format!(
                    "admin.tokens: {name:?} is taken, or not 1 to 64 of A-Z a-z 0-9 . _ - (\"admin\" is admin.token's)"
                ));
            }
            names.push(name);
            let digits = data_encoding::HEXLOWER.decode(sha256.as_bytes());
            if digits.is_ok_and(|bytes| bytes.len() == 32) {
                continue;
            }
            faults.push(format!(
                "admin.tokens: the sha256 of {name:?} is not 64 lower-case hexadecimal digits"
            ));
        }
    }

    /// Checks durations and counts against their largest values.
    fn check_ranges(&self, faults: &mut Vec<String>) {
        for (name, value, most) in [
            ("session.idle", self.session.idle.as_secs(), 30 * 86_400),
            ("session.yibi_days", u64::from(self.session.yibi_days), 365),
            ("session.weapp_hours", u64::from(self.session.weapp_hours), 365 * 24),
            ("session.wafer_hours", u64::from(self.session.wafer_hours), 365 * 24),
            ("http.head_timeout", self.http.head_timeout.as_secs(), 3_600),
            ("http.body_timeout", self.http.body_timeout.as_secs(), 3_600),
            ("moderation.retry", self.moderation.retry.as_secs(), 3_600),
            ("moderation.verdict", self.moderation.verdict.as_secs(), 86_400),
            ("moderation.tries", u64::from(self.moderation.tries), 1_000),
            ("rooms.drawing", u64::from(self.rooms.drawing), 200),
            ("rooms.authors", u64::from(self.rooms.authors), u64::from(MAX_AUTHORS)),
            ("rooms.owned", u64::from(self.rooms.owned), 1_000),
            ("http.upload_timeout", self.http.upload_timeout.as_secs(), 3_600),
            ("wechat.timeout", self.wechat.timeout.as_secs(), 60),
        ] {
            if !(1..=most).contains(&value) {
                faults.push(format!("{name}: between 1 and {most} is needed"));
            }
        }
        for (name, value) in
            [("drain_delay", self.http.drain_delay), ("shutdown_timeout", self.http.shutdown_timeout)]
        {
            if value.as_secs() > 3_600 {
                faults.push(format!("http.{name}: at most 3600"));
            }
        }
    }

    /// Checks that no rate is 0.
    fn check_rates(&self, faults: &mut Vec<String>) {
        let rates = &self.limits;
        let rates = [
            rates.user_writes,
            rates.user_writes_burst,
            rates.address_failures,
            rates.address_failures_burst,
            rates.user_wechat_calls,
            rates.user_wechat_calls_burst,
        ];
        if rates.contains(&0) {
            faults.push("limits: a rate of 0 would refuse everything; use limits.enabled = false".to_owned());
        }
    }

    /// Checks that the settings are complete for production.
    ///
    /// # Errors
    /// [`SettingsError`] when the app id, its secret or an admin token is missing, or content would be shown unchecked.
    pub fn fit_to_serve(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        if self.wechat.app_id.is_empty() {
            faults.push("wechat.app_id is not set (YIBI_WECHAT__APP_ID)".to_owned());
        }
        let first = std::iter::once(&self.wechat.app_secret);
        let mut secrets = first.chain(self.wechat.apps.iter().map(|app| &app.app_secret));
        if secrets.any(|secret| secret.expose_secret().is_empty()) {
            faults.push("wechat.app_secret is not set (YIBI_WECHAT__APP_SECRET)".to_owned());
        }
        if self.moderation.mode != ModerationMode::Off {
            if self.http.public_url.is_empty() {
                faults.push(
                    "moderation.mode: WeChat fetches the avatars that it looks at, so http.public_url has to be \
                     set (YIBI_HTTP__PUBLIC_URL)"
                        .to_owned(),
                );
            }
            for app in self.apps().filter(|app| app.push_token.expose_secret().is_empty()) {
                faults.push(format!(
                    "moderation.mode: WeChat's verdicts on avatars come by message push, so the push_token of {} \
                     has to be set (YIBI_WECHAT__PUSH_TOKEN)",
                    app.app_id
                ));
            }
        }
        faults.extend(self.sharing_fault());
        faults.extend(self.pay_faults());
        if self.shop.enabled && !self.pay.is_configured() {
            faults.push("shop.enabled: no merchant is set (YIBI_PAY__MERCHANT_ID)".to_owned());
        }
        let token = self.admin.token.expose_secret();
        let others = self.admin.tokens.iter().any(|token| token.role != Role::Service);
        if token.len() < 32 && (!token.is_empty() || !others) {
            faults.push(
                "admin.token is not set or has under 32 characters (YIBI_ADMIN__TOKEN); \
                 `openssl rand -hex 32` makes one"
                    .to_owned(),
            );
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsError::Unfit(faults)) }
    }
}

/// Whether the text is a valid operator name.
#[must_use]
pub fn is_operator_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether the path equals `base` or lies below it.
fn is_within(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn is_loopback_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.parse::<SocketAddr>().map(|address| address.ip().is_loopback());
    host.unwrap_or_else(|_| {
        authority.split(':').next() == Some("localhost")
            || authority.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
