//! Replies, and the changes of the model that follow from them.

use yibi_common::admin::Overview;

use super::{acts, export, fit, flash, load_view, reviewing, send};
use crate::lists::{Kind, Page, Row};
use crate::model::detail::{Data, Detail};
use crate::model::link::Link;
use crate::model::overlay::Overlay;
use crate::model::{Logged, Model};
use crate::msg::{ApiError, Drawn, Effect, Reply, Slot, Ticket};
use crate::replay::Player;
use crate::request::Request;
use crate::time::Millis;

/// Requests that the log keeps.
const LOGGED: usize = 200;

/// Takes an answer, unless a newer request has replaced its own.
pub fn take(
    model: &mut Model,
    ticket: &Ticket,
    result: Result<Reply, ApiError>,
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
    // The spinner of a slow request disappears.
    model.dirty |= took >= crate::model::PATIENCE;
    if let Some(server_now) = server_now {
        set_clock(model, server_now, took);
    }
    match result {
        Ok(reply) => {
            let was_up = model.link == Link::Up;
            model.link = Link::Up;
            model.dirty |= !was_up;
            accept(model, ticket, reply, out);
            if !was_up && ticket.slot == Slot::Link && model.tickets > 2 {
                load_view(model, out);
            }
        }
        Err(error) => {
            model.dirty = true;
            fail(model, ticket, &error, out);
        }
    }
}

/// Adjusts to the server's clock, which it read half-way through the exchange.
fn set_clock(model: &mut Model, server_now: Millis, took: Millis) {
    let ahead = server_now + took / 2 - model.now;
    // Differences below a second are jitter.
    if (ahead - model.ahead).abs() > 1_000 {
        model.ahead = ahead;
        model.dirty = true;
    }
}

