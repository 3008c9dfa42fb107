//! Folds a drawing's actions into the visible picture.

mod history;

use std::borrow::Cow;

use crate::drawing::{Action, Color, OWNER, Stroke};
use crate::weapp;

pub use history::{History, Step};

/// The visible picture: a coloured paper with strokes on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture<'a> {
    /// The paper's colour.
    pub background: Color,
    /// The strokes in the order of drawing, the lowest first, erasers among them.
    pub strokes: Vec<Cow<'a, Stroke>>,
    /// The saved text, if the whole picture is one save of a 2016 client without anything on top.
    pub weapp: Option<&'a str>,
}

/// The actions that draw the visible picture: one background, then the visible strokes in order, with their authors and
/// times. Strokes of a 2016 picture are the owner's and begin at 0. History is left out: playing the result gives the
/// same picture. `first` is the number of the first action.
#[must_use]
pub fn visible<'a>(first: u32, actions: impl IntoIterator<Item = &'a Action>) -> Vec<Action> {
    let TimedPicture { picture, times, authors } = fold_timed(first, actions);
    let strokes = picture.strokes.into_iter().zip(times).zip(authors);
    let strokes = strokes.map(|((stroke, at), by)| Action::Stroke { by, at, stroke: stroke.into_owned() });
    std::iter::once(Action::Background { color: picture.background, at: None }).chain(strokes).collect()
}

/// The visible picture, with the times that a replay of its strokes needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedPicture<'a> {
    /// The visible picture.
    pub picture: Picture<'a>,
    /// The time at which each of the picture's strokes began, in milliseconds since the drawing began. Strokes of a
    /// 2016 picture, which holds no times, have 0.
    pub times: Vec<u64>,
    /// The author of each of the picture's strokes.
    pub authors: Vec<u16>,
}

/// Plays all actions and returns the picture that results. `first` is the number of the first action: a drawing that a
/// 2016 client saved more than once no longer has the action 0, and removals name strokes by their numbers.
///
/// [`History`] decides which entries are in effect. A clear removes the strokes and keeps the background; a 2016 picture
/// replaces both.
pub fn fold<'a>(first: u32, actions: impl IntoIterator<Item = &'a Action>) -> Picture<'a> {
    fold_timed(first, actions).picture
}

