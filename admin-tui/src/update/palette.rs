//! `:` and what can be said behind it: any command by its name, or an id to be opened.

use super::opening::{self, open};
use super::{command, say};
use crate::keys::{self, Binding};
use crate::model::Model;
use crate::model::detail::{Detail, Drawing};
use crate::model::overlay::{Input, Overlay};
use crate::msg::Effect;

/// What opens things by their ids, and how it is written.
pub const OPENERS: [(&str, &str); 5] = [
    ("goto", "goto ID or TIME: a row of the list; in drawings also 2d or a moment"),
    ("req", "req REQUEST_ID: why a request failed"),
    ("session", "session ID: one session"),
    ("user", "user ID: one user"),
    ("drawing", "drawing USER ID: one drawing"),
];

/// The commands whose names or descriptions hold what was typed; those that begin with it first.
pub fn matches(model: &Model, typed: &str) -> Vec<&'static Binding> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<&Binding> = keys::bindings(model.context())
        .filter(|binding| binding.name.contains(&typed) || binding.help.to_lowercase().contains(&typed))
        .collect();
    found.sort_by_key(|binding| (!binding.name.starts_with(&typed), !binding.name.contains(&typed)));
    found
}

/// A key while the palette is open.
pub fn press(model: &mut Model, key: &str, mut input: Input, mut selected: usize, out: &mut Vec<Effect>) {
    match key {
        "Enter" => {
            execute(model, &input.text, selected, out);
            return;
        }
        "Down" | "C-n" | "Tab" => {
            selected = (selected + 1).min(matches(model, &input.text).len().saturating_sub(1));
        }
        "Up" | "C-p" | "S-Tab" => selected = selected.saturating_sub(1),
        _ => {
            if input.edit(key) {
                selected = 0;
            }
        }
    }
    model.overlay = Some(Overlay::Palette { input, selected });
}

fn execute(model: &mut Model, typed: &str, selected: usize, out: &mut Vec<Effect>) {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let detail = match words.as_slice() {
        ["goto", place] => return opening::go_to(model, place, out),
        ["req", id] => Detail::Request { id: (*id).to_owned(), data: None, selected: 0 },
        ["session", id] => Detail::Session { id: (*id).to_owned(), data: None, selected: 0 },
        ["user", id] => Detail::User { id: (*id).to_owned(), data: None, selected: 0 },
        ["drawing", user, id] => Detail::Drawing(Box::new(Drawing::new(user, id, None))),
        _ => {
            if let Some(binding) = matches(model, typed).get(selected) {
                command::run(model, binding.command, out);
            } else {
                say(model, format!("no command {typed}"), true);
            }
            return;
        }
    };
    open(model, detail, out);
}
