//! Overlays: help, prompts and questions. They lie over a view and take the keys.

use ratatui::layout::Rect;
use yibi_common::admin::ReviewRow;

use crate::act::{self, Act};
use crate::layout;
use crate::text;
use crate::theme::Tone;
use crate::time::Millis;

#[derive(Debug)]
pub enum Overlay {
    /// The keys, from this line on.
    Help(usize),
    /// The requests made, from this line on.
    Log(usize),
    Palette {
        input: Input,
        selected: usize,
    },
    /// A filter for the list in view.
    Filter(Prompt),
    /// A text with a search.
    Text(Reader),
    /// Requests and changes in progress.
    Tasks,
    /// A question before a change.
    Confirm(Confirm),
    /// The form in which drawings are saved: their users and their ids.
    Export(Vec<(String, String)>),
    /// The reasons for which a case's content can be removed.
    Reasons(Box<ReviewRow>),
    /// A remark on a case.
    Note(Box<ReviewRow>, Input),
    /// The question before a read-only console allows changes again.
    AllowChanges,
    /// The question before a console with waiting changes ends.
    Leave,
}

/// A filter being typed.
#[derive(Debug)]
pub struct Prompt {
    pub input: Input,
    /// The filter that Esc restores.
    pub before: String,
    /// Why the filter is invalid.
    pub error: Option<String>,
    /// When the server is asked.
    pub due: Option<Millis>,
}

/// A text with a search.
#[derive(Debug)]
pub struct Reader {
    pub title: String,
    pub lines: Vec<String>,
    /// The first visible line.
    pub top: usize,
    pub search: Input,
    pub typing: bool,
}

impl Reader {
    pub fn of(title: String, text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self { title, lines, top: 0, search: Input::default(), typing: false }
    }

    /// Whether a line contains the searched text.
    pub fn is_match(&self, line: &str) -> bool {
        !self.search.text.is_empty() && line.to_lowercase().contains(&self.search.text.to_lowercase())
    }

    /// Scrolls to the next match, around the end.
    pub fn find(&mut self, back: bool) {
        let count = self.lines.len();
        let step = |by: usize| if back { (self.top + count - by) % count } else { (self.top + by) % count };
        let found =
            (1..=count).map(step).find(|at| self.lines.get(*at).is_some_and(|line| self.is_match(line)));
        self.top = found.unwrap_or(self.top);
    }
}

/// A question before a change.
#[derive(Debug)]
pub struct Confirm {
    pub title: String,
    /// The affected things, one by one.
    pub lines: Vec<String>,
    /// The consequences, and whether they can be undone.
    pub note: &'static str,
    pub acts: Vec<Act>,
    /// The text to be typed, where a key is too little.
    pub suffix: Option<String>,
    pub typed: Input,
    /// Whether the button that makes the change is selected. The dialog opens on Cancel.
    pub armed: bool,
}

/// Columns of a question.
const CONFIRM_WIDTH: u16 = 72;
/// Lines of a question around its text: the frame, two blank lines, the buttons and another blank line.
pub const AROUND_BODY: usize = 6;
/// Columns between the buttons.
pub const BUTTON_GAP: u16 = 3;

impl Confirm {
    /// Whether the required text was typed.
    pub fn allowed(&self) -> bool {
        self.suffix.as_ref().is_none_or(|suffix| *suffix == self.typed.text)
    }

    /// The labels of the two buttons.
    pub fn buttons(&self) -> [String; 2] {
        let word = self.acts.first().map_or("Do it", |act| act::words(act.change).button);
        ["[ Cancel ]".to_owned(), format!("[ {word} ]")]
    }

    /// The change as a verb in a sentence.
    pub fn deed(&self) -> String {
        self.acts.first().map_or_else(String::new, |act| act::words(act.change).button.to_lowercase())
    }

    /// The outer columns of the dialog on a screen.
    pub fn width(screen: u16) -> u16 {
        CONFIRM_WIDTH.min(screen)
    }

    /// Where the dialog stands on a screen.
    pub fn place(&self, size: (u16, u16)) -> Rect {
        let screen = Rect::new(0, 0, size.0, size.1);
        let room = usize::from(size.1).saturating_sub(AROUND_BODY);
        let height = self.body(size.0, room).len() + AROUND_BODY;
        layout::centered(screen, Self::width(size.0), u16::try_from(height).unwrap_or(u16::MAX))
    }

    /// The button at a place of the screen: whether it makes the change.
    pub fn button_at(&self, size: (u16, u16), column: u16, row: u16) -> Option<bool> {
        let place = self.place(size);
        if row + 3 != place.bottom() {
            return None;
        }
        let mut left = place.x + 3;
        for (go, label) in [false, true].into_iter().zip(self.buttons()) {
            let width = layout::columns(&label);
            if (left..left + width).contains(&column) {
                return Some(go);
            }
            left += width + BUTTON_GAP;
        }
        None
    }

    /// The lines of the dialog above its buttons, wrapped, in at most `height` lines: of a long list, only the
    /// number of the rest is shown.
    pub fn body(&self, screen: u16, height: usize) -> Vec<(String, Tone)> {
        let columns = usize::from(Self::width(screen).saturating_sub(6));
        let mut below = vec![(String::new(), Tone::Text)];
        below.extend(text::wrap(self.note, columns).into_iter().map(|line| (line, Tone::Dim)));
        if let Some(suffix) = &self.suffix {
            below.push((String::new(), Tone::Text));
            let typed = &self.typed.text;
            below.push((format!("Type {suffix} to confirm: {typed}▏"), Tone::Marked));
        }
        let room = height.saturating_sub(below.len()).max(1);
        let mut lines: Vec<(String, Tone)> = Vec::new();
        for (index, item) in self.lines.iter().enumerate() {
            let wrapped = text::wrap(item, columns);
            let is_last = index + 1 == self.lines.len();
            if index > 0 && lines.len() + wrapped.len() + usize::from(!is_last) > room {
                lines.push((format!("… and {} more", self.lines.len() - index), Tone::Dim));
                break;
            }
            lines.extend(wrapped.into_iter().map(|line| (line, Tone::Text)));
        }
        lines.extend(below);
        lines
    }
}

/// A line being typed; the cursor is at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    pub text: String,
}

/// Characters of an input at most.
const MOST: usize = 200;

impl Input {
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// Appends text without its control characters.
    pub fn insert(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().filter(|c| !c.is_control()).take(room));
    }

    /// Takes an editing key, and tells whether it was one.
    pub fn edit(&mut self, key: &str) -> bool {
        match key {
            "Backspace" | "C-h" => {
                self.text.pop();
            }
            "C-u" => self.text.clear(),
            "C-w" => {
                let kept = self.text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.text.truncate(kept);
            }
            "Space" => self.insert(" "),
            _ => {
                let mut chars = key.chars();
                let (Some(c), None) = (chars.next(), chars.next()) else { return false };
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
        true
    }
}
