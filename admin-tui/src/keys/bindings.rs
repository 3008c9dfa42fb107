//! The table of all keys. Those that destroy are capitals, stand on no key that scrolls or moves, and differ from
//! the key that confirms.

use super::{Binding, Command, Context};

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

const EVERYWHERE: &[Context] = &[];
const LIST: &[Context] = &[Context::List];
const LIVE: &[Context] = &[Context::Live];
const REPLAY: &[Context] = &[Context::Replay];
const ROWS: &[Context] = &[Context::List, Context::Live, Context::Detail];
const SCROLLS: &[Context] = &[Context::Overview, Context::List, Context::Live, Context::Detail];
const THINGS: &[Context] = &[Context::List, Context::Detail, Context::Replay];
const FOLLOWED: &[Context] = &[Context::List, Context::Live, Context::Detail, Context::Replay];
const OWNED: &[Context] = &[Context::List, Context::Live, Context::Detail, Context::Replay];

/// All keys.
pub static BINDINGS: &[Binding] = &[
    bind(&["Enter"], Command::Open, ROWS, "open", "Open what is selected", "open"),
    bind(&["Space"], Command::Play, REPLAY, "play", "Play, or hold", "play"),
    bind(&["h", "Left"], Command::StepBack, REPLAY, "step-back", "One action back", "step"),
    bind(&["l", "Right"], Command::StepForward, REPLAY, "step", "One action on", ""),
    bind(&["H", "S-Left"], Command::JumpBack, REPLAY, "jump-back", "Ten actions back", ""),
    bind(&["L", "S-Right"], Command::JumpForward, REPLAY, "jump", "Ten actions on", ""),
    bind(&["0", "g", "Home"], Command::Start, REPLAY, "start", "To the beginning", ""),
    bind(&["$", "G", "End"], Command::End, REPLAY, "end", "To the finished picture", ""),
    bind(&["<"], Command::Slower, REPLAY, "slower", "Half the speed, down to a quarter", "speed"),
    bind(&[">"], Command::Faster, REPLAY, "faster", "Twice the speed, up to sixteen times", ""),
    bind(&["="], Command::OriginalSpeed, REPLAY, "original-speed", "As fast as it was drawn", ""),
    bind(&["i"], Command::SkipIdle, REPLAY, "skip-idle", "Shorten the pauses, or keep them", "idle"),
    bind(&["r"], Command::Marker, REPLAY, "marker", "Half-blocks in colour, or Braille", ""),
    bind(&["j", "Down"], Command::Down, SCROLLS, "down", "One row down", ""),
    bind(&["k", "Up"], Command::Up, SCROLLS, "up", "One row up", ""),
    bind(&["g", "Home"], Command::Top, SCROLLS, "top", "To the first row", ""),
    bind(&["G", "End"], Command::Bottom, SCROLLS, "bottom", "To the last row", ""),
    bind(&["C-d"], Command::HalfDown, SCROLLS, "half-page-down", "Half a page down", ""),
    bind(&["C-u"], Command::HalfUp, SCROLLS, "half-page-up", "Half a page up", ""),
    bind(&["C-f", "PageDown"], Command::PageDown, SCROLLS, "page-down", "A page down", ""),
    bind(&["C-b", "PageUp"], Command::PageUp, SCROLLS, "page-up", "A page up", ""),
    bind(&["/"], Command::Filter, LIST, "filter", "Narrow the list, here and on the server", "filter"),
    bind(&["h", "Left"], Command::PreviousColumn, LIST, "column-left", "The column before, to sort by", ""),
    bind(&["l", "Right"], Command::NextColumn, LIST, "column-right", "The next column, to sort by", ""),
    bind(
        &["S"],
        Command::SortByColumn,
        LIST,
        "sort-by-column",
        "Sort by the column; once more, the other way",
        "sort",
    ),
    bind(&["s"], Command::Sort, LIST, "sort", "Sort by the next order", ""),
    bind(&["#"], Command::Count, LIST, "count", "Count exactly what the filter finds", ""),
    bind(&["Space"], Command::Mark, LIST, "mark", "Mark the row, or unmark it", "mark"),
    bind(&["v"], Command::MarkRange, LIST, "mark-range", "Mark from here to where you go; v ends it", ""),
    bind(&["C-a"], Command::MarkPage, LIST, "mark-page", "Mark all rows in view, or unmark all", ""),
    bind(&["f"], Command::Follow, FOLLOWED, "follow", "Watch the drawing grow", "follow"),
    bind(&["o"], Command::OpenUser, OWNED, "open-user", "Open the user of what is selected", "user"),
    bind(&["D"], Command::Delete, THINGS, "delete", "Revoke a session, or bin a drawing", "delete"),
    bind(&["R"], Command::RevokeAll, THINGS, "revoke-all", "Revoke all sessions of the user", ""),
    bind(&["K"], Command::ResetKey, THINGS, "reset-key", "Have WeChat replace the session's session_key", ""),
    bind(&["B"], Command::Block, THINGS, "block", "Block the user, or let the user in again", ""),
    bind(&["d"], Command::Describe, THINGS, "describe", "Show it as the server tells it, in JSON", ""),
    bind(&["e"], Command::Pager, THINGS, "pager", "The same in $PAGER", ""),
    bind(&["y"], Command::CopyId, THINGS, "copy-id", "Copy the id", ""),
    bind(&["Y"], Command::CopyJson, THINGS, "copy-json", "Copy as JSON", ""),
    bind(&["c"], Command::CopyCurl, THINGS, "copy-curl", "Copy as a curl command, without the token", ""),
    bind(&["x"], Command::Export, THINGS, "export", "Save the drawing as PNG, SVG or JSON", "export"),
    bind(&["p"], Command::Pause, LIVE, "pause", "Hold the stream, or let it go on", "pause"),
    bind(&["."], Command::ShowNew, LIVE, "show-new", "Show what came since", ""),
    bind(&["u", "z"], Command::Undo, EVERYWHERE, "undo", "Take the last change back", ""),
    bind(&["q", "Esc"], Command::Back, EVERYWHERE, "back", "Back; cancels what is loading", ""),
    bind(&["?", "F1"], Command::Help, EVERYWHERE, "help", "This help", "help"),
    bind(&[":"], Command::Palette, EVERYWHERE, "palette", "Any command by its name", "command"),
    bind(&["1"], Command::Overview, EVERYWHERE, "overview", "The servers and what they do", ""),
    bind(&["2"], Command::Sessions, EVERYWHERE, "sessions", "Who is signed in", ""),
    bind(&["3"], Command::Users, EVERYWHERE, "users", "Who has ever signed in", ""),
    bind(&["4"], Command::Drawings, EVERYWHERE, "drawings", "What they drew", ""),
    bind(&["5"], Command::Live, EVERYWHERE, "live", "What happens now", ""),
    bind(&["6"], Command::Errors, EVERYWHERE, "errors", "What failed", ""),
    bind(&["7"], Command::Audit, EVERYWHERE, "audit", "What operators changed", ""),
    bind(&["Tab"], Command::NextView, EVERYWHERE, "next-view", "The next view", ""),
    bind(&["S-Tab"], Command::PreviousView, EVERYWHERE, "previous-view", "The view before", ""),
    bind(&["-"], Command::LastView, EVERYWHERE, "last-view", "The view that was left last", ""),
    bind(&["["], Command::Earlier, EVERYWHERE, "earlier", "Where you were before", ""),
    bind(&["]"], Command::Later, EVERYWHERE, "later", "Where you were after that", ""),
    bind(&["C-r", "F5"], Command::Refresh, EVERYWHERE, "refresh", "Ask the server again", ""),
    bind(&["w"], Command::Tasks, EVERYWHERE, "tasks", "What is under way", ""),
    bind(&["@"], Command::RequestLog, EVERYWHERE, "request-log", "What was asked, and how long it took", ""),
    bind(&["T"], Command::Theme, EVERYWHERE, "theme", "Dark, light or monochrome", ""),
    bind(&["m"], Command::Mouse, EVERYWHERE, "mouse", "Take the mouse, or leave it to the terminal", ""),
    bind(&["!"], Command::ReadOnly, EVERYWHERE, "read-only", "Allow changes, or forbid them", ""),
    bind(&["C-l"], Command::Redraw, EVERYWHERE, "redraw", "Draw the screen anew", ""),
    bind(&["C-z"], Command::Suspend, EVERYWHERE, "suspend", "Back to the shell for a while (fg returns)", ""),
    bind(&["C-c", "C-q"], Command::Quit, EVERYWHERE, "quit", "Quit", "quit"),
];