fn accept(model: &mut Model, ticket: &Ticket, reply: Reply, out: &mut Vec<Effect>) {
    match reply {
        Reply::Me(identity) => {
            model.dirty |= model.identity.as_ref() != Some(&identity);
            model.identity = Some(identity);
        }
        Reply::Overview(overview) => accept_overview(model, overview),
        Reply::History(history) => model.dirty |= model.trends.take_history(history),
        Reply::Page(page) => {
            if let Slot::List(kind) = ticket.slot {
                accept_page(model, kind, ticket.page, page);
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
        Reply::User(reply) if ticket.slot == Slot::Block => {
            acts::ask_block(model, &Row::new(reply.user.clone()), out);
            model.dirty = true;
        }
        Reply::Session(reply) => accept_page_data(model, Data::Session(reply)),
        Reply::User(reply) => accept_page_data(model, Data::User(reply)),
        Reply::Failed(reply) => accept_page_data(model, Data::Request(reply)),
        Reply::Review(reply) => reviewing::accept(model, reply, out),
        Reply::Claimed(case) => reviewing::claimed(model, *case),
        Reply::Avatar(avatar) => reviewing::accept_avatar(model, *avatar),
        Reply::Copy(copy) => reviewing::accept_copy(model, *copy),
        Reply::Drawing(drawn) => accept_drawing(model, ticket, *drawn, out),
        Reply::Done => acts::finished(model, Ok(()), out),
        Reply::Saved(path) => export::saved(model, path, out),
    }
}

fn accept_overview(model: &mut Model, overview: Overview) {
    // An overview that differs in its clock alone changes nothing on the screen.
    let same = model.overview.as_ref().is_some_and(|known| {
        let mut known = known.clone();
        known.now.clone_from(&overview.now);
        known == overview
    });
    model.dirty |= !same;
    model.dirty |= model.trends.take(&overview);
    model.overview = Some(overview);
    model.overview_at = Some(model.now);
}

fn accept_page(model: &mut Model, kind: Kind, number: usize, page: Page) {
    let (now, height) = (model.now, model.list_height());
    let Some(list) = model.lists.get_mut(&kind) else { return };
    model.dirty |= list.accept(number, page, height, now);
    // The server's rows replace the ones that were found here, unless the filter has changed since.
    let typed = match &model.overlay {
        Some(Overlay::Filter(prompt)) => Some(prompt.input.text.trim()),
        Some(_) | None => None,
    };
    if typed.is_none_or(|typed| typed == list.filter) {
        model.dirty |= list.narrowed.take().is_some();
    }
}

fn accept_page_data(model: &mut Model, reply: Data) {
    if let Some(Detail::Page(page)) = model.details.last_mut()
        && page.subject == reply.subject()
    {
        page.data = Some(reply);
        page.move_by(0);
        model.dirty = true;
    }
}

fn accept_drawing(model: &mut Model, ticket: &Ticket, drawn: Drawn, out: &mut Vec<Effect>) {
    let now = model.now;
    match ticket.slot {
        Slot::Thumb => {
            model.live.thumbs.fill(drawn, now);
            model.dirty = true;
        }
        Slot::Preview => {
            let room = model.preview_pixels();
            if let (Some(preview), Some(room)) = (&mut model.preview, room) {
                preview.fill(drawn, room, now);
                model.dirty = true;
            }
        }
        Slot::Detail | Slot::Tail => accept_open_drawing(model, ticket, drawn, out),
        Slot::Link
        | Slot::Overview
        | Slot::History
        | Slot::List(_)
        | Slot::Count(_)
        | Slot::Block
        | Slot::Act
        | Slot::Claim
        | Slot::Copy
        | Slot::Avatar
        | Slot::Export => {}
    }
}

fn accept_open_drawing(model: &mut Model, ticket: &Ticket, drawn: Drawn, out: &mut Vec<Effect>) {
    let (screen, now) = (model.screen(), model.now);
    let Some(Detail::Drawing(open)) = model.details.last_mut() else { return };
    if drawn.row.id != open.id || drawn.row.user.id != open.user {
        return;
    }
    model.dirty = true;
    let (base, seq) = (drawn.row.base, drawn.row.seq);
    let paper = (drawn.row.width, drawn.row.height);
    open.row = Some(drawn.row);
    open.authors = drawn.authors;
    match &mut open.player {
        Some(player) if ticket.slot == Slot::Tail && drawn.since == open.seq => {
            player.extend(drawn.entries);
            open.passed = now;
        }
        // The tail does not fit, because actions were folded away or came in between.
        Some(_) if ticket.slot == Slot::Tail && (base > open.seq || drawn.since != open.seq) => {
            let request = Request::Drawing { user: open.user.clone(), id: open.id.clone(), since: 0 };
            send(model, Slot::Detail, 0, request, out);
            return;
        }
        _ => {
            let room = screen.paper_pixels(open.braille);
            open.player = Some(Player::new(paper, drawn.since, drawn.entries, room));
        }
    }
    open.seq = seq;
    fit(model);
}

/// Why the server does not let the console in, and the remedy; `None` for other refusals.
fn remedy(model: &Model, ticket: &Ticket, error: &ApiError) -> Option<String> {
    let ApiError::Refused { status, code, .. } = error else { return None };
    let label = &model.server.label;
    match status {
        401 => {
            let source = match &model.server.token_source {
                Some(source) => format!("It was read from {source}."),
                None => "None was given (--token-file, YIBI_ADMIN_TOKEN).".to_owned(),
            };
            Some(format!(
                "{label} does not know the token (401). {source} `yibi-server token new NAME` makes one; Ctrl-R \
                 asks again."
            ))
        }
        404 if ticket.slot == Slot::Link => {
            Some(format!("{label} is not the operators' listener of a yibi server (admin.listen): {code}."))
        }
        _ => None,
    }
}

fn fail(model: &mut Model, ticket: &Ticket, error: &ApiError, out: &mut Vec<Effect>) {
    if let ApiError::Unreachable(why) = error {
        if !matches!(model.link, Link::Down { .. }) || ticket.slot == Slot::Link {
            model.link = model.link.failed(why.clone(), model.now);
        }
        // The status line reports the connection; these would be lost without a word of their own.
        if ticket.slot == Slot::Act {
            acts::finished(model, Err(error.clone()), out);
        } else if ticket.slot == Slot::Export {
            model.exports.clear();
            flash(model, format!("not saved: {error}"), true);
        }
        return;
    }
    if let Some(remedy) = remedy(model, ticket, error) {
        model.link = Link::Refused { remedy };
        if ticket.slot != Slot::Act {
            return;
        }
    } else if matches!(model.link, Link::Down { .. } | Link::Connecting)
        && matches!(error, ApiError::Refused { .. })
    {
        // A server that refuses one request is there all the same.
        model.link = Link::Up;
    }
    match ticket.slot {
        Slot::Act => acts::finished(model, Err(error.clone()), out),
        Slot::List(kind) => {
            if let Some(list) = model.lists.get_mut(&kind) {
                // A server that is unavailable is asked again like one that answered.
                let later = matches!(error, ApiError::Refused { status: 500.., .. });
                list.error = Some(error.to_string());
                (list.loaded_at, list.narrowed) = (later.then_some(model.now), None);
            }
        }
        Slot::Overview => {
            model.overview_at = Some(model.now);
            flash(model, words(model, error), true);
        }
        // A server of an earlier version has no history; why a server does not answer, the overview tells.
        Slot::History => {}
        Slot::Detail => {
            flash(model, words(model, error), true);
            if model.details.last().is_some_and(Detail::is_empty) {
                model.details.pop();
            }
        }
        Slot::Thumb => model.live.thumbs.give_up(),
        Slot::Preview => {
            if let Some(preview) = &mut model.preview {
                preview.give_up();
            }
        }
        Slot::Export => {
            model.exports.clear();
            flash(model, words(model, error), true);
        }
        Slot::Copy => {
            reviewing::copy_lost(model);
            flash(model, words(model, error), true);
        }
        // The text of the page is complete without it.
        Slot::Avatar => {}
        // The page shows who has the case, or how it was decided.
        Slot::Claim => load_view(model, out),
        Slot::Link | Slot::Count(_) | Slot::Tail | Slot::Block => flash(model, words(model, error), true),
    }
}

/// A failure in words; a missing role names the one that the caller has.
fn words(model: &Model, error: &ApiError) -> String {
    match (error, &model.identity) {
        (ApiError::Refused { code, .. }, Some(identity)) if code == "role_needed" => {
            format!("your role ({}) can't do this", identity.role)
        }
        _ => error.to_string(),
    }
}
