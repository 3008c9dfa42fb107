//! A list. Only the visible rows are formatted.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use yibi_common::admin::Count;

use super::{Page, picture, placeholder};
use crate::layout::CAPTION;
use crate::lists::columns::{Column, GAP, MARGIN, widths};
use crate::lists::{Owner, Row};
use crate::model::Model;
use crate::model::list::List;
use crate::model::overlay::Overlay;
use crate::model::thumbs::Thumb;
use crate::msg::Slot;
use crate::text;
use crate::theme::Tone;
use crate::time::{self, Clock};

pub fn draw(model: &Model, list: &List, page: &mut Page<'_>) {
    let width = model.list_width();
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
    let Some(row) = list.current() else { return };
    let Some(row) = row.drawing() else { return };
    let Some(player) = model.preview.as_ref().and_then(|preview| preview.player.as_ref()) else {
        let loading = model.preview.as_ref().is_some_and(Thumb::is_wanted);
        page.text(1, 1, page.width(), if loading { "⋯" } else { "it could not be loaded" }, Tone::Dim);
        return;
    };
    let area = Rect { y: page.area.y + 1, height: page.height().saturating_sub(CAPTION + 2), ..page.area };
    let rows = player.raster().size().1.div_ceil(if model.theme.braille() { 4 } else { 2 });
    picture::draw(player, model.theme.braille(), (0, 0), &mut page.part(area));
    let y = u16::try_from(rows).unwrap_or(0) + 2;
    let title = if row.title.is_empty() { row.id.as_str() } else { row.title.as_str() };
    page.text(1, y, page.width().saturating_sub(1), title, Tone::Accent);
    page.line(1, y + 1, &[("by ", Tone::Dim), (Owner::of(&row.user).name(), Tone::Text)]);
    let count = row.seq.saturating_sub(row.base);
    let drawn = match player.length() {
        0 => String::new(),
        length => format!(" · drawn in {}", time::position(length)),
    };
    let words = format!("{count} {}{drawn}", if count == 1 { "action" } else { "actions" });
    page.text(1, y + 2, page.width().saturating_sub(1), &words, Tone::Dim);
}

