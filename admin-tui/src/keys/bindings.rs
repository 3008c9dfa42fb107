//! The table of all keys. Keys for destructive changes are capitals; none of them scrolls, moves the cursor or
//! confirms anything elsewhere.

use std::sync::LazyLock;

use super::{Binding, Command, Context, Copying, Cursor, Edit, Replay, Review};
use crate::views::View;

const fn bind(
    keys: &'static [&'static str],
    command: Command,
    contexts: &'static [Context],
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    Binding { keys, command, contexts, name, help, footer }
}

const fn cursor(
    keys: &'static [&'static str],
    command: Cursor,
    contexts: &'static [Context],
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    bind(keys, Command::Cursor(command), contexts, name, help, footer)
}

const fn edit(
    keys: &'static [&'static str],
    command: Edit,
    contexts: &'static [Context],
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    bind(keys, Command::Edit(command), contexts, name, help, footer)
}

const fn copying(
    keys: &'static [&'static str],
    command: Copying,
    contexts: &'static [Context],
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    bind(keys, Command::Copying(command), contexts, name, help, footer)
}

const fn replay(
    keys: &'static [&'static str],
    command: Replay,
    contexts: &'static [Context],
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    bind(keys, Command::Replay(command), contexts, name, help, footer)
}

const fn review(
    keys: &'static [&'static str],
    command: Review,
    name: &'static str,
    help: &'static str,
    footer: &'static str,
) -> Binding {
    bind(keys, Command::Review(command), CASES, name, help, footer)
}

const EVERYWHERE: &[Context] = &[];
const LIST: &[Context] = &[Context::List];
const LIVE: &[Context] = &[Context::Live];
const REPLAY: &[Context] = &[Context::Replay, Context::Review];
const CASES: &[Context] = &[Context::List, Context::Review];
const ROWS: &[Context] = &[Context::List, Context::Live, Context::Detail];
const SCROLLS: &[Context] = &[Context::Overview, Context::List, Context::Live, Context::Detail];
/// Pages that scroll, also those whose ends are the ends of a replay.
const MOVES: &[Context] =
    &[Context::Overview, Context::List, Context::Live, Context::Detail, Context::Review];
const THINGS: &[Context] = &[Context::List, Context::Live, Context::Detail, Context::Replay, Context::Review];

