//! The mouse, while the console captures it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{command, cursor, overlay};
use crate::keys::Command;
use crate::layout;
use crate::lists::columns;
use crate::model::Model;
use crate::model::detail::{Detail, Drawing};
use crate::model::overlay::Overlay;
use crate::msg::Effect;
use crate::views::View;

/// Rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

/// A click, a drag or a turn of the wheel.
pub fn handle(model: &mut Model, event: MouseEvent, out: &mut Vec<Effect>) {
    let (column, row) = (event.column, event.row);
    if let Some(Overlay::Confirm(confirm)) = &model.overlay {
        if event.kind == MouseEventKind::Down(MouseButton::Left)
            && let Some(go) = confirm.button_at(model.size, column, row)
        {
            model.dirty = true;
            overlay::click_button(model, go, out);
        }
        return;
    }
    if model.overlay.is_some() {
        return;
    }
    let wheel = [(MouseEventKind::ScrollDown, NOTCH), (MouseEventKind::ScrollUp, -NOTCH)];
    if let Some((_, by)) = wheel.iter().find(|(kind, _)| *kind == event.kind) {
        model.dirty = true;
        scroll(model, *by);
    } else if event.kind == MouseEventKind::Down(MouseButton::Left) {
        model.dirty = true;
        click(model, column, row, out);
    } else if event.kind == MouseEventKind::Drag(MouseButton::Left) {
        scrub(model, column, row);
    }
}

/// The wheel scrolls a list; elsewhere it moves the cursor.
fn scroll(model: &mut Model, by: isize) {
    let height = model.list_height();
    match model.list_mut() {
        Some(list) => list.scroll_by(by, height),
        None => cursor::move_by(model, by),
    }
}

fn click(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    if row == 0 {
        if let Some(view) = layout::tab_at(&model.tabs(), column) {
            command::show(model, view, out);
        }
        return;
    }
    if row + 1 == model.size.1 {
        if let Some(command) = layout::hint_at(&model.hints(), column) {
            command::run(model, command, out);
        }
        return;
    }
    match model.details.last() {
        Some(Detail::Review(review)) if review.covered => {}
        Some(Detail::Drawing(_) | Detail::Review(_)) => scrub(model, column, row),
        Some(Detail::Page(_)) => {}
        None if model.view == View::Live => click_live(model, column, row, out),
        None => click_list(model, column, row, out),
    }
}

fn click_live(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    let (screen, thumbs) = (model.screen(), model.live.thumbs.shown());
    let first = screen.first_event(thumbs.len());
    let Some(line) = usize::from(row).checked_sub(first) else {
        let thumb = screen.thumbnails().at(column, row).and_then(|index| thumbs.get(index));
        if let Some((user, id)) = thumb.map(crate::model::thumbs::Thumb::ids) {
            let mut drawing = Drawing::new(&user, &id, None);
            drawing.follow = true;
            super::opening::open(model, Detail::Drawing(Box::new(drawing)), out);
        }
        return;
    };
    let height = model.live_height();
    let wanted = model.live.top + line;
    if line < height && wanted == model.live.selected {
        command::run(model, Command::Open, out);
    } else if line < height && wanted < model.live.events.len() {
        model.live.select(wanted, height);
    }
}

fn click_list(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    let (width, height) = (model.list_width(), model.list_height());
    if column >= width {
        return command::run(model, Command::Open, out);
    }
    let Some(list) = model.list_mut() else { return };
    let Some(line) = usize::from(row).checked_sub(layout::FIRST_ROW) else {
        if usize::from(row) + 1 == layout::FIRST_ROW {
            let clicked = columns::at(list.kind.columns(), width, column);
            if let Some(clicked) = clicked.filter(|clicked| list.kind.sortable(width).contains(clicked)) {
                list.column = Some(clicked);
                cursor::sort_by_column(model, out);
            }
        }
        return;
    };
    match list.index_at(line, height) {
        Some(index) if index == list.selected => command::run(model, Command::Open, out),
        Some(index) => list.select(index, height),
        None => {}
    }
}

/// Goes to the position of the scrubber under the mouse.
fn scrub(model: &mut Model, column: u16, row: u16) {
    let width = model.size.0;
    // The scrubber is the last line of the body, which begins below the upper bar.
    if usize::from(row) == model.screen().body_height()
        && let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut)
        && let Some(player) = &mut drawing.player
    {
        let (start, room) = layout::scrubber(player, width);
        let into = i64::from(column) - i64::from(start);
        player.scrub(into * 1000 / i64::from(room.max(2) - 1));
        model.dirty = true;
    }
}
