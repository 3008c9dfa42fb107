//! The bars: where one is, how the server is, what just happened, which keys there are.

use super::Page;
use crate::keys;
use crate::model::link::Link;
use crate::model::overlay::Overlay;
use crate::model::{Model, PATIENCE, SPIN, View};
use crate::moment;
use crate::request::Kind;
use crate::text;
use crate::theme::Tone;

/// What stands before the views.
const NAME: &str = " 一笔 ";
/// The spinner's positions.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// How the server is called, where mistakes are expensive loudly.
fn label(model: &Model) -> String {
    let state = match &model.link {
        Link::Connecting => "○",
        Link::Up => "●",
        Link::Down { .. } => "✗",
    };
    let production = if model.server.production { "PROD " } else { "" };
    let read_only = if model.read_only { " read-only" } else { "" };
    format!(" {state} {production}{}{read_only} ", text::cut(&model.server.label, 24))
}

/// The views in the bar: where each begins, what it says, which it is. The server's name comes first: where there
/// is little room, the views' names are shortened for it, or left to their numbers.
fn tabs(model: &Model) -> Vec<(u16, String, View)> {
    let room = usize::from(model.size.0).saturating_sub(text::width(NAME) + text::width(&label(model)));
    let names: [fn(View) -> &'static str; 3] = [View::name, short, |_| ""];
    let with = |name: fn(View) -> &'static str| -> Vec<String> {
        (1..)
            .zip(View::ALL)
            .map(|(number, view)| match (name(view), view == model.view) {
                (_, true) => format!(" {number} {} ", view.name()),
                ("", false) => format!(" {number} "),
                (name, false) => format!(" {number} {name} "),
            })
            .collect()
    };
    let labels = names
        .into_iter()
        .map(with)
        .find(|labels| labels.iter().map(|label| text::width(label)).sum::<usize>() <= room)
        .unwrap_or_else(|| with(|_| ""));
    let mut at = u16::try_from(text::width(NAME)).unwrap_or(0);
    let mut tabs = Vec::new();
    for (label, view) in labels.into_iter().zip(View::ALL) {
        let width = u16::try_from(text::width(&label)).unwrap_or(0);
        tabs.push((at, label, view));
        at += width;
    }
    tabs
}

/// A view's name where there is little room.
fn short(view: View) -> &'static str {
    match view {
        View::Overview => "home",
        View::List(Kind::Sessions) => "sess",
        View::List(Kind::Users) => "users",
        View::List(Kind::Drawings) => "draw",
        View::Live => "live",
        View::List(Kind::Errors) => "err",
        View::List(Kind::Audit) => "audit",
    }
}

/// The view whose name is at a column of the bar.
pub fn tab_at(model: &Model, column: u16) -> Option<View> {
    let found = tabs(model).into_iter().rev().find(|(at, ..)| *at <= column)?;
    let width = u16::try_from(text::width(&found.1)).unwrap_or(0);
    (column < found.0 + width).then_some(found.2)
}

/// The upper bar.
pub fn head(model: &Model, page: &mut Page<'_>) {
    page.wash(0, Tone::Bar);
    page.text(0, 0, 6, NAME, Tone::Bar);
    let mut end = 0;
    for (at, label, view) in tabs(model) {
        let tone = if view == model.view { Tone::Tab } else { Tone::Bar };
        end = at + page.text(at, 0, page.width().saturating_sub(at), &label, tone);
    }
    let room = usize::from(page.width().saturating_sub(end));
    let tone = match (&model.link, model.server.production) {
        (Link::Down { .. }, _) | (_, true) => Tone::Danger,
        (Link::Connecting | Link::Up, false) => Tone::Bar,
    };
    let label = label(model);
    let text = text::cut(&label, room);
    page.right(0, &text, tone);
}