fn rows(model: &Model, list: &List, page: &mut Page<'_>) {
    title(model, list, page);
    heads(list, page);
    let clock = model.clock();
    let columns = list.kind.columns();
    if let Some(narrowed) = &list.narrowed {
        let height = page.height().saturating_sub(2);
        for (y, row) in (2..2 + height).zip(&narrowed.rows) {
            draw_row(&clock, columns, row, y, Looks::default(), page);
        }
        return;
    }
    let height = usize::from(page.height().saturating_sub(2));
    if list.len() == 0 {
        page.text(2, 3, page.width(), empty(model, list), Tone::Dim);
    }
    let ranged = list.ranged();
    for (y, line) in (2..).zip(0..height) {
        let Some(index) = list.index_at(line, height) else {
            let more = list.has_more() && list.error.is_none() && list.len() > 0 && !list.from_end;
            if more {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
            break;
        };
        match list.row(index) {
            Some(row) => {
                let in_range = ranged.as_ref().is_some_and(|range| range.contains(&index));
                let marked = in_range || list.marks.contains_key(&row.key());
                let looks = Looks { selected: index == list.selected, marked };
                draw_row(&clock, columns, row, y, looks, page);
            }
            None => {
                page.text(2, y, page.width(), "⋯", Tone::Dim);
            }
        }
    }
}

/// The column heads: an arrow at the one that sorts, an underline for the one that is selected.
fn heads(list: &List, page: &mut Page<'_>) {
    let columns = list.kind.columns();
    let (order, in_force) = list.order_in_force();
    let sorted = list.kind.column(order);
    let ascends = in_force.is_some_and(|order| order.ascends);
    let mut x = MARGIN;
    for (index, (column, width)) in columns.iter().zip(widths(columns, page.width())).enumerate() {
        if width == 0 {
            continue;
        }
        let arrow = if ascends == list.reverse { "▼" } else { "▲" };
        let title =
            if sorted == Some(index) { format!("{} {arrow}", column.title) } else { column.title.to_owned() };
        let head = text::cut(&title, usize::from(width)).into_owned();
        let taken = u16::try_from(text::width(&head)).unwrap_or(0);
        let at = if column.right { x + width.saturating_sub(taken) } else { x };
        let mut style = page.theme.style(if sorted == Some(index) { Tone::Key } else { Tone::Heading });
        if list.column == Some(index) {
            style = style.add_modifier(Modifier::UNDERLINED);
        }
        page.styled(at, 1, taken, &head, style);
        x += width + GAP;
    }
}

fn title(model: &Model, list: &List, page: &mut Page<'_>) {
    let order = list.order_in_force().1.map_or("", |order| order.words);
    let order = match (list.from_end, list.reverse) {
        (true, _) => format!("{order}, the end of the list"),
        (false, true) => format!("{order}, reversed"),
        (false, false) => order.to_owned(),
    };
    let mut at = page.line(1, 0, &[(list.kind.name(), Tone::Accent), ("  ", Tone::Dim), (&order, Tone::Dim)]);
    if !list.filter.is_empty() {
        at = page.line(at + 2, 0, &[("/", Tone::Key), (&list.filter, Tone::Marked)]);
    }
    if let Some(error) = &list.error {
        page.line(at + 2, 0, &[(error, Tone::Bad)]);
        return;
    }
    let right = match &list.narrowed {
        Some(narrowed) => {
            let waits = matches!(&model.overlay, Some(Overlay::Filter(prompt)) if prompt.due.is_some());
            let searching = waits || model.pending.contains_key(&Slot::List(list.kind));
            let state = if searching { "searching the server…" } else { "Enter searches the server" };
            format!("{} among the loaded rows · {state}", narrowed.rows.len())
        }
        None => position(list),
    };
    // The number of marks is worth more than the name of the order.
    if usize::from(page.width().saturating_sub(at)) > text::width(&right) + 2 || list.range.is_some() {
        page.right(0, &format!(" {right} "), Tone::Dim);
    }
}

/// The position of the cursor, and the number of rows.
fn position(list: &List) -> String {
    let mut out = String::new();
    if list.range.is_some() {
        out.push_str(&format!("{} in range · ", list.ranged().map_or(0, Iterator::count)));
    }
    if !list.marks.is_empty() {
        out.push_str(&format!("{} marked · ", list.marks.len()));
    }
    let found = match (list.counted, list.filter.is_empty()) {
        (Some(counted), _) => Some(format!("{} found", about(counted))),
        (None, true) => list.total.map(about),
        (None, false) if !list.has_more() => Some(format!("{} found", text::count(list.len() as u64))),
        (None, false) => Some(format!("{}+ found", text::count(list.len() as u64))),
    };
    if list.len() > 0 {
        let here = text::count(list.selected as u64 + 1);
        let from_end = if list.from_end && list.selected > 0 { " from the end" } else { "" };
        let here = if list.from_end && list.selected == 0 { "last".to_owned() } else { here };
        out.push_str(&here);
        out.push_str(from_end);
        out.extend(found.map(|found| format!(" of {found}")));
    }
    out
}

/// A count, with a sign where it is an estimate.
pub fn about(count: Count) -> String {
    if count.exact { text::count(count.value) } else { format!("≈{}", text::count(count.value)) }
}

/// The text in place of rows.
fn empty(model: &Model, list: &List) -> &'static str {
    if list.error.is_some() && list.loaded_at.is_some() {
        "asking again soon; Ctrl-R asks now"
    } else if list.error.is_some() {
        "Esc drops the filter; Ctrl-R asks again"
    } else if list.has_more() || list.loaded_at.is_none() {
        placeholder(model)
    } else if list.is_filtered() {
        "nothing matches this filter; Esc drops it"
    } else {
        list.kind.when_empty()
    }
}

/// How a row is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looks {
    pub selected: bool,
    pub marked: bool,
}

/// Draws a row, with the cursor and the mark before it.
pub fn draw_row(clock: &Clock, columns: &[Column], row: &Row, y: u16, looks: Looks, page: &mut Page<'_>) {
    let mut x = MARGIN;
    let cells = row.cells(clock);
    for ((column, width), (cell, tone)) in columns.iter().zip(widths(columns, page.width())).zip(cells) {
        if width > 0 {
            let cell = text::fit(&cell, usize::from(width), column.right);
            page.text(x, y, width, &cell, if looks.marked { Tone::Marked } else { tone });
            x += width + GAP;
        }
    }
    if looks.marked {
        page.text(1, y, 1, "▪", Tone::Marked);
    }
    if looks.selected {
        page.text(0, y, 1, "▸", Tone::Accent);
        page.wash(y, Tone::Selected);
    }
}
