//! The review of cases: claims, the covered picture, and decisions.

use yibi_common::admin::{CaseKind, Change, ReviewDetail, ReviewRow};
use yibi_common::sharing::{CaseState, Reason};

use super::{acts, fit, flash, load_view, opening, send};
use crate::act::{Act, Body};
use crate::keys::Review as Command;
use crate::lists::{Kind, claimed_until, label, short_operator};
use crate::model::Model;
use crate::model::detail::Detail;
use crate::model::overlay::{Input, Overlay};
use crate::model::review::{Review, TAKE_BACK};
use crate::msg::{Avatar, Copied, Effect, Slot};
use crate::replay::Player;
use crate::request::Request;
use crate::subject::Subject;
use crate::time::Millis;
use crate::views::View;

/// The time after which a claim is renewed; the server keeps it for two minutes.
const RENEW: Millis = 60_000;

pub fn run(model: &mut Model, command: Command, out: &mut Vec<Effect>) {
    if command == Command::Next {
        return next(model, out);
    }
    if command == Command::Others {
        return ask_others(model);
    }
    let Some(case) = model.current().and_then(|row| row.case().cloned()) else {
        return flash(model, "no case here (view 8)", true);
    };
    if let Some(why) = obstacle(model, &case, command) {
        return flash(model, why, true);
    }
    match command {
        Command::Pass => start(model, act(&case, Change::PassCase, None), out),
        Command::Hold => start(model, act(&case, Change::HoldCase, None), out),
        Command::Remove => super::open_overlay(model, Overlay::Reasons(Box::new(case))),
        Command::Note => super::open_overlay(model, Overlay::Note(Box::new(case), Input::default())),
        Command::Next | Command::Others => {}
    }
}

/// Why the operator can't do this to a case, if so.
fn obstacle(model: &Model, case: &ReviewRow, command: Command) -> Option<String> {
    if let Some(why) = model.forbidden() {
        return Some(why.to_owned());
    }
    if !model.work.queue.is_empty() {
        return Some("the changes before are still being made".to_owned());
    }
    if command == Command::Note {
        return None;
    }
    if let Some((operator, _)) = claimed_until(case, model.server_now())
        && !model.is_me(operator)
    {
        return Some(format!("{} has this case open", short_operator(operator)));
    }
    let decides = matches!(command, Command::Pass | Command::Remove);
    if decides && case.state != CaseState::Held {
        return Some(format!("already {}; E holds it for another decision", case.state.name()));
    }
    let is_seen = matches!(case.kind, CaseKind::Share | CaseKind::Room | CaseKind::Avatar);
    let unseen = is_seen && !model.progress.seen.contains(&case.id);
    if decides && unseen && model.details.is_empty() {
        return Some("look at it first: Enter opens it, Space uncovers the picture".to_owned());
    }
    None
}

fn act(case: &ReviewRow, change: Change, body: Option<Body>) -> Act {
    Act { change, user: case.author.id.clone(), target: Some(case.id.clone()), body, label: label(case) }
}

fn start(model: &mut Model, act: Act, out: &mut Vec<Effect>) {
    acts::start(model, vec![act], false, out);
}

/// A key while a reason is asked for.
pub fn press_reason(model: &mut Model, key: &str, case: Box<ReviewRow>, out: &mut Vec<Effect>) {
    match key.parse().ok().and_then(Reason::of) {
        Some(reason) => start(model, act(&case, Change::RemoveCase, Some(Body::Reason(reason))), out),
        None if key == "q" => flash(model, "nothing was changed", false),
        None => model.overlay = Some(Overlay::Reasons(case)),
    }
}

/// A key while a remark is typed.
pub fn press_note(
    model: &mut Model,
    key: &str,
    case: Box<ReviewRow>,
    mut input: Input,
    out: &mut Vec<Effect>,
) {
    if key == "Enter" {
        let text = input.text.trim().to_owned();
        if text.is_empty() {
            return flash(model, "nothing was noted", false);
        }
        return start(model, act(&case, Change::NoteCase, Some(Body::Text(text))), out);
    }
    input.edit(key);
    model.overlay = Some(Overlay::Note(case, input));
}

/// Uncovers the picture of the open case. Returns whether it was covered.
pub fn uncover(model: &mut Model) -> bool {
    let Some(Detail::Review(review)) = model.details.last_mut() else { return false };
    if !review.covered || !review.has_picture() {
        return false;
    }
    review.covered = false;
    model.progress.seen.insert(review.id.clone());
    true
}

/// Opens the next case that waits for a decision and that nobody else looks at.
fn next(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.server_now();
    let open = match model.details.last() {
        Some(Detail::Review(review)) => Some(review.id.clone()),
        Some(Detail::Page(_) | Detail::Drawing(_)) | None => None,
    };
    if model.view != View::List(Kind::Reviews) {
        return flash(model, "the queue is in view 8", true);
    }
    let height = model.list_height();
    let found = model.lists.get(&Kind::Reviews).and_then(|list| {
        let at = |index: usize| list.row(index).and_then(|row| row.case());
        let here =
            open.as_ref().and_then(|id| (0..list.len()).find(|i| at(*i).is_some_and(|row| row.id == *id)));
        let first = here.map_or(if open.is_some() { 0 } else { list.selected }, |here| here + 1);
        let waits = |row: &&ReviewRow| {
            row.state == CaseState::Held
                && open.as_ref() != Some(&row.id)
                && !model.progress.decided.contains(&row.id)
                && claimed_until(row, now).is_none_or(|(operator, _)| model.is_me(operator))
        };
        (first..list.len()).chain(0..first).find_map(|i| at(i).filter(waits).map(|row| (i, row.id.clone())))
    });
    if open.is_some() {
        let here = opening::here(model);
        model.details.pop();
        model.history.leave(here);
    }
    match found {
        Some((index, id)) => {
            if let Some(list) = model.lists.get_mut(&Kind::Reviews) {
                list.select(index, height);
            }
            opening::open(model, Detail::new(Subject::Review(id)), out);
        }
        None => {
            load_view(model, out);
            flash(model, "nothing else waits for a decision", false);
        }
    }
}

