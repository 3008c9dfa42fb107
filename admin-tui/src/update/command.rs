//! What the commands of the key registry do.

use super::opening::{self, chosen, current, here};
use super::{acts, close, drop_pending, filter, lay_over, load_view, say, send};
use crate::keys::Command;
use crate::model::detail::Detail;
use crate::model::overlay::{Input, Overlay, Reader};
use crate::model::{Model, View};
use crate::msg::{Effect, Slot};
use crate::replay::Player;
use crate::request::{Kind, Request};
use crate::row::{Row, name};
use crate::view::columns;

/// Bytes that terminals take for their clipboard at once.
const MOST_COPIED: usize = 74_994;

/// Carries a command out.
pub fn run(model: &mut Model, command: Command, out: &mut Vec<Effect>) {
    let height = isize::try_from(model.list_height()).unwrap_or(1);
    match command {
        Command::Back => close(model, out),
        Command::Quit => acts::quit(model, out),
        Command::Suspend => out.push(Effect::Suspend),
        Command::Help => lay_over(model, Overlay::Help(0)),
        Command::Palette => lay_over(model, Overlay::Palette { input: Input::default(), selected: 0 }),
        Command::RequestLog => lay_over(model, Overlay::Log(0)),
        Command::Tasks => lay_over(model, Overlay::Tasks),
        Command::Filter => filter::open(model),
        Command::Overview => show(model, View::Overview, out),
        Command::Sessions => show(model, View::List(Kind::Sessions), out),
        Command::Users => show(model, View::List(Kind::Users), out),
        Command::Drawings => show(model, View::List(Kind::Drawings), out),
        Command::Live => show(model, View::Live, out),
        Command::Errors => show(model, View::List(Kind::Errors), out),
        Command::Audit => show(model, View::List(Kind::Audit), out),
        Command::NextView => turn(model, 1, out),
        Command::PreviousView => turn(model, View::ALL.len() - 1, out),
        Command::LastView => show(model, model.last_view, out),
        Command::Earlier => opening::travel(model, true, out),
        Command::Later => opening::travel(model, false, out),
        Command::Refresh => load_view(model, out),
        Command::Redraw => out.push(Effect::Redraw),
        Command::Theme => {
            model.theme = model.theme.next();
            super::fit(model);
        }
        Command::Mouse => {
            model.mouse = !model.mouse;
            out.push(Effect::Mouse(model.mouse));
            say(
                model,
                if model.mouse {
                    "the mouse is ours; m gives it back"
                } else {
                    "the mouse is the terminal's"
                },
                false,
            );
        }
        Command::ReadOnly => {
            if model.read_only {
                lay_over(model, Overlay::AllowChanges);
            } else {
                model.read_only = true;
                say(model, "read-only", false);
            }
        }
        Command::Down => move_by(model, 1),
        Command::Up => move_by(model, -1),
        Command::HalfDown => move_by(model, height / 2),
        Command::HalfUp => move_by(model, -(height / 2)),
        Command::PageDown => move_by(model, height),
        Command::PageUp => move_by(model, -height),
        Command::Top => to_end(model, false, out),
        Command::Bottom => to_end(model, true, out),
        Command::NextColumn => choose_column(model, true),
        Command::PreviousColumn => choose_column(model, false),
        Command::SortByColumn => sort_by_column(model, out),
        Command::Open => opening::open_current(model, out),
        Command::OpenUser => opening::open_user(model, out),
        Command::MarkRange => {
            if let Some(list) = model.list_mut() {
                list.toggle_range();
            }
        }
        Command::Mark => {
            let height = model.list_height();
            if let Some(list) = model.list_mut() {
                list.mark();
                list.move_by(1, height);
            }
        }
        Command::MarkPage => {
            let height = model.list_height();
            if let Some(list) = model.list_mut() {
                list.mark_view(height);
            }
        }
        Command::Sort => sort(model, out),
        Command::Count => count(model, out),
        Command::Delete => {
            let rows = chosen(model);
            acts::ask_deletion(model, &rows);
        }
        Command::RevokeAll | Command::Block => about_user(model, command),
        Command::ResetKey => reset_key(model),
        Command::Undo => acts::undo(model, out),
        Command::Describe => match json(model) {
            Some((title, text)) => lay_over(model, Overlay::Text(Reader::of(title, &text))),
            None => say(model, "nothing to show", true),
        },
        Command::Pager => match json(model) {
            Some((_, text)) => out.push(Effect::Page(text)),
            None => say(model, "nothing to show", true),
        },
        Command::CopyId => match chosen(model).as_slice() {
            [] => say(model, "nothing to copy", true),
            rows => {
                let ids: Vec<&str> = rows.iter().map(Row::id).collect();
                copy(model, ids.join("\n"), "id", out);
            }
        },
        Command::CopyJson => {
            let lines: Vec<String> = chosen(model).iter().map(|row| row.json().to_string()).collect();
            copy(model, lines.join("\n"), "JSON", out);
        }
        Command::CopyCurl => {
            let request = match chosen(model).first() {
                Some(row) => row.request(),
                None => Request::Overview,
            };
            let curl = request.curl(&model.server.base, model.server.socket.as_deref());
            copy(model, curl, "curl command", out);
        }
        Command::Export => {
            let drawing = chosen(model).into_iter().find_map(|row| match row {
                Row::Drawing(row) => Some((row.user.id, row.id)),
                Row::Session(_) | Row::User(_) | Row::Error(_) | Row::Audit(_) => None,
            });
            match drawing {
                Some((user, id)) => lay_over(model, Overlay::Export(user, id)),
                None => say(model, "drawings can be saved; there is none here", true),
            }
        }
        Command::Pause => {
            model.live.paused = !model.live.paused;
            if !model.live.paused {
                // What was drawn meanwhile, in its order.
                let held: Vec<_> = model.live.held.iter().rev().cloned().collect();
                for event in held {
                    model.live.thumbs.take(&event, model.now);
                }
                model.live.show_held();
            }
        }
        Command::ShowNew => model.live.show_held(),
        Command::Play => play(model, Player::toggle),
        Command::StepBack => play(model, |player| player.step(-1)),
        Command::StepForward => play(model, |player| player.step(1)),
        Command::JumpBack => play(model, |player| player.step(-10)),
        Command::JumpForward => play(model, |player| player.step(10)),
        Command::Start => play(model, |player| player.scrub(0)),
        Command::End => play(model, |player| player.scrub(1000)),
        Command::Slower => play(model, |player| player.accelerate(-1)),
        Command::Faster => play(model, |player| player.accelerate(1)),
        Command::OriginalSpeed => play(model, Player::original_speed),
        Command::SkipIdle => play(model, Player::toggle_idle),
        Command::Marker => {
            if let Some(Detail::Drawing(drawing)) = model.details.last_mut() {
                drawing.braille = !drawing.braille;
                super::fit(model);
            }
        }
        Command::Follow => opening::follow(model, out),
    }
}

