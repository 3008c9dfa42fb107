//! A drawing's model: an append-only list of actions on an integer grid.

#[cfg(test)]
pub(crate) mod arbitrary;

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::object::{self, Object};
use crate::{geometry, weapp};

/// The width of the grid when a client names none, in grid units.
pub const DEFAULT_WIDTH: u32 = 2048;
/// The height of the grid when a client names none, in grid units.
pub const DEFAULT_HEIGHT: u32 = 2731;
/// The narrowest and the widest, lowest and highest paper, in grid units.
pub const SIDE_RANGE: std::ops::RangeInclusive<u32> = 64..=8192;
/// The thinnest and the thickest stroke, in grid units.
pub const WIDTH_RANGE: std::ops::RangeInclusive<u16> = 1..=512;
/// The latest moment an action can carry, in milliseconds since its drawing began (about 34 years).
pub const MAX_AT: u64 = 1 << 40;
/// The hard bound on the points of a stroke that is read at all, whatever the settings allow.
pub const MAX_POINTS: usize = 100_000;

/// A colour without transparency, `#rrggbb` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(pub [u8; 3]);

impl Color {
    /// The paper's colour where no background was chosen.
    pub const WHITE: Self = Self([255; 3]);
    /// The colour of ink where none was chosen.
    pub const BLACK: Self = Self([0; 3]);

    /// Reads `#rrggbb`, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a colour is written #rrggbb"))
    }
}

/// What a stroke is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// A line of constant width.
    #[default]
    Pen,
    /// A line whose width follows the speed of the hand; see [`geometry`].
    Ink,
    /// Removes the strokes below it and shows the background.
    Eraser,
}

/// One sample of the hand's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// Grid units from the paper's left edge.
    pub x: i32,
    /// Grid units from the paper's upper edge.
    pub y: i32,
    /// Milliseconds since the point before; 0 for a stroke's first.
    pub dt: u32,
}

/// A line drawn in one movement. One point alone is a tap and shows as a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Stroke {
    /// What it is drawn with.
    pub tool: Tool,
    /// Its colour; an eraser's does not show.
    pub color: Color,
    /// Its width in grid units.
    pub width: u16,
    /// Its way; never empty. On the wire `[x0,y0,0, dx,dy,dt, …]`: flat, differences after the first.
    #[serde(serialize_with = "points_to_wire")]
    pub points: Vec<Point>,
}

/// One entry of a drawing's list. Undo, redo and clear are entries too, so a replay shows how the picture
/// came to be; what is visible in the end is a fold over them all (see [`crate::picture`]).
///
/// `at` is milliseconds since the drawing began. An action without one follows its predecessor at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// A stroke is drawn.
    Stroke {
        /// When its first point was touched.
        at: u64,
        /// The stroke.
        stroke: Stroke,
    },
    /// The paper below all strokes takes a colour.
    Background {
        /// The colour.
        color: Color,
        /// When.
        at: Option<u64>,
    },
    /// The last entry that is still in effect is taken back.
    Undo {
        /// When.
        at: Option<u64>,
    },
    /// The entry taken back last is put in effect again.
    Redo {
        /// When.
        at: Option<u64>,
    },
    /// All strokes are removed; the background stays.
    Clear {
        /// When.
        at: Option<u64>,
    },
    /// A whole picture as a client of 2016 saved it: it clears, then draws. No v1 client may append one.
    Weapp {
        /// The saved text, byte for byte; a JSON array of canvas actions.
        text: String,
    },
}

impl Action {
    /// How many strokes it adds to the list.
    #[must_use]
    pub fn stroke_count(&self) -> u32 {
        match self {
            Self::Stroke { .. } => 1,
            Self::Weapp { text } => u32::try_from(weapp::strokes(text).len()).unwrap_or(u32::MAX),
            Self::Background { .. } | Self::Undo { .. } | Self::Redo { .. } | Self::Clear { .. } => 0,
        }
    }

