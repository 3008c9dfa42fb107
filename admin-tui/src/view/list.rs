//! A list: only the rows in view are ever made into text.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::{Page, columns, picture};
use crate::model::list::List;
use crate::model::thumbs::Thumb;
use crate::model::{Model, View};
use crate::request::Kind;
use crate::row::Row;
use crate::text;
use crate::theme::Tone;

/// The row of the screen on which the first row of a list stands.
pub const FIRST_ROW: usize = 3;

/// The narrowest screen that shows the drawing under the cursor beside its list.
const BESIDE: u16 = 100;
/// Lines of that picture's caption.
const CAPTION: u16 = 3;

/// Columns of the picture beside the list, where there is room for one.
fn beside(model: &Model) -> Option<u16> {
    let shown = model.view == View::List(Kind::Drawings) && model.details.is_empty();
    (shown && model.size.0 >= BESIDE).then(|| (model.size.0 * 3 / 10).min(60))
}

/// Columns of the list itself.
pub fn width(model: &Model) -> u16 {
    model.size.0.saturating_sub(beside(model).unwrap_or(0))
}

/// Pixels of the picture beside the list, where there is room for one.
pub fn preview_room(model: &Model) -> Option<(u16, u16)> {
    let columns = beside(model)?.saturating_sub(2);
    let rows = u16::try_from(model.body_height()).unwrap_or(0).saturating_sub(CAPTION + 2);
    Some(picture::pixels((columns, rows), model.theme.monochrome()))
}

/// Draws a list.
pub fn draw(model: &Model, list: &List, page: &mut Page<'_>) {
    let width = width(model);
    let right = Rect { x: page.area.x + width, width: page.area.width.saturating_sub(width), ..page.area };
    let left = Rect { width, ..page.area };
    if right.width > 0 {
        preview(model, list, &mut page.part(right));
    }
    rows(model, list, &mut page.part(left));
}

/// The drawing under the cursor.
fn preview(model: &Model, list: &List, page: &mut Page<'_>) {
    let edge = page.theme.style(Tone::Faint);
    for y in 0..page.height() {
        page.styled(0, y, 1, "│", edge);
    }
    let inside = Rect { x: page.area.x + 2, width: page.width().saturating_sub(2), ..page.area };
    let mut page = page.part(inside);
    let Some(Row::Drawing(row)) = list.current() else { return };
    let Some(player) = model.preview.as_ref().and_then(|preview| preview.player.as_ref()) else {
        let words =
            if model.preview.as_ref().is_some_and(Thumb::is_wanted) { "⋯" } else { "it can't be shown" };
        page.text(1, 1, page.width(), words, Tone::Dim);
        return;
    };
    let area = Rect { y: page.area.y + 1, height: page.height().saturating_sub(CAPTION + 2), ..page.area };
    let rows = player.raster().size().1.div_ceil(if model.theme.monochrome() { 4 } else { 2 });
    picture::draw(player, model.theme.monochrome(), &mut page.part(area));
    let y = u16::try_from(rows).unwrap_or(0) + 2;
    let title = if row.title.is_empty() { row.id.as_str() } else { row.title.as_str() };
    page.text(1, y, page.width().saturating_sub(1), title, Tone::Accent);
    let by = crate::row::name(&row.user.nickname, &row.user.id);
    page.line(1, y + 1, &[("by ", Tone::Dim), (by, Tone::Text)]);
    let length = crate::moment::position(player.length());
    let words = format!("{} actions · drawn in {length}", row.seq.saturating_sub(row.base));
    page.text(1, y + 2, page.width().saturating_sub(1), &words, Tone::Dim);
}