/// Does something to the replay, from now on.
fn play(model: &mut Model, act: impl FnOnce(&mut Player)) {
    let now = model.now;
    if let Some(Detail::Drawing(drawing)) = model.details.last_mut()
        && let Some(player) = drawing.player.as_mut()
    {
        drawing.passed = now;
        act(player);
    }
}

/// Shows a view, and nothing over it.
pub fn show(model: &mut Model, view: View, out: &mut Vec<Effect>) {
    model.history.leave(here(model));
    if view != model.view {
        model.last_view = std::mem::replace(&mut model.view, view);
    }
    model.details.clear();
    if let View::List(kind) = view
        && let Some(list) = model.lists.get_mut(&kind)
    {
        list.trouble = None;
    }
    load_view(model, out);
}

fn turn(model: &mut Model, by: usize, out: &mut Vec<Effect>) {
    let here = View::ALL.iter().position(|view| *view == model.view).unwrap_or_default();
    if let Some(view) = View::ALL.iter().cycle().nth(here + by) {
        show(model, *view, out);
    }
}

/// Moves the cursor of what is in view.
pub fn move_by(model: &mut Model, by: isize) {
    let height = model.list_height();
    if let Some(detail) = model.details.last_mut() {
        detail.move_by(by);
        return;
    }
    match model.view {
        View::Overview => model.overview_top = model.overview_top.saturating_add_signed(by),
        View::List(kind) => {
            if let Some(list) = model.lists.get_mut(&kind) {
                list.move_by(by, height);
            }
        }
        View::Live => model.live.move_by(by, crate::view::live::height(model)),
    }
}

