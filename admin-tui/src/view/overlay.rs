//! Help, prompts and questions, over the view.

use ratatui::layout::Rect;

use super::{Page, reader};
use crate::keys::{BINDINGS, Context};
use crate::model::Model;
use crate::model::overlay::{Confirm, Overlay};
use crate::moment;
use crate::text;
use crate::theme::Tone;
use crate::update::palette;

/// Things listed in a question at most; of more, their number.
const LISTED: usize = 8;

/// Draws an overlay.
pub fn draw(model: &Model, overlay: &Overlay, page: &mut Page<'_>) {
    match overlay {
        Overlay::Help(top) => help(model, *top, page),
        Overlay::Log(top) => log(model, *top, page),
        Overlay::Palette { input, selected } => commands(model, &input.text, *selected, page),
        Overlay::Filter(prompt) => filter(model, &prompt.input.text, prompt.error.as_deref(), page),
        Overlay::Text(text) => reader::draw(text, page),
        Overlay::Tasks => tasks(model, page),
        Overlay::Confirm(question) => confirm(model, question, page),
        Overlay::Export(_, id) => {
            let mut inner = frame(page, 50, 5, &format!(" Save {} ", text::cut(id, 30)), Tone::Accent);
            let forms = [("p", " PNG    "), ("s", " SVG    "), ("j", " JSON")];
            let mut x = 1;
            for (key, word) in forms {
                x = inner.line(x, 1, &[(key, Tone::Key), (word, Tone::Text)]);
            }
        }
        Overlay::AllowChanges => {
            let mut inner = frame(page, 56, 5, " Allow changes? ", Tone::Warn);
            inner.text(1, 1, 60, "This console was read-only. y allows changes.", Tone::Text);
        }
    }
}

/// An empty box in the middle of the page; its inside.
pub fn frame<'a>(page: &'a mut Page<'_>, width: u16, height: u16, title: &str, tone: Tone) -> Page<'a> {
    let area = page.area;
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
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
        let own = BINDINGS.iter().filter(|binding| binding.contexts.contains(&context));
        lines.extend(own.map(|binding| (binding.keys.join(" "), binding.help, Tone::Key)));
        lines.push((String::new(), "", Tone::Text));
        if context == here {
            lines.push(("Everywhere".into(), "", Tone::Accent));
            let global = BINDINGS.iter().filter(|binding| binding.contexts.is_empty());
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
    for (y, logged) in (0..).zip(model.log.iter().skip(top).take(room)) {
        let clock = moment::clock(logged.at);
        let took = text::fit(&format!("{} ms", logged.took), 9, true);
        let tone = if logged.outcome == "ok" { Tone::Good } else { Tone::Bad };
        let pieces = [
            (clock.as_str(), Tone::Dim),
            (took.as_str(), Tone::Dim),
            ("  ", Tone::Dim),
            (logged.outcome.as_str(), tone),
            ("  ", Tone::Dim),
            (logged.line.as_str(), Tone::Text),
        ];
        inner.line(1, y, &pieces);
    }
}

/// What is under way: requests, and changes that wait for their turn or for second thoughts.
fn tasks(model: &Model, page: &mut Page<'_>) {
    let width = page.width().saturating_sub(4);
    let mut lines: Vec<(String, Tone)> = Vec::new();
    for pending in model.pending.values() {
        let waited = moment::position(model.now - pending.since);
        lines.push((format!("{waited:>7}  {}", pending.line), Tone::Text));
    }
    if model.live.listening {
        let state = if model.live.open { "   open" } else { "opening" };
        lines.push((format!("{state}  GET /admin/v1/events"), Tone::Dim));
    }
    let wait = model.work.due.map(|due| format!("in {}", moment::span((due - model.now + 999).max(0))));
    for act in &model.work.queue {
        let when = wait.as_deref().unwrap_or("waits");
        lines.push((format!("{when:>7}  {} {}", act.change.name().replace('_', " "), act.id()), Tone::Warn));
    }
    if lines.is_empty() {
        lines.push(("nothing is under way".into(), Tone::Dim));
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
    let opener = palette::OPENERS.iter().find(|(name, _)| {
        typed.split_whitespace().next().is_some_and(|word| !word.is_empty() && name.starts_with(word))
    });
    let mut y = 2;
    if let Some((_, form)) = opener {
        inner.text(3, y, 64, form, Tone::Marked);
        y += 1;
    }
    let room = usize::from(inner.height().saturating_sub(y));
    let found = palette::matches(model, typed);
    let skip = (selected + 1).saturating_sub(room);
    for (y, (index, binding)) in (y..).zip(found.iter().enumerate().skip(skip).take(room)) {
        inner.text(3, y, 18, binding.name, Tone::Text);
        inner.text(22, y, 38, binding.help, Tone::Dim);
        let key = binding.keys.first().copied().unwrap_or_default();
        inner.right(y, &format!("{key} "), Tone::Key);
        if index == selected {
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
    // The end of a long line is what is being typed.
    let room = usize::from(prompt.width().saturating_sub(4));
    let mut shown = typed;
    while text::width(&text::clean(shown)) > room {
        let mut chars = shown.chars();
        chars.next();
        shown = chars.as_str();
    }
    prompt.line(1, 1, &[("/", Tone::Key), (shown, Tone::Text), ("▏", Tone::Accent)]);
}

fn confirm(model: &Model, question: &Confirm, page: &mut Page<'_>) {
    let listed = question.lines.len().min(LISTED);
    let more = question.lines.len() - listed;
    let typed = u16::from(question.suffix.is_some());
    let height = u16::try_from(listed).unwrap_or(0) + u16::from(more > 0) + typed + 8;
    let tone = if model.server.production { Tone::Danger } else { Tone::Warn };
    let title = if model.server.production {
        format!(" PRODUCTION · {} ", question.title)
    } else {
        format!(" {} ", question.title)
    };
    let mut inner = frame(page, 72, height, &title, tone);
    let mut y = 1;
    for line in question.lines.iter().take(listed) {
        inner.text(2, y, inner.width().saturating_sub(3), line, Tone::Text);
        y += 1;
    }
    if more > 0 {
        inner.text(2, y, 60, &format!("… and {more} more"), Tone::Dim);
        y += 1;
    }
    y += 1;
    inner.text(2, y, inner.width().saturating_sub(3), question.note, Tone::Dim);
    y += 1;
    if let Some(suffix) = &question.suffix {
        let words = format!("Type {suffix} to be able to go on: ");
        inner.line(2, y, &[(&words, Tone::Text), (&question.typed.text, Tone::Marked), ("▏", Tone::Accent)]);
        y += 1;
    }
    y += 1;
    let (cancel, go) = if question.armed { (Tone::Text, Tone::Danger) } else { (Tone::Selected, Tone::Text) };
    let go = if question.allowed() { go } else { Tone::Dim };
    let x = 2 + inner.text(2, y, 12, "[ Cancel ]", cancel) + 3;
    let end = x + inner.text(x, y, 12, "[ Do it ]", go);
    if question.suffix.is_none() {
        inner.text(end + 3, y, 24, "y does it at once", Tone::Dim);
    }
}
