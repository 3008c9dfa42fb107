//! Opening things: what is under the cursor, its user, or what was asked for by an id; and the way back.

use yibi_common::admin::{Event, Happening};

use super::{filter, load_view, say, send};
use crate::model::detail::{Detail, Drawing};
use crate::model::history::{Opened, Place};
use crate::model::list::List;
use crate::model::{Model, View};
use crate::msg::{Effect, Slot};
use crate::request::Kind;
use crate::row::Row;

/// Opens something over the view.
pub fn open(model: &mut Model, detail: Detail, out: &mut Vec<Effect>) {
    model.history.leave(here(model));
    let request = detail.request();
    model.details.push(detail);
    send(model, Slot::Detail, 0, request, out);
}

/// Where the operator is.
pub fn here(model: &Model) -> Place {
    Place { view: model.view, opened: model.details.last().map(Opened::of) }
}

/// To where the operator was before, or after that.
pub fn travel(model: &mut Model, back: bool, out: &mut Vec<Effect>) {
    let Some(place) = model.history.travel(here(model), back) else {
        return say(
            model,
            if back { "this is where you began" } else { "you were nowhere after this" },
            false,
        );
    };
    if place.view != model.view {
        model.last_view = std::mem::replace(&mut model.view, place.view);
    }
    model.details.clear();
    model.details.extend(place.opened.map(Opened::detail));
    load_view(model, out);
}

/// What a command is about: rows that are marked or under the cursor, or the thing that is open.
pub fn chosen(model: &Model) -> Vec<Row> {
    match model.details.last() {
        Some(detail) => detail.current().or_else(|| detail.whole()).into_iter().collect(),
        None => model.list().map(List::chosen).unwrap_or_default(),
    }
}

/// What is under the cursor.
pub fn current(model: &Model) -> Option<Row> {
    match model.details.last() {
        Some(detail) => detail.current(),
        None => model.list().and_then(|list| list.current().cloned()),
    }
}

pub fn open_current(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(row) = current(model) {
        open_row(model, row, out);
    } else if model.view == View::Live
        && model.details.is_empty()
        && let Some(detail) = model.live.events.get(model.live.selected).and_then(of_event)
    {
        open(model, detail, out);
    }
}

pub fn open_row(model: &mut Model, row: Row, out: &mut Vec<Effect>) {
    let detail = match row {
        Row::Session(row) => Detail::Session { id: row.id, data: None, selected: 0 },
        Row::User(row) => Detail::User { id: row.user.id, data: None, selected: 0 },
        Row::Drawing(row) => {
            let (user, id) = (row.user.id.clone(), row.id.clone());
            Detail::Drawing(Box::new(Drawing::new(&user, &id, Some(row))))
        }
        Row::Error(group) => match group.latest.into_iter().next() {
            Some(latest) => Detail::Request { id: latest.request_id, data: None, selected: 0 },
            None => return,
        },
        Row::Audit(entry) => Detail::User { id: entry.user, data: None, selected: 0 },
    };
    open(model, detail, out);
}

/// What an event is about.
fn of_event(event: &Event) -> Option<Detail> {
    Some(match &event.what {
        Happening::SignIn { session, .. } => Detail::Session { id: session.clone(), data: None, selected: 0 },
        Happening::Save { user, drawing, .. } => {
            let mut drawing = Drawing::new(&user.id, drawing, None);
            drawing.follow = true;
            Detail::Drawing(Box::new(drawing))
        }
        Happening::Revoked { user, .. } => Detail::User { id: user.id.clone(), data: None, selected: 0 },
        Happening::Changed { entry } => Detail::User { id: entry.user.clone(), data: None, selected: 0 },
        Happening::Failed { failure } => {
            Detail::Request { id: failure.request_id.clone(), data: None, selected: 0 }
        }
        Happening::Missed { .. } => return None,
    })
}

pub fn open_user(model: &mut Model, out: &mut Vec<Effect>) {
    let user = match current(model).or_else(|| model.details.last().and_then(Detail::whole)) {
        Some(row) => row.user().map(str::to_owned),
        None => match model.live.events.get(model.live.selected).map(|event| &event.what) {
            Some(
                Happening::SignIn { user, .. }
                | Happening::Save { user, .. }
                | Happening::Revoked { user, .. },
            ) if model.view == View::Live => Some(user.id.clone()),
            Some(Happening::Failed { failure }) if model.view == View::Live => failure.user.clone(),
            Some(_) | None => None,
        },
    };
    match user {
        Some(id) => open(model, Detail::User { id, data: None, selected: 0 }, out),
        None => say(model, "no user is known of this", true),
    }
}

/// Watches a drawing grow: the one that is open, or the one under the cursor.
pub fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(Detail::Drawing(drawing)) = model.details.last_mut() {
        drawing.follow = !drawing.follow;
        let text = if drawing.follow { "what is added shows as it comes" } else { "no longer followed" };
        return say(model, text, false);
    }
    let of_row = current(model).and_then(|row| match row {
        Row::Drawing(row) => Some(Drawing::new(&row.user.id.clone(), &row.id.clone(), Some(row))),
        Row::Session(_) | Row::User(_) | Row::Error(_) | Row::Audit(_) => None,
    });
    let of_event = || match model.live.events.get(model.live.selected).map(|event| &event.what) {
        Some(Happening::Save { user, drawing, .. }) if model.view == View::Live => {
            Some(Drawing::new(&user.id, drawing, None))
        }
        Some(_) | None => None,
    };
    match of_row.or_else(of_event) {
        Some(mut drawing) => {
            drawing.follow = true;
            open(model, Detail::Drawing(Box::new(drawing)), out);
        }
        None => say(model, "drawings can be followed; there is none here", true),
    }
}

/// To a row of the list in view: one that is known and whose id begins so, or, in drawings, the first that changed
/// before a moment. Another id is asked of the server.
pub fn go_to(model: &mut Model, place: &str, out: &mut Vec<Effect>) {
    let (height, now) = (model.list_height(), model.server_now());
    let Some(list) = model.list_mut() else {
        return say(model, "goto is for lists", true);
    };
    let found = (0..list.len()).find(|index| list.row(*index).is_some_and(|row| row.id().starts_with(place)));
    if let Some(index) = found {
        return list.select(index, height);
    }
    let kind = list.kind;
    if kind == Kind::Drawings && crate::filter::parse(&format!("until:{place}"), kind.fields(), now).is_ok() {
        let kept: Vec<&str> =
            list.filter.split_whitespace().filter(|word| !word.starts_with("until:")).collect();
        let text = format!("{} until:{place}", kept.join(" "));
        (list.order, list.reverse) = (0, false);
        if let Err(error) = filter::apply(model, &text, out) {
            say(model, error.to_string(), true);
        }
        return;
    }
    let id = place.to_owned();
    match kind {
        Kind::Sessions => open(model, Opened::Session(id).detail(), out),
        Kind::Users => open(model, Opened::User(id).detail(), out),
        Kind::Errors => open(model, Opened::Request(id).detail(), out),
        Kind::Drawings | Kind::Audit => {
            say(model, format!("no row {place} is loaded; :drawing USER ID opens one"), true);
        }
    }
}
