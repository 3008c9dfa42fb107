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
    }
}

fn click(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    if row == 0 {
        if let Some(view) = crate::view::bar::tab_at(model, column) {
            command::show(model, view, out);
        }
        return;
    }
    let width = model.size.0;
    if let Some(Detail::Drawing(drawing)) = model.details.last_mut() {
        if row + 3 == model.size.1
            && let Some(player) = &mut drawing.player
        {
            player.scrub(i64::from(column) * 1000 / i64::from(width.max(2) - 1));
        }
        return;
    }
    let height = model.list_height();
    let Some(line) = usize::from(row).checked_sub(crate::view::list::FIRST_ROW) else { return };
    if line >= height {
        return;
    }
    if model.view == View::Live && model.details.is_empty() {
        let wanted = model.live.top + line;
        let by = isize::try_from(wanted).unwrap_or(0) - isize::try_from(model.live.selected).unwrap_or(0);
        model.live.move_by(by, height);
    } else if let Some(list) = model.list_mut() {
        let wanted = list.top + line;
        if wanted == list.selected {
            command::run(model, Command::Open, out);
        } else if wanted < list.len() {
            list.select(wanted, height);
        }
    }
}
