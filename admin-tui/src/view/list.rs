//! A list: only the rows in view are ever made into text.

use super::{Page, columns};
use crate::model::Model;
use crate::model::list::List;
use crate::request::Kind;
use crate::row::Row;
use crate::text;
use crate::theme::Tone;

/// The row of the screen on which the first row of a list stands.
pub const FIRST_ROW: usize = 3;

/// Draws a list.
pub fn draw(model: &Model, list: &List, page: &mut Page<'_>) {
    title(model, list, page);
    let columns = columns::of(list.kind);
    let widths = columns::widths(columns, page.width());
    let mut x = 2;
    for (column, width) in columns.iter().zip(&widths) {
        if *width > 0 {
            let head = text::fit(column.title, usize::from(*width), column.right);
            page.text(x, 1, *width, &head, Tone::Heading);
            x += width + 2;
        }
    }
    let height = usize::from(page.height().saturating_sub(2));
    if list.len() == 0 {
        empty(model, list, page);
    }
    for (y, index) in (2..).zip(list.top..list.top + height) {
        if index >= list.len() {
            if list.has_more() && list.trouble.is_none() && list.len() > 0 {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
            break;
        }
        match list.row(index) {
            Some(row) => {
                let marked = list.marks.contains_key(&row.key());
                draw_row(model, list.kind, row, y, index == list.selected, marked, page);
            }
            None => {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
        }
    }
}

fn title(model: &Model, list: &List, page: &mut Page<'_>) {
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
    if model.size.0.saturating_sub(at) as usize > text::width(&right) + 2 {
        page.right(0, &format!("{right} "), Tone::Dim);
    }
}

fn empty(model: &Model, list: &List, page: &mut Page<'_>) {
    let words = if list.trouble.is_some() {
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
