//! What a reply changes.

use super::{fit, load_view, say, send};
use crate::model::detail::Detail;
use crate::model::link::Link;
use crate::model::overlay::Overlay;
use crate::model::{Logged, Model};
use crate::moment::Millis;
use crate::msg::{Drawn, Effect, Reply, Slot, Ticket, Trouble};
use crate::replay::Player;
use crate::request::Request;

/// Requests that the log keeps.
const LOGGED: usize = 200;

/// Takes an answer, unless something newer was asked since.
pub fn take(
    model: &mut Model,
    ticket: &Ticket,
    result: Result<Reply, Trouble>,
    server_now: Option<Millis>,
    out: &mut Vec<Effect>,
) {
    if model.pending.get(&ticket.slot).is_none_or(|pending| pending.number != ticket.number) {
        return;
    }
    let Some(pending) = model.pending.remove(&ticket.slot) else { return };
    let took = model.now - pending.since;
    let outcome = result.as_ref().map_or_else(ToString::to_string, |_| "ok".into());
    model.log.push_front(Logged { at: pending.since, line: pending.line, took, outcome });
    model.log.truncate(LOGGED);
    // A spinner has to go, if there was one.
    model.dirty |= took >= crate::model::PATIENCE;
    if let Some(server_now) = server_now {
        set_clock(model, server_now, took);
    }
    match result {
        Ok(reply) => {
            let was_up = model.link == Link::Up;
            model.link = Link::Up;
            if !was_up {
                model.dirty = true;
            }
            accept(model, ticket, reply, out);
            if !was_up && ticket.slot == Slot::Link && model.tickets > 2 {
                load_view(model, out);
            }
        }
        Err(trouble) => {
            model.dirty = true;
            fail(model, ticket, trouble, out);
        }
    }
}

/// Half of the way there and back lies before the server read its clock.
fn set_clock(model: &mut Model, server_now: Millis, took: Millis) {
    let ahead = server_now + took / 2 - model.now;
    // What jitter makes of it is no news.
    if (ahead - model.ahead).abs() > 1_000 {
        model.ahead = ahead;
        model.dirty = true;
    }
}

fn accept(model: &mut Model, ticket: &Ticket, reply: Reply, out: &mut Vec<Effect>) {
    let (now, height) = (model.now, model.list_height());
    match reply {
        Reply::Me(identity) => {
            model.dirty |= model.identity.as_ref() != Some(&identity);
            model.identity = Some(identity);
        }
        Reply::Overview(overview) => {
            // The clock alone is no news.
            let same = model.overview.as_ref().is_some_and(|known| {
                let mut known = known.clone();
                known.now.clone_from(&overview.now);
                known == overview
            });
            model.dirty |= !same;
            model.dirty |= model.trends.take(&overview);
            model.overview = Some(overview);
            model.overview_at = Some(now);
        }
        Reply::Page(page) => {
            if let Slot::List(kind) = ticket.slot
                && let Some(list) = model.lists.get_mut(&kind)
            {
                model.dirty |= list.accept(ticket.page, page, height, now);
                // What the server found takes the place of what was found here, unless more was typed since.
                let typed = match &model.overlay {
                    Some(Overlay::Filter(prompt)) => Some(prompt.input.text.trim()),
                    Some(_) | None => None,
                };
                if typed.is_none_or(|typed| typed == list.filter) {
                    model.dirty |= list.narrowed.take().is_some();
                }
            }
        }
        Reply::Count(count) => {
            if let Slot::Count(kind) = ticket.slot
                && let Some(list) = model.lists.get_mut(&kind)
            {
                list.counted = Some(count);
                model.dirty = true;
            }
        }
        Reply::Session(reply) => {
            if let Some(Detail::Session { id, data, .. }) = model.details.last_mut()
                && reply.session.id == *id
            {
                *data = Some(reply);
                model.dirty = true;
            }
        }
        Reply::User(reply) => {
            if let Some(Detail::User { id, data, .. }) = model.details.last_mut()
                && reply.user.user.id == *id
            {
                *data = Some(reply);
                model.dirty = true;
            }
        }
        Reply::Failed(reply) => {
            if let Some(Detail::Request { id, data, selected }) = model.details.last_mut()
                && reply.failure.request_id == *id
            {
                // The request in question is in view, with what came before it.
                let here = reply.neighbours.iter().position(|row| row.request_id == *id);
                *selected = here.unwrap_or_default().saturating_sub(3);
                *data = Some(reply);
                model.dirty = true;
            }
        }
        Reply::Drawing(drawn) if ticket.slot == Slot::Thumb => {
            model.live.thumbs.fill(*drawn, now);
            model.dirty = true;
        }
        Reply::Drawing(drawn) if ticket.slot == Slot::Preview => {
            let room = crate::view::list::preview_room(model);
            if let (Some(preview), Some(room)) = (&mut model.preview, room) {
                preview.fill(*drawn, room, now);
                model.dirty = true;
            }
        }
        Reply::Drawing(drawn) => drawing(model, ticket, *drawn, out),
        Reply::Done => super::acts::finished(model, Ok(()), out),
        Reply::Saved(path) => say(model, format!("saved as {path}"), false),
    }
}

