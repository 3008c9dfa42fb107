//! The screen, as a function of the model.

mod bar;
mod confirm;
mod detail;
mod list;
mod live;
mod overlay;
mod overview;
mod picture;
mod reader;
mod replay;
mod review;
mod routes;
#[cfg(test)]
pub mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::layout::SMALLEST;
use crate::model::Model;
use crate::model::detail::Detail;
use crate::model::link::Link;
use crate::text;
use crate::theme::{Theme, Tone};
use crate::views::View;

/// Draws the whole screen.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = *buffer.area();
    let mut page = Page { buffer, theme: model.theme, area };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("{}x{} or more (this is {}x{})", SMALLEST.0, SMALLEST.1, area.width, area.height);
        for (y, line) in (0..).zip(text::wrap(&text, usize::from(area.width.max(1)))) {
            page.text(0, y, area.width, &line, Tone::Warn);
        }
        return;
    }
    bar::head(model, &mut page);
    let height = u16::try_from(model.screen().body_height()).unwrap_or(0);
    let mut body = page.part(Rect { y: area.y + 1, height, ..area });
    match model.details.last() {
        Some(Detail::Drawing(drawing)) => replay::draw(model, drawing, &mut body),
        Some(Detail::Review(open)) => review::draw(model, open, &mut body),
        Some(Detail::Page(open)) => detail::draw(model, open, &mut body),
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

/// The text in place of data that has not arrived: it is being loaded, or why it is not.
fn placeholder(model: &Model) -> &'static str {
    match model.link {
        Link::Connecting => "asking the server…",
        Link::Up => "⋯",
        Link::Down { .. } => "no connection yet, trying again",
        Link::Refused { .. } => "the server does not let this console in; see below",
    }
}

/// A part of the screen. Coordinates are relative to its corner, and writing is clipped to it.
struct Page<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    area: Rect,
}

impl Page<'_> {
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

    /// Writes text, cleaned and cut to `width`; returns the columns it took.
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

    /// Writes pieces side by side; returns the column at which they end.
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

    /// Applies the style of a tone to a row.
    fn wash(&mut self, y: u16, tone: Tone) {
        if y < self.area.height {
            let row = Rect { y: self.area.y + y, height: 1, ..self.area };
            self.buffer.set_style(row, self.theme.style(tone));
        }
    }

    /// Clears the part, and a wide character that would reach into it.
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
