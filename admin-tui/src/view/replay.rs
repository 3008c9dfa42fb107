//! A drawing being played.

use ratatui::style::Style;

use super::Page;
use crate::model::Model;
use crate::model::detail::Drawing;
use crate::moment;
use crate::replay::Player;
use crate::row::name;
use crate::theme::Tone;

/// Lines around the picture: two bars, the status, the title, the scrubber.
const AROUND: u16 = 5;

/// The pixels that a screen has for a picture: two to a cell in half-blocks, eight in Braille.
pub fn room(size: (u16, u16), braille: bool) -> (u16, u16) {
    let (columns, rows) = (size.0.clamp(1, 1000), size.1.saturating_sub(AROUND).clamp(1, 1000));
    if braille { (columns * 2, rows * 4) } else { (columns, rows * 2) }
}

/// Draws a drawing, its title and its scrubber.
pub fn draw(model: &Model, drawing: &Drawing, page: &mut Page<'_>) {
    title(drawing, page);
    let Some(player) = &drawing.player else {
        page.text(2, 2, page.width(), "⋯", Tone::Dim);
        return;
    };
    if drawing.braille || model.theme.monochrome() {
        braille(player, page);
    } else {
        half_blocks(player, page);
    }
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
    if usize::from(end) + crate::text::width(&right) + 3 < usize::from(page.width()) {
        page.right(0, &format!("{right} "), Tone::Dim);
    }
}

/// Two pixels to a cell, each in its colour. The paper lies in the middle.
fn half_blocks(player: &Player, page: &mut Page<'_>) {
    let raster = player.raster();
    let (width, height) = raster.size();
    let left = usize::from(page.width()).saturating_sub(width) / 2;
    let paper = player.background();
    for row in 0..height.div_ceil(2) {
        for column in 0..width {
            let Some(upper) = raster.pixel(column, row * 2, paper) else { continue };
            let mut style = Style::new().fg(page.theme.rgb(upper.0));
            if let Some(lower) = raster.pixel(column, row * 2 + 1, paper) {
                style = style.bg(page.theme.rgb(lower.0));
            }
            put(page, left + column, row + 1, '▀', style);
        }
    }
}

/// Eight dots to a cell, in the terminal's own colour, a frame around the paper where there is room.
fn braille(player: &Player, page: &mut Page<'_>) {
    /// The bits of a cell's dots, by row and column.
    const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let raster = player.raster();
    let (width, height) = raster.size();
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(4));
    let left = usize::from(page.width()).saturating_sub(columns) / 2;
    let style = page.theme.style(Tone::Text);
    for row in 0..rows {
        for column in 0..columns {
            let mut bits = 0;
            for (y, dots) in DOTS.iter().enumerate() {
                for (x, bit) in dots.iter().enumerate() {
                    if raster.ink(column * 2 + x, row * 4 + y) > 0.4 {
                        bits |= bit;
                    }
                }
            }
            if bits > 0 {
                put(page, left + column, row + 1, char::from_u32(0x2800 + bits).unwrap_or(' '), style);
            }
        }
        let edge = page.theme.style(Tone::Dim);
        if left > 0 {
            put(page, left - 1, row + 1, '│', edge);
            put(page, left + columns, row + 1, '│', edge);
        }
    }
}

fn put(page: &mut Page<'_>, x: usize, y: usize, symbol: char, style: Style) {
    let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { return };
    if x < page.width()
        && y + 1 < page.height()
        && let Some(cell) = page.buffer.cell_mut((page.area.x + x, page.area.y + y))
    {
        cell.set_char(symbol).set_style(style);
    }
}

fn scrubber(player: &Player, page: &mut Page<'_>) {
    let y = page.height().saturating_sub(1);
    let (done, all) = player.progress();
    let left =
        format!(" {} {} ", if player.playing { "▶" } else { "⏸" }, moment::position(player.position()));
    let idle = if player.skip_idle { "pauses cut" } else { "real time" };
    let right = format!(" {}  {done}/{all}  {}  {idle} ", moment::position(player.length()), player.speed());
    let start = page.text(0, y, page.width(), &left, Tone::Accent);
    page.right(y, &right, Tone::Dim);
    let end = page.width().saturating_sub(u16::try_from(crate::text::width(&right)).unwrap_or(u16::MAX));
    let room = i64::from(end.saturating_sub(start));
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
