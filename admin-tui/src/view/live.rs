//! What happens, as it happens.

use yibi_common::admin::{Event, Happening};

use super::Page;
use crate::model::Model;
use crate::moment;
use crate::row::name;
use crate::text;
use crate::theme::Tone;

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
    page.text(2, 1, page.width(), "WHEN      WHAT      WHO               ", Tone::Heading);
    if live.events.is_empty() {
        page.text(2, 3, page.width(), "nothing has happened since you came", Tone::Dim);
    }
    let height = usize::from(page.height().saturating_sub(2));
    for (y, (index, event)) in (2..).zip(live.events.iter().enumerate().skip(live.top).take(height)) {
        row(event, y, page);
        if index == live.selected {
            page.text(0, y, 1, "▸", Tone::Accent);
            page.wash(y, Tone::Selected);
        }
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
    let room = page.width().saturating_sub(40 + 18);
    page.text(40, y, room, &rest, Tone::Text);
    page.right(y, &format!("{server} "), Tone::Dim);
}
