//! Typed settings. `settings.default.toml` beside this crate is embedded, names every key, and documents it.

mod effective;
mod listen;
mod network;
mod pay;
mod rooms;
mod sections;
mod sharing;
mod shop;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use yibi_common::admin::Role;
use yibi_common::limits::Limits;

pub use effective::effective;
pub use listen::Listen;
pub use network::Network;
pub use pay::Pay;
pub use rooms::Rooms;
pub use sharing::{DUTIES, Reviewer, Sharing};
pub use shop::{Product, Shop};
pub use validate::is_operator_name;

/// The default settings, which document all keys.
pub const DEFAULTS: &str = include_str!("../../settings.default.toml");

/// Defaults of development with the simulated WeChat, over [`DEFAULTS`].
const DEVELOPMENT: &str = include_str!("../../settings.development.toml");

/// Prefix of the environment variables that hold settings.
const PREFIX: &str = "YIBI_";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: Http,
    pub admin: Admin,
    pub internal: Internal,
    pub session: Session,
    pub limits: LimitSettings,
    pub gallery: Gallery,
    pub moderation: Moderation,
    pub sharing: Sharing,
    pub rooms: Rooms,
    pub shop: Shop,
    pub store: Store,
    pub keys: Keys,
    pub wechat: Wechat,
    pub pay: Pay,
    pub log: Log,
    pub dev: Dev,
    /// Names of the sections that this version does not know and leaves out.
    #[serde(skip)]
    pub unknown_sections: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: Listen,
    pub socket_group: String,
    pub public_url: String,
    pub weapp_base_path: String,
    pub wafer_base_path: String,
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<Network>,
    #[serde(deserialize_with = "seconds")]
    pub keep_alive: Duration,
    #[serde(deserialize_with = "seconds")]
    pub head_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub upload_timeout: Duration,
    pub body_limit: usize,
    #[serde(deserialize_with = "seconds")]
    pub drain_delay: Duration,
    #[serde(deserialize_with = "seconds")]
    pub shutdown_timeout: Duration,
    pub workers: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    pub listen: SocketAddr,
    pub token: SecretString,
    #[serde(default)]
    pub tokens: Vec<AdminToken>,
    pub socket_group: String,
    #[serde(deserialize_with = "list")]
    pub hosts: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminToken {
    pub name: String,
    pub role: Role,
    pub sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Internal {
    #[serde(deserialize_with = "perhaps")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    #[serde(deserialize_with = "seconds")]
    pub idle: Duration,
    pub yibi_days: u32,
    pub weapp_hours: u32,
    pub wafer_hours: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    pub enabled: bool,
    pub user_writes: u32,
    pub user_writes_burst: u32,
    pub user_wechat_calls: u32,
    pub user_wechat_calls_burst: u32,
    pub address_failures: u32,
    pub address_failures_burst: u32,
    pub drawing: Limits,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    pub bin_days: u32,
    pub erasure_days: u32,
    pub renderers: usize,
    pub render_queue: usize,
    pub image_cache: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moderation {
    pub mode: ModerationMode,
    #[serde(deserialize_with = "seconds")]
    pub retry: Duration,
    #[serde(deserialize_with = "seconds")]
    pub verdict: Duration,
    pub tries: u32,
}

/// Effect of WeChat's verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModerationMode {
    /// No calls to WeChat's content security API.
    Off,
    /// Verdicts are stored and logged.
    Log,
    /// Rejected content is removed.
    Enforce,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub data_dir: PathBuf,
    pub mongodb_uri: SecretString,
    pub mongodb_database: String,
    pub redis_url: SecretString,
    pub redis_prefix: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub sealing: SecretString,
    pub sealing_old: SecretString,
    pub signing: SecretString,
    pub signing_old: SecretString,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wechat {
    pub app_id: String,
    pub app_secret: SecretString,
    pub push_token: SecretString,
    pub push_aes_key: SecretString,
    pub api_url: String,
    #[serde(deserialize_with = "seconds")]
    pub timeout: Duration,
    pub env: MiniProgramEnv,
    #[serde(default)]
    pub apps: Vec<App>,
}

/// The version of the mini-program that codes open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MiniProgramEnv {
    /// The published version.
    Release,
    /// The version for trial users.
    Trial,
    /// The version of a developer.
    Develop,
}

impl MiniProgramEnv {
    /// WeChat's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Trial => "trial",
            Self::Develop => "develop",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub app_id: String,
    pub app_secret: SecretString,
    #[serde(default)]
    pub push_token: SecretString,
    #[serde(default)]
    pub push_aes_key: SecretString,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dev {
    pub preview_dir: PathBuf,
}

/// Reason why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A source can't be read, a key is unknown, or a value has the wrong type.
    #[error("{0}")]
    Unreadable(#[from] config::ConfigError),
    /// A file that a `…_FILE` variable names can't be read.
    #[error("{variable} names {path}, which can't be read: {cause}")]
    SecretFile { variable: String, path: String, cause: std::io::Error },
    /// Values that contradict one another or that a mode rejects; one line each.
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
        Self::load_over(&[DEFAULTS], file, environment, flags)
    }

    /// As [`load`](Self::load), for development: unless an app id is set, which selects the real WeChat, content is
    /// checked by the simulated one and sharing is open by default.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_for_development(
        file: Option<&Path>,
        environment: Vec<(String, String)>,
        flags: &[(&str, String)],
    ) -> Result<Self, SettingsError> {
        let settings = Self::load(file, environment.iter().cloned(), flags)?;
        if settings.wechat.app_id.is_empty() {
            return Self::load_over(&[DEFAULTS, DEVELOPMENT], file, environment, flags);
        }
        Ok(settings)
    }

    fn load_over(
        defaults: &[&str],
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&str, String)],
    ) -> Result<Self, SettingsError> {
        let variables = variables(environment)?.into_iter().map(|(name, set)| (name, set.value)).collect();
        let mut builder = Config::builder();
        for text in defaults {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let source = Environment::with_prefix("YIBI").prefix_separator("_").separator("__");
        builder = builder.add_source(source.source(Some(variables)));
        for (key, value) in flags {
            builder = builder.set_override(key, value.as_str())?;
        }
        let mut table = builder.build()?.cache.into_table()?;
        let unknown_sections = sections::take_unknown(&mut table)?;
        let mut settings: Self = Value::new(None, ValueKind::Table(table)).try_deserialize()?;
        settings.unknown_sections = unknown_sections;
        settings.consistent()?;
        Ok(settings)
    }

    /// All mini-programs; the one of `wechat.app_id` comes first.
    pub fn apps(&self) -> impl Iterator<Item = App> + '_ {
        let first = App {
            app_id: self.wechat.app_id.clone(),
            app_secret: self.wechat.app_secret.clone(),
            push_token: self.wechat.push_token.clone(),
            push_aes_key: self.wechat.push_aes_key.clone(),
        };
        (!first.app_id.is_empty()).then_some(first).into_iter().chain(self.wechat.apps.iter().cloned())
    }
}

/// A setting in the environment.
struct Variable {
    value: String,
    /// Name of the variable as it is set, `_FILE` included.
    name: String,
}

/// The settings in the environment, by their variables' names without `_FILE`, unless a setting itself ends in `_file`.
fn variables(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<HashMap<String, Variable>, SettingsError> {
    let mut variables = HashMap::new();
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || !name.contains("__") {
            continue;
        }
        if let Some(key) = name.strip_suffix("_FILE").filter(|_| !sections::has_key(&name)) {
            let text = std::fs::read_to_string(&value).map_err(|cause| SettingsError::SecretFile {
                variable: name.clone(),
                path: value.clone(),
                cause,
            })?;
            variables.insert(key.to_owned(), Variable { value: text.trim().to_owned(), name: name.clone() });
        } else {
            variables.insert(name.clone(), Variable { value, name });
        }
    }
    Ok(variables)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_secs(u64::from(u32::deserialize(deserializer)?)))
}

/// Empty text means `None`.
fn perhaps<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    (!text.is_empty()).then(|| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// A TOML array, or comma-separated text from the environment.
fn list<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
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
