//! A drawing at some moment, in half-blocks or in Braille.

use ratatui::style::Style;

use super::Page;
use crate::replay::Player;
use crate::theme::Tone;

/// The pixels of so many cells: two to a cell in half-blocks, eight in Braille.
pub fn pixels(cells: (u16, u16), braille: bool) -> (u16, u16) {
    let (columns, rows) = (cells.0.clamp(1, 1000), cells.1.clamp(1, 1000));
    if braille { (columns * 2, rows * 4) } else { (columns, rows * 2) }
}

/// Draws it from the top of the page, in the middle.
pub fn draw(player: &Player, as_braille: bool, page: &mut Page<'_>) {
    if as_braille { braille(player, page) } else { half_blocks(player, page) }
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
            put(page, left + column, row, '▀', style);
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
