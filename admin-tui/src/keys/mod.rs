//! The registry of keys, from which the dispatcher, the footer, the help and the palette follow.

mod bindings;
mod own;
pub mod palette;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use own::{OwnKeys, install, table};

use bindings::BINDINGS;

use crate::views::View;

/// The kind of page that takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    Overview,
    List,
    Live,
    Detail,
    Replay,
    Review,
}

impl Context {
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::List, Self::Live, Self::Detail, Self::Replay, Self::Review];

    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::List => "Lists",
            Self::Live => "Live",
            Self::Detail => "One session, user or request",
            Self::Replay => "Replay",
            Self::Review => "One case of the review queue",
        }
    }
}

/// A command of a key or of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Back,
    Quit,
    Suspend,
    Help,
    Palette,
    Filter,
    Show(View),
    NextView,
    PreviousView,
    LastView,
    Earlier,
    Later,
    Refresh,
    Redraw,
    Theme,
    Mouse,
    ReadOnly,
    RequestLog,
    Tasks,
    Open,
    OpenUser,
    Follow,
    Export,
    Undo,
    Pause,
    ShowNew,
    Cursor(Cursor),
    Edit(Edit),
    Copying(Copying),
    Replay(Replay),
    Review(Review),
}

/// Moving the cursor, sorting and marking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cursor {
    Down,
    Up,
    Top,
    Bottom,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    NextColumn,
    PreviousColumn,
    Mark,
    MarkRange,
    MarkPage,
    Sort,
    SortByColumn,
    Count,
}

/// Changes that are confirmed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edit {
    Delete,
    Restore,
    RevokeAll,
    ResetKey,
    Block,
}

/// Showing and copying rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Copying {
    Describe,
    Pager,
    Id,
    Json,
    Curl,
    /// Shows the text that was copied last.
    Copied,
}

/// The keys of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Replay {
    Play,
    StepBack,
    StepForward,
    JumpBack,
    JumpForward,
    TenthBack,
    TenthForward,
    Summary,
    Repeat,
    ZoomIn,
    ZoomOut,
    PanLeft,
    PanRight,
    PanUp,
    PanDown,
    Start,
    End,
    Slower,
    Faster,
    OriginalSpeed,
    SkipIdle,
    Marker,
}

/// The keys of the review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Review {
    Pass,
    Remove,
    Hold,
    Note,
    Next,
    Others,
}

impl Command {
    /// Whether the command only moves the cursor.
    pub fn is_movement(self) -> bool {
        let Self::Cursor(cursor) = self else { return false };
        match cursor {
            Cursor::Down
            | Cursor::Up
            | Cursor::Top
            | Cursor::Bottom
            | Cursor::HalfDown
            | Cursor::HalfUp
            | Cursor::PageDown
            | Cursor::PageUp
            | Cursor::NextColumn
            | Cursor::PreviousColumn => true,
            Cursor::Mark
            | Cursor::MarkRange
            | Cursor::MarkPage
            | Cursor::Sort
            | Cursor::SortByColumn
            | Cursor::Count => false,
        }
    }
}

/// One line of the registry.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The keys as they are written: `j`, `C-d`, `Enter`.
    pub keys: &'static [&'static str],
    pub command: Command,
    /// The contexts in which the keys work; all when empty.
    pub contexts: &'static [Context],
    /// The command's name in the palette.
    pub name: &'static str,
    pub help: &'static str,
    /// The word in the footer; empty for none.
    pub footer: &'static str,
}

/// The bindings in force in a context.
pub fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    table().iter().filter(move |binding| applies(binding, context))
}

/// Whether a binding is in force in a context.
fn applies(binding: &Binding, context: Context) -> bool {
    binding.contexts.is_empty() || binding.contexts.contains(&context)
}

/// The command of a key in a context.
pub fn command(context: Context, key: &str) -> Option<Command> {
    bindings(context).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// The keys that are written as words.
const NAMED: [(KeyCode, &str); 15] = [
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

/// A key event as the registry writes it; `None` for keys without a name.
pub fn name(event: &KeyEvent) -> Option<String> {
    let held = |modifier| event.modifiers.contains(modifier);
    let mut out = String::new();
    if held(KeyModifiers::CONTROL) {
        out.push_str("C-");
    }
    if held(KeyModifiers::ALT) {
        out.push_str("M-");
    }
    if let Some((_, name)) = NAMED.iter().find(|(code, _)| *code == event.code) {
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
    fn a_key_has_one_meaning_per_context() {
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
    fn names_and_commands_are_unique() {
        let (mut names, mut commands) = (HashSet::new(), HashSet::new());
        for binding in BINDINGS.iter() {
            assert!(names.insert(binding.name), "{}", binding.name);
            assert!(commands.insert(binding.command), "{:?}", binding.command);
            assert!(!binding.help.is_empty() && !binding.keys.is_empty());
        }
    }

    #[test]
    fn destructive_keys_do_nothing_else_anywhere() {
        for key in ["C-d", "d", "Enter", "Space", "y", "u", "Delete", "Backspace", "x"] {
            for context in Context::ALL {
                assert!(!matches!(command(context, key), Some(Command::Edit(_))), "{key}");
            }
        }
    }

    #[test]
    fn the_palette_completes_names() {
        assert_eq!(palette::complete(Context::List, "sess").as_deref(), Some("session"));
        assert_eq!(palette::complete(Context::List, "sort-").as_deref(), Some("sort-by-column"));
        assert_eq!(palette::complete(Context::List, "zzz"), None);
        let first = palette::matches(Context::List, "", |_| true)[0];
        assert_eq!(first.command, Command::Show(View::Overview));
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
