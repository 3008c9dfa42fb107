//! Typed settings. `settings.default.toml` beside this crate is embedded, names every key, and documents it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use config::{Config, Environment, File, FileFormat};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use yibi_common::admin::Role;
use yibi_common::limits::Limits;

/// The defaults, which are the settings' documentation too.
pub const DEFAULTS: &str = include_str!("../settings.default.toml");

/// What the names of settings in the environment begin with.
const PREFIX: &str = "YIBI_";

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the sections and keys are described in settings.default.toml")]
pub struct Settings {
    pub http: Http,
    pub admin: Admin,
    pub session: Session,
    pub limits: RateLimits,
    pub gallery: Gallery,
    pub store: Store,
    pub keys: Keys,
    pub wechat: Wechat,
    pub log: Log,
    pub dev: Dev,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Http {
    pub listen: SocketAddr,
    pub public_url: String,
    pub weapp_base_path: String,
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<Network>,
    #[serde(deserialize_with = "seconds")]
    pub keep_alive: Duration,
    #[serde(deserialize_with = "seconds")]
    pub head_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    pub body_limit: usize,
    #[serde(deserialize_with = "seconds")]
    pub shutdown_timeout: Duration,
    pub workers: usize,
}

/// `[admin]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Admin {
    pub listen: SocketAddr,
    pub token: SecretString,
    #[serde(default)]
    pub tokens: Vec<AdminToken>,
    pub socket_group: String,
}

/// `[[admin.tokens]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct AdminToken {
    pub name: String,
    pub role: Role,
    pub sha256: String,
}

/// `[session]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Session {
    #[serde(deserialize_with = "seconds")]
    pub idle: Duration,
    pub yibi_days: u32,
    pub weapp_hours: u32,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct RateLimits {
    pub enabled: bool,
    pub user_writes: u32,
    pub user_writes_burst: u32,
    pub address_failures: u32,
    pub address_failures_burst: u32,
    pub drawing: Limits,
}

/// `[gallery]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Gallery {
    pub bin_days: u32,
    pub erasure_days: u32,
    pub renderers: usize,
    pub render_queue: usize,
    pub image_cache: u64,
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Store {
    pub data_dir: PathBuf,
    pub mongodb_uri: SecretString,
    pub mongodb_database: String,
    pub redis_url: SecretString,
    pub redis_prefix: String,
}

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Keys {
    pub sealing: SecretString,
    pub sealing_old: SecretString,
    pub signing: SecretString,
    pub signing_old: SecretString,
}

/// `[wechat]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Wechat {
    pub app_id: String,
    pub app_secret: SecretString,
    pub api_url: String,
    #[serde(deserialize_with = "seconds")]
    pub timeout: Duration,
    #[serde(default)]
    pub apps: Vec<App>,
}

/// `[[wechat.apps]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct App {
    pub app_id: String,
    pub app_secret: SecretString,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[dev]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "described in settings.default.toml")]
