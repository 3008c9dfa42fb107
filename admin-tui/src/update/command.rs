//! The commands of the key registry.

use super::opening::{self, here};
use super::{
    acts, close, copying, cursor, export, filter, flash, load_view, open_overlay, replaying, reviewing,
};
use crate::keys::{Command, Edit};
use crate::model::Model;
use crate::model::overlay::{Input, Overlay};
use crate::msg::Effect;
use crate::views::View;

/// Carries a command out.
pub fn run(model: &mut Model, command: Command, out: &mut Vec<Effect>) {
    match command {
        Command::Back => close(model, out),
        Command::Quit => acts::quit(model, out),
        Command::Suspend => out.push(Effect::Suspend),
        Command::Help => open_overlay(model, Overlay::Help(0)),
        Command::Palette => open_overlay(model, Overlay::Palette { input: Input::default(), selected: 0 }),
        Command::RequestLog => open_overlay(model, Overlay::Log(0)),
        Command::Tasks => open_overlay(model, Overlay::Tasks),
        Command::Filter => filter::open(model),
        Command::Show(view) => show(model, view, out),
        Command::NextView => turn(model, 1, out),
        Command::PreviousView => turn(model, View::ALL.len() - 1, out),
        Command::LastView => show(model, model.last_view, out),
        Command::Earlier => opening::travel(model, true, out),
        Command::Later => opening::travel(model, false, out),
        Command::Refresh => load_view(model, out),
        Command::Redraw => out.push(Effect::Redraw),
        Command::Theme => next_theme(model),
        Command::Mouse => toggle_mouse(model, out),
        Command::ReadOnly => toggle_read_only(model),
        Command::Open => opening::open_current(model, out),
        Command::OpenUser => opening::open_user(model, out),
        Command::Follow => opening::follow(model, out),
        Command::Undo => acts::undo(model, out),
        Command::Edit(edit) => change(model, edit, out),
        Command::Copying(copying) => copying::run(model, copying, out),
        Command::Export => export::ask(model),
        Command::Pause => pause(model),
        Command::ShowNew => model.live.show_held(),
        Command::Replay(replay) => replaying::run(model, replay),
        Command::Review(review) => reviewing::run(model, review, out),
        Command::Cursor(cursor) => cursor::run(model, cursor, out),
    }
}

/// Asks before a change to the chosen rows.
fn change(model: &mut Model, edit: Edit, out: &mut Vec<Effect>) {
    let Some(current) = model.current() else { return flash(model, "nothing is selected", true) };
    match edit {
        Edit::Delete => acts::ask_deletion(model, &model.chosen()),
        Edit::Restore => acts::ask_restoration(model, &model.chosen()),
        Edit::RevokeAll => acts::ask_revoke_all(model, &current),
        Edit::ResetKey => acts::ask_reset_key(model, &current),
        Edit::Block => acts::ask_block(model, &current, out),
    }
}

fn next_theme(model: &mut Model) {
    model.theme = model.theme.next();
    super::fit(model);
    let name = model.theme.palette.name();
    flash(model, format!("{name} colours · theme = \"{name}\" in admin.toml keeps them"), false);
}

fn toggle_mouse(model: &mut Model, out: &mut Vec<Effect>) {
    model.mouse = !model.mouse;
    out.push(Effect::Mouse(model.mouse));
    let text = if model.mouse { "mouse on · m: off (select text with Shift)" } else { "mouse off" };
    flash(model, text, false);
}

fn toggle_read_only(model: &mut Model) {
    if model.locked {
        flash(model, "this console was started read-only", true);
    } else if model.read_only {
        open_overlay(model, Overlay::AllowChanges);
    } else {
        model.read_only = true;
        flash(model, "read-only · !: allow changes", false);
    }
}

/// Pauses the live view, or shows what has happened since.
fn pause(model: &mut Model) {
    model.live.paused = !model.live.paused;
    if !model.live.paused {
        let held: Vec<_> = model.live.held.iter().rev().cloned().collect();
        for event in held {
            model.live.thumbs.take(&event, model.now);
        }
        model.live.show_held();
    }
}

/// Shows a view without any open page.
pub fn show(model: &mut Model, view: View, out: &mut Vec<Effect>) {
    model.history.leave(here(model));
    if view != model.view {
        model.last_view = std::mem::replace(&mut model.view, view);
    }
    model.details.clear();
    model.flash = None;
    if let View::List(kind) = view
        && let Some(list) = model.lists.get_mut(&kind)
    {
        list.error = None;
    }
    load_view(model, out);
}

fn turn(model: &mut Model, by: usize, out: &mut Vec<Effect>) {
    let here = View::ALL.iter().position(|view| *view == model.view).unwrap_or_default();
    if let Some(view) = View::ALL.iter().cycle().nth(here + by) {
        show(model, *view, out);
    }
}