fn drawing(model: &mut Model, ticket: &Ticket, drawn: Drawn, out: &mut Vec<Effect>) {
    let (size, theme, now) = (model.size, model.theme, model.now);
    let Some(Detail::Drawing(open)) = model.details.last_mut() else { return };
    if drawn.row.id != open.id || drawn.row.user.id != open.user {
        return;
    }
    model.dirty = true;
    let (base, seq) = (drawn.row.base, drawn.row.seq);
    let paper = (drawn.row.width, drawn.row.height);
    open.row = Some(drawn.row);
    match &mut open.player {
        Some(player) if ticket.slot == Slot::Tail && drawn.since == open.seq => {
            player.extend(drawn.entries);
            open.passed = now;
        }
        // Something was folded away, or came in between: the tail does not fit.
        Some(_) if ticket.slot == Slot::Tail && (base > open.seq || drawn.since != open.seq) => {
            let request = Request::Drawing { user: open.user.clone(), id: open.id.clone(), since: 0 };
            send(model, Slot::Detail, 0, request, out);
            return;
        }
        _ => {
            let room = crate::view::replay::room(size, open.braille || theme.monochrome());
            open.player = Some(Player::new(paper, drawn.entries, room));
        }
    }
    open.seq = seq;
    fit(model);
}

fn fail(model: &mut Model, ticket: &Ticket, trouble: Trouble, out: &mut Vec<Effect>) {
    if let (Trouble::Unreachable(error), false) = (&trouble, ticket.slot == Slot::Act) {
        if !matches!(model.link, Link::Down { .. }) || ticket.slot == Slot::Link {
            model.link = model.link.failed(error.clone(), model.now);
        }
        return;
    }
    if let Trouble::Refused { .. } = trouble
        && matches!(model.link, Link::Down { .. } | Link::Connecting)
    {
        // It answers, if only with a no.
        model.link = Link::Up;
    }
    match ticket.slot {
        Slot::Act => super::acts::finished(model, Err(trouble), out),
        Slot::List(kind) => {
            if let Some(list) = model.lists.get_mut(&kind) {
                // A server that can't at the moment is asked again like one that could.
                let later = matches!(trouble, Trouble::Refused { status: 500.., .. });
                list.trouble = Some(trouble.to_string());
                (list.loaded_at, list.narrowed) = (later.then_some(model.now), None);
            }
        }
        Slot::Overview => {
            model.overview_at = Some(model.now);
            say(model, trouble.to_string(), true);
        }
        Slot::Detail => {
            say(model, trouble.to_string(), true);
            let empty = match model.details.last() {
                Some(Detail::Session { data, .. }) => data.is_none(),
                Some(Detail::User { data, .. }) => data.is_none(),
                Some(Detail::Request { data, .. }) => data.is_none(),
                Some(Detail::Drawing(drawing)) => drawing.player.is_none(),
                None => false,
            };
            if empty {
                model.details.pop();
            }
        }
        Slot::Thumb => model.live.thumbs.give_up(),
        Slot::Preview => {
            if let Some(preview) = &mut model.preview {
                preview.give_up();
            }
        }
        Slot::Link | Slot::Count(_) | Slot::Tail | Slot::Export => say(model, trouble.to_string(), true),
    }
}