pub struct Dev {
    pub preview_dir: PathBuf,
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A source can't be read, a key is unknown, or a value is not of its kind.
    #[error("{0}")]
    Unreadable(#[from] config::ConfigError),
    /// A file that a `…_FILE` variable names can't be read.
    #[error("{variable} names {path}, which can't be read: {cause}")]
    SecretFile {
        /// The variable.
        variable: String,
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// Values that can't stand beside one another, or that a mode does not take; one line each.
    #[error("{}", .0.join("\n"))]
    Unfit(Vec<String>),
}

impl Settings {
    /// Reads the defaults, then the file, then the environment, then `flags` (dotted keys with values).
    ///
    /// # Errors
    /// When a source can't be read, names an unknown key, or gives a value of the wrong kind.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&str, String)],
    ) -> Result<Self, SettingsError> {
        let mut variables = HashMap::new();
        for (name, value) in environment {
            if !name.starts_with(PREFIX) || !name.contains("__") {
                continue;
            }
            if let Some(key) = name.strip_suffix("_FILE") {
                let text = std::fs::read_to_string(&value).map_err(|cause| SettingsError::SecretFile {
                    variable: name.clone(),
                    path: value.clone(),
                    cause,
                })?;
                variables.insert(key.to_owned(), text.trim().to_owned());
            } else {
                variables.insert(name, value);
            }
        }
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let source = Environment::with_prefix("YIBI").prefix_separator("_").separator("__");
        builder = builder.add_source(source.source(Some(variables)));
        for (key, value) in flags {
            builder = builder.set_override(key, value.as_str())?;
        }
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.consistent()?;
        Ok(settings)
    }

    /// All mini-programs, the one of the two fixed settings first.
    pub fn apps(&self) -> impl Iterator<Item = App> + '_ {
        let first = App { app_id: self.wechat.app_id.clone(), app_secret: self.wechat.app_secret.clone() };
        (!first.app_id.is_empty()).then_some(first).into_iter().chain(self.wechat.apps.iter().cloned())
    }

    fn consistent(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        for app in self.apps() {
            let plain = |c: char| c.is_ascii_alphanumeric();
            if app.app_id.is_empty() || app.app_id.len() > 64 || !app.app_id.chars().all(plain) {
                faults.push("wechat.app_id: an app id is letters and digits".to_owned());
            }
        }
        let url = &self.wechat.api_url;
        if !url.starts_with("https://") && !is_loopback_http(url) {
            faults.push("wechat.api_url: https is needed, but on loopback".to_owned());
        }
        let url = &self.http.public_url;
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            faults.push("http.public_url: begins with https://".to_owned());
        }
        if !self.http.weapp_base_path.starts_with('/') || self.http.weapp_base_path.len() < 2 {
            faults.push("http.weapp_base_path: begins with / and is not only that".to_owned());
        }
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
        let rates = &self.limits;
        let rates = [
            rates.user_writes,
            rates.user_writes_burst,
            rates.address_failures,
            rates.address_failures_burst,
        ];
        if rates.contains(&0) {
            faults.push("limits: a rate of 0 would refuse everything; use limits.enabled = false".to_owned());
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsError::Unfit(faults)) }
    }

    /// Whether the settings are fit for production.
    ///
    /// # Errors
    /// When the app id, its secret or an admin token is missing.
    pub fn fit_to_serve(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        if self.wechat.app_id.is_empty() {
            faults.push("wechat.app_id is not set (YIBI_WECHAT__APP_ID)".to_owned());
        }
        if self.apps().any(|app| app.app_secret.expose_secret().is_empty()) {
            faults.push("wechat.app_secret is not set (YIBI_WECHAT__APP_SECRET)".to_owned());
        }
        let token = self.admin.token.expose_secret();
        if token.len() < 32 && (!token.is_empty() || self.admin.tokens.is_empty()) {
            faults.push(
                "admin.token is not set or has under 32 characters (YIBI_ADMIN__TOKEN); \
                 `openssl rand -hex 32` makes one"
                    .to_owned(),
            );
        }
        if faults.is_empty() { Ok(()) } else { Err(SettingsError::Unfit(faults)) }
    }
}

/// Whether an operator may be named so.
#[must_use]
pub fn is_operator_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_loopback_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.parse::<SocketAddr>().map(|address| address.ip().is_loopback());
    host.unwrap_or_else(|_| {
        authority.split(':').next() == Some("localhost")
            || authority.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// A range of IP addresses, such as `10.0.0.0/8`; an address alone is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: u128,
    bits: u32,
}

impl Network {
    /// Whether the address is in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = 128 - self.bits;
        let high = |number: u128| number.checked_shr(shift).unwrap_or(0);
        high(mapped(address)) == high(self.address)
    }
}

/// All addresses in one space, IPv4 as IPv6 maps it.
fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address and no network");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address: mapped(address), bits: 128 - most + bits })
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs(u64::from(u32::deserialize(deserializer)?)))
}

