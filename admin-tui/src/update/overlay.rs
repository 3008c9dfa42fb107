//! Keys and text while something lies over the view.

use super::{acts, filter, palette, say, send};
use crate::model::Model;
use crate::model::overlay::{Confirm, Overlay, Reader};
use crate::msg::{Effect, Slot};
use crate::request::{Form, Request};

/// A key.
pub fn press(model: &mut Model, key: &str, out: &mut Vec<Effect>) {
    let Some(overlay) = model.overlay.take() else { return };
    if key == "Esc" {
        if let Overlay::Filter(prompt) = &overlay {
            filter::leave(model, prompt, out);
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
        Overlay::Export(user, id) => {
            let form = match key {
                "p" => Form::Png,
                "s" => Form::Svg,
                "j" => Form::Json,
                "q" => return,
                _ => {
                    model.overlay = Some(Overlay::Export(user, id));
                    return;
                }
            };
            send(model, Slot::Export, 0, Request::Export { user, id, form }, out);
        }
        Overlay::AllowChanges => {
            if key == "y" {
                model.read_only = false;
                say(model, "changes are allowed; ! forbids them", false);
            } else if !matches!(key, "q" | "n" | "Enter") {
                model.overlay = Some(Overlay::AllowChanges);
            }
        }
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

/// A key while a text is read.
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

/// Enter presses the button under the cursor, which begins on Cancel; `y` is a way to say yes only where
/// nothing has to be typed. The keys that open the question do nothing here.
fn press_confirm(model: &mut Model, key: &str, mut confirm: Confirm, out: &mut Vec<Effect>) {
    match key {
        "Tab" | "S-Tab" | "Left" | "Right" => confirm.armed = !confirm.armed,
        "Enter" if !confirm.armed => {
            say(model, "nothing was changed", false);
            return;
        }
        "Enter" if confirm.allowed() => {
            acts::start(model, confirm.acts, false, out);
            return;
        }
        "Enter" => {}
        "y" if confirm.suffix.is_none() => {
            acts::start(model, confirm.acts, false, out);
            return;
        }
        "q" | "n" if confirm.suffix.is_none() => {
            say(model, "nothing was changed", false);
            return;
        }
        _ if confirm.suffix.is_some() => {
            confirm.typed.edit(key);
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Confirm(confirm));
}

/// Text from the clipboard goes into what is being typed, and is never taken for keys.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(Overlay::Filter(_)) = &model.overlay
        && let Some(Overlay::Filter(prompt)) = model.overlay.take()
    {
        filter::paste(model, text, prompt);
        return;
    }
    match &mut model.overlay {
        Some(Overlay::Text(reader)) if reader.typing => reader.search.insert(text),
        Some(Overlay::Palette { input, selected }) => {
            input.insert(text);
            *selected = 0;
        }
        // What is to be typed is to be typed.
        Some(
            Overlay::Confirm(_)
            | Overlay::Filter(_)
            | Overlay::Text(_)
            | Overlay::Tasks
            | Overlay::Help(_)
            | Overlay::Log(_)
            | Overlay::Export(..)
            | Overlay::AllowChanges,
        )
        | None => {}
    }
}
