//! The rules that an appended action has to keep.

use super::{Action, MAX_AT, Mode, OWNER, Paper, Point, Stroke, WIDTH_RANGE};
use crate::geometry;
use crate::limits::Limits;

/// The rule that an action breaks. The message is meant for the developer of the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A stroke has more points than the limit, which is named.
    #[error("a stroke has at most {0} points")]
    TooManyPoints(u32),
    /// A stroke has no points.
    #[error("a stroke has at least one point")]
    NoPoints,
    /// The first point's `dt` is not 0.
    #[error("the first point's dt is 0")]
    FirstDelta,
    /// A width is not one that the paper allows; its thickest is named.
    #[error("a width is between {least} and {0}", least = WIDTH_RANGE.start())]
    Width(u16),
    /// A point lies too far outside the paper; the allowed factor of the paper's size is named.
    #[error("a coordinate lies within {0} times the paper's size")]
    Coordinate(u32),
    /// A time is later than [`MAX_AT`].
    #[error("at is at most {MAX_AT} ms")]
    At,
    /// A v1 client appends a 2016 picture.
    #[error("actions of type weapp come from 2016 clients only")]
    Weapp,
    /// A v1 client names an author, or a number that no author of a drawing has is given to an action.
    #[error("the author of an action is set by the server")]
    Author,
    /// A v1 client appends a removal.
    #[error("a stroke is removed by the call of its room only")]
    Remove,
    /// A participant who does not own the drawing does what only its owner may do.
    #[error("only the owner of a drawing sets its background and clears it")]
    OwnerOnly,
    /// A `one_stroke` drawing gets an undo, redo or clear.
    #[error("a one_stroke drawing takes no undo, redo or clear")]
    OneStrokeAction,
    /// A `one_stroke` drawing gets a second stroke.
    #[error("a one_stroke drawing has one stroke")]
    SecondStroke,
    /// The stroke of a `one_stroke` drawing is longer than the limit, which is named in grid units.
    #[error("the stroke of a one_stroke drawing is at most {0} grid units long")]
    OneStrokeLength(u32),
}

impl Action {
    /// Checks whether a v1 client may append the action to a drawing of that paper and mode. Actions of other authors
    /// than the owner, and removals, are written by rooms only: see [`Action::signed`].
    ///
    /// # Errors
    /// The first rule that the action breaks.
    pub fn validate(&self, paper: Paper, mode: Mode, limits: &Limits) -> Result<(), Invalid> {
        let check_at = |at: u64| if at > MAX_AT { Err(Invalid::At) } else { Ok(()) };
        if self.by() != OWNER {
            return Err(Invalid::Author);
        }
        match self {
            Self::Stroke { at, stroke, .. } => {
                check_at(*at)?;
                stroke.validate(paper, limits)?;
                let longest = paper.one_stroke_length(limits.one_stroke_length);
                if mode == Mode::OneStroke && geometry::path_length(&stroke.points) > longest {
                    return Err(Invalid::OneStrokeLength(longest as u32));
                }
                Ok(())
            }
            Self::Background { at, .. } => check_at(at.unwrap_or(0)),
            Self::Undo { .. } | Self::Redo { .. } | Self::Clear { .. } if mode == Mode::OneStroke => {
                Err(Invalid::OneStrokeAction)
            }
            Self::Undo { at, .. } | Self::Redo { at, .. } | Self::Clear { at } => check_at(at.unwrap_or(0)),
            Self::Remove { .. } => Err(Invalid::Remove),
            Self::Weapp { .. } => Err(Invalid::Weapp),
        }
    }
}

