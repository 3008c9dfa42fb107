//! Changes: the question, the grace, the requests one after the other, the outcome, and undo.

use yibi_common::admin::Change;

use super::{flash, reviewing, send};
use crate::act::{self, Act};
use crate::lists::Row;
use crate::model::overlay::{Confirm, Input, Overlay};
use crate::model::{Failed, Model};
use crate::msg::{ApiError, Effect, Slot};
use crate::request::Request;
use crate::subject::Subject;
use crate::time::Millis;
use crate::views::View;

/// Characters of an id that have to be typed.
const SUFFIX: usize = 4;

/// The time during which changes that can't be undone can still be cancelled.
pub const GRACE: Millis = 5_000;

/// A change, and the affected thing in words.
type Item = (Act, String);

/// Asks before rows are deleted: sessions revoked, drawings moved to the bin.
pub fn ask_deletion(model: &mut Model, rows: &[Row]) {
    let acts: Vec<Item> = rows.iter().filter_map(|row| Some((row.deletion()?, row.describe()))).collect();
    if acts.is_empty() {
        let in_bin = rows.iter().any(|row| row.restoration().is_some());
        let text = if in_bin {
            "already in the bin · U takes it out"
        } else {
            "nothing here can be deleted; R revokes a user's sessions, B blocks"
        };
        flash(model, text, true);
        return;
    }
    let sessions = acts.iter().all(|(act, _)| act.change == Change::RevokeSession);
    let title = match (sessions, acts.len()) {
        (true, 1) => "Revoke this session?".to_owned(),
        (true, count) => format!("Revoke {count} sessions?"),
        (false, 1) => "Move this drawing to the bin?".to_owned(),
        (false, count) => format!("Move {count} drawings to the bin?"),
    };
    let note = if sessions {
        "The user will have to sign in again. You have 5 s to undo (u)."
    } else {
        "The user no longer sees it. You can undo it (u), or take it out of the bin later (U)."
    };
    ask(model, title, note, acts);
}

/// Asks before drawings are taken out of the bin.
pub fn ask_restoration(model: &mut Model, rows: &[Row]) {
    let acts: Vec<Item> = rows.iter().filter_map(|row| Some((row.restoration()?, row.describe()))).collect();
    let title = match acts.len() {
        0 => return flash(model, "no drawing of the bin here; /deleted:yes lists them", true),
        1 => "Take this drawing out of the bin?".to_owned(),
        count => format!("Take {count} drawings out of the bin?"),
    };
    ask(model, title, "The user sees it again. You can undo it (u).", acts);
}

/// Asks before all sessions of a user are revoked.
pub fn ask_revoke_all(model: &mut Model, row: &Row) {
    let Some((act, line)) = about_owner(row, Change::RevokeSessions) else {
        return flash(model, "no user here", true);
    };
    let note = "Every device will have to sign in again. You have 5 s to undo (u).";
    ask(model, "Revoke all sessions of this user?".into(), note, vec![(act, line)]);
}

/// Asks before WeChat replaces a session's session_key, as after a leak.
pub fn ask_reset_key(model: &mut Model, row: &Row) {
    let (Some(Subject::Session(id)), Some(owner)) = (row.subject(), row.owner()) else {
        return flash(model, "select a session first (view 2)", true);
    };
    let act = Act {
        change: Change::ResetSessionKey,
        user: owner.id.to_owned(),
        target: Some(id),
        body: None,
        label: format!("{}'s session", owner.name()),
    };
    let note = "The user stays signed in, but data that the phone has encrypted with the old key can no longer \
                be opened. You have 5 s to undo (u).";
    ask(model, "Reset this session's session_key?".into(), note, vec![(act, row.describe())]);
}

/// Asks before a user is blocked or unblocked. Where the row does not tell whether the user is blocked, the
/// server is asked first.
pub fn ask_block(model: &mut Model, row: &Row, out: &mut Vec<Effect>) {
    let Some(owner) = row.owner() else { return flash(model, "no user here", true) };
    let (change, title, note) = match row.blocked() {
        Some(true) => (Change::UnblockUser, "Unblock this user?", "The user can sign in again at once."),
        Some(false) => (
            Change::BlockUser,
            "Block this user?",
            "All sessions end, and the user can't sign in. You can undo it (u).",
        ),
        None => {
            let request = Request::User(owner.id.to_owned());
            send(model, Slot::Block, 0, request, out);
            return;
        }
    };
    if let Some(item) = about_owner(row, change) {
        ask(model, title.into(), note, vec![item]);
    }
}

fn about_owner(row: &Row, change: Change) -> Option<Item> {
    let owner = row.owner()?;
    let line = if owner.nickname.is_empty() {
        format!("user {}", owner.id)
    } else {
        format!("user {} ({})", owner.nickname, owner.id)
    };
    let label = owner.name().to_owned();
    Some((Act { change, user: owner.id.to_owned(), target: None, body: None, label }, line))
}

pub fn ask(model: &mut Model, title: String, note: &'static str, acts: Vec<Item>) {
    if let Some(why) = model.forbidden() {
        flash(model, why, true);
        return;
    }
    if !model.work.queue.is_empty() {
        flash(model, "the changes before are still being made", true);
        return;
    }
    let bulk = acts.len() > 1 || acts.iter().any(|(act, _)| act.change == Change::RevokeSessions);
    // The first line of the dialog ends in this text.
    let suffix = acts.first().filter(|_| bulk || model.server.production).map(|(act, _)| {
        let id: Vec<char> = act.id().chars().collect();
        id.iter().skip(id.len().saturating_sub(SUFFIX)).collect::<String>()
    });
    let (acts, lines) = acts.into_iter().unzip();
    let confirm = Confirm { title, lines, note, acts, suffix, typed: Input::default(), armed: false };
    model.overlay = Some(Overlay::Confirm(confirm));
}

