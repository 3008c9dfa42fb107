//! The commands that apply to what is on the screen, for the footer and the palette.

use super::Model;
use super::detail::Detail;
use crate::keys::{Command, Cursor, Edit, Review};
use crate::lists::Kind;
use crate::subject::Subject;

impl Model {
    /// Whether a command does anything at the moment.
    pub fn applies(&self, command: Command) -> bool {
        let chosen = || self.chosen();
        let is_drawing = || chosen().iter().any(|row| matches!(row.subject(), Some(Subject::Drawing { .. })));
        match command {
            Command::Edit(edit) => self.applies_edit(edit),
            Command::Follow | Command::Export => is_drawing(),
            Command::OpenUser => self.has_owner(),
            Command::Open => {
                let here = self.details.last().map(Detail::subject);
                let subject = self.current().and_then(|row| row.subject());
                subject.is_some() && subject != here
            }
            Command::Copying(_) => self.current().is_some(),
            Command::Cursor(cursor) => self.applies_cursor(cursor),
            Command::Review(review) => self.applies_review(review),
            Command::Undo => !self.undo.is_empty() || self.work.due.is_some(),
            Command::ShowNew => !self.live.held.is_empty(),
            Command::Back
            | Command::Quit
            | Command::Suspend
            | Command::Help
            | Command::Palette
            | Command::Filter
            | Command::Show(_)
            | Command::NextView
            | Command::PreviousView
            | Command::LastView
            | Command::Earlier
            | Command::Later
            | Command::Refresh
            | Command::Redraw
            | Command::Theme
            | Command::Mouse
            | Command::ReadOnly
            | Command::RequestLog
            | Command::Tasks
            | Command::Pause
            | Command::Replay(_) => true,
        }
    }

    fn has_owner(&self) -> bool {
        self.current().is_some_and(|row| row.owner().is_some())
    }

    fn applies_review(&self, review: Review) -> bool {
        let is_case = self.current().is_some_and(|row| row.case().is_some());
        match review {
            Review::Next => {
                matches!(self.details.last(), Some(Detail::Review(_)))
                    || self.list().is_some_and(|list| list.kind == Kind::Reviews)
            }
            Review::Others => matches!(self.details.last(), Some(Detail::Review(_))),
            Review::Pass | Review::Remove | Review::Hold | Review::Note => is_case,
        }
    }

    fn applies_edit(&self, edit: Edit) -> bool {
        match edit {
            Edit::Delete => self.chosen().iter().any(|row| row.deletion().is_some()),
            Edit::Restore => self.chosen().iter().any(|row| row.restoration().is_some()),
            Edit::RevokeAll | Edit::Block => self.has_owner(),
            Edit::ResetKey => {
                self.current().is_some_and(|row| matches!(row.subject(), Some(Subject::Session(_))))
            }
        }
    }

    fn applies_cursor(&self, cursor: Cursor) -> bool {
        let kind = self.list().map(|list| list.kind);
        match cursor {
            Cursor::Mark | Cursor::MarkRange | Cursor::MarkPage => self.current().is_some(),
            Cursor::Sort => kind.is_some_and(|kind| kind.orders().len() > 1),
            Cursor::SortByColumn => {
                kind.is_some_and(|kind| kind.counts_and_reverses() || kind.orders().len() > 1)
            }
            Cursor::Count => kind.is_some_and(|kind| kind.counts_and_reverses()),
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
        }
    }
}