    /// How many points its strokes have.
    #[must_use]
    pub fn point_count(&self) -> u32 {
        let points = match self {
            Self::Stroke { stroke, .. } => stroke.points.len(),
            Self::Weapp { text } => weapp::strokes(text).iter().map(|stroke| stroke.points.len()).sum(),
            Self::Background { .. } | Self::Undo { .. } | Self::Redo { .. } | Self::Clear { .. } => 0,
        };
        u32::try_from(points).unwrap_or(u32::MAX)
    }
}

/// What a drawing's list may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Anything.
    #[default]
    Free,
    /// 一笔模式: exactly one stroke of bounded length; undo, redo and clear are refused.
    OneStroke,
}

/// The paper: fixed when the drawing is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Paper {
    /// Grid units from left to right.
    pub width: u32,
    /// Grid units from top to bottom.
    pub height: u32,
}

impl Default for Paper {
    fn default() -> Self {
        Self { width: DEFAULT_WIDTH, height: DEFAULT_HEIGHT }
    }
}

/// Why an action is no valid part of a drawing. The text is meant for the client's developer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// More points than a stroke may have.
    #[error("a stroke has at most {0} points")]
    TooManyPoints(u32),
    /// A stroke of no points.
    #[error("a stroke has at least one point")]
    NoPoints,
    /// A first point that is later than itself.
    #[error("the first point's dt is 0")]
    FirstDelta,
    /// A width out of range.
    #[error("a width is between {} and {}", WIDTH_RANGE.start(), WIDTH_RANGE.end())]
    Width,
    /// A point too far off the paper.
    #[error("a coordinate lies within {0} times the paper's size")]
    Coordinate(u32),
    /// A moment too late.
    #[error("at is at most {MAX_AT} ms")]
    At,
    /// A 2016 picture from another client than one of 2016.
    #[error("actions of type weapp come from 2016 clients only")]
    Weapp,
    /// Undo, redo or clear where one stroke is all there is.
    #[error("a one_stroke drawing takes no undo, redo or clear")]
    OneStrokeAction,
    /// A second stroke.
    #[error("a one_stroke drawing has one stroke")]
    SecondStroke,
    /// A stroke longer than the mode allows.
    #[error("the stroke of a one_stroke drawing is at most {0} grid units long")]
    OneStrokeLength(u32),
}

impl Action {
    /// Whether a v1 client may append this to a drawing on that paper.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(&self, paper: Paper, mode: Mode, limits: &Limits) -> Result<(), Invalid> {
        let late = |at: u64| if at > MAX_AT { Err(Invalid::At) } else { Ok(()) };
        match self {
            Self::Stroke { at, stroke } => {
                late(*at)?;
                stroke.validate(paper, limits)?;
                if mode == Mode::OneStroke
                    && geometry::path_length(&stroke.points) > f64::from(limits.one_stroke_length)
                {
                    return Err(Invalid::OneStrokeLength(limits.one_stroke_length));
                }
                Ok(())
            }
            Self::Background { at, .. } => late(at.unwrap_or(0)),
            Self::Undo { .. } | Self::Redo { .. } | Self::Clear { .. } if mode == Mode::OneStroke => {
                Err(Invalid::OneStrokeAction)
            }
            Self::Undo { at } | Self::Redo { at } | Self::Clear { at } => late(at.unwrap_or(0)),
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
        if !WIDTH_RANGE.contains(&self.width) {
            return Err(Invalid::Width);
        }
        let (x_bound, y_bound) = (
            u64::from(paper.width) * u64::from(limits.coordinate_factor),
            u64::from(paper.height) * u64::from(limits.coordinate_factor),
        );
        let outside =
            |p: &Point| u64::from(p.x.unsigned_abs()) > x_bound || u64::from(p.y.unsigned_abs()) > y_bound;
        if self.points.iter().any(outside) {
            return Err(Invalid::Coordinate(limits.coordinate_factor));
        }
        Ok(())
    }
}

