//! Showing and copying rows: their ids, their JSON, and curl commands.

use super::{flash, open_overlay};
use crate::keys::Copying;
use crate::lists::Row;
use crate::model::Model;
use crate::model::overlay::{Overlay, Reader};
use crate::msg::Effect;
use crate::request::Request;

/// Bytes that terminals take for their clipboard at once.
const MOST: usize = 74_994;

pub fn run(model: &mut Model, command: Copying, out: &mut Vec<Effect>) {
    let rows = model.chosen();
    match command {
        Copying::Curl => return copy_curl(model, &rows, out),
        Copying::Copied => return show_copied(model),
        Copying::Describe | Copying::Pager | Copying::Id | Copying::Json => {}
    }
    if rows.is_empty() {
        return flash(model, "nothing is selected", true);
    }
    match command {
        Copying::Describe => {
            let title = match rows.as_slice() {
                [row] => row.id().to_owned(),
                rows => format!("{} rows", rows.len()),
            };
            open_overlay(model, Overlay::Text(Reader::of(title, &pretty(&rows))));
        }
        Copying::Pager => out.push(Effect::Page(pretty(&rows))),
        Copying::Id => {
            let ids: Vec<&str> = rows.iter().map(|row| row.id()).collect();
            copy(model, ids.join("\n"), &plural("id", rows.len()), out);
        }
        Copying::Json | Copying::Curl | Copying::Copied => {
            let lines: Vec<String> = rows.iter().map(|row| row.json().to_string()).collect();
            copy(model, lines.join("\n"), "JSON", out);
        }
    }
}

/// Copies the requests of the rows, or else the overview's.
fn copy_curl(model: &mut Model, rows: &[Row], out: &mut Vec<Effect>) {
    let subjects = rows.iter().filter_map(|row| row.subject());
    let mut requests: Vec<Request> = subjects.map(|subject| Request::from(&subject)).collect();
    if requests.is_empty() {
        requests.push(Request::Overview);
    }
    let server = &model.server;
    let curl = |request: &Request| request.curl(&server.base, server.socket.as_deref());
    let lines: Vec<String> = requests.iter().map(curl).collect();
    copy(model, lines.join("\n"), &plural("curl command", lines.len()), out);
}

/// Shows the text that was copied last, for terminals that don't let programs write to the clipboard.
fn show_copied(model: &mut Model) {
    match &model.copied {
        Some(text) => {
            let reader = Reader::of("copied".to_owned(), text);
            open_overlay(model, Overlay::Text(reader));
        }
        None => flash(model, "nothing was copied yet", true),
    }
}

fn plural(what: &str, count: usize) -> String {
    if count == 1 { what.to_owned() } else { format!("{count} {what}s") }
}

fn pretty(rows: &[Row]) -> String {
    let texts = rows.iter().filter_map(|row| serde_json::to_string_pretty(&row.json()).ok());
    texts.collect::<Vec<_>>().join("\n")
}

fn copy(model: &mut Model, text: String, what: &str, out: &mut Vec<Effect>) {
    if text.len() > MOST {
        flash(model, "too much for a terminal's clipboard; yibi-admin … --json writes it to a file", true);
    } else {
        flash(model, format!("{what} sent to the terminal's clipboard · :copied shows it"), false);
        model.copied = Some(text.clone());
        out.push(Effect::Copy(text));
    }
}
