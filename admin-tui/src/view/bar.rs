//! The upper bar with the views and the server, the status lines, and the lower bar with the keys.

use super::Page;
use crate::layout::{self, NAME};
use crate::model::link::Link;
use crate::model::overlay::Overlay;
use crate::model::{Model, PATIENCE, SPIN, status};
use crate::text;
use crate::theme::Tone;
use crate::time;

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

pub fn head(model: &Model, page: &mut Page<'_>) {
    page.wash(0, Tone::Bar);
    page.text(0, 0, layout::columns(NAME), NAME, Tone::Bar);
    for tab in model.tabs() {
        let tone = if tab.view == model.view { Tone::Tab } else { Tone::Bar };
        page.text(tab.x, 0, page.width().saturating_sub(tab.x), &tab.label, tone);
    }
    let tone = match (model.link.is_broken(), model.server.production) {
        (true, _) | (_, true) => Tone::Danger,
        (false, false) => Tone::Bar,
    };
    page.right(0, &model.server_label(), tone);
}

/// The lines above the lower bar: outcomes, the connection, and what is loading.
pub fn status(model: &Model, page: &mut Page<'_>) {
    let lines = status::lines(model);
    let height = u16::try_from(lines.len()).unwrap_or(1);
    let first = page.height().saturating_sub(1 + height);
    let width = page.width();
    let mut used = 0;
    for (y, (line, tone)) in (first..).zip(&lines) {
        used = page.text(1, y, width.saturating_sub(1), line, *tone);
    }
    let done = model.work.done.len() + model.work.failed.len();
    let mut right = String::new();
    if !model.work.queue.is_empty() && done > 0 {
        right = format!("{done} of {} done  ", done + model.work.queue.len());
    }
    if let Some(since) = model.pending.values().map(|pending| pending.since).min() {
        let waited = model.now - since;
        // The line about a lost connection tells of its own attempts.
        if waited >= PATIENCE && !matches!(model.link, Link::Down { .. }) {
            let turn = usize::try_from(waited / SPIN).unwrap_or(0) % SPINNER.len();
            let spinner = SPINNER.get(turn).copied().unwrap_or(" ");
            right.push_str(&format!("{spinner} {} · Esc cancels ", time::position(waited)));
        }
    }
    if usize::from(used) + text::width(&right) + 1 < usize::from(width) {
        page.right(first + height - 1, &right, Tone::Dim);
    }
}

/// The keys of an overlay.
fn overlay_hints(overlay: &Overlay) -> &'static [(&'static str, &'static str)] {
    match overlay {
        Overlay::Filter(_) => &[("Enter", "keep"), ("C-u", "clear"), ("Esc", "as before")],
        Overlay::Text(_) => &[("j k", "scroll"), ("/", "find"), ("n N", "next"), ("Esc", "back")],
        Overlay::Tasks => &[("Esc", "back")],
        Overlay::Palette { .. } => {
            &[("Enter", "run"), ("Tab", "complete"), ("↑↓", "select"), ("Esc", "back")]
        }
        Overlay::Confirm(confirm) if confirm.suffix.is_some() => {
            &[("Enter", "confirm the typed text"), ("Esc", "cancel")]
        }
        Overlay::Confirm(_) => &[("y", "confirm"), ("Tab", "select"), ("Enter", "press"), ("Esc", "cancel")],
        Overlay::Export(_) => &[("p", "PNG"), ("s", "SVG"), ("j", "JSON"), ("Esc", "back")],
        Overlay::Reasons(_) => &[("1–6", "remove for this reason"), ("Esc", "leave it")],
        Overlay::Note(..) => &[("Enter", "add the note"), ("C-u", "clear"), ("Esc", "leave it")],
        Overlay::AllowChanges => &[("y", "allow"), ("Esc", "stay read-only")],
        Overlay::Leave => &[("Enter", "make them and quit"), ("u", "cancel them and quit"), ("Esc", "stay")],
        Overlay::Help(_) | Overlay::Log(_) => &[("j k", "scroll"), ("Esc", "back")],
    }
}

/// The lower bar: the keys that apply.
pub fn foot(model: &Model, page: &mut Page<'_>) {
    let y = page.height() - 1;
    page.wash(y, Tone::Bar);
    let bar = page.theme.style(Tone::Bar);
    let key_style = bar.patch(page.theme.style(Tone::Key));
    let mut hint = |x: u16, key: &str, word: &str| {
        let end = x + page.styled(x, y, page.width().saturating_sub(x), key, key_style) + 1;
        end + page.styled(end, y, page.width().saturating_sub(end), word, bar) + 2
    };
    match &model.overlay {
        Some(overlay) => {
            let mut x = 1;
            for (key, word) in overlay_hints(overlay) {
                x = hint(x, key, word);
            }
        }
        None => {
            for layout::Hint { x, key, word, .. } in model.hints() {
                hint(x, key, word);
            }
        }
    }
}
