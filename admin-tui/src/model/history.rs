//! The history of places: back and forward.

use crate::subject::Subject;
use crate::views::View;

/// Places that are kept.
const KEPT: usize = 50;

/// A view, and the page that is open over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub view: View,
    pub opened: Option<Subject>,
}

/// The places before this one, and those after it.
#[derive(Debug, Default)]
pub struct History {
    past: Vec<Place>,
    future: Vec<Place>,
}

impl History {
    /// Records the place that is left for another one; the way forward ends here.
    pub fn leave(&mut self, place: Place) {
        self.future.clear();
        if self.past.last() != Some(&place) {
            self.past.push(place);
            let more = self.past.len().saturating_sub(KEPT);
            self.past.drain(..more);
        }
    }

    /// The previous place, or the next one.
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
    fn places_are_visited_again_in_order() {
        let place =
            |number: u32| Place { view: View::Live, opened: Some(Subject::Session(number.to_string())) };
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
