//! The one registry of keys: what a key does where feeds the dispatcher, the footer, the help and the palette.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the operator is looking at, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The overview.
    Overview,
    /// A list of rows.
    List,
    /// The stream of events.
    Live,
    /// One session, user or request.
    Detail,
    /// A drawing being played.
    Replay,
}

impl Context {
    /// All contexts, as help lists them.
    pub const ALL: [Self; 5] = [Self::Overview, Self::List, Self::Live, Self::Detail, Self::Replay];

    /// The heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::List => "Lists",
            Self::Live => "Live",
            Self::Detail => "One session, user or request",
            Self::Replay => "Replay",
        }
    }
}

/// Everything that a key or the palette can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Back,
    Quit,
    Suspend,
    Help,
    Palette,
    Filter,
    Overview,
    Sessions,
    Users,
    Drawings,
    Live,
    Errors,
    Audit,
    NextView,
    PreviousView,
    LastView,
    Refresh,
    Redraw,
    Theme,
    Mouse,
    ReadOnly,
    RequestLog,
    Down,
    Up,
    Top,
    Bottom,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Open,
    OpenUser,
    Mark,
    MarkPage,
    Sort,
    Reverse,
    Count,
    Delete,
    RevokeAll,
    Block,
    Undo,
    CopyId,
    CopyJson,
    CopyCurl,
    Export,
    Pause,
    ShowNew,
    Play,
    StepBack,
    StepForward,
    JumpBack,
    JumpForward,
    Start,
    End,
    Slower,
    Faster,
    OriginalSpeed,
    SkipIdle,
    Marker,
    Follow,
}

/// One line of the registry.
#[derive(Debug)]
pub struct Binding {
    /// The keys, as they are written: `j`, `C-d`, `Enter`.
    pub keys: &'static [&'static str],
    /// What they do.
    pub command: Command,
    /// Where; everywhere when empty.
    pub contexts: &'static [Context],
    /// The command's name in the palette.
    pub name: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// Its word in the footer; empty for none.
    pub footer: &'static str,
}

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
const REPLAY: &[Context] = &[Context::Replay];
const ROWS: &[Context] = &[Context::List, Context::Live, Context::Detail];
const SCROLLS: &[Context] = &[Context::Overview, Context::List, Context::Live, Context::Detail];
const THINGS: &[Context] = &[Context::List, Context::Detail, Context::Replay];

/// All keys.
pub static BINDINGS: &[Binding] = &[
    bind(&["Enter", "o"], Command::Open, ROWS, "open", "Open what is selected", "open"),
    bind(&["Space"], Command::Play, REPLAY, "play", "Play, or hold", "play"),
    bind(&["h", "Left"], Command::StepBack, REPLAY, "step-back", "One action back", "step"),
    bind(&["l", "Right"], Command::StepForward, REPLAY, "step", "One action on", ""),
    bind(&["H", "S-Left"], Command::JumpBack, REPLAY, "jump-back", "Ten actions back", ""),
    bind(&["L", "S-Right"], Command::JumpForward, REPLAY, "jump", "Ten actions on", ""),
    bind(&["0", "g", "Home"], Command::Start, REPLAY, "start", "To the beginning", ""),
    bind(&["$", "G", "End"], Command::End, REPLAY, "end", "To the finished picture", ""),
    bind(&["<", "["], Command::Slower, REPLAY, "slower", "Half the speed, down to a quarter", "speed"),
    bind(&[">", "]"], Command::Faster, REPLAY, "faster", "Twice the speed, up to sixteen", ""),
    bind(&["="], Command::OriginalSpeed, REPLAY, "original-speed", "As fast as it was drawn", ""),
    bind(&["i"], Command::SkipIdle, REPLAY, "skip-idle", "Shorten the pauses, or keep them", "idle"),
    bind(&["r"], Command::Marker, REPLAY, "marker", "Half-blocks in colour, or Braille", ""),
    bind(&["f"], Command::Follow, REPLAY, "follow", "Watch the drawing grow", "follow"),
    bind(&["j", "Down"], Command::Down, SCROLLS, "down", "One row down", ""),
    bind(&["k", "Up"], Command::Up, SCROLLS, "up", "One row up", ""),
    bind(&["g", "Home"], Command::Top, SCROLLS, "top", "To the first row", ""),
    bind(&["G", "End"], Command::Bottom, SCROLLS, "bottom", "To the last row", ""),
    bind(&["C-d"], Command::HalfDown, SCROLLS, "half-page-down", "Half a page down", ""),
    bind(&["C-u"], Command::HalfUp, SCROLLS, "half-page-up", "Half a page up", ""),
    bind(&["C-f", "PageDown"], Command::PageDown, SCROLLS, "page-down", "A page down", ""),
    bind(&["C-b", "PageUp"], Command::PageUp, SCROLLS, "page-up", "A page up", ""),
    bind(&["/"], Command::Filter, LIST, "filter", "Filter the list on the server", "filter"),
    bind(&["s"], Command::Sort, LIST, "sort", "Sort by the next order", "sort"),
    bind(&["S"], Command::Reverse, LIST, "reverse", "Sort from the other end", ""),
    bind(&["#"], Command::Count, LIST, "count", "Count exactly what the filter finds", ""),
    bind(&["Space"], Command::Mark, LIST, "mark", "Mark the row, or unmark it", "mark"),
    bind(&["C-a"], Command::MarkPage, LIST, "mark-page", "Mark all rows to be seen, or unmark all", ""),
    bind(&["u"], Command::OpenUser, ROWS, "open-user", "Open the user of what is selected", "user"),
    bind(
        &["D"],
        Command::Delete,
        THINGS,
        "delete",
        "Revoke a session, or put a drawing in the bin",
        "delete",
    ),
    bind(&["R"], Command::RevokeAll, THINGS, "revoke-all", "Revoke all sessions of the user", ""),
    bind(&["B"], Command::Block, THINGS, "block", "Block the user, or let the user in again", ""),
    bind(&["z"], Command::Undo, EVERYWHERE, "undo", "Take the last deletion or block back", ""),
    bind(&["y"], Command::CopyId, THINGS, "copy-id", "Copy the id", ""),
    bind(&["Y"], Command::CopyJson, THINGS, "copy-json", "Copy as JSON", ""),
    bind(&["c"], Command::CopyCurl, THINGS, "copy-curl", "Copy as a curl command, without the token", ""),
    bind(&["x"], Command::Export, THINGS, "export", "Save the drawing as PNG, SVG or JSON", "export"),
    bind(&["p"], Command::Pause, &[Context::Live], "pause", "Hold the stream, or let it go on", "pause"),
    bind(&["."], Command::ShowNew, &[Context::Live], "show-new", "Show what came since", ""),
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
    bind(&["C-r", "F5"], Command::Refresh, EVERYWHERE, "refresh", "Ask the server again", ""),
    bind(
        &["@"],
        Command::RequestLog,
        EVERYWHERE,
        "request-log",
        "What was asked of the server, and how long it took",
        "",
    ),
    bind(&["T"], Command::Theme, EVERYWHERE, "theme", "Dark, light or monochrome", ""),
    bind(&["m"], Command::Mouse, EVERYWHERE, "mouse", "Take the mouse, or leave it to the terminal", ""),
    bind(&["!"], Command::ReadOnly, EVERYWHERE, "read-only", "Allow changes, or forbid them", ""),
    bind(&["C-l"], Command::Redraw, EVERYWHERE, "redraw", "Draw the screen anew", ""),
    bind(&["C-z"], Command::Suspend, EVERYWHERE, "suspend", "Back to the shell for a while (fg returns)", ""),
    bind(&["C-c", "C-q"], Command::Quit, EVERYWHERE, "quit", "Quit", "quit"),
];

