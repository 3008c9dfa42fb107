//! Sections that this version does not know. They do not keep a server from starting, so that an older version starts
//! with the settings of a newer one; unknown keys within a known section do, since they are likely typing errors.

use std::collections::BTreeSet;

use config::{Config, ConfigError, File, FileFormat, Map, Value, ValueKind};

use super::{DEFAULTS, PREFIX};

/// Names of all sections.
pub(super) fn known() -> Result<BTreeSet<String>, ConfigError> {
    let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build()?;
    Ok(defaults.cache.into_table()?.into_keys().collect())
}

/// Removes the unknown sections and returns their names, in order.
pub(super) fn take_unknown(settings: &mut Map<String, Value>) -> Result<Vec<String>, ConfigError> {
    let known = known()?;
    let is_unknown =
        |(name, value): (&String, &Value)| !known.contains(name) && matches!(value.kind, ValueKind::Table(_));
    let mut unknown: Vec<String> =
        settings.iter().filter(|entry| is_unknown(*entry)).map(|(name, _)| name.clone()).collect();
    unknown.sort_unstable();
    for name in &unknown {
        settings.remove(name);
    }
    Ok(unknown)
}

/// Whether the defaults have the key that a variable names, such as `YIBI_PAY__PRIVATE_KEY_FILE`.
pub(super) fn has_key(variable: &str) -> bool {
    let path = variable.strip_prefix(PREFIX).unwrap_or_default().to_lowercase();
    let Some((section, key)) = path.split_once("__") else { return false };
    let defaults = toml::from_str::<toml::Table>(DEFAULTS).unwrap_or_default();
    defaults.get(section).and_then(|section| section.get(key)).is_some()
}
