//! A text with a search: JSON, its names and values in different tones.

use super::Page;
use super::overlay::frame;
use crate::model::overlay::Reader;
use crate::theme::Tone;

pub fn draw(reader: &Reader, page: &mut Page<'_>) {
    let (width, height) = (page.width().saturating_sub(4), page.height().saturating_sub(3));
    let title = format!(" {} ", crate::text::cut(&reader.title, 48));
    let mut inner = frame(page, width, height, &title, Tone::Accent);
    let prompt = reader.typing || !reader.search.text.is_empty();
    let room = inner.height().saturating_sub(u16::from(prompt));
    let last = reader.lines.len().saturating_sub(usize::from(room));
    for (y, line) in (0..room).zip(reader.lines.iter().skip(reader.top.min(last))) {
        if reader.is_match(line) {
            inner.text(1, y, inner.width(), line, Tone::Marked);
            inner.text(0, y, 1, "▸", Tone::Accent);
            continue;
        }
        match line.split_once(": ") {
            Some((name, value)) => {
                inner.line(1, y, &[(name, Tone::Key), (": ", Tone::Dim), (value, Tone::Text)])
            }
            None => inner.line(1, y, &[(line, Tone::Text)]),
        };
    }
    if prompt {
        let found = reader.lines.iter().filter(|line| reader.is_match(line)).count();
        let cursor = if reader.typing { "▏" } else { "" };
        inner.line(1, room, &[("/", Tone::Key), (&reader.search.text, Tone::Text), (cursor, Tone::Accent)]);
        inner.right(room, &format!("lines: {found} "), Tone::Dim);
    }
}
