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

/// The views in the bar: where each begins, what it says, which it is.
fn tabs(model: &Model) -> Vec<(u16, String, View)> {
    let narrow = model.size.0 < 100;
    let mut at = u16::try_from(text::width(NAME)).unwrap_or(0);
    let mut tabs = Vec::new();
    for (number, view) in (1..).zip(View::ALL) {
        let label = if narrow && view != model.view {
            format!(" {number} {} ", short(view))
        } else {
            format!(" {number} {} ", view.name())
        };
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
        View::List(Kind::Drawings) => "draws",
        View::Live => "live",
        View::List(Kind::Errors) => "errs",
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
    let (state, tone) = match &model.link {
        Link::Connecting => ("○", Tone::Bar),
        Link::Up => ("●", Tone::Bar),
        Link::Down { .. } => ("✗", Tone::Danger),
    };
    let room = usize::from(page.width().saturating_sub(end + 1));
    let mut label = String::new();
    if model.read_only {
        label.push_str("read-only ");
    }
    label.push_str(&model.server.label);
    let (text, tone) = if model.server.production {
        (format!(" {state} PROD {label} "), Tone::Danger)
    } else {
        (format!(" {state} {label} "), tone)
    };
    let text = text::cut(&text, room).into_owned();
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
        Some(Overlay::Filter { .. }) => vec![("Enter", "search"), ("C-u", "clear"), ("Esc", "back")],
        Some(Overlay::Palette { .. }) => vec![("Enter", "do it"), ("↑↓", "choose"), ("Esc", "back")],
        Some(Overlay::Confirm(_)) => vec![("Tab", "choose"), ("Enter", "press"), ("Esc", "cancel")],
        Some(Overlay::Export(..)) => vec![("p s j", "form"), ("Esc", "back")],
        Some(Overlay::AllowChanges) => vec![("y", "allow"), ("Esc", "stay read-only")],
        Some(Overlay::Help(_) | Overlay::Log(_)) => vec![("j k", "scroll"), ("Esc", "back")],
        None => keys::bindings(model.context())
            .filter(|binding| !binding.footer.is_empty())
            .filter_map(|binding| binding.keys.first().map(|key| (*key, binding.footer)))
            .collect(),
    };
    for (key, word) in hints {
        let needed = u16::try_from(text::width(key) + text::width(word) + 3).unwrap_or(u16::MAX);
        if at + needed > page.width() {
            break;
        }
        let bar = page.theme.style(Tone::Bar);
        let key_style = bar.patch(page.theme.style(Tone::Key));
        at += page.styled(at, y, page.width(), key, key_style) + 1;
        at += page.styled(at, y, page.width(), word, bar) + 2;
    }
}
