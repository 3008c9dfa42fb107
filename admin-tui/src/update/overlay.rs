//! Keys and pasted text for overlays.

use super::{acts, export, filter, flash, palette, reviewing};
use crate::model::Model;
use crate::model::overlay::{Confirm, Overlay, Reader};
use crate::msg::Effect;
use crate::request::Form;

/// Passes a key to the overlay.
pub fn press(model: &mut Model, key: &str, out: &mut Vec<Effect>) {
    let Some(overlay) = model.overlay.take() else { return };
    if key == "Esc" {
        if let Overlay::Filter(prompt) = &overlay {
            filter::leave(model, prompt, out);
        } else if let Overlay::Confirm(_) = &overlay {
            flash(model, "nothing was changed", false);
        }
        return;
    }
    match overlay {
        Overlay::Help(top) => {
            model.overlay = scroll(key, top).map(Overlay::Help);
        }
        Overlay::Log(top) => {
            model.overlay = scroll(key, top).map(Overlay::Log);
        }
        Overlay::Palette { input, selected } => palette::press(model, key, input, selected, out),
        Overlay::Filter(prompt) => filter::press(model, key, prompt, out),
        Overlay::Text(reader) => model.overlay = read(key, reader).map(Overlay::Text),
        Overlay::Tasks => {
            if !matches!(key, "q" | "w" | "Enter") {
                model.overlay = Some(Overlay::Tasks);
            }
        }
        Overlay::Confirm(confirm) => press_confirm(model, key, confirm, out),
        Overlay::Export(drawings) => {
            let form = match key {
                "p" => Form::Png,
                "s" => Form::Svg,
                "j" => Form::Json,
                "q" => return,
                _ => {
                    model.overlay = Some(Overlay::Export(drawings));
                    return;
                }
            };
            export::start(model, drawings, form, out);
        }
        Overlay::Reasons(case) => reviewing::press_reason(model, key, case, out),
        Overlay::Note(case, input) => reviewing::press_note(model, key, case, input, out),
        Overlay::AllowChanges => {
            if key == "y" {
                model.read_only = false;
                flash(model, "changes are allowed · !: read-only", false);
            } else if !matches!(key, "q" | "n" | "Enter") {
                model.overlay = Some(Overlay::AllowChanges);
            }
        }
        Overlay::Leave => match key {
            "Enter" => acts::make_and_quit(model, out),
            "u" => {
                acts::cancel(model);
                out.push(Effect::Quit);
            }
            "q" => {}
            _ => model.overlay = Some(Overlay::Leave),
        },
    }
}

fn scroll(key: &str, top: usize) -> Option<usize> {
    match key {
        "j" | "Down" => Some(top + 1),
        "k" | "Up" => Some(top.saturating_sub(1)),
        "C-d" | "C-f" | "PageDown" | "Space" => Some(top + 10),
        "C-u" | "C-b" | "PageUp" => Some(top.saturating_sub(10)),
        "g" | "Home" => Some(0),
        "q" | "?" | "@" | "Enter" => None,
        _ => Some(top),
    }
}

/// A key while a text is shown.
fn read(key: &str, mut reader: Reader) -> Option<Reader> {
    if reader.typing {
        if key == "Enter" {
            reader.typing = false;
            reader.top = reader.top.checked_sub(1).unwrap_or(reader.lines.len().saturating_sub(1));
            reader.find(false);
        } else {
            reader.search.edit(key);
        }
        return Some(reader);
    }
    match key {
        "/" => (reader.typing, reader.search.text) = (true, String::new()),
        "n" => reader.find(false),
        "N" => reader.find(true),
        "d" => return None,
        "G" | "End" => reader.top = reader.lines.len(),
        _ => reader.top = scroll(key, reader.top)?,
    }
    reader.top = reader.top.min(reader.lines.len().saturating_sub(1));
    Some(reader)
}

/// Enter presses the selected button. The dialog opens on Cancel; once a required text is complete, the other
/// button is selected. `y` confirms only where nothing has to be typed, and the keys that open the dialog do
/// nothing in it.
fn press_confirm(model: &mut Model, key: &str, mut confirm: Confirm, out: &mut Vec<Effect>) {
    let typing = confirm.suffix.is_some();
    match key {
        "Tab" | "S-Tab" | "Left" | "Right" => confirm.armed = !confirm.armed,
        "Enter" if confirm.armed && confirm.allowed() => return acts::start(model, confirm.acts, false, out),
        // An incomplete text is neither a yes nor a no.
        "Enter" if typing && !confirm.allowed() => {}
        "Enter" => return flash(model, "nothing was changed", false),
        "y" if !typing => return acts::start(model, confirm.acts, false, out),
        "q" | "n" if !typing => return flash(model, "nothing was changed", false),
        _ if typing => {
            confirm.typed.edit(key);
            confirm.armed = confirm.allowed();
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Confirm(confirm));
}

/// A click on a button of the dialog.
pub fn click_button(model: &mut Model, go: bool, out: &mut Vec<Effect>) {
    if let Some(Overlay::Confirm(confirm)) = &mut model.overlay {
        confirm.armed = go;
        press(model, "Enter", out);
    }
}

/// Inserts pasted text into the input, if there is one. Pasted text is never taken for keys, and never confirms
/// a change.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(Overlay::Filter(_)) = &model.overlay
        && let Some(Overlay::Filter(prompt)) = model.overlay.take()
    {
        filter::paste(model, text, prompt);
        return;
    }
    match &mut model.overlay {
        Some(Overlay::Text(reader)) if reader.typing => reader.search.insert(text),
        Some(Overlay::Note(_, input)) => input.insert(text),
        Some(Overlay::Palette { input, selected }) => {
            input.insert(text);
            *selected = 0;
        }
        Some(
            Overlay::Confirm(_)
            | Overlay::Filter(_)
            | Overlay::Text(_)
            | Overlay::Tasks
            | Overlay::Help(_)
            | Overlay::Log(_)
            | Overlay::Export(_)
            | Overlay::Reasons(_)
            | Overlay::AllowChanges
            | Overlay::Leave,
        )
        | None => {}
    }
}
