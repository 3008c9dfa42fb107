//! A replayed drawing.

use ratatui::layout::Rect;

use super::{Page, picture, placeholder};
use crate::layout;
use crate::lists::Owner;
use crate::model::Model;
use crate::model::detail::Drawing;
use crate::replay::Player;
use crate::text;
use crate::theme::Tone;

/// Draws the drawing, its title and its scrubber.
pub fn draw(model: &Model, drawing: &Drawing, page: &mut Page<'_>) {
    title(drawing, page);
    let Some(player) = &drawing.player else {
        page.text(2, 2, page.width(), placeholder(model), Tone::Dim);
        return;
    };
    let area = Rect { y: page.area.y + 1, height: page.height().saturating_sub(2), ..page.area };
    let braille = drawing.braille || model.theme.braille();
    picture::draw(player, braille, drawing.offset, &mut page.part(area));
    scrubber(player, page);
}

fn title(drawing: &Drawing, page: &mut Page<'_>) {
    let others = format!(" and {} more", drawing.authors.len().saturating_sub(1));
    let mut pieces = vec![("drawing ", Tone::Accent), (drawing.id.as_str(), Tone::Text)];
    if let Some(row) = &drawing.row {
        if !row.title.is_empty() {
            pieces.extend([("  ", Tone::Dim), (row.title.as_str(), Tone::Text)]);
        }
        pieces.extend([("  by ", Tone::Dim), (Owner::of(&row.user).name(), Tone::Text)]);
        if drawing.authors.len() > 1 {
            pieces.push((others.as_str(), Tone::Dim));
        }
        if row.deleted_at.is_some() {
            pieces.push(("  in the bin", Tone::Warn));
        }
    }
    let end = page.line(1, 0, &pieces);
    let entry = drawing.player.as_ref().and_then(Player::entry).map(|entry| entry.words(&drawing.authors));
    let mut right = entry.unwrap_or_default();
    if drawing.zoom > 1 {
        right = format!("zoom {}× · {right}", drawing.zoom);
    }
    if drawing.follow {
        right = format!("following · {right}");
    }
    if usize::from(end) + text::width(&right) + 3 < usize::from(page.width()) {
        page.right(0, &format!("{right} "), Tone::Dim);
    }
}

pub fn scrubber(player: &Player, page: &mut Page<'_>) {
    let y = page.height().saturating_sub(1);
    let (left, right) = layout::scrubber_labels(player);
    page.text(0, y, page.width(), &left, Tone::Accent);
    page.right(y, &right, Tone::Dim);
    let (start, room) = layout::scrubber(player, page.width());
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
