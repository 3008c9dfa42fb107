//! The effective settings and the source of each, for `yibi-server settings --effective`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use config::{Config, File, FileFormat, Source, Value, ValueKind};

use super::{DEFAULTS, PREFIX, Settings, SettingsError, variables};

/// Last key parts of the settings whose values are not shown.
const SECRETS: [&str; 11] = [
    "token",
    "mongodb_uri",
    "redis_url",
    "sealing",
    "sealing_old",
    "signing",
    "signing_old",
    "app_secret",
    "push_token",
    "push_aes_key",
    "sha256",
];

/// One line for each setting: its value as in a settings file, and where it comes from. For a secret, the
/// line says only whether it is set.
///
/// # Errors
/// As [`Settings::load`].
pub fn effective(
    file: Option<&Path>,
    environment: Vec<(String, String)>,
    flags: &[(&str, String)],
) -> Result<String, SettingsError> {
    let unknown = Settings::load(file, environment.iter().cloned(), flags)?.unknown_sections;
    let mut settings = BTreeMap::new();
    add(&mut settings, File::from_str(DEFAULTS, FileFormat::Toml), "default")?;
    if let Some(path) = file {
        add(&mut settings, File::from(path).format(FileFormat::Toml), &path.display().to_string())?;
    }
    let mut add_text = |key: &str, text: &str, source: &str| {
        let quoted = settings.get(key).is_none_or(|(value, _): &(String, _)| value.starts_with(['"', '[']));
        let value = match hidden(key, text.is_empty()) {
            Some(hidden) => hidden.to_owned(),
            None if quoted => format!("{text:?}"),
            None => text.to_owned(),
        };
        settings.insert(key.to_owned(), (value, source.to_owned()));
    };
    for (name, set) in variables(environment)? {
        let key = name.strip_prefix(PREFIX).unwrap_or_default().to_lowercase().replace("__", ".");
        add_text(&key, &set.value, &set.name);
    }
    for (key, value) in flags {
        add_text(key, value, "command line");
    }
    let mut text = String::new();
    for (key, (value, source)) in settings {
        // A newer version may keep secrets there.
        let section = key.split('.').next().unwrap_or_default();
        let value = if unknown.iter().any(|name| name == section) { "(unknown section)" } else { &value };
        let _ = writeln!(text, "{:<56} # {source}", format!("{key} = {value}"));
    }
    Ok(text)
}

fn add(
    settings: &mut BTreeMap<String, (String, String)>,
    file: impl Source + Send + Sync + 'static,
    source: &str,
) -> Result<(), SettingsError> {
    let root = Config::builder().add_source(file).build()?.collect()?;
    let mut open: Vec<(String, Value)> = root.into_iter().collect();
    while let Some((key, value)) = open.pop() {
        if let ValueKind::Table(table) = value.kind {
            open.extend(table.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
        } else {
            settings.insert(key.clone(), (shown(&key, &value), source.to_owned()));
        }
    }
    Ok(())
}

fn shown(key: &str, value: &Value) -> String {
    let empty = matches!(&value.kind, ValueKind::String(text) if text.is_empty());
    if let Some(hidden) = hidden(key, empty) {
        return hidden.to_owned();
    }
    match &value.kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shown(key, item)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Table(table) => {
            let table: BTreeMap<_, _> = table.iter().collect();
            let entries: Vec<String> =
                table.into_iter().map(|(name, value)| format!("{name} = {}", shown(name, value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_) => value.to_string(),
    }
}

fn hidden(key: &str, empty: bool) -> Option<&'static str> {
    let name = key.rsplit('.').next().unwrap_or_default();
    SECRETS.contains(&name).then_some(if empty { "\"\"" } else { "(set)" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'t>(text: &'t str, key: &str) -> &'t str {
        text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap()
    }

    #[test]
    fn each_value_is_told_with_its_source_and_no_secret_is_shown() {
        let directory = std::env::temp_dir().join(format!("yibi-effective-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("yibi.toml");
        let text = "[http]\nbody_timeout = 7\n[[wechat.apps]]\napp_id = \"wx2\"\napp_secret = \"hush-1\"\n";
        std::fs::write(&file, text).unwrap();
        std::fs::write(directory.join("secret"), "hush-2\n").unwrap();
        let secret = directory.join("secret").display().to_string();
        let environment = vec![
            ("YIBI_WECHAT__APP_SECRET_FILE".to_owned(), secret),
            ("YIBI_STORE__REDIS_URL".to_owned(), "redis://:hush-3@127.0.0.1".to_owned()),
            ("YIBI_LIMITS__ENABLED".to_owned(), "false".to_owned()),
            ("YIBI_STORE__REDIS_PREFIX".to_owned(), "a:".to_owned()),
            ("YIBI_LATER__KEY".to_owned(), "hush-4".to_owned()),
        ];
        let text = effective(Some(&file), environment, &[("http.listen", "127.0.0.1:0".to_owned())]).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        for (key, begin, end) in [
            ("http.listen", "http.listen = \"127.0.0.1:0\"", "# command line"),
            ("http.body_timeout", "http.body_timeout = 7", "yibi.toml"),
            ("limits.enabled", "limits.enabled = false", "# YIBI_LIMITS__ENABLED"),
            ("store.redis_prefix", "store.redis_prefix = \"a:\"", "# YIBI_STORE__REDIS_PREFIX"),
            ("store.redis_url", "store.redis_url = (set)", "# YIBI_STORE__REDIS_URL"),
            ("wechat.app_secret", "wechat.app_secret = (set)", "# YIBI_WECHAT__APP_SECRET_FILE"),
            ("later.key", "later.key = (unknown section)", "# YIBI_LATER__KEY"),
            ("store.mongodb_uri", "store.mongodb_uri = \"\"", "# default"),
            ("wechat.apps", "wechat.apps = [{ app_id = \"wx2\", app_secret = (set) }]", "yibi.toml"),
        ] {
            let line = line(&text, key);
            assert!(line.starts_with(begin) && line.ends_with(end), "{line}");
        }
        assert!(!text.contains("hush"), "{text}");
    }

    #[test]
    fn every_secret_of_the_settings_is_known_here() {
        let settings = Settings::load(None, [], &[]).unwrap();
        let redacted = format!("{settings:?}").matches("REDACTED").count();
        let text = effective(None, Vec::new(), &[]).unwrap();
        let known = text
            .lines()
            .filter(|line| line.split(" = ").next().is_some_and(|key| hidden(key, true).is_some()));
        assert_eq!(known.count(), redacted);
    }
}
