//! Changes: asked for, confirmed, made one after the other, and taken back.

use yibi_common::admin::Change;

use super::{say, send};
use crate::model::overlay::{Confirm, Input, Overlay};
use crate::model::{Model, View};
use crate::moment::Millis;
use crate::msg::{Effect, Slot, Trouble};
use crate::request::{Act, Request};
use crate::row::Row;

/// Characters of an id that are to be typed.
const SUFFIX: usize = 4;

/// How long changes that can't be undone wait, so that they can be taken back before they are made.
pub const GRACE: Millis = 5_000;

/// Asks before deleting rows.
pub fn ask_deletion(model: &mut Model, rows: &[Row]) {
    let acts: Vec<(Act, String)> =
        rows.iter().filter_map(|row| row.deletion().map(|act| (act, row.words()))).collect();
    let in_bin = rows.iter().all(|row| matches!(row, Row::Drawing(row) if row.deleted_at.is_some()));
    if acts.is_empty() {
        say(model, "nothing here can be deleted; R revokes a user's sessions, B blocks", true);
        return;
    }
    if in_bin {
        say(model, "already in the bin", true);
        return;
    }
    let sessions = acts.iter().all(|(act, _)| act.change == Change::RevokeSession);
    let title = match (sessions, acts.len()) {
        (true, 1) => "Revoke this session?".to_owned(),
        (true, count) => format!("Revoke {count} sessions?"),
        (false, 1) => "Put this drawing in the bin?".to_owned(),
        (false, count) => format!("Put {count} drawings in the bin?"),
    };
    let note = if sessions {
        "Its user signs in again. For five seconds u takes it back."
    } else {
        "u takes it back."
    };
    ask(model, title, note, acts);
}

/// Asks before all sessions of a user end.
pub fn ask_revoke_all(model: &mut Model, user: &str, words: String) {
    let act = Act { change: Change::RevokeSessions, user: user.to_owned(), target: None };
    let note = "Every device signs in again. For five seconds u takes it back.";
    ask(model, "Revoke all sessions of this user?".into(), note, vec![(act, words)]);
}

/// Asks before WeChat replaces a session's session_key, as after a leak.
pub fn ask_reset_key(model: &mut Model, user: &str, session: &str, words: String) {
    let act =
        Act { change: Change::ResetSessionKey, user: user.to_owned(), target: Some(session.to_owned()) };
    let note = "The user stays signed in; what the phone has encrypted with the old key no longer opens. \
                For five seconds u takes it back.";
    ask(model, "Have WeChat replace this session's key?".into(), note, vec![(act, words)]);
}

/// Asks before a user is blocked, or let in again.
pub fn ask_block(model: &mut Model, user: &str, words: String, blocked: bool) {
    let change = if blocked { Change::UnblockUser } else { Change::BlockUser };
    let act = Act { change, user: user.to_owned(), target: None };
    let (title, note) = if blocked {
        ("Let this user in again?", "The user can sign in again at once.")
    } else {
        ("Block this user?", "All sessions end, and signing in is refused. u lets the user in again.")
    };
    ask(model, title.into(), note, vec![(act, words)]);
}

fn ask(model: &mut Model, title: String, note: &'static str, acts: Vec<(Act, String)>) {
    if let Some(why) = model.forbidden() {
        say(model, why, true);
        return;
    }
    if !model.work.queue.is_empty() {
        say(model, "changes are still being made", true);
        return;
    }
    let bulk = acts.len() > 1 || acts.iter().any(|(act, _)| act.change == Change::RevokeSessions);
    let suffix = acts.last().filter(|_| bulk || model.server.production).map(|(act, _)| {
        let id: Vec<char> = act.id().chars().collect();
        id.iter().skip(id.len().saturating_sub(SUFFIX)).collect::<String>()
    });
    let (acts, lines) = acts.into_iter().unzip();
    let confirm = Confirm { title, lines, note, acts, suffix, typed: Input::default(), armed: false };
    model.overlay = Some(Overlay::Confirm(confirm));
}

/// Makes the changes.
pub fn start(model: &mut Model, acts: Vec<Act>, undoing: bool, out: &mut Vec<Effect>) {
    model.work.queue = acts.into();
    model.work.done.clear();
    model.work.failed.clear();
    model.work.undoing = undoing;
    // What can't be taken back afterwards can be for a while before.
    if model.work.queue.iter().any(|act| act.inverse().is_none()) {
        model.work.due = Some(model.now + GRACE);
        model.dirty = true;
    } else {
        next(model, out);
    }
}

/// Time has passed: makes changes whose grace is over.
pub fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(due) = model.work.due {
        model.dirty = true;
        if due <= model.now {
            model.work.due = None;
            next(model, out);
        }
    }
}

/// Leaves, once the changes that were confirmed are made. Asked again, leaves at once.
pub fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    if model.work.queue.is_empty() || model.work.quitting {
        out.push(Effect::Quit);
        return;
    }
    model.work.quitting = true;
    say(model, "leaving as soon as the changes are made; Ctrl-C leaves at once", false);
    if model.work.due.take().is_some() {
        next(model, out);
    }
}

fn next(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(act) = model.work.queue.front().cloned() {
        send(model, Slot::Act, 0, Request::Act(act), out);
    }
}

/// One change is over.
pub fn finished(model: &mut Model, result: Result<(), Trouble>, out: &mut Vec<Effect>) {
    let Some(act) = model.work.queue.pop_front() else { return };
    model.dirty = true;
    match result {
        Ok(()) => model.work.done.push(act),
        Err(trouble) => {
            model.work.failed.push(format!("{}: {trouble}", act.id()));
            // Who can't be reached will not take the rest either.
            if matches!(trouble, Trouble::Unreachable(_)) {
                model.work.queue.clear();
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
    let what = match done.as_slice() {
        [] => String::new(),
        [one] => format!("{} {}", one.done(), one.id()),
        [first, ..] => format!("{} {}", first.done(), done.len()),
    };
    let hint = if undoable { " · u takes it back" } else { "" };
    if model.work.quitting {
        out.push(Effect::Quit);
    }
    if let Some(first) = failed.first() {
        let separator = if what.is_empty() { "" } else { "; " };
        say(model, format!("{what}{separator}{} failed: {first}", failed.len()), true);
    } else {
        say(model, format!("{what}{hint}"), false);
    }
    if let View::List(kind) = model.view
        && let Some(list) = model.lists.get_mut(&kind)
    {
        list.marks.clear();
    }
    super::load_view(model, out);
}

/// Takes the latest group of changes back.
pub fn undo(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(why) = model.forbidden() {
        say(model, why, true);
    } else if model.work.due.take().is_some() {
        let count = std::mem::take(&mut model.work.queue).len();
        let what = if count == 1 { "the session was".into() } else { format!("{count} changes were") };
        say(model, format!("taken back: {what} not touched"), false);
    } else if !model.work.queue.is_empty() {
        say(model, "changes are still being made", true);
    } else if let Some(group) = model.undo.pop() {
        start(model, group, true, out);
    } else {
        say(model, "nothing to take back", false);
    }
}
