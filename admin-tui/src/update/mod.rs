//! The changes of the model: pure functions with the time injected and the effects as values.

mod acts;
mod answer;
mod command;
mod copying;
mod cursor;
mod export;
mod filter;
mod mouse;
mod opening;
mod overlay;
mod palette;
mod replaying;
mod reviewing;
#[cfg(test)]
pub mod tests;

use yibi_common::admin::{Event, Happening};

use crate::keys;
use crate::model::detail::Detail;
use crate::model::link::{Link, wait};
use crate::model::overlay::Overlay;
use crate::model::thumbs::Thumb;
use crate::model::{FLASH, Flash, Model, PATIENCE, Pending};
use crate::msg::{Effect, Msg, Slot, Ticket};
use crate::replay::Entry;
use crate::request::Request;
use crate::time::Millis;
use crate::views::View;

/// How long a row has to be under the cursor before its drawing is loaded.
const PREVIEW_PAUSE: Millis = 120;

/// Takes a message; the effects are to be carried out by the caller.
pub fn update(model: &mut Model, now: Millis, msg: Msg) -> Vec<Effect> {
    model.now = now;
    let mut out = Vec::new();
    match msg {
        Msg::Start => {
            send(model, Slot::Link, 0, Request::Me, &mut out);
            load_view(model, &mut out);
        }
        Msg::Key(event) => {
            model.dirty = true;
            if let Some(key) = keys::name(&event) {
                press(model, &key, &mut out);
            }
        }
        Msg::Mouse(event) => mouse::handle(model, event, &mut out),
        Msg::Paste(text) => {
            model.dirty = true;
            overlay::paste(model, &text);
        }
        Msg::Resize(width, height) => {
            model.size = (width, height);
            model.dirty = true;
            fit(model);
        }
        Msg::Focus(focused) => {
            model.focused = focused;
            model.dirty |= focused;
        }
        Msg::Background(rgb) => {
            model.theme = model.theme.on_background(rgb);
            model.dirty = true;
        }
        Msg::Tick => tick(model, &mut out),
        Msg::Answer { ticket, result, server_now } => {
            answer::take(model, &ticket, result, server_now, &mut out);
        }
        Msg::StreamOpen => {
            (model.live.open, model.live.attempt, model.live.retry_at) = (true, 0, None);
            model.dirty = true;
        }
        Msg::Event(event) => {
            let thumbnails = model.screen().thumbnails();
            model.live.thumbs.fit(thumbnails.most, thumbnails.pixels);
            happened(model, *event, &mut out);
        }
        Msg::StreamClosed(error) => {
            model.live.open = false;
            model.live.listening = false;
            model.live.attempt += 1;
            model.live.retry_at = Some(now + wait(model.live.attempt));
            if model.view == View::Live && !model.link.is_broken() {
                flash(model, format!("the stream of events ended: {error}"), true);
            }
        }
    }
    settle(model, &mut out);
    out
}

/// Passes a key to the uppermost layer.
fn press(model: &mut Model, key: &str, out: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        // As in a shell, Ctrl-C ends the prompt, not the program.
        let key = if key == "C-c" { "Esc" } else { key };
        overlay::press(model, key, out);
    } else if key == "Enter" && model.failed.is_some() {
        acts::retry(model, out);
    } else if let Some(command) = keys::command(model.context(), key) {
        command::run(model, command, out);
    }
}

/// Sends the requests that the state of the model makes necessary.
fn settle(model: &mut Model, out: &mut Vec<Effect>) {
    let height = model.list_height();
    if let Some(list) = model.list_mut() {
        list.keep_in_view(height);
    }
    if let (View::List(kind), true) = (model.view, model.details.is_empty())
        && !model.link.is_broken()
        && !model.pending.contains_key(&Slot::List(kind))
        && let Some((page, request)) = model.lists.get(&kind).and_then(|list| list.wanted(height))
    {
        send(model, Slot::List(kind), page, Request::Page(request), out);
    }
    settle_pictures(model, out);
    let due = model.live.retry_at.is_none_or(|at| at <= model.now);
    let refused = matches!(model.link, Link::Refused { .. });
    if model.wants_stream() && !model.live.listening && due && !refused {
        model.live.listening = true;
        out.push(Effect::Listen);
    } else if !model.wants_stream() && model.live.listening {
        (model.live.listening, model.live.open, model.live.retry_at) = (false, false, None);
        out.push(Effect::StopListening);
    }
}