/// A TOML array, or from the environment a text with commas.
fn list<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Array(Vec<String>),
        Text(String),
    }
    let items = match Either::deserialize(deserializer)? {
        Either::Array(items) => items,
        Either::Text(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
    };
    let parse = |item: String| item.parse().map_err(serde::de::Error::custom);
    items.into_iter().filter(|item| !item.is_empty()).map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(None, owned, &[])
    }

    #[test]
    fn the_defaults_stand_alone() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.http.listen.to_string(), "127.0.0.1:5757");
        assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:5758");
        assert_eq!(settings.limits.drawing, Limits::default());
        assert_eq!(settings.apps().count(), 0);
        assert!(settings.fit_to_serve().is_err());
    }

    #[test]
    fn later_sources_win() {
        let dir = std::env::temp_dir().join(format!("yibi-settings-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("yibi.toml");
        std::fs::write(&file, "[http]\nbody_timeout = 1\nhead_timeout = 1\n[store]\nredis_prefix = \"a:\"\n")
            .unwrap();
        std::fs::write(dir.join("secret"), "s3cret\n").unwrap();
        let environment = [
            ("YIBI_HTTP__BODY_TIMEOUT".to_owned(), "2".to_owned()),
            ("YIBI_HTTP__TRUSTED_PROXIES".to_owned(), "10.1.0.0/16, ::1".to_owned()),
            ("YIBI_LIMITS__ENABLED".to_owned(), "false".to_owned()),
            ("YIBI_WECHAT__APP_SECRET_FILE".to_owned(), dir.join("secret").display().to_string()),
            ("YIBI_TEST_SOMETHING".to_owned(), "of no concern".to_owned()),
        ];
        let flags = [("http.listen", "127.0.0.1:0".to_owned())];
        let settings = Settings::load(Some(&file), environment, &flags).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(settings.http.listen.port(), 0);
        assert_eq!(settings.http.body_timeout, Duration::from_secs(2));
        assert_eq!(settings.http.head_timeout, Duration::from_secs(1));
        assert_eq!(settings.store.redis_prefix, "a:");
        assert!(!settings.limits.enabled);
        assert_eq!(settings.wechat.app_secret.expose_secret(), "s3cret");
        assert!(settings.http.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
        assert!(!settings.http.trusted_proxies[0].contains("10.2.2.3".parse().unwrap()));
        assert!(settings.http.trusted_proxies[1].contains("::1".parse().unwrap()));
        assert!(!settings.http.trusted_proxies[1].contains("::2".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (name, value) in [
            ("YIBI_HTTP__LISTEN", "everywhere"),
            ("YIBI_HTTP__LISTENN", "127.0.0.1:1"),
            ("YIBI_HTTP__TRUSTED_PROXIES", "10.0.0.0/33"),
            ("YIBI_WECHAT__API_URL", "http://api.example.com"),
            ("YIBI_WECHAT__API_URL", "http://127.0.0.1.example.com:80"),
            ("YIBI_WECHAT__APP_ID", "wx/1"),
            ("YIBI_KEYS__SEALING", "c2hvcnQ="),
            ("YIBI_LIMITS__USER_WRITES", "0"),
            ("YIBI_WECHAT__APP_SECRET_FILE", "/nonexistent/secret"),
        ] {
            assert!(load(&[(name, value)]).is_err(), "{name}={value}");
        }
        assert!(load(&[("YIBI_WECHAT__API_URL", "http://localhost:9/")]).is_ok());
        assert!(load(&[("YIBI_WECHAT__API_URL", "http://[::1]:9")]).is_ok());
    }

    #[test]
    fn secrets_do_not_show() {
        let settings =
            load(&[("YIBI_WECHAT__APP_SECRET", "s3cret"), ("YIBI_ADMIN__TOKEN", "t0ken")]).unwrap();
        let shown = format!("{settings:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"));
    }
}
