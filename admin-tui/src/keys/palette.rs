//! The commands that the palette (`:`) offers.

use super::{Binding, Command, Context, bindings, table};

/// Commands with arguments, and their forms.
pub const OPENERS: [(&str, &str); 6] = [
    ("goto", "goto ID or TIME: a row of the list; in drawings also 2d, 21:00 or 2026-11-28"),
    ("req", "req REQUEST_ID: why a request failed"),
    ("session", "session ID: one session"),
    ("user", "user ID: one user"),
    ("drawing", "drawing USER ID: one drawing"),
    ("profile", "profile NAME: another server of admin.toml; without a name, the list of them"),
];

/// The opener that is being typed.
pub fn opener(typed: &str) -> Option<&'static str> {
    let word = typed.split_whitespace().next()?;
    OPENERS.iter().find(|(name, _)| name.starts_with(word)).map(|(_, form)| *form)
}

/// The commands whose names or descriptions contain the typed text, those whose names begin with it first. Keys
/// that only move the cursor are left out.
pub fn matches(context: Context, typed: &str, applies: impl Fn(Command) -> bool) -> Vec<&'static Binding> {
    let typed = typed.trim().to_lowercase();
    let found = bindings(context).filter(|binding| {
        (binding.name.contains(&typed) || binding.help.to_lowercase().contains(&typed))
            && !binding.command.is_movement()
            && applies(binding.command)
    });
    let mut found: Vec<&Binding> = found.collect();
    let is_view = |binding: &Binding| matches!(binding.command, Command::Show(_));
    found.sort_by_key(|binding| {
        let name = (!binding.name.starts_with(&typed), !binding.name.contains(&typed));
        (name, typed.is_empty() && !is_view(binding))
    });
    found
}

/// The longest text that all names beginning with the typed one share; commands and openers alike.
pub fn complete(context: Context, typed: &str) -> Option<String> {
    if typed.is_empty() || typed.contains(char::is_whitespace) {
        return None;
    }
    let commands = bindings(context).map(|binding| binding.name);
    let names = commands.chain(OPENERS.iter().map(|(name, _)| *name));
    names.filter(|name| name.starts_with(typed)).map(str::to_owned).reduce(|shared, name| {
        shared.chars().zip(name.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    })
}

/// The command with exactly this name, or `q`.
pub fn named(typed: &str) -> Option<Command> {
    if typed == "q" {
        return Some(Command::Quit);
    }
    table().iter().find(|binding| binding.name == typed).map(|binding| binding.command)
}
