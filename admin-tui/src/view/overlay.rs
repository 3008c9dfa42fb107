//! The overlays: help, prompts and questions.

use ratatui::layout::Rect;

use super::{Page, confirm, reader, review};
use crate::act;
use crate::keys::{self, Context, palette};
use crate::layout;
use crate::model::Model;
use crate::model::overlay::Overlay;
use crate::text;
use crate::theme::Tone;
use crate::time;

pub fn draw(model: &Model, overlay: &Overlay, page: &mut Page<'_>) {
    match overlay {
        Overlay::Help(top) => help(model, *top, page),
        Overlay::Log(top) => log(model, *top, page),
        Overlay::Palette { input, selected } => commands(model, &input.text, *selected, page),
        Overlay::Filter(prompt) => filter(model, &prompt.input.text, prompt.error.as_deref(), page),
        Overlay::Text(text) => reader::draw(text, page),
        Overlay::Tasks => tasks(model, page),
        Overlay::Confirm(question) => confirm::draw(model, question, page),
        Overlay::Export(drawings) => {
            let what = match drawings.as_slice() {
                [(_, id)] => text::cut(id, 30).into_owned(),
                many => format!("{} drawings", many.len()),
            };
            let mut inner = frame(page, 50, 5, &format!(" Save {what} "), Tone::Accent);
            let forms = [("p", " PNG    "), ("s", " SVG    "), ("j", " JSON")];
            let mut x = 1;
            for (key, word) in forms {
                x = inner.line(x, 1, &[(key, Tone::Key), (word, Tone::Text)]);
            }
        }
        Overlay::Reasons(case) => review::ask_reason(model, case, page),
        Overlay::Note(case, input) => review::ask_note(case, &input.text, page),
        Overlay::AllowChanges => {
            let mut inner = frame(page, 56, 5, " Allow changes? ", Tone::Warn);
            inner.text(1, 1, 60, "This console is read-only. y allows changes.", Tone::Text);
        }
        Overlay::Leave => {
            let mut inner = frame(page, 64, 6, " Quit? ", Tone::Warn);
            let change = model.work.queue.front().map(|act| act.change);
            let what = change.map(|change| act::counted(change, model.work.queue.len())).unwrap_or_default();
            inner.text(1, 1, 62, &format!("A change is waiting ({what})."), Tone::Text);
            inner.text(1, 2, 62, "Enter: make it and quit   u: cancel it and quit   Esc: stay", Tone::Dim);
        }
    }
}

/// Draws an empty box in the middle of the page; returns its inside.
pub fn frame<'a>(page: &'a mut Page<'_>, width: u16, height: u16, title: &str, tone: Tone) -> Page<'a> {
    let place = layout::centered(page.area, width, height);
    let (width, height) = (place.width, place.height);
    let mut all = page.part(place);
    all.clear();
    let bar = "─".repeat(usize::from(width.saturating_sub(2)));
    all.text(0, 0, width, &format!("╭{bar}╮"), tone);
    for y in 1..height.saturating_sub(1) {
        all.text(0, y, 1, "│", tone);
        all.text(width.saturating_sub(1), y, 1, "│", tone);
    }
    all.text(0, height.saturating_sub(1), width, &format!("╰{bar}╯"), tone);
    all.text(2, 0, width.saturating_sub(4), title, tone);
    let inside = Rect {
        x: place.x + 1,
        y: place.y + 1,
        width: width.saturating_sub(2),
        height: height.saturating_sub(2),
    };
    page.part(inside)
}

fn help(model: &Model, top: usize, page: &mut Page<'_>) {
    let mut lines: Vec<(String, &str, Tone)> = Vec::new();
    let here = model.context();
    let contexts = std::iter::once(here).chain(Context::ALL.into_iter().filter(|context| *context != here));
    for context in contexts {
        lines.push((context.title().to_owned(), "", Tone::Accent));
        let own = keys::table().iter().filter(|binding| binding.contexts.contains(&context));
        lines.extend(own.map(|binding| (binding.keys.join(" "), binding.help, Tone::Key)));
        lines.push((String::new(), "", Tone::Text));
        if context == here {
            lines.push(("Everywhere".into(), "", Tone::Accent));
            let global = keys::table().iter().filter(|binding| binding.contexts.is_empty());
            lines.extend(global.map(|binding| (binding.keys.join(" "), binding.help, Tone::Key)));
            lines.push((String::new(), "", Tone::Text));
        }
    }
    let height = page.height().saturating_sub(4);
    let mut inner = frame(page, 78, height, " Keys ", Tone::Accent);
    let room = usize::from(inner.height());
    let top = top.min(lines.len().saturating_sub(room));
    for (y, (keys, words, tone)) in (0..).zip(lines.iter().skip(top).take(room)) {
        if words.is_empty() {
            inner.text(1, y, 70, keys, *tone);
        } else {
            inner.text(3, y, 14, keys, *tone);
            inner.text(18, y, 58, words, Tone::Text);
        }
    }
}