/// The line above the lower bar: what just happened, what is loading, why nothing is.
pub fn status(model: &Model, page: &mut Page<'_>) {
    let y = page.height() - 2;
    let width = page.width();
    let used = if let Link::Down { error, attempt, retry_at } = &model.link {
        let wait = moment::span((retry_at - model.now + 999).max(0));
        let text = format!(" no answer from {}: {error} · try {attempt}, next in {wait}", model.server.label);
        page.text(0, y, width, &text, Tone::Bad)
    } else if let Some(due) = model.work.due {
        let count = model.work.queue.len();
        let what = if count == 1 { "1 revocation".to_owned() } else { format!("{count} revocations") };
        let wait = moment::span((due - model.now + 999).max(0));
        page.text(0, y, width, &format!(" {what} in {wait} · u takes it back"), Tone::Marked)
    } else if let Some(flash) = &model.flash {
        let tone = if flash.bad { Tone::Warn } else { Tone::Good };
        page.text(0, y, width, &format!(" {}", flash.text), tone)
    } else {
        0
    };
    let done = model.work.done.len() + model.work.failed.len();
    let mut right = String::new();
    if !model.work.queue.is_empty() && done > 0 {
        right = format!("{done} of {} done  ", done + model.work.queue.len());
    }
    if let Some(since) = model.pending.values().map(|pending| pending.since).min() {
        let waited = model.now - since;
        if waited >= PATIENCE {
            let turn = usize::try_from(waited / SPIN).unwrap_or(0) % SPINNER.len();
            let spinner = SPINNER.get(turn).copied().unwrap_or(" ");
            right.push_str(&format!("{spinner} {} · Esc cancels ", moment::position(waited)));
        }
    }
    if usize::from(used) + text::width(&right) < usize::from(width) {
        page.right(y, &right, Tone::Dim);
    }
}

/// The lower bar: the keys of this place.
pub fn foot(model: &Model, page: &mut Page<'_>) {
    let y = page.height() - 1;
    page.wash(y, Tone::Bar);
    let mut at = 1;
    let hints: Vec<(&str, &str)> = match &model.overlay {
        Some(Overlay::Filter(_)) => vec![("Enter", "keep"), ("C-u", "clear"), ("Esc", "as before")],
        Some(Overlay::Text(_)) => vec![("j k", "scroll"), ("/", "find"), ("n N", "next"), ("Esc", "back")],
        Some(Overlay::Tasks) => vec![("Esc", "back")],
        Some(Overlay::Palette { .. }) => vec![("Enter", "do it"), ("↑↓", "choose"), ("Esc", "back")],
        Some(Overlay::Confirm(_)) => vec![("Tab", "choose"), ("Enter", "press"), ("Esc", "cancel")],
        Some(Overlay::Export(..)) => vec![("p s j", "form"), ("Esc", "back")],
        Some(Overlay::AllowChanges) => vec![("y", "allow"), ("Esc", "stay read-only")],
        Some(Overlay::Help(_) | Overlay::Log(_)) => vec![("j k", "scroll"), ("Esc", "back")],
        None => keys::bindings(model.context())
            .filter(|binding| !binding.footer.is_empty() && binding.command != keys::Command::Help)
            .filter_map(|binding| binding.keys.first().map(|key| (*key, binding.footer)))
            .collect(),
    };
    let bar = page.theme.style(Tone::Bar);
    let key_style = bar.patch(page.theme.style(Tone::Key));
    // The way to all the others is always there.
    let help = keys::BINDINGS.iter().find(|binding| binding.command == keys::Command::Help);
    let mut end = page.width();
    if let Some(help) = help.filter(|_| model.overlay.is_none()) {
        let key = help.keys.first().copied().unwrap_or_default();
        let taken = u16::try_from(text::width(key) + text::width(help.footer) + 2).unwrap_or(u16::MAX);
        end = end.saturating_sub(taken);
        let x = end + page.styled(end, y, taken, key, key_style) + 1;
        page.styled(x, y, taken, help.footer, bar);
    }
    for (key, word) in hints {
        let needed = u16::try_from(text::width(key) + text::width(word) + 3).unwrap_or(u16::MAX);
        if at + needed > end {
            break;
        }
        at += page.styled(at, y, page.width(), key, key_style) + 1;
        at += page.styled(at, y, page.width(), word, bar) + 2;
    }
}