fn points_to_wire<S: Serializer>(points: &[Point], serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(points.len() * 3))?;
    let mut before = Point::default();
    for point in points {
        seq.serialize_element(&(i64::from(point.x) - i64::from(before.x)))?;
        seq.serialize_element(&(i64::from(point.y) - i64::from(before.y)))?;
        seq.serialize_element(&point.dt)?;
        before = *point;
    }
    seq.end()
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let at = match self {
            Self::Stroke { at, stroke } => {
                map.serialize_entry("type", "stroke")?;
                map.serialize_entry("tool", &stroke.tool)?;
                map.serialize_entry("color", &stroke.color)?;
                map.serialize_entry("width", &stroke.width)?;
                map.serialize_entry("at", at)?;
                map.serialize_entry("points", &WirePoints(&stroke.points))?;
                None
            }
            Self::Background { color, at } => {
                map.serialize_entry("type", "background")?;
                map.serialize_entry("color", color)?;
                *at
            }
            Self::Undo { at } => {
                map.serialize_entry("type", "undo")?;
                *at
            }
            Self::Redo { at } => {
                map.serialize_entry("type", "redo")?;
                *at
            }
            Self::Clear { at } => {
                map.serialize_entry("type", "clear")?;
                *at
            }
            Self::Weapp { text } => {
                map.serialize_entry("type", "weapp")?;
                map.serialize_entry("strokes", &weapp::strokes(text))?;
                None
            }
        };
        if let Some(at) = at {
            map.serialize_entry("at", &at)?;
        }
        map.end()
    }
}

struct WirePoints<'a>(&'a [Point]);

impl Serialize for WirePoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        points_to_wire(self.0, serializer)
    }
}

/// An action as it stands on the wire, its keys in any order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAction<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default, deserialize_with = "object::present")]
    tool: Option<Tool>,
    #[serde(default, deserialize_with = "object::present")]
    color: Option<Color>,
    #[serde(default, deserialize_with = "object::present")]
    width: Option<u16>,
    #[serde(default, deserialize_with = "object::present")]
    at: Option<u64>,
    #[serde(default, deserialize_with = "points_from_wire")]
    points: Option<Vec<Point>>,
}

impl<'de> Deserialize<'de> for Action {
    /// Refuses unknown types, tools and members: what is not understood must not be dropped.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(wire) = Object::<WireAction<'de>>::deserialize(deserializer)?;
        let only = |stroke: bool, color: bool| {
            if !stroke && (wire.tool.is_some() || wire.width.is_some() || wire.points.is_some())
                || !color && wire.color.is_some()
            {
                return Err(de::Error::custom("a member that this type of action does not have"));
            }
            Ok(())
        };
        match &*wire.kind {
            "stroke" => Ok(Self::Stroke {
                at: wire.at.ok_or_else(|| de::Error::missing_field("at"))?,
                stroke: Stroke {
                    tool: wire.tool.unwrap_or_default(),
                    color: wire.color.ok_or_else(|| de::Error::missing_field("color"))?,
                    width: wire.width.ok_or_else(|| de::Error::missing_field("width"))?,
                    points: wire.points.ok_or_else(|| de::Error::missing_field("points"))?,
                },
            }),
            "background" => {
                only(false, true)?;
                let color = wire.color.ok_or_else(|| de::Error::missing_field("color"))?;
                Ok(Self::Background { color, at: wire.at })
            }
            "undo" => only(false, false).map(|()| Self::Undo { at: wire.at }),
            "redo" => only(false, false).map(|()| Self::Redo { at: wire.at }),
            "clear" => only(false, false).map(|()| Self::Clear { at: wire.at }),
            other => {
                Err(de::Error::unknown_variant(other, &["stroke", "background", "undo", "redo", "clear"]))
            }
        }
    }
}

