//! The command palette (`:`).

use super::opening::{self, open};
use super::{command, flash};
use crate::keys::{Binding, palette};
use crate::model::Model;
use crate::model::detail::Detail;
use crate::model::overlay::{Input, Overlay};
use crate::msg::Effect;
use crate::subject::Subject;

/// A key while the palette is open.
pub fn press(model: &mut Model, key: &str, mut input: Input, mut selected: usize, out: &mut Vec<Effect>) {
    match key {
        "Enter" => return execute(model, input.text.trim(), selected, out),
        "Down" | "C-n" => {
            selected = (selected + 1).min(offered(model, &input.text).len().saturating_sub(1));
        }
        "Up" | "C-p" => selected = selected.saturating_sub(1),
        "Tab" => {
            if let Some(text) = palette::complete(model.context(), &input.text) {
                input.text = text;
            }
        }
        _ => {
            if input.edit(key) {
                selected = 0;
            }
        }
    }
    model.overlay = Some(Overlay::Palette { input, selected });
}

fn offered(model: &Model, typed: &str) -> Vec<&'static Binding> {
    palette::matches(model.context(), typed, |command| model.applies(command))
}

fn execute(model: &mut Model, typed: &str, selected: usize, out: &mut Vec<Effect>) {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let subject = match words.as_slice() {
        ["goto", place] => return opening::go_to(model, place, out),
        ["profile"] => return list_profiles(model),
        ["profile", name] => return switch(model, name, out),
        ["req", id] => Subject::Request((*id).to_owned()),
        ["session", id] => Subject::Session((*id).to_owned()),
        ["user", id] => Subject::User((*id).to_owned()),
        ["drawing", user, id] => Subject::Drawing { user: (*user).to_owned(), id: (*id).to_owned() },
        // Enter without a word or a selection closes the palette.
        [] if selected == 0 => return,
        _ => {
            let found = offered(model, typed).get(selected).map(|binding| binding.command);
            let exact = palette::named(typed).filter(|_| selected == 0);
            match (exact.or(found), palette::opener(typed)) {
                (Some(found), _) => command::run(model, found, out),
                (None, Some(form)) => flash(model, format!(":{form}"), true),
                (None, None) => flash(model, format!("no command {typed}"), true),
            }
            return;
        }
    };
    open(model, Detail::new(subject), out);
}

fn list_profiles(model: &mut Model) {
    let text = if model.profiles.is_empty() {
        "admin.toml has no profiles".to_owned()
    } else {
        format!("profiles: {}", model.profiles.join(", "))
    };
    flash(model, text, false);
}

/// Connects to another server. Changes that wait or are being made belong to this one, and come first.
fn switch(model: &mut Model, name: &str, out: &mut Vec<Effect>) {
    if !model.work.queue.is_empty() {
        flash(model, "changes are waiting: u cancels them", true);
    } else if model.profiles.iter().any(|profile| profile == name) {
        out.push(Effect::Switch(name.to_owned()));
    } else {
        flash(model, format!("no profile {name}; there are: {}", model.profiles.join(", ")), true);
    }
}
