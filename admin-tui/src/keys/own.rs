//! The keys that the operator's configuration file gives to commands.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use super::{BINDINGS, Binding, Command, Context, NAMED, applies};

/// The table with the operator's keys, once the configuration file was read.
static OWN: OnceLock<Vec<Binding>> = OnceLock::new();

/// The keys of the configuration file by the command's name in the palette.
pub type OwnKeys = BTreeMap<String, Keys>;

/// The keys of a command: `"M-d"` or `["M-d", "F8"]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Keys {
    One(String),
    Many(Vec<String>),
}

impl Keys {
    fn all(&self) -> &[String] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Many(keys) => keys,
        }
    }
}

/// The table in force.
pub fn table() -> &'static [Binding] {
    OWN.get().map_or(&BINDINGS, Vec::as_slice)
}

/// Puts the operator's keys in force for the rest of the process; the first call counts.
///
/// # Errors
/// An unknown command, an invalid key, or a key with two meanings.
pub fn install(own: &OwnKeys) -> Result<(), String> {
    if !own.is_empty() {
        // A second call would be a second configuration file, of which there is none.
        let _ = OWN.set(with_own(own)?);
    }
    Ok(())
}

fn with_own(own: &OwnKeys) -> Result<Vec<Binding>, String> {
    let mut table = BINDINGS.to_vec();
    for (name, keys) in own {
        let Some(binding) = table.iter_mut().find(|binding| binding.name == name) else {
            return Err(format!("keys: there is no command {name:?}; the console lists all after ? and :"));
        };
        let keys = keys.all();
        if keys.is_empty() {
            return Err(format!("keys.{name} needs a key"));
        }
        if let Some(key) = keys.iter().find(|key| !is_key(key)) {
            return Err(format!("keys.{name}: {key:?} is no key; write it as j, D, C-d, M-x, F5 or Enter"));
        }
        if let Some(key) = keys.iter().find(|key| !is_deliberate(key))
            && matches!(binding.command, Command::Edit(_))
        {
            return Err(format!("keys.{name}: {key} is pressed too easily; use a capital letter, C- or M-"));
        }
        // The table lives as long as the process.
        let keys: Vec<&'static str> = keys.iter().map(|key| &*key.clone().leak()).collect();
        binding.keys = keys.leak();
    }
    for context in Context::ALL {
        let mut meanings = HashMap::new();
        for binding in table.iter().filter(|binding| applies(binding, context)) {
            for key in binding.keys {
                if let Some(other) =
                    meanings.insert(*key, binding.name).filter(|other| *other != binding.name)
                {
                    let (mine, other) =
                        if own.contains_key(other) { (other, binding.name) } else { (binding.name, other) };
                    return Err(format!("keys.{mine}: {key} is the key of {other}, which needs another one"));
                }
            }
        }
    }
    Ok(table)
}

/// Whether a key is written as the registry writes it.
fn is_key(key: &str) -> bool {
    let rest = key.strip_prefix("C-").unwrap_or(key);
    let rest = rest.strip_prefix("M-").unwrap_or(rest);
    let is_named = |name: &str| NAMED.iter().any(|(_, named)| *named == name);
    let number = rest.strip_prefix('F').and_then(|number| number.parse::<u8>().ok());
    let mut characters = rest.chars();
    let single =
        matches!((characters.next(), characters.next()), (Some(c), None) if !c.is_control() && c != ' ');
    single
        || is_named(rest.strip_prefix("S-").unwrap_or(rest))
        || number.is_some_and(|n| (1..=24).contains(&n))
}

/// Whether a key is not pressed by mistake while moving, confirming or typing.
fn is_deliberate(key: &str) -> bool {
    let mut characters = key.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) => c.is_uppercase(),
        _ => key.starts_with("M-") || key.starts_with("C-") && key != "C-d" || key.starts_with('F'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Result<Vec<Binding>, String> {
        with_own(&toml::from_str(text).unwrap())
    }

    fn keys(table: &[Binding], name: &str) -> Vec<&'static str> {
        table.iter().find(|binding| binding.name == name).unwrap().keys.to_vec()
    }

    #[test]
    fn commands_get_other_keys() {
        let table = own("delete = \"M-d\"\ndown = [\"Down\", \"C-n\"]\nexport = \"D\"").unwrap();
        assert_eq!(keys(&table, "delete"), ["M-d"]);
        assert_eq!(keys(&table, "down"), ["Down", "C-n"]);
        assert_eq!(keys(&table, "export"), ["D"], "a key that became free");
        assert_eq!(keys(&table, "up"), ["k", "Up"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("fly = \"f\"", "there is no command \"fly\""),
            ("down = []", "keys.down needs a key"),
            ("down = \"\"", "\"\" is no key"),
            ("down = \"Ctrl-n\"", "\"Ctrl-n\" is no key"),
            ("down = \"F99\"", "\"F99\" is no key"),
            ("delete = \"d\"", "d is pressed too easily"),
            ("block = \"Enter\"", "Enter is pressed too easily"),
            ("down = \"x\"", "keys.down: x is the key of export"),
            ("quit = \"?\"", "keys.quit: ? is the key of help"),
        ] {
            let error = own(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