fn points_from_wire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Point>>, D::Error> {
    struct Flat;

    impl<'de> Visitor<'de> for Flat {
        type Value = Vec<Point>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a flat array of integers, three a point")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Point>, A::Error> {
            let mut points: Vec<Point> = Vec::new();
            let mut before = Point::default();
            while let Some(dx) = seq.next_element::<i32>()? {
                let missing = || de::Error::custom("the points' array ends within a point");
                let dy: i32 = seq.next_element()?.ok_or_else(missing)?;
                let dt: u32 = seq.next_element()?.ok_or_else(missing)?;
                let overflow = || de::Error::custom("a coordinate is out of range");
                let x = before.x.checked_add(dx).ok_or_else(overflow)?;
                let y = before.y.checked_add(dy).ok_or_else(overflow)?;
                before = Point { x, y, dt };
                if points.len() == MAX_POINTS {
                    return Err(de::Error::custom("too many points"));
                }
                points.push(before);
            }
            Ok(points)
        }
    }

    deserializer.deserialize_seq(Flat).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Action, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_stroke_reads_and_writes_its_wire_form() {
        let json = r##"{"type":"stroke","tool":"ink","color":"#ff0000","width":28,"at":1830,"points":[10,20,0,-3,4,16]}"##;
        let action = parse(json).unwrap();
        let Action::Stroke { at, stroke } = &action else { panic!("{action:?}") };
        assert_eq!((*at, stroke.tool, stroke.color, stroke.width), (1830, Tool::Ink, Color([255, 0, 0]), 28));
        assert_eq!(stroke.points, [Point { x: 10, y: 20, dt: 0 }, Point { x: 7, y: 24, dt: 16 }]);
        assert_eq!(serde_json::to_string(&action).unwrap(), json);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for json in [
            r##"{"type":"spray","at":1}"##,
            r##"{"type":"weapp","strokes":[]}"##,
            r##"{"type":"undo","width":3}"##,
            r##"{"type":"undo","color":"#ffffff"}"##,
            r##"{"type":"undo","color":null}"##,
            r##"{"type":"undo","at":null}"##,
            r##"{"type":"stroke","tool":"laser","color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","pressure":1,"color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"red","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[0,0,-1]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[2147483647,0,0,1,0,1]}"##,
            r##"{"type":"background","at":0}"##,
            r##"["undo",null,null,null,null,null]"##,
        ] {
            assert!(parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn each_rule_names_itself() {
        let limits = Limits { points_per_stroke: 2, one_stroke_length: 100, ..Limits::default() };
        let stroke = |width, points: Vec<(i32, i32, u32)>| Action::Stroke {
            at: 0,
            stroke: Stroke {
                tool: Tool::Pen,
                color: Color::BLACK,
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
        assert_eq!(check(stroke(0, vec![(0, 0, 0)]), Mode::Free), Err(Invalid::Width));
        assert_eq!(check(stroke(513, vec![(0, 0, 0)]), Mode::Free), Err(Invalid::Width));
        assert_eq!(check(stroke(1, vec![]), Mode::Free), Err(Invalid::NoPoints));
        assert_eq!(check(stroke(1, vec![(0, 0, 1)]), Mode::Free), Err(Invalid::FirstDelta));
        assert_eq!(check(stroke(1, vec![(0, 0, 0); 3]), Mode::Free), Err(Invalid::TooManyPoints(2)));
        assert_eq!(check(stroke(1, vec![(-8192, 0, 0)]), Mode::Free), Ok(()));
        assert_eq!(check(stroke(1, vec![(-8193, 0, 0)]), Mode::Free), Err(Invalid::Coordinate(4)));
        assert_eq!(check(Action::Undo { at: None }, Mode::OneStroke), Err(Invalid::OneStrokeAction));
        assert_eq!(check(Action::Undo { at: Some(MAX_AT + 1) }, Mode::Free), Err(Invalid::At));
        assert_eq!(check(Action::Weapp { text: "[]".into() }, Mode::Free), Err(Invalid::Weapp));
    }
}
