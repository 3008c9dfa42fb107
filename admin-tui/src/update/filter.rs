//! The filter prompt: what is known is narrowed with every key, and the server is asked once typing pauses.

use super::{drop_pending, lay_over, say};
use crate::filter;
use crate::model::Model;
use crate::model::overlay::{Input, Overlay, Prompt};
use crate::moment::Millis;
use crate::msg::Effect;

/// How long typing pauses before the server is asked.
const PAUSE: Millis = 150;
/// Characters below which the server is not asked before Enter.
const LEAST: usize = 2;

/// Opens the prompt.
pub fn open(model: &mut Model) {
    let Some(list) = model.list() else { return };
    if list.kind.fields().is_empty() {
        say(model, "this list has no filter", false);
        return;
    }
    let (input, before) = (Input::of(&list.filter), list.filter.clone());
    lay_over(model, Overlay::Filter(Prompt { input, before, error: None, due: None }));
}

/// A key other than Esc.
pub fn press(model: &mut Model, key: &str, mut prompt: Prompt, out: &mut Vec<Effect>) {
    if key == "Enter" {
        if let Err(error) = apply(model, &prompt.input.text, out) {
            prompt.error = Some(error.to_string());
            model.overlay = Some(Overlay::Filter(prompt));
        }
        return;
    }
    prompt.input.edit(key);
    changed(model, prompt);
}

/// Text that was pasted.
pub fn paste(model: &mut Model, text: &str, mut prompt: Prompt) {
    prompt.input.insert(text);
    changed(model, prompt);
}

/// Esc: the filter is what it was before.
pub fn leave(model: &mut Model, prompt: &Prompt, out: &mut Vec<Effect>) {
    if let Some(list) = model.list_mut() {
        list.narrowed = None;
    }
    // It was understood once, and is again.
    let _ = apply(model, &prompt.before, out);
}

fn changed(model: &mut Model, mut prompt: Prompt) {
    let now = model.now;
    prompt.error = None;
    if let Some(list) = model.list_mut() {
        list.narrow(&prompt.input.text);
        let length = prompt.input.text.trim().chars().count();
        prompt.due = (length == 0 || length >= LEAST).then_some(now + PAUSE);
    }
    model.overlay = Some(Overlay::Filter(prompt));
}

/// Time has passed: asks for what was typed, as far as it can be understood yet.
pub fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(Overlay::Filter(prompt)) = &mut model.overlay else { return };
    if prompt.due.is_some_and(|due| due <= now) {
        prompt.due = None;
        let text = prompt.input.text.clone();
        // What is not yet complete is not asked for, and not complained of before Enter.
        let _ = apply(model, &text, out);
    }
}

/// Filters the list in view, unless it is filtered so.
pub fn apply(model: &mut Model, text: &str, out: &mut Vec<Effect>) -> Result<(), filter::Misunderstood> {
    let now = model.server_now();
    let Some(list) = model.list_mut() else { return Ok(()) };
    let parameters = filter::parse(text, list.kind.fields(), now)?;
    if list.filter == text.trim() {
        // Nothing else will come to take its place.
        if list.len() > 0 || !list.has_more() {
            list.narrowed = None;
        }
        return Ok(());
    }
    list.filter = text.trim().to_owned();
    list.parameters = parameters;
    list.ask_anew();
    model.dirty = true;
    drop_pending(model, out);
    Ok(())
}
