//! Saving drawings as files, one after the other.

use super::{flash, open_overlay, send};
use crate::model::Model;
use crate::model::overlay::Overlay;
use crate::msg::{Effect, Slot};
use crate::request::{Form, Request};
use crate::subject::Subject;

/// Asks for the form of the chosen drawings.
pub fn ask(model: &mut Model) {
    let subjects = model.chosen().into_iter().filter_map(|row| row.subject());
    let drawings: Vec<(String, String)> = subjects
        .filter_map(|subject| match subject {
            Subject::Drawing { user, id } => Some((user, id)),
            Subject::Session(_) | Subject::User(_) | Subject::Request(_) | Subject::Review(_) => None,
        })
        .collect();
    if drawings.is_empty() {
        flash(model, "only drawings can be saved", true);
    } else {
        open_overlay(model, Overlay::Export(drawings));
    }
}

pub fn start(model: &mut Model, drawings: Vec<(String, String)>, form: Form, out: &mut Vec<Effect>) {
    let requests = drawings.into_iter().map(|(user, id)| Request::Export { user, id, form });
    model.exports = requests.collect();
    model.saved.clear();
    next(model, out);
}

/// Takes the path of a written file.
pub fn saved(model: &mut Model, path: String, out: &mut Vec<Effect>) {
    model.saved.push(path);
    next(model, out);
}

fn next(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(request) = model.exports.pop_front() {
        return send(model, Slot::Export, 0, request, out);
    }
    let text = match model.saved.as_slice() {
        [] => return,
        [path] => format!("saved as {path}"),
        [.., last] => format!("{} files saved, the last one as {last}", model.saved.len()),
    };
    flash(model, text, false);
}
