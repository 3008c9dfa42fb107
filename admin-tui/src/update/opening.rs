//! Opening pages: of the row under the cursor, of its user, or of an id; and the way back.

use super::{filter, flash, load_view, send};
use crate::lists::Kind;
use crate::model::Model;
use crate::model::detail::{Detail, Drawing};
use crate::model::history::Place;
use crate::msg::{Effect, Slot};
use crate::request::Request;
use crate::subject::Subject;

/// Opens a page over the view.
pub fn open(model: &mut Model, mut detail: Detail, out: &mut Vec<Effect>) {
    model.history.leave(here(model));
    model.flash = None;
    if let Some(drawing) = detail.drawing_mut() {
        drawing.braille = model.braille;
    }
    let request = Request::from(&detail.subject());
    model.details.push(detail);
    send(model, Slot::Detail, 0, request, out);
}

pub fn here(model: &Model) -> Place {
    Place { view: model.view, opened: model.details.last().map(Detail::subject) }
}

/// Goes back or forward in the history of places.
pub fn travel(model: &mut Model, back: bool, out: &mut Vec<Effect>) {
    let Some(place) = model.history.travel(here(model), back) else {
        let text = if back { "no earlier place" } else { "no later place" };
        return flash(model, text, false);
    };
    if place.view != model.view {
        model.last_view = std::mem::replace(&mut model.view, place.view);
    }
    model.flash = None;
    model.details.clear();
    model.details.extend(place.opened.map(Detail::new));
    load_view(model, out);
}

/// Opens the page of the row under the cursor.
pub fn open_current(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(row) = model.current() else { return };
    let here = model.details.last().map(Detail::subject);
    match row.subject() {
        // The row is the page itself.
        Some(subject) if Some(&subject) == here.as_ref() => {}
        Some(Subject::Drawing { user, id }) => {
            let drawing = Drawing::new(&user, &id, row.drawing().cloned());
            open(model, Detail::Drawing(Box::new(drawing)), out);
        }
        Some(subject) => open(model, Detail::new(subject), out),
        None => flash(model, "only failed requests have a page", true),
    }
}

/// Opens the user of the row under the cursor.
pub fn open_user(model: &mut Model, out: &mut Vec<Effect>) {
    match model.current().and_then(|row| row.owner().map(|owner| owner.id.to_owned())) {
        Some(id) => open(model, Detail::new(Subject::User(id)), out),
        None => flash(model, "no user here", true),
    }
}

/// Follows the open drawing, or opens and follows the one under the cursor.
pub fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(Detail::Drawing(drawing)) = model.details.last_mut() {
        drawing.follow = !drawing.follow;
        let text = if drawing.follow { "following: new strokes appear live" } else { "no longer following" };
        return flash(model, text, false);
    }
    let Some(row) = model.current() else { return flash(model, "no drawing here", true) };
    match row.subject() {
        Some(Subject::Drawing { user, id }) => {
            let mut drawing = Drawing::new(&user, &id, row.drawing().cloned());
            drawing.follow = true;
            open(model, Detail::Drawing(Box::new(drawing)), out);
        }
        Some(_) | None => flash(model, "only drawings can be followed", true),
    }
}

/// Moves the cursor to a loaded row whose id begins with `place`; in the list of drawings, also to the first one
/// that changed before a time. Another id is opened as a page.
pub fn go_to(model: &mut Model, place: &str, out: &mut Vec<Effect>) {
    let (height, clock) = (model.list_height(), model.clock());
    let Some(list) = model.list_mut() else {
        return flash(model, "goto works in lists", true);
    };
    let found = (0..list.len()).find(|index| list.row(*index).is_some_and(|row| row.id().starts_with(place)));
    if let Some(index) = found {
        return list.select(index, height);
    }
    let kind = list.kind;
    if kind == Kind::Drawings && clock.parse(place).is_some() {
        let kept: Vec<&str> =
            list.filter.split_whitespace().filter(|word| !word.starts_with("until:")).collect();
        let text = format!("{} until:{place}", kept.join(" "));
        (list.order, list.reverse, list.from_end) = (0, false, false);
        if let Err(error) = filter::apply(model, &text, out) {
            flash(model, error.to_string(), true);
        }
        return;
    }
    let id = place.to_owned();
    match kind {
        Kind::Sessions => open(model, Detail::new(Subject::Session(id)), out),
        Kind::Users => open(model, Detail::new(Subject::User(id)), out),
        Kind::Errors => open(model, Detail::new(Subject::Request(id)), out),
        Kind::Reviews => open(model, Detail::new(Subject::Review(id)), out),
        Kind::Drawings | Kind::Audit => {
            flash(model, format!("no loaded row {place}; :drawing USER ID opens a drawing"), true);
        }
    }
}