fn log(model: &Model, top: usize, page: &mut Page<'_>) {
    let height = page.height().saturating_sub(4);
    let width = page.width().saturating_sub(4);
    let mut inner = frame(page, width, height, " Requests of this console ", Tone::Accent);
    let room = usize::from(inner.height());
    let top = top.min(model.log.len().saturating_sub(room));
    let clock = model.clock();
    for (y, logged) in (0..).zip(model.log.iter().skip(top).take(room)) {
        let clock = clock.time_of_day_at(logged.at);
        let took = text::fit(&format!("{} ms", logged.took), 9, true);
        let tone = if logged.outcome == "ok" { Tone::Good } else { Tone::Bad };
        let pieces = [
            (clock.as_str(), Tone::Dim),
            (took.as_str(), Tone::Dim),
            ("  ", Tone::Dim),
            (logged.line.as_str(), Tone::Text),
            ("  ", Tone::Dim),
            (logged.outcome.as_str(), tone),
        ];
        inner.line(1, y, &pieces);
    }
}

/// Requests in progress, and changes that wait.
fn tasks(model: &Model, page: &mut Page<'_>) {
    let width = page.width().saturating_sub(4);
    let mut lines: Vec<(String, Tone)> = Vec::new();
    for pending in model.pending.values() {
        let waited = time::position(model.now - pending.since);
        lines.push((format!("{waited:>7}  {}", pending.line), Tone::Text));
    }
    if model.live.listening {
        let state = if model.live.open { "   open" } else { "opening" };
        lines.push((format!("{state}  GET /admin/v1/events"), Tone::Dim));
    }
    let wait = model.work.due.map(|due| format!("in {}", time::countdown(due, model.now)));
    for act in &model.work.queue {
        let when = wait.as_deref().unwrap_or("waits");
        lines.push((format!("{when:>7}  {} {}", act.change.name().replace('_', " "), act.id()), Tone::Warn));
    }
    if lines.is_empty() {
        lines.push(("nothing is in progress".into(), Tone::Dim));
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let mut inner = frame(page, width, height.min(page.height().saturating_sub(4)), " Tasks ", Tone::Accent);
    for (y, (line, tone)) in (0..inner.height()).zip(&lines) {
        inner.text(1, y, inner.width().saturating_sub(1), line, *tone);
    }
}

fn commands(model: &Model, typed: &str, selected: usize, page: &mut Page<'_>) {
    let mut inner = frame(page, 70, 16, " Command ", Tone::Accent);
    inner.line(1, 0, &[(":", Tone::Key), (typed, Tone::Text), ("▏", Tone::Accent)]);
    let mut y = 2;
    if let Some(form) = palette::opener(typed) {
        inner.text(3, y, 64, form, Tone::Marked);
        y += 1;
    }
    let room = usize::from(inner.height().saturating_sub(y));
    let found = palette::matches(model.context(), typed, |command| model.applies(command));
    let skip = (selected + 1).saturating_sub(room);
    for (y, (index, binding)) in (y..).zip(found.iter().enumerate().skip(skip).take(room)) {
        inner.text(3, y, 18, binding.name, Tone::Text);
        inner.text(22, y, 38, binding.help, Tone::Dim);
        let key = binding.keys.first().copied().unwrap_or_default();
        inner.right(y, &format!("{key} "), Tone::Key);
        if index == selected && !(typed.is_empty() && selected == 0) {
            inner.text(1, y, 1, "▸", Tone::Accent);
            inner.wash(y, Tone::Selected);
        }
    }
}

fn filter(model: &Model, typed: &str, error: Option<&str>, page: &mut Page<'_>) {
    let Some(list) = model.list() else { return };
    let y = page.height().saturating_sub(3);
    let area = Rect { y: page.area.y + y, height: 2, ..page.area };
    let mut prompt = page.part(area);
    prompt.clear();
    let examples: Vec<&str> = list.kind.fields().iter().map(|field| field.example).collect();
    match error {
        Some(error) => prompt.text(1, 0, prompt.width(), error, Tone::Bad),
        None => prompt.text(1, 0, prompt.width(), &examples.join("  "), Tone::Dim),
    };
    // Of a long line, the end is shown, where it is typed.
    let room = usize::from(prompt.width().saturating_sub(4));
    let mut shown = typed;
    while text::width(&text::clean(shown)) > room {
        let mut chars = shown.chars();
        chars.next();
        shown = chars.as_str();
    }
    prompt.line(1, 1, &[("/", Tone::Key), (shown, Tone::Text), ("▏", Tone::Accent)]);
}
