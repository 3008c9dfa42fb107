//! The JSON form of colours, strokes and actions.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::{Action, Color, MAX_AUTHORS, MAX_POINTS, OWNER, Point, Stroke, Tool};
use crate::object::{self, Object};
use crate::weapp;

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a colour is written #rrggbb"))
    }
}

/// For `skip_serializing_if`, which passes a reference.
pub(super) fn is_opaque(alpha: &u8) -> bool {
    *alpha == Stroke::OPAQUE
}

pub(super) fn serialize_points<S: Serializer>(points: &[Point], serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(points.len() * 3))?;
    let mut previous = Point::default();
    for point in points {
        seq.serialize_element(&(i64::from(point.x) - i64::from(previous.x)))?;
        seq.serialize_element(&(i64::from(point.y) - i64::from(previous.y)))?;
        seq.serialize_element(&point.dt)?;
        previous = *point;
    }
    seq.end()
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let at = match self {
            Self::Stroke { by, at, stroke } => {
                map.serialize_entry("type", "stroke")?;
                serialize_author(&mut map, *by)?;
                map.serialize_entry("tool", &stroke.tool)?;
                map.serialize_entry("color", &stroke.color)?;
                if !is_opaque(&stroke.alpha) {
                    map.serialize_entry("alpha", &stroke.alpha)?;
                }
                map.serialize_entry("width", &stroke.width)?;
                map.serialize_entry("at", at)?;
                map.serialize_entry("points", &FlatPoints(&stroke.points))?;
                None
            }
            Self::Background { color, at } => {
                map.serialize_entry("type", "background")?;
                map.serialize_entry("color", color)?;
                *at
            }
            Self::Undo { by, at } => {
                map.serialize_entry("type", "undo")?;
                serialize_author(&mut map, *by)?;
                *at
            }
            Self::Redo { by, at } => {
                map.serialize_entry("type", "redo")?;
                serialize_author(&mut map, *by)?;
                *at
            }
            Self::Remove { seq, at } => {
                map.serialize_entry("type", "remove")?;
                map.serialize_entry("seq", seq)?;
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

fn serialize_author<M: SerializeMap>(map: &mut M, by: u16) -> Result<(), M::Error> {
    if by == OWNER { Ok(()) } else { map.serialize_entry("by", &by) }
}

struct FlatPoints<'a>(&'a [Point]);

impl Serialize for FlatPoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_points(self.0, serializer)
    }
}

/// The members of all types of action, in any order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionMembers<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default, deserialize_with = "object::present")]
    tool: Option<Tool>,
    #[serde(default, deserialize_with = "object::present")]
    color: Option<Color>,
    #[serde(default, deserialize_with = "object::present")]
    width: Option<u16>,
    #[serde(default, deserialize_with = "object::present")]
    at: Option<u64>,
    #[serde(default, deserialize_with = "deserialize_points")]
    points: Option<Vec<Point>>,
    #[serde(default, deserialize_with = "object::present")]
    by: Option<u16>,
    #[serde(default, deserialize_with = "object::present")]
    seq: Option<u32>,
}

impl ActionMembers<'_> {
    /// Refuses the members that only strokes have, and the colour unless the type has one.
    fn refuse_stroke_members(&self, takes_color: bool) -> Result<(), &'static str> {
        let of_strokes = self.tool.is_some() || self.width.is_some() || self.points.is_some();
        if of_strokes || !takes_color && self.color.is_some() { Err(FOREIGN_MEMBER) } else { Ok(()) }
    }

    /// The author, for the types that any author may append.
    fn author(&self) -> Result<u16, &'static str> {
        match self.by.unwrap_or(OWNER) {
            by if by < MAX_AUTHORS => Ok(by),
            _ => Err("a drawing has no such author"),
        }
    }

    /// Refuses an author, for the types that only the owner may append.
    fn refuse_author(&self) -> Result<(), &'static str> {
        if self.by.is_none_or(|by| by == OWNER) { Ok(()) } else { Err(FOREIGN_MEMBER) }
    }
}

const FOREIGN_MEMBER: &str = "a member that this type of action does not have";

impl<'de> Deserialize<'de> for Action {
    /// Refuses unknown types, tools and members, which would otherwise be lost. An opacity and the type `weapp`, which
    /// a server writes, are among them: no client may send either.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(members) = Object::<ActionMembers<'de>>::deserialize(deserializer)?;
        if members.seq.is_some() && members.kind != "remove" {
            return Err(de::Error::custom(FOREIGN_MEMBER));
        }
        let by_any = || {
            members.refuse_stroke_members(false).map_err(de::Error::custom)?;
            members.author().map_err(de::Error::custom)
        };
        let by_owner = |takes_color| {
            members.refuse_stroke_members(takes_color).map_err(de::Error::custom)?;
            members.refuse_author().map_err(de::Error::custom)
        };
        match &*members.kind {
            "stroke" => Ok(Self::Stroke {
                by: members.author().map_err(de::Error::custom)?,
                at: members.at.ok_or_else(|| de::Error::missing_field("at"))?,
                stroke: Stroke {
                    tool: members.tool.unwrap_or_default(),
                    color: members.color.ok_or_else(|| de::Error::missing_field("color"))?,
                    alpha: Stroke::OPAQUE,
                    width: members.width.ok_or_else(|| de::Error::missing_field("width"))?,
                    points: members.points.ok_or_else(|| de::Error::missing_field("points"))?,
                },
            }),
            "background" => {
                by_owner(true)?;
                let color = members.color.ok_or_else(|| de::Error::missing_field("color"))?;
                Ok(Self::Background { color, at: members.at })
            }
            "undo" => by_any().map(|by| Self::Undo { by, at: members.at }),
            "redo" => by_any().map(|by| Self::Redo { by, at: members.at }),
            "clear" => by_owner(false).map(|()| Self::Clear { at: members.at }),
            "remove" => {
                by_owner(false)?;
                let seq = members.seq.ok_or_else(|| de::Error::missing_field("seq"))?;
                Ok(Self::Remove { seq, at: members.at })
            }
            other => Err(de::Error::unknown_variant(
                other,
                &["stroke", "background", "undo", "redo", "clear", "remove"],
            )),
        }
    }
}

