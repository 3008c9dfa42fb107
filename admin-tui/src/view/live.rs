//! What happens, as it happens.

use yibi_common::admin::{Event, Happening};

use ratatui::layout::Rect;

use super::{Page, picture};
use crate::model::Model;
use crate::moment;
use crate::row::name;
use crate::text;
use crate::theme::Tone;

/// The least body that has room for pictures above the events.
const LEAST: usize = 18;

/// How the pictures are laid out: how many, and the cells of each.
fn layout(model: &Model) -> (u16, (u16, u16)) {
    if model.body_height() < LEAST {
        return (0, (0, 0));
    }
    let rows = u16::try_from(model.body_height() * 2 / 5).unwrap_or(0).clamp(6, 16);
    // As wide as paper of 3 by 4 is in half-blocks.
    let columns = rows * 2 * 3 / 4;
    (model.size.0.saturating_sub(2) / (columns + 2), (columns, rows))
}

/// How many pictures there is room for, and the pixels of each.
pub fn room(model: &Model) -> (usize, (u16, u16)) {
    let (most, cells) = layout(model);
    (usize::from(most), picture::pixels(cells, model.theme.monochrome()))
}

/// Lines of events.
pub fn height(model: &Model) -> usize {
    let taken = if model.live.thumbs.shown().is_empty() { 0 } else { usize::from(layout(model).1.1) + 2 };
    model.body_height().saturating_sub(2 + taken).max(1)
}

/// The row of the screen on which the first event stands.
pub fn first_row(model: &Model) -> usize {
    model.body_height() + 1 - height(model)
}

/// Draws the stream.
pub fn draw(model: &Model, page: &mut Page<'_>) {
    let live = &model.live;
    let (state, tone) = match (live.paused, live.open) {
        (true, _) => ("held", Tone::Warn),
        (false, true) => ("open", Tone::Good),
        (false, false) => ("opening…", Tone::Dim),
    };
    let at = page.line(1, 0, &[("live", Tone::Accent), ("  ", Tone::Dim), (state, tone)]);
    if !live.held.is_empty() {
        let text = format!("▲ {} new · . shows them", live.held.len());
        page.text(at + 2, 0, page.width(), &text, Tone::Marked);
    }
    if live.missed > 0 {
        page.right(0, &format!("{} left out: this terminal was too slow ", live.missed), Tone::Warn);
    }
    pictures(model, page);
    let head = u16::try_from(first_row(model)).unwrap_or(2).saturating_sub(2);
    page.text(2, head, page.width(), "WHEN      WHAT      WHO               ", Tone::Heading);
    if live.events.is_empty() {
        page.text(2, head + 2, page.width(), "nothing has happened since you came", Tone::Dim);
    }
    for (y, (index, event)) in
        (head + 1..).zip(live.events.iter().enumerate().skip(live.top).take(height(model)))
    {
        row(event, y, page);
        if index == live.selected {
            page.text(0, y, 1, "▸", Tone::Accent);
            page.wash(y, Tone::Selected);
        }
    }
}

/// The drawings that grow, side by side.
fn pictures(model: &Model, page: &mut Page<'_>) {
    let (_, (columns, rows)) = layout(model);
    for (number, thumb) in (0_u16..).zip(model.live.thumbs.shown()) {
        let x = 2 + number * (columns + 2);
        if x + columns > page.width() {
            break;
        }
        let area = Rect { x: page.area.x + x, y: page.area.y + 1, width: columns, height: rows };
        let mut inside = page.part(area);
        match &thumb.player {
            Some(player) => picture::draw(player, model.theme.monochrome(), &mut inside),
            None => {
                inside.text(0, rows / 2, columns, "⋯", Tone::Dim);
            }
        }
        let growing = thumb.player.as_ref().is_some_and(|player| player.playing);
        let tone = if growing { Tone::Accent } else { Tone::Dim };
        page.text(x, 1 + rows, columns, &thumb.words, tone);
    }
}

fn row(event: &Event, y: u16, page: &mut Page<'_>) {
    let clock = moment::parse(&event.at).map(moment::clock).unwrap_or_default();
    let (what, tone, who, rest) = match &event.what {
        Happening::SignIn { user, dialect, new, .. } => {
            let rest =
                if *new { format!("for the first time, by {dialect}") } else { format!("by {dialect}") };
            ("sign-in", Tone::Good, name(&user.nickname, &user.id), rest)
        }
        Happening::Save { user, drawing, created, from_seq, seq, .. } => {
            let added = seq.saturating_sub(*from_seq);
            let rest = format!("{drawing}{} +{added}", if *created { ", new," } else { "" });
            ("save", Tone::Accent, name(&user.nickname, &user.id), rest)
        }
        Happening::Revoked { user, session } => {
            let rest = session.clone().unwrap_or_else(|| "all sessions".into());
            ("revoked", Tone::Warn, name(&user.nickname, &user.id), rest)
        }
        Happening::Changed { entry } => {
            let target = entry.target.as_deref().unwrap_or(&entry.user);
            ("change", Tone::Warn, entry.who.as_str(), format!("{} {target}", entry.change.name()))
        }
        Happening::Failed { failure } => {
            let cause = failure.cause.as_deref().unwrap_or(&failure.code);
            let who = failure.user.as_deref().unwrap_or("—");
            (
                "failed",
                Tone::Bad,
                who,
                format!("{} {} {}: {cause}", failure.status, failure.method, failure.route),
            )
        }
        Happening::Missed { .. } => return,
    };
    page.text(2, y, 8, &clock, Tone::Dim);
    page.text(12, y, 9, what, tone);
    page.text(22, y, 16, &text::fit(who, 16, false), Tone::Text);
    let server = text::cut(&event.server, 16).into_owned();
    let server_width = u16::try_from(text::width(&server)).unwrap_or(0);
    let room = page.width().saturating_sub(40 + server_width + 3);
    page.text(40, y, room, &rest, Tone::Text);
    page.right(y, &format!("{server} "), Tone::Dim);
}