/// The keys of single contexts.
static LOCAL: &[Binding] = &[
    bind(&["Enter"], Command::Open, ROWS, "open", "Open the selected row", "open"),
    replay(&["Space"], Replay::Play, REPLAY, "play", "Play or pause; uncovers a case first", "play"),
    review(&["a"], Review::Pass, "pass", "Pass the case: its content may be shown", "pass"),
    review(&["X"], Review::Remove, "remove", "Remove the case's content, for a reason from 1 to 6", "remove"),
    review(&["E"], Review::Hold, "hold", "Hold the case: hidden until a later decision", "hold"),
    review(&["N"], Review::Note, "note", "Add a remark for other operators", "note"),
    review(&["n"], Review::Next, "next-case", "The next case that waits for a decision", "next"),
    review(&["A"], Review::Others, "others", "After a removal, remove the author's other cases too", ""),
    replay(&["h", "Left"], Replay::StepBack, REPLAY, "step-back", "One action back", "step"),
    replay(&["l", "Right"], Replay::StepForward, REPLAY, "step", "One action forward", ""),
    replay(&["H", "S-Left"], Replay::JumpBack, REPLAY, "jump-back", "Ten actions back", ""),
    replay(&["L", "S-Right"], Replay::JumpForward, REPLAY, "jump", "Ten actions forward", ""),
    replay(&["("], Replay::TenthBack, REPLAY, "tenth-back", "A tenth of the replay back", ""),
    replay(&[")"], Replay::TenthForward, REPLAY, "tenth", "A tenth of the replay forward", ""),
    replay(&["0", "g", "Home"], Replay::Start, REPLAY, "start", "To the beginning", ""),
    replay(&["$", "G", "End"], Replay::End, REPLAY, "end", "To the finished picture", ""),
    replay(&["<"], Replay::Slower, REPLAY, "slower", "Half the speed, down to a quarter", "speed"),
    replay(&[">"], Replay::Faster, REPLAY, "faster", "Twice the speed, up to 256 times", ""),
    replay(&["="], Replay::OriginalSpeed, REPLAY, "original-speed", "Original speed", ""),
    replay(&["t"], Replay::Summary, REPLAY, "summary", "Play all of it in 20 seconds", ""),
    replay(&["i"], Replay::SkipIdle, REPLAY, "skip-idle", "Cut the pauses, or keep them", "idle"),
    replay(&["O"], Replay::Repeat, REPLAY, "repeat", "Repeat the replay, or stop at its end", ""),
    replay(&["+"], Replay::ZoomIn, REPLAY, "zoom-in", "Zoom in; the arrows with Alt pan", "zoom"),
    replay(&["_"], Replay::ZoomOut, REPLAY, "zoom-out", "Zoom out", ""),
    replay(&["M-Left"], Replay::PanLeft, REPLAY, "pan-left", "Pan to the left", ""),
    replay(&["M-Right"], Replay::PanRight, REPLAY, "pan-right", "Pan to the right", ""),
    replay(&["M-Up"], Replay::PanUp, REPLAY, "pan-up", "Pan up", ""),
    replay(&["M-Down"], Replay::PanDown, REPLAY, "pan-down", "Pan down", ""),
    replay(&["r"], Replay::Marker, REPLAY, "marker", "Half-blocks in colour, or Braille", ""),
    cursor(&["j", "Down"], Cursor::Down, MOVES, "down", "One row down", ""),
    cursor(&["k", "Up"], Cursor::Up, MOVES, "up", "One row up", ""),
    cursor(&["g", "Home"], Cursor::Top, SCROLLS, "top", "To the first row", ""),
    cursor(&["G", "End"], Cursor::Bottom, SCROLLS, "bottom", "To the last row", ""),
    cursor(&["C-d"], Cursor::HalfDown, MOVES, "half-page-down", "Half a page down", ""),
    cursor(&["C-u"], Cursor::HalfUp, MOVES, "half-page-up", "Half a page up", ""),
    cursor(&["C-f", "PageDown"], Cursor::PageDown, MOVES, "page-down", "A page down", ""),
    cursor(&["C-b", "PageUp"], Cursor::PageUp, MOVES, "page-up", "A page up", ""),
    bind(&["/"], Command::Filter, LIST, "filter", "Filter the list", "filter"),
    cursor(&["h", "Left"], Cursor::PreviousColumn, LIST, "column-left", "Select the column to the left", ""),
    cursor(&["l", "Right"], Cursor::NextColumn, LIST, "column-right", "Select the column to the right", ""),
    cursor(
        &["S"],
        Cursor::SortByColumn,
        LIST,
        "sort-by-column",
        "Sort by the selected column; again to reverse",
        "sort",
    ),
    cursor(&["s"], Cursor::Sort, LIST, "sort", "Sort by the next order", ""),
    cursor(&["#"], Cursor::Count, LIST, "count", "Count exactly what the filter finds", ""),
    cursor(&["Space"], Cursor::Mark, LIST, "mark", "Mark the row, or unmark it", "mark"),
    cursor(&["v"], Cursor::MarkRange, LIST, "mark-range", "Mark from here to the cursor; v ends it", ""),
    cursor(&["C-a"], Cursor::MarkPage, LIST, "mark-page", "Mark all rows in view, or unmark all", ""),
    bind(&["f"], Command::Follow, THINGS, "follow", "Follow the drawing as it grows", "follow"),
    bind(&["o"], Command::OpenUser, THINGS, "open-user", "Open the user of the selected row", "user"),
    edit(&["D"], Edit::Delete, THINGS, "delete", "Revoke a session, or bin a drawing", "delete"),
    edit(&["U"], Edit::Restore, THINGS, "restore", "Take a drawing out of the bin", "restore"),
    edit(&["R"], Edit::RevokeAll, THINGS, "revoke-all", "Revoke all sessions of the user", ""),
    edit(&["K"], Edit::ResetKey, THINGS, "reset-key", "Reset the session's session_key at WeChat", ""),
    edit(&["B"], Edit::Block, THINGS, "block", "Block or unblock the user", "block"),
    copying(&["d"], Copying::Describe, THINGS, "describe", "Show the JSON", ""),
    copying(&["e"], Copying::Pager, THINGS, "pager", "Show the JSON in $PAGER", ""),
    copying(&["y"], Copying::Id, THINGS, "copy-id", "Copy the id", ""),
    copying(&["Y"], Copying::Json, THINGS, "copy-json", "Copy as JSON", ""),
    copying(&["c"], Copying::Curl, THINGS, "copy-curl", "Copy as a curl command, without the token", ""),
    copying(&["M-c"], Copying::Copied, EVERYWHERE, "copied", "Show the text that was copied last", ""),
    bind(&["x"], Command::Export, THINGS, "export", "Save the drawing as PNG, SVG or JSON", "export"),
    bind(&["p"], Command::Pause, LIVE, "pause", "Pause or resume", "pause"),
    bind(&["."], Command::ShowNew, LIVE, "show-new", "Show the new events", ""),
];