impl Stroke {
    fn validate(&self, paper: Paper, limits: &Limits) -> Result<(), Invalid> {
        if self.points.len() > limits.points_per_stroke as usize {
            return Err(Invalid::TooManyPoints(limits.points_per_stroke));
        }
        let first = self.points.first().ok_or(Invalid::NoPoints)?;
        if first.dt != 0 {
            return Err(Invalid::FirstDelta);
        }
        let thickest = paper.max_stroke_width();
        if self.width < *WIDTH_RANGE.start() || self.width > thickest {
            return Err(Invalid::Width(thickest));
        }
        let (x_bound, y_bound) = (
            u64::from(paper.width) * u64::from(limits.coordinate_factor),
            u64::from(paper.height) * u64::from(limits.coordinate_factor),
        );
        let is_outside =
            |p: &Point| u64::from(p.x.unsigned_abs()) > x_bound || u64::from(p.y.unsigned_abs()) > y_bound;
        if self.points.iter().any(is_outside) {
            return Err(Invalid::Coordinate(limits.coordinate_factor));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Color, Tool};

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let limits = Limits { points_per_stroke: 2, one_stroke_length: 100, ..Limits::default() };
        let stroke = |width, points: Vec<(i32, i32, u32)>| Action::Stroke {
            by: OWNER,
            at: 0,
            stroke: Stroke {
                tool: Tool::Pen,
                color: Color::BLACK,
                alpha: Stroke::OPAQUE,
                width,
                points: points.into_iter().map(|(x, y, dt)| Point { x, y, dt }).collect(),
            },
        };
        let check = |action: Action, mode| action.validate(Paper::default(), mode, &limits);
        assert_eq!(check(stroke(1, vec![(0, 0, 0), (60, 80, 9)]), Mode::OneStroke), Ok(()));
        assert_eq!(
            check(stroke(1, vec![(0, 0, 0), (60, 81, 9)]), Mode::OneStroke),
            Err(Invalid::OneStrokeLength(100))
        );
        assert_eq!(check(stroke(0, vec![(0, 0, 0)]), Mode::Free), Err(Invalid::Width(512)));
        assert_eq!(check(stroke(513, vec![(0, 0, 0)]), Mode::Free), Err(Invalid::Width(512)));
        assert_eq!(check(stroke(1, vec![]), Mode::Free), Err(Invalid::NoPoints));
        assert_eq!(check(stroke(1, vec![(0, 0, 1)]), Mode::Free), Err(Invalid::FirstDelta));
        assert_eq!(check(stroke(1, vec![(0, 0, 0); 3]), Mode::Free), Err(Invalid::TooManyPoints(2)));
        assert_eq!(check(stroke(1, vec![(-8192, 0, 0)]), Mode::Free), Ok(()));
        assert_eq!(check(stroke(1, vec![(-8193, 0, 0)]), Mode::Free), Err(Invalid::Coordinate(4)));
        let undo = |by, at| Action::Undo { by, at };
        assert_eq!(check(undo(OWNER, None), Mode::OneStroke), Err(Invalid::OneStrokeAction));
        assert_eq!(check(undo(OWNER, Some(MAX_AT + 1)), Mode::Free), Err(Invalid::At));
        assert_eq!(check(undo(1, None), Mode::Free), Err(Invalid::Author));
        assert_eq!(check(Action::Remove { seq: 0, at: None }, Mode::Free), Err(Invalid::Remove));
        assert_eq!(check(Action::Weapp { text: "[]".into() }, Mode::Free), Err(Invalid::Weapp));
    }

    #[test]
    fn only_the_owner_sets_the_background_clears_and_removes() {
        let clear = Action::Clear { at: None };
        let removal = Action::Remove { seq: 3, at: None };
        let background = Action::Background { color: Color::WHITE, at: None };
        for action in [clear, removal, background, Action::Weapp { text: "[]".into() }] {
            assert_eq!(action.clone().signed(OWNER), Ok(action.clone()));
            assert_eq!(action.signed(1), Err(Invalid::OwnerOnly));
        }
        let undo = Action::Undo { by: OWNER, at: Some(4) };
        assert_eq!(undo.clone().signed(7), Ok(Action::Undo { by: 7, at: Some(4) }));
        assert_eq!(undo.clone().signed(7).map(|action| action.by()), Ok(7));
        assert_eq!(undo.signed(crate::drawing::MAX_AUTHORS), Err(Invalid::Author));
    }

    #[test]
    fn lengths_and_widths_count_in_paper_widths() {
        let limits = Limits::default();
        let check = |paper_width, width, end: (i32, i32), mode| {
            let points = vec![Point::default(), Point { x: end.0, y: end.1, dt: 9 }];
            let stroke =
                Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width, points };
            let paper = Paper { width: paper_width, height: 8192 };
            Action::Stroke { by: OWNER, at: 0, stroke }.validate(paper, mode, &limits)
        };
        for (paper, thickest, longest) in
            [(64, 512, 256), (1024, 512, 4096), (2048, 512, 8192), (6144, 1536, 24_576), (8192, 2048, 32_768)]
        {
            assert_eq!(check(paper, thickest, (longest, 0), Mode::OneStroke), Ok(()), "{paper}");
            assert_eq!(
                check(paper, thickest + 1, (1, 0), Mode::Free),
                Err(Invalid::Width(thickest)),
                "{paper}"
            );
            // Long enough to break this rule, and not the one on coordinates.
            assert_eq!(
                check(paper, 1, (longest, longest / 9), Mode::OneStroke),
                Err(Invalid::OneStrokeLength(u32::try_from(longest).unwrap())),
                "{paper}"
            );
        }
    }
}
