//! The mouse, where the operator lets the console have it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::command;
use crate::keys::Command;
use crate::model::detail::Detail;
use crate::model::{Model, View};
use crate::msg::Effect;

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// A click or a turn of the wheel.
pub fn handle(model: &mut Model, event: MouseEvent, out: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        return;
    }
    let wheel = [(MouseEventKind::ScrollDown, NOTCH), (MouseEventKind::ScrollUp, -NOTCH)];
    if let Some((_, by)) = wheel.iter().find(|(kind, _)| *kind == event.kind) {
        model.dirty = true;
        command::move_by(model, *by);
    } else if event.kind == MouseEventKind::Down(MouseButton::Left) {
        model.dirty = true;
        click(model, event.column, event.row, out);
    } else if event.kind == MouseEventKind::Drag(MouseButton::Left) {
        scrub(model, event.column, event.row);
    }
}

fn click(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    if row == 0 {
        if let Some(view) = crate::view::bar::tab_at(model, column) {
            command::show(model, view, out);
        }
        return;
    }
    if matches!(model.details.last(), Some(Detail::Drawing(_))) {
        scrub(model, column, row);
        return;
    }
    if model.view == View::Live && model.details.is_empty() {
        let height = crate::view::live::height(model);
        let Some(line) = usize::from(row).checked_sub(crate::view::live::first_row(model)) else { return };
        let wanted = model.live.top + line;
        if line < height && wanted == model.live.selected {
            command::run(model, Command::Open, out);
        } else if line < height && wanted < model.live.events.len() {
            model.live.select(wanted, height);
        }
        return;
    }
    if column >= model.list_width() {
        return command::run(model, Command::Open, out);
    }
    let height = model.list_height();
    let Some(line) = usize::from(row).checked_sub(crate::view::list::FIRST_ROW) else { return };
    if line >= height {
        return;
    }
    if let Some(list) = model.list_mut() {
        let wanted = list.top + line;
        if wanted == list.selected {
            command::run(model, Command::Open, out);
        } else if wanted < list.len() {
            list.select(wanted, height);
        }
    }
}

/// To the moment of the scrubber under the mouse.
fn scrub(model: &mut Model, column: u16, row: u16) {
    let (width, height) = model.size;
    if row + 3 == height
        && let Some(Detail::Drawing(drawing)) = model.details.last_mut()
        && let Some(player) = &mut drawing.player
    {
        let (start, room) = crate::view::replay::scrubber_span(player, width);
        let into = i64::from(column) - i64::from(start);
        player.scrub(into * 1000 / i64::from(room.max(2) - 1));
        model.dirty = true;
    }
}