fn deserialize_points<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Point>>, D::Error> {
    struct Flat;

    impl<'de> Visitor<'de> for Flat {
        type Value = Vec<Point>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a flat array of integers, three a point")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Point>, A::Error> {
            let mut points: Vec<Point> = Vec::new();
            let mut last = Point::default();
            while let Some(dx) = seq.next_element::<i32>()? {
                let missing = || de::Error::custom("the points' array ends within a point");
                let dy: i32 = seq.next_element()?.ok_or_else(missing)?;
                let dt: u32 = seq.next_element()?.ok_or_else(missing)?;
                let overflow = || de::Error::custom("a coordinate is out of range");
                let x = last.x.checked_add(dx).ok_or_else(overflow)?;
                let y = last.y.checked_add(dy).ok_or_else(overflow)?;
                last = Point { x, y, dt };
                if points.len() == MAX_POINTS {
                    return Err(de::Error::custom("too many points"));
                }
                points.push(last);
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
    fn a_stroke_keeps_its_json_form() {
        let json = r##"{"type":"stroke","tool":"ink","color":"#ff0000","width":28,"at":1830,"points":[10,20,0,-3,4,16]}"##;
        let action = parse(json).unwrap();
        let Action::Stroke { by: OWNER, at, stroke } = &action else { panic!("{action:?}") };
        assert_eq!((*at, stroke.tool, stroke.color, stroke.width), (1830, Tool::Ink, Color([255, 0, 0]), 28));
        assert_eq!(stroke.points, [Point { x: 10, y: 20, dt: 0 }, Point { x: 7, y: 24, dt: 16 }]);
        assert_eq!(serde_json::to_string(&action).unwrap(), json);
    }

    #[test]
    fn an_opacity_is_written_and_never_read() {
        let text = r##"[{"method":"setStrokeStyle","data":["rgba(255,255,0,0.3)"]},
            {"method":"strokePath","data":[{"method":"moveTo","data":[169,0]}]}]"##;
        let picture = serde_json::to_string(&Action::Weapp { text: text.to_owned() }).unwrap();
        let stroke = r##"{"tool":"pen","color":"#ffff00","alpha":77,"width":6,"points":[1024,0,0]}"##;
        assert_eq!(picture, format!(r#"{{"type":"weapp","strokes":[{stroke}]}}"#));

        let stroke = weapp::strokes(text).remove(0);
        let json = serde_json::to_string(&Action::Stroke { by: OWNER, at: 0, stroke }).unwrap();
        assert!(json.contains(r#""alpha":77,"#), "{json}");
        assert!(parse(&json).is_err());
        assert!(parse(&json.replace(r#""alpha":77,"#, "")).is_ok());
    }

    #[test]
    fn an_author_is_written_unless_it_is_the_owner() {
        for json in [
            r##"{"type":"stroke","by":3,"tool":"pen","color":"#ff0000","width":28,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"undo","by":199,"at":7}"##,
            r##"{"type":"redo","by":1}"##,
            r##"{"type":"remove","seq":0}"##,
            r##"{"type":"remove","seq":4294967295,"at":9}"##,
        ] {
            assert_eq!(serde_json::to_string(&parse(json).unwrap()).unwrap(), json);
        }
        for (json, short) in [
            (r##"{"type":"undo","by":0}"##, r##"{"type":"undo"}"##),
            (r##"{"type":"clear","by":0}"##, r##"{"type":"clear"}"##),
        ] {
            assert_eq!(parse(json), parse(short));
        }
    }

    #[test]
    fn unknown_types_members_and_values_are_refused() {
        for json in [
            r##"{"type":"spray","at":1}"##,
            r##"{"type":"weapp","strokes":[]}"##,
            r##"{"type":"undo","width":3}"##,
            r##"{"type":"undo","color":"#ffffff"}"##,
            r##"{"type":"undo","color":null}"##,
            r##"{"type":"undo","at":null}"##,
            r##"{"type":"background","color":"#ffffff","width":3}"##,
            r##"{"type":"stroke","tool":"laser","color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","pressure":1,"color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","alpha":255,"color":"#ff0000","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"red","width":1,"at":0,"points":[0,0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[0,0]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[0,0,-1]}"##,
            r##"{"type":"stroke","color":"#ff0000","width":1,"at":0,"points":[2147483647,0,0,1,0,1]}"##,
            r##"{"type":"background","at":0}"##,
            r##"{"type":"background","color":"#ffffff","by":1}"##,
            r##"{"type":"clear","by":1}"##,
            r##"{"type":"undo","by":200}"##,
            r##"{"type":"undo","by":-1}"##,
            r##"{"type":"undo","by":null}"##,
            r##"{"type":"undo","seq":0}"##,
            r##"{"type":"remove"}"##,
            r##"{"type":"remove","seq":-1}"##,
            r##"{"type":"remove","seq":0,"by":1}"##,
            r##"{"type":"remove","seq":0,"width":1}"##,
            r##"["undo",null,null,null,null,null]"##,
        ] {
            assert!(parse(json).is_err(), "{json}");
        }
    }
}
