//! Moving the cursor, marking rows, and sorting.

use super::{drop_pending, flash, send};
use crate::keys::Cursor;
use crate::model::Model;
use crate::model::detail::Detail;
use crate::model::list::List;
use crate::msg::{Effect, Slot};
use crate::request::Request;
use crate::views::View;

/// The message of lists with a single order.
const UNSORTABLE: &str = "this list can't be sorted";

pub fn run(model: &mut Model, command: Cursor, out: &mut Vec<Effect>) {
    let page = isize::try_from(model.list_height()).unwrap_or(1);
    match command {
        Cursor::Down => move_by(model, 1),
        Cursor::Up => move_by(model, -1),
        Cursor::HalfDown => move_by(model, page / 2),
        Cursor::HalfUp => move_by(model, -(page / 2)),
        Cursor::PageDown => move_by(model, page),
        Cursor::PageUp => move_by(model, -page),
        Cursor::Top => to_end(model, false, out),
        Cursor::Bottom => to_end(model, true, out),
        Cursor::NextColumn => select_column(model, true),
        Cursor::PreviousColumn => select_column(model, false),
        Cursor::SortByColumn => sort_by_column(model, out),
        Cursor::Sort => sort(model, out),
        Cursor::Count => count(model, out),
        Cursor::Mark => mark(model, |list, height| {
            list.mark();
            list.move_by(1, height);
        }),
        Cursor::MarkRange => mark(model, |list, _| list.toggle_range()),
        Cursor::MarkPage => mark(model, List::mark_view),
    }
}

fn mark(model: &mut Model, change: impl FnOnce(&mut List, usize)) {
    let height = model.list_height();
    if let Some(list) = model.list_mut() {
        change(list, height);
    }
}

/// Moves the cursor of the view or of the open page.
pub fn move_by(model: &mut Model, by: isize) {
    let height = model.list_height();
    if let Some(detail) = model.details.last_mut() {
        match detail {
            Detail::Page(page) => page.move_by(by),
            Detail::Review(review) => review.scroll(by),
            Detail::Drawing(_) => {}
        }
        return;
    }
    match model.view {
        View::Overview => {
            let last = model.overview.as_ref().map_or(0, |overview| overview.servers.len().saturating_sub(1));
            model.overview_top = model.overview_top.saturating_add_signed(by).min(last);
        }
        View::List(kind) => {
            if let Some(list) = model.lists.get_mut(&kind) {
                list.move_by(by, height);
            }
        }
        View::Live => {
            let height = model.live_height();
            model.live.move_by(by, height);
        }
    }
}

/// Goes to one end. The far end of a list that is not loaded as a whole is read in the reversed order: nothing
/// in between is loaded.
fn to_end(model: &mut Model, far: bool, out: &mut Vec<Effect>) {
    let height = model.list_height();
    let Some(list) = model.list_mut() else {
        return move_by(model, if far { isize::MAX / 2 } else { isize::MIN / 2 });
    };
    if far == list.from_end {
        list.select(0, height);
    } else if list.has_more() && list.kind.counts_and_reverses() {
        list.from_end = far;
        list.reset();
        drop_pending(model, out);
        if far {
            flash(model, "showing the end of the list · g: the beginning", false);
        }
    } else {
        list.select(list.len().saturating_sub(1), height);
    }
}

fn sort(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list_mut() else { return };
    let orders = list.kind.orders().len();
    if orders < 2 {
        return flash(model, UNSORTABLE, false);
    }
    (list.order, list.reverse, list.from_end) = ((list.order + 1) % orders, false, false);
    list.reset();
    drop_pending(model, out);
}

/// Selects one of the visible columns that the server sorts by.
fn select_column(model: &mut Model, next: bool) {
    let width = model.list_width();
    let Some(list) = model.list_mut() else { return };
    let sortable = list.kind.sortable(width);
    let selected = list.column.or_else(|| list.kind.column(list.order_in_force().0));
    let here = sortable.iter().position(|column| Some(*column) == selected);
    let wanted = match (here, next) {
        (Some(here), true) => (here + 1).min(sortable.len().saturating_sub(1)),
        (Some(here), false) => here.saturating_sub(1),
        (None, _) => 0,
    };
    list.column = sortable.get(wanted).copied();
    if list.column.is_none() {
        flash(model, UNSORTABLE, false);
    }
}

/// Sorts by the selected column; reverses the order where it is in force already.
pub fn sort_by_column(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list_mut() else { return };
    let column = list.column.and_then(|column| list.kind.columns().get(column));
    let wanted = column.and_then(|column| column.order).unwrap_or(list.order);
    if wanted != list.order {
        (list.order, list.reverse) = (wanted, false);
    } else if list.kind.counts_and_reverses() {
        list.reverse = !list.reverse;
    } else {
        return flash(model, UNSORTABLE, false);
    }
    list.from_end = false;
    list.reset();
    drop_pending(model, out);
}

fn count(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list() else { return };
    if !list.kind.counts_and_reverses() {
        return flash(model, "this list can't be counted", false);
    }
    let (kind, parameters) = (list.kind, list.parameters.clone());
    send(model, Slot::Count(kind), 0, Request::Count(kind, parameters), out);
}