/// The keys of all contexts, before and after those of the views.
static GLOBAL: (&[Binding], &[Binding]) = (
    &[
        bind(&["u", "z"], Command::Undo, EVERYWHERE, "undo", "Undo the last change", ""),
        bind(&["q", "Esc"], Command::Back, EVERYWHERE, "back", "Back; cancels a slow request", ""),
        bind(&["?", "F1"], Command::Help, EVERYWHERE, "help", "This help", "help"),
        bind(&[":"], Command::Palette, EVERYWHERE, "palette", "Command palette", "command"),
    ],
    &[
        bind(&["Tab"], Command::NextView, EVERYWHERE, "next-view", "The next view", ""),
        bind(&["S-Tab"], Command::PreviousView, EVERYWHERE, "previous-view", "The previous view", ""),
        bind(&["-"], Command::LastView, EVERYWHERE, "last-view", "The view before this one", ""),
        bind(&["["], Command::Earlier, EVERYWHERE, "earlier", "Back in the history of places", ""),
        bind(&["]"], Command::Later, EVERYWHERE, "later", "Forward in the history of places", ""),
        bind(&["C-r", "F5"], Command::Refresh, EVERYWHERE, "refresh", "Ask the server again", ""),
        bind(&["w"], Command::Tasks, EVERYWHERE, "tasks", "Requests and changes in progress", ""),
        bind(&["@"], Command::RequestLog, EVERYWHERE, "request-log", "Requests made, and their duration", ""),
        bind(&["T"], Command::Theme, EVERYWHERE, "theme", "Dark, light or monochrome", ""),
        bind(&["m"], Command::Mouse, EVERYWHERE, "mouse", "Mouse on or off", ""),
        bind(&["!"], Command::ReadOnly, EVERYWHERE, "read-only", "Forbid changes, or allow them again", ""),
        bind(&["C-l"], Command::Redraw, EVERYWHERE, "redraw", "Redraw the screen", ""),
        bind(&["C-z"], Command::Suspend, EVERYWHERE, "suspend", "Suspend to the shell; fg returns", ""),
        bind(&["C-c", "C-q"], Command::Quit, EVERYWHERE, "quit", "Quit", "quit"),
    ],
);

pub static BINDINGS: LazyLock<Vec<Binding>> = LazyLock::new(|| {
    let views = View::ALL
        .map(|view| bind(view.keys(), Command::Show(view), EVERYWHERE, view.name(), view.help(), ""));
    LOCAL.iter().chain(GLOBAL.0).cloned().chain(views).chain(GLOBAL.1.iter().cloned()).collect()
});
