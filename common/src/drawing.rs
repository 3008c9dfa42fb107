//! A drawing's model: an append-only list of actions on an integer grid.

#[cfg(test)]
pub(crate) mod arbitrary;
mod rules;
mod wire;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::weapp;

pub use rules::Invalid;

/// The paper's width when a client names none, in grid units.
pub const DEFAULT_WIDTH: u32 = 2048;
/// The paper's height when a client names none, in grid units.
pub const DEFAULT_HEIGHT: u32 = 2731;
/// The sizes that a side of the paper may have, in grid units.
pub const SIDE_RANGE: std::ops::RangeInclusive<u32> = 64..=8192;
/// The widths that a stroke may have on the default grid, in grid units. A finer grid allows thicker strokes in
/// proportion, see [`Paper::max_stroke_width`].
pub const WIDTH_RANGE: std::ops::RangeInclusive<u16> = 1..=512;
/// The thickest stroke on the finest grid, in grid units.
pub const MAX_WIDTH: u16 = 2048;
/// The latest time an action may carry, in milliseconds since its drawing began (about 34 years).
pub const MAX_AT: u64 = 1 << 40;
/// The hard limit of points that are read for one stroke, whatever the settings allow.
pub const MAX_POINTS: usize = 100_000;
/// The number under which the owner of a drawing stands among its authors.
pub const OWNER: u16 = 0;
/// The largest number of authors of one drawing, the owner included.
pub const MAX_AUTHORS: u16 = 200;

/// An opaque colour (red, green, blue); `#rrggbb` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(pub [u8; 3]);

impl Color {
    /// The paper's colour while no background is chosen.
    pub const WHITE: Self = Self([255; 3]);
    /// The colour that a 2016 canvas starts with.
    pub const BLACK: Self = Self([0; 3]);

    /// Parses `#rrggbb`, in either case; `None` for any other text.
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

/// The tool that draws a stroke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Draws a line of constant width.
    #[default]
    Pen,
    /// Draws a line whose width follows the speed of the hand; see [`geometry`](crate::geometry).
    Ink,
    /// Removes the strokes below it and shows the background.
    Eraser,
}

/// One sample of the hand's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// Grid units from the paper's left edge.
    pub x: i32,
    /// Grid units from the paper's upper edge.
    pub y: i32,
    /// Milliseconds since the previous point; 0 for a stroke's first.
    pub dt: u32,
}

/// A line drawn in one movement. A single point is a tap and shows as a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Stroke {
    /// The tool that draws it.
    pub tool: Tool,
    /// The colour; of no effect for an eraser.
    pub color: Color,
    /// The opacity, 1 to [`OPAQUE`](Self::OPAQUE). Only pens have less than that, and only those of a 2016 picture:
    /// no client sends it. Absent from the JSON form where it is [`OPAQUE`](Self::OPAQUE).
    #[serde(skip_serializing_if = "wire::is_opaque")]
    pub alpha: u8,
    /// The width in grid units.
    pub width: u16,
    /// The path; never empty in a valid stroke. In JSON `[x0,y0,0, dx,dy,dt, …]`: flat, differences after the first.
    #[serde(serialize_with = "wire::serialize_points")]
    pub points: Vec<Point>,
}

impl Stroke {
    /// The opacity of a stroke that hides everything below it.
    pub const OPAQUE: u8 = u8::MAX;
}

/// One entry of a drawing's list. Undo, redo and clear are entries too, so a replay shows how the picture came to
/// be; the visible picture is a fold over all entries (see [`picture`](crate::picture)).
///
/// `at` is the time in milliseconds since the drawing began. An action without it follows its predecessor at once.
///
/// `by` is the number of the action's author in the drawing's list of authors; [`OWNER`] is its first entry. Actions
/// without `by` are the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Draws a stroke.
    Stroke {
        /// The author.
        by: u16,
        /// The time at which its first point was touched.
        at: u64,
        /// The stroke.
        stroke: Stroke,
    },
    /// Sets the colour of the paper below all strokes.
    Background {
        /// The paper's new colour.
        color: Color,
        /// The time of the change, if known.
        at: Option<u64>,
    },
    /// Takes back its author's last entry in effect.
    Undo {
        /// The author.
        by: u16,
        /// The time of the undo, if known.
        at: Option<u64>,
    },
    /// Puts the entry that its author took back last in effect again.
    Redo {
        /// The author.
        by: u16,
        /// The time of the redo, if known.
        at: Option<u64>,
    },
    /// Removes all strokes and keeps the background.
    Clear {
        /// The time of the clear, if known.
        at: Option<u64>,
    },
    /// Removes the stroke of any author for good. Only rooms write it; v1 clients can't append it.
    Remove {
        /// The number of the stroke's action in the drawing's list, whose first action is 0.
        seq: u32,
        /// The time of the removal, if known.
        at: Option<u64>,
    },
    /// Replaces the whole picture by one that a 2016 client saved. v1 clients can't append it.
    Weapp {
        /// The saved text, byte for byte; a JSON array of canvas actions.
        text: String,
    },
}