/// The bindings in force in a context.
pub fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.contexts.is_empty() || binding.contexts.contains(&context))
}

/// What a key does in a context.
pub fn command(context: Context, key: &str) -> Option<Command> {
    bindings(context).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// A key event as the registry writes it; nothing for keys that it has no name for.
pub fn name(event: &KeyEvent) -> Option<String> {
    let named = [
        (KeyCode::Enter, "Enter"),
        (KeyCode::Esc, "Esc"),
        (KeyCode::Tab, "Tab"),
        (KeyCode::BackTab, "Tab"),
        (KeyCode::Backspace, "Backspace"),
        (KeyCode::Delete, "Delete"),
        (KeyCode::Left, "Left"),
        (KeyCode::Right, "Right"),
        (KeyCode::Up, "Up"),
        (KeyCode::Down, "Down"),
        (KeyCode::Home, "Home"),
        (KeyCode::End, "End"),
        (KeyCode::PageUp, "PageUp"),
        (KeyCode::PageDown, "PageDown"),
        (KeyCode::Char(' '), "Space"),
    ];
    let held = |modifier| event.modifiers.contains(modifier);
    let mut out = String::new();
    if held(KeyModifiers::CONTROL) {
        out.push_str("C-");
    }
    if held(KeyModifiers::ALT) {
        out.push_str("M-");
    }
    if let Some((_, name)) = named.iter().find(|(code, _)| *code == event.code) {
        if (held(KeyModifiers::SHIFT) && event.code != KeyCode::Char(' ')) || event.code == KeyCode::BackTab {
            out.push_str("S-");
        }
        out.push_str(name);
    } else if let KeyCode::Char(c) = event.code {
        // With Ctrl held some terminals report the capital letter.
        if held(KeyModifiers::CONTROL) { out.extend(c.to_lowercase()) } else { out.push(c) }
    } else if let KeyCode::F(number) = event.code {
        out.push_str(&format!("F{number}"));
    } else {
        return None;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for binding in bindings(context) {
                for key in binding.keys {
                    assert!(seen.insert(*key), "{key} twice in {context:?}");
                }
            }
        }
    }

    #[test]
    fn a_name_is_one_command_and_every_command_has_one_line() {
        let (mut names, mut commands) = (HashSet::new(), HashSet::new());
        for binding in BINDINGS {
            assert!(names.insert(binding.name), "{}", binding.name);
            assert!(commands.insert(binding.command), "{:?}", binding.command);
            assert!(!binding.help.is_empty() && !binding.keys.is_empty());
        }
    }

    /// What is destroyed is never on the key that scrolls, moves or confirms.
    #[test]
    fn destruction_has_keys_of_its_own() {
        for key in ["C-d", "d", "Enter", "Space", "y", "Delete", "Backspace", "x"] {
            for context in Context::ALL {
                let command = command(context, key);
                assert!(
                    ![Some(Command::Delete), Some(Command::RevokeAll), Some(Command::Block)]
                        .contains(&command),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn keys_have_names() {
        let key = |code, modifiers| name(&KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('D'), KeyModifiers::SHIFT).as_deref(), Some("D"));
        assert_eq!(key(KeyCode::Char('D'), KeyModifiers::CONTROL).as_deref(), Some("C-d"));
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE).as_deref(), Some("Space"));
        assert_eq!(key(KeyCode::BackTab, KeyModifiers::SHIFT).as_deref(), Some("S-Tab"));
        assert_eq!(key(KeyCode::Left, KeyModifiers::SHIFT).as_deref(), Some("S-Left"));
        assert_eq!(key(KeyCode::F(5), KeyModifiers::NONE).as_deref(), Some("F5"));
        assert_eq!(key(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }
}
