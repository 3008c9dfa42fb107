//! What is on the screen: functions of the model, nothing else.

pub mod bar;
pub mod columns;
mod detail;
pub mod list;
pub mod live;
mod overlay;
mod overview;
mod picture;
mod reader;
pub mod replay;
mod routes;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::detail::Detail;
use crate::model::{Model, View};
use crate::text;
use crate::theme::{Theme, Tone};

/// The least room in which anything can be told.
const LEAST: (u16, u16) = (40, 10);

/// Draws all of it.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = *buffer.area();
    let mut page = Page { buffer, theme: model.theme, area };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        page.text(0, 0, area.width, "yibi-admin: 80x24 or more, please", Tone::Warn);
        return;
    }
    bar::head(model, &mut page);
    let mut body = page.part(Rect { y: area.y + 1, height: area.height - 3, ..area });
    match model.details.last() {
        Some(Detail::Drawing(drawing)) => replay::draw(model, drawing, &mut body),
        Some(other @ (Detail::Session { .. } | Detail::User { .. } | Detail::Request { .. })) => {
            detail::draw(model, other, &mut body);
        }
        None => match model.view {
            View::Overview => overview::draw(model, &mut body),
            View::List(kind) => {
                if let Some(list) = model.lists.get(&kind) {
                    list::draw(model, list, &mut body);
                }
            }
            View::Live => live::draw(model, &mut body),
        },
    }
    bar::status(model, &mut page);
    bar::foot(model, &mut page);
    if let Some(over) = &model.overlay {
        overlay::draw(model, over, &mut page);
    }
}

/// A part of the screen to be written on. Places are counted from its corner, and nothing leaves it.
pub struct Page<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    area: Rect,
}

impl Page<'_> {
    /// A part of it.
    fn part(&mut self, area: Rect) -> Page<'_> {
        let area = area.intersection(self.area);
        Page { buffer: self.buffer, theme: self.theme, area }
    }

    fn width(&self) -> u16 {
        self.area.width
    }

    fn height(&self) -> u16 {
        self.area.height
    }

    /// Writes text, cleaned and cut to `width`; how many columns it took.
    fn text(&mut self, x: u16, y: u16, width: u16, text: &str, tone: Tone) -> u16 {
        let style = self.theme.style(tone);
        self.styled(x, y, width, text, style)
    }

    fn styled(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return 0;
        }
        let room = width.min(self.area.width - x);
        let text = text::cut(text, usize::from(room));
        let (end, _) =
            self.buffer.set_stringn(self.area.x + x, self.area.y + y, &text, usize::from(room), style);
        end.saturating_sub(self.area.x + x)
    }

    /// Writes pieces one after the other; where they end.
    fn line(&mut self, x: u16, y: u16, pieces: &[(&str, Tone)]) -> u16 {
        let mut at = x;
        for (piece, tone) in pieces {
            at += self.text(at, y, self.area.width.saturating_sub(at), piece, *tone);
        }
        at
    }

    /// Writes text that ends at the right edge.
    fn right(&mut self, y: u16, text: &str, tone: Tone) {
        let width = u16::try_from(text::width(&text::clean(text))).unwrap_or(u16::MAX);
        self.text(self.area.width.saturating_sub(width), y, width, text, tone);
    }

    /// Gives a row the looks of a tone.
    fn wash(&mut self, y: u16, tone: Tone) {
        if y < self.area.height {
            let row = Rect { y: self.area.y + y, height: 1, ..self.area };
            self.buffer.set_style(row, self.theme.style(tone));
        }
    }

    /// Wipes it, and a wide character that would reach into it.
    fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            if let Some(before) = self.area.left().checked_sub(1)
                && let Some(cell) = self.buffer.cell_mut((before, y))
                && text::width(cell.symbol()) > 1
            {
                cell.reset();
            }
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }
}