/// Makes changes, at once if they can be undone, else after the grace.
pub fn start(model: &mut Model, acts: Vec<Act>, undoing: bool, out: &mut Vec<Effect>) {
    model.work.queue = acts.into();
    model.work.done.clear();
    model.work.failed.clear();
    model.work.undoing = undoing;
    model.failed = None;
    if model.work.queue.iter().any(Act::has_grace) {
        model.work.due = Some(model.now + GRACE);
        model.dirty = true;
    } else {
        next(model, out);
    }
}

/// Makes the changes whose grace is over.
pub fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(due) = model.work.due {
        model.dirty = true;
        if due <= model.now {
            model.work.due = None;
            next(model, out);
        }
    }
}

/// Ends the console. While changes wait or are being made, the operator is asked first.
pub fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    if model.work.queue.is_empty() || model.work.quitting {
        out.push(Effect::Quit);
    } else if model.work.due.is_some() {
        model.overlay = Some(Overlay::Leave);
    } else {
        model.work.quitting = true;
        flash(model, "quitting once the changes are made; Ctrl-C quits at once", false);
    }
}

/// Makes the waiting changes now, and ends the console.
pub fn make_and_quit(model: &mut Model, out: &mut Vec<Effect>) {
    model.work.quitting = true;
    model.work.due = None;
    next(model, out);
}

fn next(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(act) = model.work.queue.front().cloned() {
        send(model, Slot::Act, 0, Request::Act(act), out);
    }
}

/// Takes the outcome of one change.
pub fn finished(model: &mut Model, result: Result<(), ApiError>, out: &mut Vec<Effect>) {
    let Some(act) = model.work.queue.pop_front() else { return };
    model.dirty = true;
    match result {
        Ok(()) => model.work.done.push(act),
        Err(error) => {
            model.work.failed.push((act, error.to_string()));
            // A server that is away would not answer the rest either.
            if matches!(error, ApiError::Unreachable(_)) {
                let rest = std::mem::take(&mut model.work.queue);
                model.work.failed.extend(rest.into_iter().map(|act| (act, "not sent".to_owned())));
            }
        }
    }
    if model.work.queue.is_empty() { report(model, out) } else { next(model, out) }
}

fn report(model: &mut Model, out: &mut Vec<Effect>) {
    let done = std::mem::take(&mut model.work.done);
    let failed = std::mem::take(&mut model.work.failed);
    let inverses: Vec<Act> = done.iter().filter_map(Act::inverse).collect();
    let undoable = !inverses.is_empty() && !model.work.undoing;
    if undoable {
        model.undo.push(inverses);
    }
    reviewing::remember(model, &done);
    let decided = done.iter().any(|act| matches!(act.change, Change::PassCase | Change::RemoveCase));
    let hint = match (undoable, decided) {
        (true, true) => " · u within 5 s takes it back · n: the next one",
        (true, false) => " · u: undo",
        (false, _) => "",
    };
    let outcome = act::outcome(&done);
    if let Some((first, why)) = failed.first() {
        let what = match failed.len() {
            1 => first.label.clone(),
            count => act::counted(first.change, count),
        };
        let deed = act::words(first.change).button.to_lowercase();
        let done = if done.is_empty() { String::new() } else { format!("{outcome}; ") };
        let text = format!("{done}not done: {deed} {what} ({why})");
        let acts = failed.into_iter().map(|(act, _)| act).collect();
        model.failed = Some(Failed { text, acts, undoing: model.work.undoing });
        // The outcome has to be read before the console ends.
        model.work.quitting = false;
    } else {
        flash(model, format!("{outcome}{hint}"), false);
    }
    if model.work.quitting {
        out.push(Effect::Quit);
    }
    if let View::List(kind) = model.view
        && let Some(list) = model.lists.get_mut(&kind)
    {
        list.marks.clear();
        list.counted = None;
    }
    super::load_view(model, out);
}

/// Repeats the changes that failed.
pub fn retry(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(failed) = model.failed.take() {
        start(model, failed.acts, failed.undoing, out);
    }
}

/// Cancels the waiting changes, or undoes the latest group of changes.
pub fn undo(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(why) = model.forbidden() {
        flash(model, why, true);
    } else if model.work.due.is_some() {
        cancel(model);
    } else if !model.work.queue.is_empty() {
        flash(model, "the changes before are still being made", true);
    } else if let Some(group) = model.undo.pop() {
        if reviewing::is_too_late(model, &group) {
            return flash(model, "the 5 s are over · E holds the case for another decision", true);
        }
        start(model, group, true, out);
    } else {
        flash(model, "nothing to undo", false);
    }
}

/// Drops the waiting changes.
pub fn cancel(model: &mut Model) {
    model.work.due = None;
    let queue = std::mem::take(&mut model.work.queue);
    let revoking = queue.iter().all(|act| act.change != Change::ResetSessionKey);
    let what = if revoking { "revoked" } else { "changed" };
    flash(model, format!("cancelled, nothing was {what}"), false);
}
