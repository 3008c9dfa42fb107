//! The status lines above the lower bar: outcomes, changes that wait, and the connection.

use super::Model;
use super::link::Link;
use crate::act;
use crate::text;
use crate::theme::Tone;
use crate::time;

/// Lines that one message takes at most.
const LINES: usize = 2;

/// The status lines from top to bottom; at least one, which may be empty.
pub fn lines(model: &Model) -> Vec<(String, Tone)> {
    let mut messages: Vec<(String, Tone)> = Vec::new();
    if let Some(failed) = &model.failed {
        messages.push((format!("{} · Enter tries again · Esc: leave it", failed.text), Tone::Bad));
    }
    messages.extend(waiting(model).map(|text| (text, Tone::Marked)));
    match &model.link {
        Link::Down { error, attempt, retry_at } => {
            let wait = time::countdown(*retry_at, model.now);
            let text =
                format!("{} does not answer: {error} · try {attempt}, again in {wait}", model.server.label);
            messages.push((text, Tone::Bad));
        }
        Link::Refused { remedy } => messages.push((remedy.clone(), Tone::Bad)),
        Link::Connecting | Link::Up => {}
    }
    if let Some(flash) = &model.flash {
        messages.push((flash.text.clone(), if flash.bad { Tone::Warn } else { Tone::Good }));
    }
    let columns = usize::from(model.size.0).saturating_sub(2).max(1);
    let wrapped = messages.into_iter().flat_map(|(text, tone)| {
        let mut lines = text::wrap(&text, columns);
        lines.truncate(LINES);
        lines.into_iter().map(move |line| (line, tone))
    });
    let mut lines: Vec<(String, Tone)> = wrapped.collect();
    if lines.is_empty() {
        lines.push((String::new(), Tone::Text));
    }
    lines
}

/// The changes whose grace runs: `revoking 1 session in 5s · u: cancel`.
fn waiting(model: &Model) -> Option<String> {
    let due = model.work.due?;
    let change = model.work.queue.front()?.change;
    let what = act::counted(change, model.work.queue.len());
    let wait = time::countdown(due, model.now);
    Some(format!("{} {what} in {wait} · u: cancel", act::words(change).doing))
}
