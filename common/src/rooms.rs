//! Words that the public API, the operators' API and the stores share about rooms.

use serde::{Deserialize, Serialize};

/// Strokes that a relay may have, the owner's first one counted.
pub const GOAL_RANGE: std::ops::RangeInclusive<u32> = 2..=30;
/// The goal of a relay that names none.
pub const DEFAULT_GOAL: u32 = 9;
/// Seconds of a turn in a relay.
pub const HOLD_SECONDS: u64 = 90;
/// Seconds of a turn from its extension on.
pub const EXTENDED_HOLD_SECONDS: u64 = 120;

/// The rule by which people draw in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// All draw at the same time.
    Together,
    /// 一笔接龙: each person adds one stroke at a turn.
    Relay,
}

/// State of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomState {
    /// The room takes strokes.
    Open,
    /// A relay that is finished.
    Done,
    /// Reports, WeChat or an operator stopped the room; an operator decides.
    Frozen,
    /// The owner or an operator ended the room.
    Closed,
}

impl RoomState {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Frozen => "frozen",
            Self::Closed => "closed",
        }
    }
}

/// Event that froze a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FrozenBy {
    /// Several people in the room reported it.
    Reports,
    /// WeChat rejected its picture.
    Wechat,
    /// An operator.
    Operator,
}

/// Rights of a person in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomRole {
    /// The owner of the drawing.
    Owner,
    /// A person who may draw.
    Drawer,
    /// A person who may only look.
    Watcher,
}

/// The rules for rooms that clients read in `GET /limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomLimits {
    /// Whether rooms can be opened and joined. Without, every route of rooms answers 404.
    pub enabled: bool,
    /// People who draw in a room within a minute.
    pub drawing: u32,
    /// People who draw in a room in all.
    pub authors: u32,
    /// Open rooms of one user.
    pub owned: u32,
    /// The least goal of a relay.
    pub min_goal: u32,
    /// The greatest goal of a relay.
    pub max_goal: u32,
    /// The goal of a relay that names none.
    pub default_goal: u32,
    /// Seconds of a turn.
    pub hold: u64,
    /// Seconds of a turn from its extension on.
    pub extended_hold: u64,
    /// The longest stroke of a relay, in units of a grid 2048 wide; on another paper in proportion to its width.
    pub stroke_length: u32,
}