/// Requests the drawings of which small pictures are shown, one at a time for each purpose.
fn settle_pictures(model: &mut Model, out: &mut Vec<Effect>) {
    if model.link.is_broken() {
        return;
    }
    if model.view == View::Live
        && model.details.is_empty()
        && !model.pending.contains_key(&Slot::Thumb)
        && let Some((user, id, since)) = model.live.thumbs.wanted()
    {
        send(model, Slot::Thumb, 0, Request::Drawing { user, id, since }, out);
    }
    let wanted = model.previewed();
    if model.preview.as_ref().map(Thumb::ids) != wanted {
        if model.pending.remove(&Slot::Preview).is_some() {
            out.push(Effect::Cancel(Slot::Preview));
        }
        model.preview = wanted.map(|(user, id)| Thumb::new(user, id, model.now + PREVIEW_PAUSE));
    }
    if let Some(preview) = &model.preview
        && preview.asked_at <= model.now
        && preview.is_wanted()
        && !model.pending.contains_key(&Slot::Preview)
    {
        let (user, id) = (preview.user.clone(), preview.id.clone());
        send(model, Slot::Preview, 0, Request::Drawing { user, id, since: 0 }, out);
    }
}

/// Sends a request; it replaces the one of the same slot.
fn send(model: &mut Model, slot: Slot, page: usize, request: Request, out: &mut Vec<Effect>) {
    model.tickets += 1;
    let number = model.tickets;
    let line = format!("{} {}", request.method(), request.path());
    model.pending.insert(slot, Pending { number, since: model.now, line });
    out.push(Effect::Send(Ticket { slot, number, page }, request));
}

/// Reads the view or the open page again.
fn load_view(model: &mut Model, out: &mut Vec<Effect>) {
    if matches!(model.link, Link::Refused { .. }) {
        send(model, Slot::Link, 0, Request::Me, out);
    }
    if let Some(detail) = model.details.last() {
        let request = Request::from(&detail.subject());
        send(model, Slot::Detail, 0, request, out);
        return;
    }
    match model.view {
        View::Overview => {
            send(model, Slot::Overview, 0, Request::Overview, out);
            if model.trends.ask(model.now) {
                send(model, Slot::History, 0, Request::History, out);
            }
        }
        View::List(kind) => {
            if let Some(list) = model.lists.get_mut(&kind) {
                list.error = None;
                if let Some((page, request)) = list.refresh() {
                    send(model, Slot::List(kind), page, Request::Page(request), out);
                }
            }
        }
        View::Live => {}
    }
}

/// Shows a message for a while.
fn flash(model: &mut Model, text: impl Into<String>, bad: bool) {
    model.flash = Some(Flash { text: text.into(), bad, until: model.now + FLASH });
    model.dirty = true;
}

/// Adapts to the size of the screen.
fn fit(model: &mut Model) {
    let height = model.list_height();
    for list in model.lists.values_mut() {
        list.keep_in_view(height);
    }
    let screen = model.screen();
    for detail in &mut model.details {
        let is_case = matches!(detail, Detail::Review(_));
        if let Some(drawing) = detail.drawing_mut()
            && let Some(player) = &mut drawing.player
        {
            let (width, height) = if is_case {
                screen.review_pixels(drawing.braille)
            } else {
                screen.paper_pixels(drawing.braille)
            };
            player.resize((width.saturating_mul(drawing.zoom), height.saturating_mul(drawing.zoom)));
        }
    }
    let (thumbnails, preview) = (screen.thumbnails(), model.preview_pixels());
    model.live.thumbs.fit(thumbnails.most, thumbnails.pixels);
    if let (Some(Thumb { player: Some(player), .. }), Some(room)) = (&mut model.preview, preview) {
        player.resize(room);
    }
}

fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    if model.flash.as_ref().is_some_and(|flash| flash.until <= now) {
        model.flash = None;
        model.dirty = true;
    }
    if let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut)
        && let Some(player) = &mut drawing.player
        && player.playing
    {
        player.pass(now - drawing.passed);
        drawing.passed = now;
        model.dirty = true;
    }
    if model.view == View::Live && model.details.is_empty() {
        model.dirty |= model.live.thumbs.pass(now);
    }
    if model.pending.values().any(|pending| now - pending.since >= PATIENCE) {
        model.dirty = true;
    }
    filter::tick(model, out);
    acts::tick(model, out);
    reviewing::tick(model, out);
    if model.link.retry_at().is_some_and(|at| at <= now) && !model.pending.contains_key(&Slot::Link) {
        send(model, Slot::Link, 0, Request::Me, out);
    }
    if model.focused && model.counts_down() || matches!(model.link, Link::Down { .. }) {
        model.dirty = true;
    }
    let slot = model.slot();
    if model.focused
        && model.link == Link::Up
        && model.refresh_at().is_some_and(|at| at <= now)
        && !model.pending.contains_key(&slot)
    {
        load_view(model, out);
    }
}

/// Takes an event of the stream.
fn happened(model: &mut Model, event: Event, out: &mut Vec<Effect>) {
    if let Happening::Save { user, drawing, from_seq, seq, actions, .. } = &event.what
        && let Some(Detail::Drawing(open)) = model.details.last_mut()
        && (open.follow && open.user == user.id && open.id == *drawing)
    {
        if let (Some(actions), Some(player)) = (actions, open.player.as_mut())
            && *from_seq == open.seq
        {
            player.extend(actions.iter().cloned().map(Entry::Action).collect());
            open.seq = *seq;
            open.passed = model.now;
            model.dirty = true;
        } else if *seq > open.seq && open.player.is_some() {
            let (user, id, since) = (open.user.clone(), open.id.clone(), open.seq);
            send(model, Slot::Tail, 0, Request::Drawing { user, id, since }, out);
        }
    }
    if !model.live.paused {
        model.live.thumbs.take(&event, model.now);
    }
    model.live.push(event);
    if model.view == View::Live && model.details.is_empty() {
        model.dirty = true;
    }
}

/// Back: cancels a slow request, closes the uppermost page, or clears marks and filter.
fn close(model: &mut Model, out: &mut Vec<Effect>) {
    if model.failed.take().is_some() {
        return;
    }
    if let Some(slot) = slow_request(model) {
        cancel(model, slot, out);
        return;
    }
    let here = opening::here(model);
    if model.details.pop().is_some() {
        model.history.leave(here);
        model.flash = None;
        if model.pending.contains_key(&Slot::Detail) {
            cancel(model, Slot::Detail, out);
        }
        fit(model);
        return;
    }
    if let Some(list) = model.list_mut() {
        if list.range.take().is_some() {
            return;
        }
        if !list.marks.is_empty() {
            list.marks.clear();
            return;
        }
        if list.is_filtered() {
            list.drop_filter();
            drop_pending(model, out);
            return;
        }
    }
    flash(model, "Ctrl-C or :q quits", false);
}

/// The latest request that shows a spinner, if there is one.
fn slow_request(model: &Model) -> Option<Slot> {
    let cancellable = |slot: &Slot| !matches!(slot, Slot::Act | Slot::Thumb | Slot::Preview | Slot::Claim);
    let latest = model.pending.iter().filter(|(slot, _)| cancellable(slot));
    let (slot, pending) = latest.max_by_key(|(_, pending)| pending.since)?;
    (model.now - pending.since >= PATIENCE).then_some(*slot)
}

fn cancel(model: &mut Model, slot: Slot, out: &mut Vec<Effect>) {
    model.pending.remove(&slot);
    out.push(Effect::Cancel(slot));
    if let (Slot::List(kind), Some(list)) = (slot, model.list_mut())
        && list.kind == kind
    {
        list.error = Some("cancelled; Ctrl-R asks again".into());
    }
    flash(model, "cancelled", false);
}

/// Drops the requests of the list in view, because another question is asked now.
fn drop_pending(model: &mut Model, out: &mut Vec<Effect>) {
    if let View::List(kind) = model.view {
        for slot in [Slot::List(kind), Slot::Count(kind)] {
            if model.pending.remove(&slot).is_some() {
                out.push(Effect::Cancel(slot));
            }
        }
    }
}

fn open_overlay(model: &mut Model, overlay: Overlay) {
    model.overlay = Some(overlay);
}
