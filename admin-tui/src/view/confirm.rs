//! The question before a change.

use super::Page;
use super::overlay::frame;
use crate::model::Model;
use crate::model::overlay::{AROUND_BODY, BUTTON_GAP, Confirm};
use crate::theme::Tone;

pub fn draw(model: &Model, question: &Confirm, page: &mut Page<'_>) {
    let (tone, title) = if model.server.production {
        (Tone::Danger, format!(" PRODUCTION · {} ", question.title))
    } else {
        (Tone::Warn, format!(" {} ", question.title))
    };
    let place = question.place(model.size);
    let mut inner = frame(page, place.width, place.height, &title, tone);
    let room = usize::from(place.height).saturating_sub(AROUND_BODY);
    let mut y = 1;
    for (line, tone) in question.body(model.size.0, room) {
        inner.text(2, y, inner.width().saturating_sub(3), &line, tone);
        y += 1;
    }
    y = inner.height().saturating_sub(2);
    let [cancel, go] = question.buttons();
    let tones = match (question.armed, question.allowed()) {
        (true, _) => (Tone::Text, Tone::Danger),
        (false, true) => (Tone::Selected, Tone::Text),
        (false, false) => (Tone::Selected, Tone::Dim),
    };
    let x = 2 + inner.text(2, y, inner.width(), &cancel, tones.0) + BUTTON_GAP;
    let end = x + inner.text(x, y, inner.width(), &go, tones.1);
    let hint = match (&question.suffix, question.allowed()) {
        (Some(_), false) => "waits for the typed text",
        (Some(_), true) => "Enter confirms",
        (None, _) => &format!("y: {} without asking further", question.deed()),
    };
    inner.text(end + BUTTON_GAP, y, inner.width().saturating_sub(end + BUTTON_GAP), hint, Tone::Dim);
}