fn rows(model: &Model, list: &List, page: &mut Page<'_>) {
    title(list, page);
    heads(list, page);
    if let Some(narrowed) = &list.narrowed {
        let height = page.height().saturating_sub(2);
        for (y, row) in (2..2 + height).zip(&narrowed.rows) {
            draw_row(model, list.kind, row, y, false, false, page);
        }
        return;
    }
    let height = usize::from(page.height().saturating_sub(2));
    if list.len() == 0 {
        empty(model, list, page);
    }
    let ranged = list.ranged();
    for (y, index) in (2..).zip(list.top..list.top + height) {
        if index >= list.len() {
            if list.has_more() && list.trouble.is_none() && list.len() > 0 {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
            break;
        }
        match list.row(index) {
            Some(row) => {
                let in_range = ranged.as_ref().is_some_and(|range| range.contains(&index));
                let marked = in_range || list.marks.contains_key(&row.key());
                draw_row(model, list.kind, row, y, index == list.selected, marked, page);
            }
            None => {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
        }
    }
}

/// The heads of the columns: an arrow at the one that sorts, a line under the one that can be chosen to.
fn heads(list: &List, page: &mut Page<'_>) {
    let columns = columns::of(list.kind);
    let widths = columns::widths(columns, page.width());
    let sorted = columns::sorted(list);
    let mut x = 2;
    for (index, (column, width)) in columns.iter().zip(&widths).enumerate() {
        if *width == 0 {
            continue;
        }
        let arrow = if list.kind.ascends(list.order) == list.reverse { "▼" } else { "▲" };
        let title =
            if sorted == Some(index) { format!("{} {arrow}", column.title) } else { column.title.to_owned() };
        let head = text::cut(&title, usize::from(*width)).into_owned();
        let taken = u16::try_from(text::width(&head)).unwrap_or(0);
        let at = if column.right { x + width.saturating_sub(taken) } else { x };
        let mut style = page.theme.style(if sorted == Some(index) { Tone::Key } else { Tone::Heading });
        if list.column == Some(index) {
            style = style.add_modifier(Modifier::UNDERLINED);
        }
        page.styled(at, 1, taken, &head, style);
        x += width + 2;
    }
}

fn title(list: &List, page: &mut Page<'_>) {
    let order = list.kind.orders().get(list.order).map_or("", |(_, words)| *words);
    let order = if list.reverse { format!("{order}, from the other end") } else { order.to_owned() };
    let mut at = page.line(1, 0, &[(list.kind.name(), Tone::Accent), ("  ", Tone::Dim), (&order, Tone::Dim)]);
    if !list.filter.is_empty() {
        at = page.line(at + 2, 0, &[("/", Tone::Key), (&list.filter, Tone::Marked)]);
    }
    if let Some(trouble) = &list.trouble {
        page.line(at + 2, 0, &[(trouble, Tone::Bad)]);
        return;
    }
    let mut right = String::new();
    if let Some(narrowed) = &list.narrowed {
        page.right(0, &format!("{} of those known · asking the server ", narrowed.rows.len()), Tone::Dim);
        return;
    }
    if list.range.is_some() {
        right.push_str(&format!("{} in range · ", list.ranged().map_or(0, Iterator::count)));
    }
    if !list.marks.is_empty() {
        right.push_str(&format!("{} marked · ", list.marks.len()));
    }
    if let Some(counted) = list.counted {
        right.push_str(&format!("{} found · ", columns::about(counted)));
    }
    if list.len() > 0 {
        right.push_str(&text::count(list.selected as u64 + 1));
        if let Some(total) = list.total {
            right.push_str(&format!(" of {}", columns::about(total)));
        }
    }
    if usize::from(page.width().saturating_sub(at)) > text::width(&right) + 2 {
        page.right(0, &format!("{right} "), Tone::Dim);
    }
}

fn empty(model: &Model, list: &List, page: &mut Page<'_>) {
    let words = if list.trouble.is_some() && list.loaded_at.is_some() {
        "it is asked again by itself; Ctrl-R asks at once"
    } else if list.trouble.is_some() {
        "Ctrl-R asks again"
    } else if list.has_more() || !matches!(model.link, crate::model::link::Link::Up) {
        "⋯"
    } else if !list.filter.is_empty() {
        "nothing matches this filter; Esc drops it"
    } else {
        match list.kind {
            Kind::Sessions => "nobody is signed in",
            Kind::Users => "nobody has signed in yet",
            Kind::Drawings => "nothing was drawn yet",
            Kind::Errors => "nothing failed",
            Kind::Audit => "nothing was changed",
        }
    };
    page.text(2, 3, page.width(), words, Tone::Dim);
}

/// Draws a row of a kind's columns.
pub fn draw_row(
    model: &Model,
    kind: Kind,
    row: &Row,
    y: u16,
    selected: bool,
    marked: bool,
    page: &mut Page<'_>,
) {
    let columns = columns::of(kind);
    let widths = columns::widths(columns, page.width());
    let mut x = 2;
    for ((column, width), (cell, tone)) in columns.iter().zip(&widths).zip(columns::cells(model, row)) {
        if *width > 0 {
            let cell = text::fit(&cell, usize::from(*width), column.right);
            page.text(x, y, *width, &cell, if marked { Tone::Marked } else { tone });
            x += width + 2;
        }
    }
    if marked {
        page.text(0, y, 1, "▪", Tone::Marked);
    }
    if selected {
        page.text(0, y, 1, if marked { "▪" } else { "▸" }, Tone::Accent);
        page.wash(y, Tone::Selected);
    }
}
