//! A drawing being played.

use ratatui::layout::Rect;

use super::{Page, picture};
use crate::model::Model;
use crate::model::detail::Drawing;
use crate::moment;
use crate::replay::Player;
use crate::row::name;
use crate::text;
use crate::theme::Tone;

/// Lines around the picture: two bars, the status, the title, the scrubber.
const AROUND: u16 = 5;

/// The pixels that a screen has for a picture: two to a cell in half-blocks, eight in Braille.
pub fn room(size: (u16, u16), braille: bool) -> (u16, u16) {
    picture::pixels((size.0, size.1.saturating_sub(AROUND)), braille)
}

/// Draws a drawing, its title and its scrubber.
pub fn draw(model: &Model, drawing: &Drawing, page: &mut Page<'_>) {
    title(drawing, page);
    let Some(player) = &drawing.player else {
        page.text(2, 2, page.width(), "⋯", Tone::Dim);
        return;
    };
    let area = Rect { y: page.area.y + 1, height: page.height().saturating_sub(2), ..page.area };
    picture::draw(player, drawing.braille || model.theme.monochrome(), &mut page.part(area));
    scrubber(player, page);
}

fn title(drawing: &Drawing, page: &mut Page<'_>) {
    let mut pieces = vec![("drawing ", Tone::Accent), (drawing.id.as_str(), Tone::Text)];
    if let Some(row) = &drawing.row {
        if !row.title.is_empty() {
            pieces.extend([("  ", Tone::Dim), (row.title.as_str(), Tone::Text)]);
        }
        pieces.extend([("  by ", Tone::Dim), (name(&row.user.nickname, &row.user.id), Tone::Text)]);
        if row.deleted_at.is_some() {
            pieces.push(("  in the bin", Tone::Warn));
        }
    }
    let end = page.line(1, 0, &pieces);
    let entry = drawing.player.as_ref().and_then(Player::entry).map(crate::replay::Entry::words);
    let mut right = entry.unwrap_or_default();
    if drawing.follow {
        right = format!("following · {right}");
    }
    if usize::from(end) + text::width(&right) + 3 < usize::from(page.width()) {
        page.right(0, &format!("{right} "), Tone::Dim);
    }
}

/// What stands on both sides of the scrubber's line.
fn around(player: &Player) -> (String, String) {
    let (done, all) = player.progress();
    let left =
        format!(" {} {} ", if player.playing { "▶" } else { "⏸" }, moment::position(player.position()));
    let idle = if player.skip_idle { "pauses cut" } else { "real time" };
    let right = format!(" {}  {done}/{all}  {}  {idle} ", moment::position(player.length()), player.speed());
    (left, right)
}

/// Where the scrubber's line begins on a screen, and how long it is.
pub fn scrubber_span(player: &Player, screen: u16) -> (u16, u16) {
    let (left, right) = around(player);
    let columns = |text: &str| u16::try_from(text::width(text)).unwrap_or(u16::MAX);
    let start = columns(&left);
    (start, screen.saturating_sub(columns(&right)).saturating_sub(start))
}

fn scrubber(player: &Player, page: &mut Page<'_>) {
    let y = page.height().saturating_sub(1);
    let (left, right) = around(player);
    page.text(0, y, page.width(), &left, Tone::Accent);
    page.right(y, &right, Tone::Dim);
    let (start, room) = scrubber_span(player, page.width());
    let room = i64::from(room);
    if room < 4 {
        return;
    }
    let column = |at: i64| at * (room - 1) / player.length().max(1);
    let mut marks = vec![false; usize::try_from(room).unwrap_or(0)];
    for at in player.starts() {
        if let Some(mark) = usize::try_from(column(at)).ok().and_then(|at| marks.get_mut(at)) {
            *mark = true;
        }
    }
    let here = usize::try_from(column(player.position())).unwrap_or(0);
    for (index, mark) in marks.into_iter().enumerate() {
        let (symbol, tone) = match (index.cmp(&here), mark) {
            (std::cmp::Ordering::Equal, _) => ("●", Tone::Accent),
            (std::cmp::Ordering::Less, true) => ("╪", Tone::Key),
            (std::cmp::Ordering::Less, false) => ("═", Tone::Key),
            (std::cmp::Ordering::Greater, true) => ("┼", Tone::Dim),
            (std::cmp::Ordering::Greater, false) => ("─", Tone::Dim),
        };
        page.text(start + u16::try_from(index).unwrap_or(0), y, 1, symbol, tone);
    }
}