/// Plays all actions like [`fold`], and keeps the authors and times of the visible strokes.
pub fn fold_timed<'a>(first: u32, actions: impl IntoIterator<Item = &'a Action>) -> TimedPicture<'a> {
    let actions: Vec<&Action> = actions.into_iter().collect();
    let mut history = History::new(first);
    actions.iter().for_each(|action| history.push(Step::from(*action)));
    let done = history.done().iter().filter_map(|position| actions.get(*position).copied());
    let mut picture = Picture { background: Color::WHITE, strokes: Vec::new(), weapp: None };
    let mut times = Vec::new();
    let mut authors = Vec::new();
    // The 2016 picture below the strokes. Only the last one is parsed, since a stored list may be megabytes of text.
    let mut below = None;
    for action in done {
        picture.weapp = None;
        match action {
            Action::Stroke { by, stroke, at } => {
                picture.strokes.push(Cow::Borrowed(stroke));
                times.push(*at);
                authors.push(*by);
            }
            Action::Background { color, .. } => picture.background = *color,
            Action::Clear { .. } => {
                picture.strokes.clear();
                times.clear();
                authors.clear();
                below = None;
            }
            Action::Weapp { text } => {
                picture.background = Color::WHITE;
                picture.strokes.clear();
                times.clear();
                authors.clear();
                picture.weapp = Some(text);
                below = Some(text);
            }
            Action::Undo { .. } | Action::Redo { .. } | Action::Remove { .. } => {}
        }
    }
    if let Some(text) = below {
        let strokes = weapp::strokes(text);
        times.splice(..0, strokes.iter().map(|_| 0));
        authors.splice(..0, strokes.iter().map(|_| OWNER));
        picture.strokes.splice(..0, strokes.into_iter().map(Cow::Owned));
    }
    TimedPicture { picture, times, authors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Point, Tool};

    fn stroke(x: i32) -> Action {
        let points = vec![Point { x, y: 0, dt: 0 }];
        Action::Stroke {
            by: OWNER,
            at: 0,
            stroke: Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 1, points },
        }
    }

    fn xs(actions: &[Action]) -> Vec<i32> {
        fold(0, actions).strokes.iter().map(|stroke| stroke.points[0].x).collect()
    }

    const UNDO: Action = Action::Undo { by: OWNER, at: None };
    const REDO: Action = Action::Redo { by: OWNER, at: None };
    const CLEAR: Action = Action::Clear { at: None };

    #[test]
    fn undo_and_redo_move_along_the_entries() {
        assert_eq!(xs(&[stroke(1), stroke(2), UNDO]), [1]);
        assert_eq!(xs(&[stroke(1), stroke(2), UNDO, UNDO, UNDO, REDO]), [1]);
        assert_eq!(xs(&[stroke(1), stroke(2), UNDO, stroke(3), REDO]), [1, 3]);
        assert_eq!(xs(&[stroke(1), CLEAR, stroke(2)]), [2]);
        assert_eq!(xs(&[stroke(1), CLEAR, UNDO]), [1]);
        assert_eq!(xs(&[UNDO, REDO]), Vec::<i32>::new());
    }

    #[test]
    fn strokes_lie_above_the_last_2016_picture() {
        let save = |x: &str| {
            let path = format!(r#"[{{"method":"moveTo","data":[{x},0]}}]"#);
            Action::Weapp { text: format!(r#"[{{"method":"strokePath","data":{path}}}]"#) }
        };
        assert_eq!(xs(&[save("169")]), [1024]);
        assert_eq!(xs(&[stroke(1), save("0"), stroke(2), save("169"), stroke(3), stroke(4)]), [1024, 3, 4]);
        assert_eq!(xs(&[save("169"), stroke(1), CLEAR, stroke(2)]), [2]);
        assert_eq!(xs(&[save("169"), stroke(1), CLEAR, UNDO]), [1024, 1]);
        assert_eq!(fold(0, &[save("169"), stroke(1)]).weapp, None);
    }

    #[test]
    fn the_visible_actions_draw_the_same_picture_without_its_history() {
        let paper = Action::Background { color: Color([1, 2, 3]), at: None };
        let path = r#"[{"method":"moveTo","data":[169,0]}]"#;
        let save = Action::Weapp { text: format!(r#"[{{"method":"strokePath","data":{path}}}]"#) };
        for actions in [
            vec![],
            vec![paper.clone(), stroke(1), stroke(2), UNDO],
            vec![stroke(1), CLEAR, paper.clone(), stroke(2)],
            vec![stroke(1), paper, save.clone(), stroke(3)],
            vec![save.clone(), CLEAR, stroke(4)],
            vec![save, CLEAR, UNDO],
        ] {
            let visible = visible(0, &actions);
            assert_eq!(visible.len(), fold(0, &actions).strokes.len() + 1, "one background, then strokes");
            let (first, then) = (fold(0, &actions), fold(0, &visible));
            assert_eq!((first.background, first.strokes), (then.background, then.strokes));
        }
    }

    #[test]
    fn each_visible_stroke_keeps_its_time() {
        let at = |time| {
            let mut action = stroke(1);
            if let Action::Stroke { at, .. } = &mut action {
                *at = time;
            }
            action
        };
        let times = |actions: &[Action]| fold_timed(0, actions).times;
        assert_eq!(times(&[at(5), at(9), UNDO, at(30)]), [5, 30]);
        assert_eq!(times(&[at(5), CLEAR, at(9)]), [9]);
        let path = r#"[{"method":"moveTo","data":[1,0]}]"#;
        let save = Action::Weapp { text: format!(r#"[{{"method":"strokePath","data":{path}}}]"#) };
        assert_eq!(times(&[at(5), save, at(40)]), [0, 40]);
    }

    #[test]
    fn each_visible_stroke_keeps_its_author() {
        let by = |author, x| stroke(x).signed(author).unwrap();
        let path = r#"[{"method":"moveTo","data":[169,0]}]"#;
        let save = Action::Weapp { text: format!(r#"[{{"method":"strokePath","data":{path}}}]"#) };
        let actions = [save, by(1, 1), by(2, 2), stroke(3), Action::Undo { by: 1, at: None }];
        assert_eq!(fold_timed(0, &actions).authors, [OWNER, 2, OWNER]);
        let authors: Vec<u16> = visible(0, &actions).iter().map(Action::by).collect();
        assert_eq!(authors, [OWNER, OWNER, 2, OWNER], "the background, the 2016 stroke, two strokes");
        // Of a drawing whose actions 0 to 4 are gone, the action 7 is the third that is left.
        let removal = Action::Remove { seq: 7, at: None };
        let actions = [actions.as_slice(), &[removal]].concat();
        assert_eq!(fold_timed(5, &actions).authors, [OWNER, OWNER]);
    }

    #[test]
    fn clear_keeps_the_background_and_a_2016_picture_replaces_it() {
        let paper = Action::Background { color: Color([1, 2, 3]), at: None };
        assert_eq!(fold(0, &[paper.clone(), CLEAR]).background, Color([1, 2, 3]));
        let save = Action::Weapp { text: "[]".into() };
        let actions = [stroke(1), paper, save, UNDO];
        assert_eq!(fold(0, &actions[..3]).background, Color::WHITE);
        assert_eq!(fold(0, &actions[..3]).weapp, Some("[]"));
        assert!(fold(0, &actions[..3]).strokes.is_empty());
        assert_eq!(fold(0, &actions).background, Color([1, 2, 3]));
        assert_eq!(fold(0, &actions).weapp, None);
        assert_eq!(xs(&actions), [1]);
    }
}
