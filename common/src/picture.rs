//! Folds a drawing's actions into the visible picture.

use std::borrow::Cow;

use crate::drawing::{Action, Color, Stroke};
use crate::weapp;

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

/// The actions that draw the visible picture: one background, then the visible strokes in order with their times.
/// Strokes of a 2016 picture begin at 0. History is left out: playing the result gives the same picture.
#[must_use]
pub fn visible<'a>(actions: impl IntoIterator<Item = &'a Action>) -> Vec<Action> {
    let TimedPicture { picture, times } = fold_timed(actions);
    let strokes = picture.strokes.into_iter().zip(times);
    let strokes = strokes.map(|(stroke, at)| Action::Stroke { at, stroke: stroke.into_owned() });
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
}

/// Plays all actions and returns the picture that results.
///
/// Undo takes back the last entry in effect: a stroke, a background, a clear or a 2016 picture. Redo puts the entry that
/// was taken back last in effect again, until a new entry is made. Both have no effect when there is no such entry. A
/// clear removes the strokes and keeps the background; a 2016 picture replaces both.
pub fn fold<'a>(actions: impl IntoIterator<Item = &'a Action>) -> Picture<'a> {
    fold_timed(actions).picture
}

/// Plays all actions like [`fold`], and keeps the times of the visible strokes.
pub fn fold_timed<'a>(actions: impl IntoIterator<Item = &'a Action>) -> TimedPicture<'a> {
    let mut done: Vec<&Action> = Vec::new();
    let mut undone: Vec<&Action> = Vec::new();
    for action in actions {
        match action {
            Action::Undo { .. } => undone.extend(done.pop()),
            Action::Redo { .. } => done.extend(undone.pop()),
            Action::Stroke { .. }
            | Action::Background { .. }
            | Action::Clear { .. }
            | Action::Weapp { .. } => {
                undone.clear();
                done.push(action);
            }
        }
    }
    let mut picture = Picture { background: Color::WHITE, strokes: Vec::new(), weapp: None };
    let mut times = Vec::new();
    // The 2016 picture below the strokes. Only the last one is parsed, since a stored list may be megabytes of text.
    let mut below = None;
    for action in done {
        picture.weapp = None;
        match action {
            Action::Stroke { stroke, at } => {
                picture.strokes.push(Cow::Borrowed(stroke));
                times.push(*at);
            }
            Action::Background { color, .. } => picture.background = *color,
            Action::Clear { .. } => {
                picture.strokes.clear();
                times.clear();
                below = None;
            }
            Action::Weapp { text } => {
                picture.background = Color::WHITE;
                picture.strokes.clear();
                times.clear();
                picture.weapp = Some(text);
                below = Some(text);
            }
            Action::Undo { .. } | Action::Redo { .. } => {}
        }
    }
    if let Some(text) = below {
        let strokes = weapp::strokes(text);
        times.splice(..0, strokes.iter().map(|_| 0));
        picture.strokes.splice(..0, strokes.into_iter().map(Cow::Owned));
    }
    TimedPicture { picture, times }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Point, Tool};

    fn stroke(x: i32) -> Action {
        let points = vec![Point { x, y: 0, dt: 0 }];
        Action::Stroke {
            at: 0,
            stroke: Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 1, points },
        }
    }

    fn xs(actions: &[Action]) -> Vec<i32> {
        fold(actions).strokes.iter().map(|stroke| stroke.points[0].x).collect()
    }

    const UNDO: Action = Action::Undo { at: None };
    const REDO: Action = Action::Redo { at: None };
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
        assert_eq!(fold(&[save("169"), stroke(1)]).weapp, None);
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
            let visible = visible(&actions);
            assert_eq!(visible.len(), fold(&actions).strokes.len() + 1, "one background, then strokes");
            let (first, then) = (fold(&actions), fold(&visible));
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
        let times = |actions: &[Action]| fold_timed(actions).times;
        assert_eq!(times(&[at(5), at(9), UNDO, at(30)]), [5, 30]);
        assert_eq!(times(&[at(5), CLEAR, at(9)]), [9]);
        let path = r#"[{"method":"moveTo","data":[1,0]}]"#;
        let save = Action::Weapp { text: format!(r#"[{{"method":"strokePath","data":{path}}}]"#) };
        assert_eq!(times(&[at(5), save, at(40)]), [0, 40]);
    }

    #[test]
    fn clear_keeps_the_background_and_a_2016_picture_replaces_it() {
        let paper = Action::Background { color: Color([1, 2, 3]), at: None };
        assert_eq!(fold(&[paper.clone(), CLEAR]).background, Color([1, 2, 3]));
        let save = Action::Weapp { text: "[]".into() };
        let actions = [stroke(1), paper, save, UNDO];
        assert_eq!(fold(&actions[..3]).background, Color::WHITE);
        assert_eq!(fold(&actions[..3]).weapp, Some("[]"));
        assert!(fold(&actions[..3]).strokes.is_empty());
        assert_eq!(fold(&actions).background, Color([1, 2, 3]));
        assert_eq!(fold(&actions).weapp, None);
        assert_eq!(xs(&actions), [1]);
    }
}
