//! The filter prompt: loaded rows are filtered with every key, and the server is asked once typing pauses.

use super::{drop_pending, flash, open_overlay};
use crate::filter;
use crate::model::Model;
use crate::model::overlay::{Input, Overlay, Prompt};
use crate::msg::Effect;
use crate::time::Millis;

/// The pause in typing after which the server is asked.
const PAUSE: Millis = 150;

pub fn open(model: &mut Model) {
    let Some(list) = model.list() else { return };
    if list.kind.fields().is_empty() {
        return flash(model, "this list can't be filtered", false);
    }
    let (input, before) = (Input::of(&list.filter), list.filter.clone());
    open_overlay(model, Overlay::Filter(Prompt { input, before, error: None, due: None }));
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

pub fn paste(model: &mut Model, text: &str, mut prompt: Prompt) {
    prompt.input.insert(text);
    changed(model, prompt);
}

/// Esc: restores the filter from before the prompt.
pub fn leave(model: &mut Model, prompt: &Prompt, out: &mut Vec<Effect>) {
    if let Some(list) = model.list_mut() {
        list.narrowed = None;
    }
    // This filter was valid before.
    let _ = apply(model, &prompt.before, out);
}

fn changed(model: &mut Model, mut prompt: Prompt) {
    let (now, clock) = (model.now, model.clock());
    prompt.error = None;
    if let Some(list) = model.list_mut() {
        let text = prompt.input.text.trim();
        list.narrow(text);
        let fields = list.kind.fields();
        let is_known = text == list.filter;
        // A single letter finds too much; a single character of Chinese is a word.
        let is_short = text.chars().count() == 1 && text.is_ascii();
        let is_valid = filter::parse(text, fields, &clock).is_ok() && filter::is_complete(text, fields);
        prompt.due = (is_valid && !is_short && !is_known).then_some(now + PAUSE);
        if is_known && list.len() > 0 {
            list.narrowed = None;
        }
    }
    model.overlay = Some(Overlay::Filter(prompt));
}

/// Sends the typed filter to the server once typing has paused.
pub fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(Overlay::Filter(prompt)) = &mut model.overlay else { return };
    if prompt.due.is_some_and(|due| due <= now) {
        prompt.due = None;
        let text = prompt.input.text.clone();
        // An invalid filter is reported on Enter only.
        let _ = apply(model, &text, out);
    }
}

/// Filters the list in view, unless this filter is in force already.
pub fn apply(model: &mut Model, text: &str, out: &mut Vec<Effect>) -> Result<(), filter::InvalidFilter> {
    let clock = model.clock();
    let Some(list) = model.list_mut() else { return Ok(()) };
    let parameters = filter::parse(text, list.kind.fields(), &clock)?;
    if list.filter == text.trim() {
        // No reply will come to replace the narrowed rows.
        if list.len() > 0 || !list.has_more() {
            list.narrowed = None;
        }
        return Ok(());
    }
    list.filter = text.trim().to_owned();
    list.parameters = parameters;
    list.from_end = false;
    list.reset();
    model.dirty = true;
    drop_pending(model, out);
    Ok(())
}
