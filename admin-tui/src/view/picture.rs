//! A drawing in half-blocks or in Braille.

use ratatui::style::Style;

use super::Page;
use crate::layout::pixels;
use crate::msg::Avatar;
use crate::replay::Player;
use crate::theme::Tone;

/// Draws the paper in the middle of the page. Where it is larger, `offset` is the part of it to the left and
/// above, in thousandths.
pub fn draw(player: &Player, as_braille: bool, offset: (i32, i32), page: &mut Page<'_>) {
    let (width, height) = player.raster().size();
    let (columns, rows) = pixels((page.width(), page.height()), as_braille);
    // Where the whole paper has room, nothing is skipped.
    let skipped = |size: usize, room: u16, part: i32| {
        (size * usize::try_from(part).unwrap_or(0) / 1000).min(size.saturating_sub(room.into()))
    };
    let from = (skipped(width, columns, offset.0), skipped(height, rows, offset.1));
    if as_braille { braille(player, from, page) } else { half_blocks(player, from, page) }
}

/// Pixels of a mosaic's tile on each side.
pub const TILE: usize = 8;

/// Draws an avatar, two pixels to a cell, as large as the page allows; each tile of `tile` pixels a side in the
/// mean of its colours.
pub fn image(avatar: &Avatar, tile: usize, page: &mut Page<'_>) {
    let side = usize::from(page.width()).min(usize::from(page.height()) * 2);
    let whole = avatar.width.max(1);
    let rows = avatar.pixels.len() / whole;
    let color = |x: usize, y: usize| {
        let (left, top) = (x / tile * tile, y / tile * tile);
        // The part of the avatar that the tile shows.
        let across = left * whole / side..((left + tile) * whole).div_ceil(side).min(whole);
        let down = top * rows / side..((top + tile) * rows).div_ceil(side).min(rows);
        let pixels = down.flat_map(|y| across.clone().map(move |x| (x, y)));
        mean(pixels.filter_map(|(x, y)| avatar.pixels.get(y * whole + x).copied()))
    };
    for row in 0..side.div_ceil(2) {
        for column in 0..side {
            let (upper, lower) = (color(column, row * 2), color(column, row * 2 + 1));
            let style = Style::new().fg(page.theme.rgb(upper)).bg(page.theme.rgb(lower));
            put(page, column, row, '▀', style);
        }
    }
}

/// The mean of some colours.
fn mean(colors: impl Iterator<Item = [u8; 3]>) -> [u8; 3] {
    let (mut sum, mut count) = ([0_u32; 3], 0_u32);
    for color in colors {
        for (sum, part) in sum.iter_mut().zip(color) {
            *sum += u32::from(part);
        }
        count += 1;
    }
    sum.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
}

/// Draws the paper as tiles, each in the middle of its pixels' colours, so that no form can be made out.
pub fn mosaic(player: &Player, as_braille: bool, page: &mut Page<'_>) {
    let raster = player.raster();
    let (width, height) = raster.size();
    let paper = player.background();
    let (across, down) = if as_braille { (2, 4) } else { (1, 2) };
    let columns = width.div_ceil(across).min(page.width().into());
    let rows = height.div_ceil(down).min(page.height().into());
    let left = usize::from(page.width()).saturating_sub(columns) / 2;
    for row in 0..rows {
        for column in 0..columns {
            let tile = |half: usize| {
                let (x, y) = (column * across / TILE * TILE, (row * down + half) / TILE * TILE);
                let pixels = (y..y + TILE).flat_map(|y| (x..x + TILE).map(move |x| (x, y)));
                mean(pixels.filter_map(|(x, y)| raster.pixel(x, y, paper)).map(|color| color.0))
            };
            if as_braille {
                let [red, green, blue] = tile(0).map(u32::from);
                let symbol = match (299 * red + 587 * green + 114 * blue) / 1000 {
                    0..=110 => '▓',
                    111..=200 => '▒',
                    _ => '░',
                };
                put(page, left + column, row, symbol, page.theme.style(Tone::Dim));
            } else {
                let style = Style::new().fg(page.theme.rgb(tile(0))).bg(page.theme.rgb(tile(1)));
                put(page, left + column, row, '▀', style);
            }
        }
    }
}

/// Two pixels to a cell, each in its colour.
fn half_blocks(player: &Player, from: (usize, usize), page: &mut Page<'_>) {
    let raster = player.raster();
    let (width, height) = (raster.size().0 - from.0, raster.size().1 - from.1);
    let (width, height) = (width.min(page.width().into()), height.min(usize::from(page.height()) * 2));
    let left = usize::from(page.width()).saturating_sub(width) / 2;
    let paper = player.background();
    for row in 0..height.div_ceil(2) {
        for column in 0..width {
            let Some(upper) = raster.pixel(from.0 + column, from.1 + row * 2, paper) else { continue };
            let mut style = Style::new().fg(page.theme.rgb(upper.0));
            if let Some(lower) = raster.pixel(from.0 + column, from.1 + row * 2 + 1, paper) {
                style = style.bg(page.theme.rgb(lower.0));
            }
            put(page, left + column, row, '▀', style);
        }
    }
}

/// Eight dots to a cell in the terminal's foreground colour, with edges where there is room.
fn braille(player: &Player, from: (usize, usize), page: &mut Page<'_>) {
    /// The bits of a cell's dots, by row and column.
    const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let raster = player.raster();
    let (width, height) = (raster.size().0 - from.0, raster.size().1 - from.1);
    let columns = width.div_ceil(2).min(page.width().into());
    let rows = height.div_ceil(4).min(page.height().into());
    let left = usize::from(page.width()).saturating_sub(columns) / 2;
    let style = page.theme.style(Tone::Text);
    for row in 0..rows {
        for column in 0..columns {
            let mut bits = 0;
            for (y, dots) in DOTS.iter().enumerate() {
                for (x, bit) in dots.iter().enumerate() {
                    if raster.ink(from.0 + column * 2 + x, from.1 + row * 4 + y) > 0.4 {
                        bits |= bit;
                    }
                }
            }
            if bits > 0 {
                put(page, left + column, row, char::from_u32(0x2800 + bits).unwrap_or(' '), style);
            }
        }
        let edge = page.theme.style(Tone::Dim);
        if left > 0 {
            put(page, left - 1, row, '│', edge);
            put(page, left + columns, row, '│', edge);
        }
    }
}

fn put(page: &mut Page<'_>, x: usize, y: usize, symbol: char, style: Style) {
    let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { return };
    if x < page.width()
        && y < page.height()
        && let Some(cell) = page.buffer.cell_mut((page.area.x + x, page.area.y + y))
    {
        cell.set_char(symbol).set_style(style);
    }
}