/// Asks whether the author's other cases are removed too, for the same reason.
fn ask_others(model: &mut Model) {
    let Some((others, reason)) = others(model) else {
        return flash(model, "after a removal, A removes the author's other cases too", false);
    };
    let body = Some(Body::Reason(reason));
    let items: Vec<_> =
        others.iter().map(|case| (act(case, Change::RemoveCase, body.clone()), label(case))).collect();
    let title = match items.len() {
        1 => "Remove the other case of this author too?".to_owned(),
        count => format!("Remove the other {count} of this author too?"),
    };
    acts::ask(model, title, "For the same reason. E holds a case for another decision.", items);
}

/// The other cases of the author of a removed case, and the reason of the removal.
pub fn others(model: &Model) -> Option<(Vec<ReviewRow>, Reason)> {
    let Some(Detail::Review(review)) = model.details.last() else { return None };
    let data = review.data.as_ref().filter(|data| data.case.state == CaseState::Removed)?;
    (!data.others.is_empty()).then(|| data.case.reason.map(|reason| (data.others.clone(), reason)))?
}

/// Takes the case of the open page; asks for its picture and claims it.
pub fn accept(model: &mut Model, reply: Box<ReviewDetail>, out: &mut Vec<Effect>) {
    let may_claim = model.forbidden().is_none();
    let Some(Detail::Review(review)) = model.details.last_mut() else { return };
    if review.id != reply.case.id {
        return;
    }
    model.dirty |= review.data.as_ref() != Some(&reply);
    let held = reply.case.state == CaseState::Held;
    review.data = Some(reply);
    let id = review.id.clone();
    let wants_copy = review.is_drawing() && review.drawing.player.is_none() && !review.lost;
    let wants_avatar = review.has_avatar() && review.avatar.is_none();
    if !held {
        review.claim_at = None;
    }
    let claims = held && may_claim && review.claim_at.is_none();
    if wants_copy && !model.pending.contains_key(&Slot::Copy) {
        send(model, Slot::Copy, 0, Request::ReviewCopy(id.clone()), out);
    }
    if claims {
        claim(model, out);
    }
    if wants_avatar && !model.pending.contains_key(&Slot::Avatar) {
        send(model, Slot::Avatar, 0, Request::ReviewAvatar(id), out);
    }
}

fn claim(model: &mut Model, out: &mut Vec<Effect>) {
    let at = model.now + RENEW;
    if let Some(Detail::Review(review)) = model.details.last_mut() {
        review.claim_at = Some(at);
        let id = review.id.clone();
        send(model, Slot::Claim, 0, Request::Claim(id), out);
    }
}

/// Takes the case as it is after a claim.
pub fn claimed(model: &mut Model, case: ReviewRow) {
    if let Some(Detail::Review(review)) = model.details.last_mut()
        && let Some(data) = &mut review.data
        && data.case.id == case.id
    {
        data.case = case;
        model.dirty = true;
    }
}

/// Takes the copy of the open case.
pub fn accept_copy(model: &mut Model, copy: Copied) {
    let pixels = |braille| model.screen().review_pixels(braille);
    let rooms = (pixels(false), pixels(true));
    if let Some(Detail::Review(review)) = model.details.last_mut() {
        let room = if review.drawing.braille { rooms.1 } else { rooms.0 };
        review.drawing.player = Some(Player::new(copy.paper, 0, copy.entries, room));
        model.dirty = true;
        fit(model);
    }
}

/// Takes the avatar of the open case.
pub fn accept_avatar(model: &mut Model, avatar: Avatar) {
    if let Some(Detail::Review(review)) = model.details.last_mut()
        && review.id == avatar.case
    {
        review.avatar = Some(avatar);
        model.dirty = true;
    }
}

/// Notes that the server does not have the copy.
pub fn copy_lost(model: &mut Model) {
    if let Some(Detail::Review(review)) = model.details.last_mut() {
        review.lost = true;
    }
}

/// Renews the claim of the open case.
pub fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let due = model.details.last().and_then(|detail| match detail {
        Detail::Review(review) => review.claim_at,
        Detail::Page(_) | Detail::Drawing(_) => None,
    });
    if due.is_some_and(|at| at <= model.now) && !model.link.is_broken() && model.forbidden().is_none() {
        claim(model, out);
    }
}

/// Remembers decisions: the list may show a decided case as held for a while.
pub fn remember(model: &mut Model, done: &[Act]) {
    for act in done {
        let Some(id) = act.target.clone().filter(|_| act.change.is_of_case()) else { continue };
        if matches!(act.change, Change::PassCase | Change::RemoveCase) {
            model.progress.decided.insert(id);
            model.progress.decided_at = Some(model.now);
        } else if act.change == Change::HoldCase {
            model.progress.decided.remove(&id);
        }
    }
}

/// Whether a decision can no longer be taken back by `u`.
pub fn is_too_late(model: &Model, group: &[Act]) -> bool {
    let holds = group.iter().any(|act| act.change == Change::HoldCase);
    holds && model.progress.decided_at.is_none_or(|at| model.now - at > TAKE_BACK)
}

impl Review {
    /// Scrolls the text beside the picture.
    pub fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
    }
}
