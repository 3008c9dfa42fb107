//! Where the operator was: the way back, and forth again.

use super::View;
use super::detail::{Detail, Drawing};

/// Places that are kept.
const KEPT: usize = 50;

/// Something that can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The view.
    pub view: View,
    /// What is open over it.
    pub opened: Option<Opened>,
}

/// What is open, by its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A session.
    Session(String),
    /// A user.
    User(String),
    /// A failed request.
    Request(String),
    /// A drawing: its user, its id.
    Drawing(String, String),
}

/// The places left behind, and those gone back from.
#[derive(Debug, Default)]
pub struct History {
    past: Vec<Place>,
    future: Vec<Place>,
}

impl Opened {
    /// What that is.
    pub fn of(detail: &Detail) -> Self {
        match detail {
            Detail::Session { id, .. } => Self::Session(id.clone()),
            Detail::User { id, .. } => Self::User(id.clone()),
            Detail::Request { id, .. } => Self::Request(id.clone()),
            Detail::Drawing(drawing) => Self::Drawing(drawing.user.clone(), drawing.id.clone()),
        }
    }

    /// It, still to be loaded.
    pub fn detail(self) -> Detail {
        match self {
            Self::Session(id) => Detail::Session { id, data: None, selected: 0 },
            Self::User(id) => Detail::User { id, data: None, selected: 0 },
            Self::Request(id) => Detail::Request { id, data: None, selected: 0 },
            Self::Drawing(user, id) => Detail::Drawing(Box::new(Drawing::new(&user, &id, None))),
        }
    }
}

impl History {
    /// A place is left for another: there is no way forth from here any more.
    pub fn leave(&mut self, place: Place) {
        self.future.clear();
        if self.past.last() != Some(&place) {
            self.past.push(place);
            let more = self.past.len().saturating_sub(KEPT);
            self.past.drain(..more);
        }
    }

    /// The place before this one, or the one that was gone back from.
    pub fn travel(&mut self, here: Place, back: bool) -> Option<Place> {
        let (from, to) =
            if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        let place = loop {
            let place = from.pop()?;
            if place != here {
                break place;
            }
        };
        to.push(here);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_and_there_again() {
        let place =
            |number: u32| Place { view: View::Live, opened: Some(Opened::Session(number.to_string())) };
        let mut history = History::default();
        for number in [1, 2, 2, 3] {
            history.leave(place(number));
        }
        assert_eq!(history.travel(place(4), true), Some(place(3)));
        assert_eq!(history.travel(place(3), true), Some(place(2)));
        assert_eq!(history.travel(place(2), true), Some(place(1)));
        assert_eq!(history.travel(place(1), true), None);
        assert_eq!(history.travel(place(1), false), Some(place(2)));
        history.leave(place(2));
        assert_eq!(history.travel(place(5), false), None);
        assert_eq!(history.travel(place(5), true), Some(place(2)));
        for number in 0..1000 {
            history.leave(place(number));
        }
        assert_eq!(history.past.len(), KEPT);
    }
}