impl Action {
    /// The number of strokes that the action adds to the list.
    #[must_use]
    pub fn stroke_count(&self) -> u32 {
        match self {
            Self::Stroke { .. } => 1,
            Self::Weapp { text } => u32::try_from(weapp::strokes(text).len()).unwrap_or(u32::MAX),
            Self::Background { .. }
            | Self::Undo { .. }
            | Self::Redo { .. }
            | Self::Clear { .. }
            | Self::Remove { .. } => 0,
        }
    }

    /// The number of points of all strokes that the action adds; of a 2016 picture, the points that it expands to.
    #[must_use]
    pub fn point_count(&self) -> u32 {
        let points = match self {
            Self::Stroke { stroke, .. } => stroke.points.len(),
            Self::Weapp { text } => weapp::strokes(text).iter().map(|stroke| stroke.points.len()).sum(),
            Self::Background { .. }
            | Self::Undo { .. }
            | Self::Redo { .. }
            | Self::Clear { .. }
            | Self::Remove { .. } => 0,
        };
        u32::try_from(points).unwrap_or(u32::MAX)
    }

    /// The number of the action's author.
    #[must_use]
    pub fn by(&self) -> u16 {
        match self {
            Self::Stroke { by, .. } | Self::Undo { by, .. } | Self::Redo { by, .. } => *by,
            Self::Background { .. } | Self::Clear { .. } | Self::Remove { .. } | Self::Weapp { .. } => OWNER,
        }
    }

    /// The same action by another author. A room calls it for every action that it takes from a participant, so the
    /// author of an action is never the client's claim.
    ///
    /// # Errors
    /// [`Invalid::OwnerOnly`] when only the owner of a drawing may do it, [`Invalid::Author`] when a drawing has no
    /// author of that number.
    pub fn signed(mut self, author: u16) -> Result<Self, Invalid> {
        if author >= MAX_AUTHORS {
            return Err(Invalid::Author);
        }
        match &mut self {
            Self::Stroke { by, .. } | Self::Undo { by, .. } | Self::Redo { by, .. } => *by = author,
            Self::Background { .. } | Self::Clear { .. } | Self::Remove { .. } | Self::Weapp { .. } => {
                if author != OWNER {
                    return Err(Invalid::OwnerOnly);
                }
            }
        }
        Ok(self)
    }
}

/// The rule for a drawing's list, fixed when the drawing is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Allows every action.
    #[default]
    Free,
    /// 一笔模式: exactly one stroke of bounded length; undo, redo and clear are refused.
    OneStroke,
}

/// The paper's size, fixed when the drawing is created.
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

impl Paper {
    /// The length on this grid that one unit of the default grid stands for: more than 1 on a finer grid. A coarser
    /// grid counts as the default one, so that pictures on it keep their look.
    #[must_use]
    pub fn unit(self) -> f64 {
        f64::from(self.width.max(DEFAULT_WIDTH)) / f64::from(DEFAULT_WIDTH)
    }

    /// The thickest stroke on this paper, in grid units.
    #[must_use]
    pub fn max_stroke_width(self) -> u16 {
        let most = u64::from(*WIDTH_RANGE.end()) * u64::from(self.width.max(DEFAULT_WIDTH));
        u16::try_from(most / u64::from(DEFAULT_WIDTH)).unwrap_or(u16::MAX).min(MAX_WIDTH)
    }

    /// The longest path of a drawing in mode `one_stroke` on this paper, in grid units: `length` is the limit on the
    /// default grid.
    #[must_use]
    pub fn one_stroke_length(self, length: u32) -> f64 {
        f64::from(length) * f64::from(self.width) / f64::from(DEFAULT_WIDTH)
    }
}
