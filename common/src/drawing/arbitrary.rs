//! Strategies for property tests: drawings as hands make them, and drawings at the edge of their types.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Action, Color, MAX_AT, MAX_AUTHORS, MAX_WIDTH, OWNER, Point, Stroke, Tool};

pub(crate) fn color() -> impl Strategy<Value = Color> {
    any::<[u8; 3]>().prop_map(Color)
}

pub(crate) fn tool() -> impl Strategy<Value = Tool> {
    prop_oneof![Just(Tool::Pen), Just(Tool::Ink), Just(Tool::Eraser)]
}

/// Points of any value, with 0 as the first `dt`.
fn wild_points() -> impl Strategy<Value = Vec<Point>> {
    let edge = || prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), -9000..9000];
    let dt = prop_oneof![any::<u32>(), Just(u32::MAX), 0..40_u32];
    vec((edge(), edge(), dt), 1..40).prop_map(|points| {
        let mut points: Vec<Point> = points.into_iter().map(|(x, y, dt)| Point { x, y, dt }).collect();
        points[0].dt = 0;
        points
    })
}

/// The path of a hand: small steps at about 60 Hz, on the paper and somewhat off it.
pub(crate) fn hand_points() -> impl Strategy<Value = Vec<Point>> {
    let step = (-60..60_i32, -60..60_i32, 15..19_u32);
    (-8000..8000_i32, -8000..8000_i32, vec(step, 0..200)).prop_map(|(x, y, steps)| {
        let mut last = Point { x, y, dt: 0 };
        let mut points = vec![last];
        for (dx, dy, dt) in steps {
            last = Point { x: (last.x + dx).clamp(-8192, 8192), y: (last.y + dy).clamp(-8192, 8192), dt };
            points.push(last);
        }
        points
    })
}

pub(crate) fn stroke(
    widths: RangeInclusive<u16>,
    points: impl Strategy<Value = Vec<Point>>,
) -> impl Strategy<Value = Stroke> {
    let alpha = prop_oneof![4 => Just(Stroke::OPAQUE), 1 => 1..Stroke::OPAQUE];
    (tool(), color(), alpha, widths, points).prop_map(|(tool, color, alpha, width, points)| Stroke {
        tool,
        color,
        alpha: if tool == Tool::Pen { alpha } else { Stroke::OPAQUE },
        width,
        points,
    })
}

pub(crate) fn author() -> impl Strategy<Value = u16> {
    prop_oneof![2 => Just(OWNER), 1 => 1..4_u16, 1 => 1..MAX_AUTHORS]
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let at = || prop_oneof![0..=MAX_AT, any::<u64>(), Just(u64::MAX)];
    let moment = move || proptest::option::of(prop_oneof![Just(0), at()]);
    let points = prop_oneof![wild_points(), hand_points()];
    prop_oneof![
        4 => (author(), at(), stroke(1..=MAX_WIDTH, points))
            .prop_map(|(by, at, stroke)| Action::Stroke { by, at, stroke }),
        1 => (color(), moment()).prop_map(|(color, at)| Action::Background { color, at }),
        1 => (author(), moment()).prop_map(|(by, at)| Action::Undo { by, at }),
        1 => (author(), moment()).prop_map(|(by, at)| Action::Redo { by, at }),
        1 => (any::<u32>(), moment()).prop_map(|(seq, at)| Action::Remove { seq, at }),
        1 => moment().prop_map(|at| Action::Clear { at }),
        1 => any::<String>().prop_map(|text| Action::Weapp { text }),
        1 => vec("[a-z]{0,9}", 0..200).prop_map(|words| Action::Weapp { text: words.join("\",\"") }),
    ]
}
