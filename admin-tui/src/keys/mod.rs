//! The one registry of keys: what a key does where feeds the dispatcher, the footer, the help and the palette.

mod bindings;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use bindings::BINDINGS;

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
    Earlier,
    Later,
    Refresh,
    Redraw,
    Theme,
    Mouse,
    ReadOnly,
    RequestLog,
    Tasks,
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
    Open,
    OpenUser,
    Mark,
    MarkRange,
    MarkPage,
    Sort,
    SortByColumn,
    Count,
    Delete,
    RevokeAll,
    ResetKey,
    Block,
    Undo,
    Describe,
    Pager,
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
        for key in ["C-d", "d", "Enter", "Space", "y", "u", "Delete", "Backspace", "x"] {
            for context in Context::ALL {
                let command = command(context, key);
                assert!(
                    ![Command::Delete, Command::RevokeAll, Command::ResetKey, Command::Block]
                        .map(Some)
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
