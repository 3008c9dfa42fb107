//! The live view: drawings that grow, and the events below them.

use ratatui::layout::Rect;
use yibi_common::admin::{Event, Happening};

use super::{Page, picture, placeholder};
use crate::lists::Owner;
use crate::model::Model;
use crate::text;
use crate::theme::Tone;
use crate::time::Clock;

pub fn draw(model: &Model, page: &mut Page<'_>) {
    let live = &model.live;
    let (state, tone) = match (live.paused, live.open) {
        (true, _) => ("paused", Tone::Warn),
        (false, true) => ("connected", Tone::Good),
        (false, false) if model.link.is_broken() => ("not connected", Tone::Bad),
        (false, false) => ("connecting…", Tone::Dim),
    };
    let at = page.line(1, 0, &[("live", Tone::Accent), ("  ", Tone::Dim), (state, tone)]);
    if !live.held.is_empty() {
        let text = format!("▲ {} new · . shows them", live.held.len());
        page.text(at + 2, 0, page.width(), &text, Tone::Marked);
    }
    if live.missed > 0 {
        page.right(0, &format!("{} left out: this terminal was too slow ", live.missed), Tone::Warn);
    }
    thumbnails(model, page);
    let first = model.screen().first_event(live.thumbs.shown().len());
    let head = u16::try_from(first).unwrap_or(2).saturating_sub(2);
    page.text(2, head, page.width(), "WHEN      WHAT      WHO               ", Tone::Heading);
    if live.events.is_empty() {
        let text = if live.open { "no events yet" } else { placeholder(model) };
        page.text(2, head + 2, page.width(), text, Tone::Dim);
    }
    let clock = model.clock();
    let shown = live.events.iter().enumerate().skip(live.top).take(model.live_height());
    for (y, (index, event)) in (head + 1..).zip(shown) {
        row(&clock, event, y, page);
        if index == live.selected {
            page.text(0, y, 1, "▸", Tone::Accent);
            page.wash(y, Tone::Selected);
        }
    }
}

fn thumbnails(model: &Model, page: &mut Page<'_>) {
    let thumbnails = model.screen().thumbnails();
    let (columns, rows) = thumbnails.cells;
    for (number, thumb) in (0_u16..).zip(model.live.thumbs.shown()) {
        let x = thumbnails.left(number);
        if x + columns > page.width() {
            break;
        }
        if page.theme.braille() {
            // Braille leaves the paper blank: edges show where it ends.
            for y in 1..=rows {
                page.text(x - 1, y, 1, "│", Tone::Dim);
                page.text(x + columns, y, 1, "│", Tone::Dim);
            }
        }
        let area = Rect { x: page.area.x + x, y: page.area.y + 1, width: columns, height: rows };
        let mut inside = page.part(area);
        match &thumb.player {
            Some(player) => picture::draw(player, model.theme.braille(), (0, 0), &mut inside),
            None => {
                inside.text(0, rows / 2, columns, "⋯", Tone::Dim);
            }
        }
        let growing = thumb.player.as_ref().is_some_and(|player| player.playing);
        let tone = if growing { Tone::Accent } else { Tone::Dim };
        page.text(x, 1 + rows, columns, &thumb.caption, tone);
    }
}

fn row(clock: &Clock, event: &Event, y: u16, page: &mut Page<'_>) {
    let (what, tone, who, rest) = match &event.what {
        Happening::SignIn { user, dialect, new, .. } => {
            let rest =
                if *new { format!("for the first time, by {dialect}") } else { format!("by {dialect}") };
            ("sign-in", Tone::Good, Owner::of(user).name(), rest)
        }
        Happening::Save { user, drawing, created, from_seq, seq, .. } => {
            let count = seq.saturating_sub(*from_seq);
            let new = if *created { "new, " } else { "" };
            let rest = format!("{drawing}  {new}{count} {}", if count == 1 { "action" } else { "actions" });
            ("save", Tone::Accent, Owner::of(user).name(), rest)
        }
        Happening::Revoked { user, session } => {
            let rest = session.clone().unwrap_or_else(|| "all sessions".into());
            ("revoked", Tone::Warn, Owner::of(user).name(), rest)
        }
        Happening::Changed { entry } => {
            let target = entry.target.as_deref().unwrap_or(&entry.user);
            let rest = format!("{} {target}", entry.change.name().replace('_', " "));
            ("change", Tone::Warn, entry.who.as_str(), rest)
        }
        Happening::Failed { failure } => {
            let cause = failure.cause.as_deref().unwrap_or(&failure.code);
            let who = failure.user.as_deref().unwrap_or("—");
            let rest = format!("{} {} {}: {cause}", failure.status, failure.method, failure.route);
            ("failed", Tone::Bad, who, rest)
        }
        Happening::Missed { .. } => return,
    };
    page.text(2, y, 8, &clock.time_of_day(&event.at), Tone::Dim);
    page.text(12, y, 9, what, tone);
    let name = if page.width() < 70 { 10 } else { 16 };
    page.text(22, y, name, &text::fit(who, usize::from(name), false), Tone::Text);
    let x = 22 + name + 2;
    let server = text::cut(&event.server, 16).into_owned();
    let mut room = page.width().saturating_sub(x);
    // The drawing is worth more than the server's name.
    if page.width() >= 70 {
        room = room.saturating_sub(u16::try_from(text::width(&server)).unwrap_or(0) + 3);
        page.right(y, &format!("{server} "), Tone::Dim);
    }
    page.text(x, y, room, &rest, Tone::Text);
}
