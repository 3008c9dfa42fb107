//! What lies over a view and takes the keys: help, prompts, questions.

use crate::moment::Millis;
use crate::request::Act;

/// Something over the view.
#[derive(Debug)]
pub enum Overlay {
    /// The keys; the first line to be seen.
    Help(usize),
    /// The requests made; the first to be seen.
    Log(usize),
    /// A command by its name.
    Palette {
        /// What was typed.
        input: Input,
        /// Which of the matches is selected.
        selected: usize,
    },
    /// A filter for the list in view.
    Filter(Prompt),
    /// A text to be read.
    Text(Reader),
    /// What is under way.
    Tasks,
    /// Whether changes are to be made.
    Confirm(Confirm),
    /// In which form a drawing is saved: its user and its id.
    Export(String, String),
    /// Whether changes are to be allowed again.
    AllowChanges,
}

/// A filter being typed.
#[derive(Debug)]
pub struct Prompt {
    /// What was typed.
    pub input: Input,
    /// The filter before.
    pub before: String,
    /// Why it can't be understood.
    pub error: Option<String>,
    /// When the server is asked for it.
    pub due: Option<Millis>,
}

/// A text being read, and searched.
#[derive(Debug)]
pub struct Reader {
    /// What it is.
    pub title: String,
    /// It.
    pub lines: Vec<String>,
    /// The first line to be seen.
    pub top: usize,
    /// What is searched for, and whether it is still being typed.
    pub search: Input,
    /// Whether the search is being typed.
    pub typing: bool,
}

impl Reader {
    /// A text from its beginning.
    pub fn of(title: String, text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self { title, lines, top: 0, search: Input::default(), typing: false }
    }

    /// Whether a line holds what is searched for.
    pub fn is_match(&self, line: &str) -> bool {
        !self.search.text.is_empty() && line.to_lowercase().contains(&self.search.text.to_lowercase())
    }

    /// To the next line that holds it, around the end.
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
    /// What is about to happen.
    pub title: String,
    /// To what exactly.
    pub lines: Vec<String>,
    /// What cannot be undone, or how it can.
    pub note: &'static str,
    /// The changes.
    pub acts: Vec<Act>,
    /// What has to be typed, where a key is too little.
    pub suffix: Option<String>,
    /// What was typed of it.
    pub typed: Input,
    /// Whether the cursor is on the button that does it. It begins on the one that does not.
    pub armed: bool,
}

impl Confirm {
    /// Whether what has to be typed was typed.
    pub fn allowed(&self) -> bool {
        self.suffix.as_ref().is_none_or(|suffix| *suffix == self.typed.text)
    }
}

/// A line being typed; the cursor is at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// The line.
    pub text: String,
}

/// Characters of an input at most.
const MOST: usize = 512;

impl Input {
    /// A line that begins with a text.
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// Puts text at the end, without what is no text.
    pub fn insert(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().filter(|c| !c.is_control()).take(room));
    }

    /// What an editing key does; whether it was one.
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