/// To an end of what is in view. The far end of a list that is not all known is its beginning in the opposite
/// order: nothing is walked through.
fn to_end(model: &mut Model, far: bool, out: &mut Vec<Effect>) {
    let height = model.list_height();
    if let Some(list) = model.list_mut() {
        if far && list.has_more() && list.kind.reverses() {
            list.reverse = !list.reverse;
            list.ask_anew();
            drop_pending(model, out);
            say(model, "from the other end; G goes back to this one", false);
        } else {
            let end = if far { list.len().saturating_sub(1) } else { 0 };
            list.select(end, height);
        }
    } else {
        move_by(model, if far { isize::MAX / 2 } else { isize::MIN / 2 });
    }
}

fn sort(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list_mut() else { return };
    let orders = list.kind.orders().len();
    if orders < 2 {
        say(model, "this list has one order only", false);
        return;
    }
    list.order = (list.order + 1) % orders;
    list.reverse = false;
    list.ask_anew();
    drop_pending(model, out);
}

/// Chooses among the columns in view that the server sorts by.
fn choose_column(model: &mut Model, next: bool) {
    let width = model.list_width();
    let Some(list) = model.list_mut() else { return };
    let sortable = columns::sortable(list.kind, width);
    let chosen = list.column.or_else(|| columns::sorted(list));
    let here = sortable.iter().position(|column| Some(*column) == chosen);
    let wanted = match (here, next) {
        (Some(here), true) => (here + 1).min(sortable.len().saturating_sub(1)),
        (Some(here), false) => here.saturating_sub(1),
        (None, _) => 0,
    };
    list.column = sortable.get(wanted).copied();
    if list.column.is_none() {
        say(model, "this list has one order only", false);
    }
}

/// Sorts by the chosen column; where it is sorted by it, the other way.
fn sort_by_column(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list_mut() else { return };
    let wanted = list.column.and_then(|column| columns::order_of(list.kind, column)).unwrap_or(list.order);
    if wanted != list.order {
        (list.order, list.reverse) = (wanted, false);
    } else if list.kind.reverses() {
        list.reverse = !list.reverse;
    } else {
        return say(model, "this list has one order only", false);
    }
    list.ask_anew();
    drop_pending(model, out);
}

/// What a command is about as JSON, and its title.
fn json(model: &Model) -> Option<(String, String)> {
    let row = chosen(model).into_iter().next()?;
    Some((row.id().to_owned(), serde_json::to_string_pretty(&row.json()).ok()?))
}

fn count(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(list) = model.list() else { return };
    if !list.kind.counts() {
        say(model, "this list is not counted", false);
        return;
    }
    let (kind, parameters) = (list.kind, list.parameters.clone());
    send(model, Slot::Count(kind), 0, Request::Count(kind, parameters), out);
}

fn about_user(model: &mut Model, command: Command) {
    let row = model.details.last().and_then(Detail::whole).or_else(|| current(model));
    let Some((row, id)) = row.as_ref().and_then(|row| row.user().map(|id| (row, id.to_owned()))) else {
        return say(model, "no user is known of this", true);
    };
    let (words, blocked) = match row {
        Row::Session(row) => (name(&row.user.nickname, &row.user.id), None),
        Row::Drawing(row) => (name(&row.user.nickname, &row.user.id), None),
        Row::User(row) => (name(&row.user.nickname, &row.user.id), Some(row.blocked_at.is_some())),
        Row::Error(_) | Row::Audit(_) => (id.as_str(), None),
    };
    let words = if words == id { format!("user {id}") } else { format!("user {words} ({id})") };
    match (command, blocked) {
        (Command::Block, Some(blocked)) => acts::ask_block(model, &id, words, blocked),
        (Command::Block, None) => {
            say(model, "open the user first (o): there it shows whether they are blocked", true)
        }
        _ => acts::ask_revoke_all(model, &id, words),
    }
}

fn reset_key(model: &mut Model) {
    let row = model.details.last().and_then(Detail::whole).or_else(|| current(model));
    match row {
        Some(Row::Session(session)) => {
            let words = Row::Session(session.clone()).words();
            acts::ask_reset_key(model, &session.user.id, &session.id, words);
        }
        Some(Row::User(_) | Row::Drawing(_) | Row::Error(_) | Row::Audit(_)) | None => {
            say(model, "this is no session; they are listed under 2", true);
        }
    }
}

fn copy(model: &mut Model, text: String, what: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        say(model, "nothing to copy", true);
    } else if text.len() > MOST_COPIED {
        say(model, "too much for a terminal's clipboard; yibi-admin … --json writes it to a file", true);
    } else {
        say(model, format!("{what} copied"), false);
        out.push(Effect::Copy(text));
    }
}
