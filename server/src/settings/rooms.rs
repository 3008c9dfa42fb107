//! `[rooms]`: people who draw in one drawing.

use serde::Deserialize;
use yibi_common::rooms::{DEFAULT_GOAL, EXTENDED_HOLD_SECONDS, GOAL_RANGE, HOLD_SECONDS, RoomLimits};

use super::{ModerationMode, Settings};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rooms {
    pub enabled: bool,
    pub drawing: u32,
    pub authors: u32,
    pub owned: u32,
}

impl Settings {
    /// Whether people may draw in rooms. WeChat checks the pictures of rooms, so that its verdicts have to count.
    #[must_use]
    pub fn has_rooms(&self) -> bool {
        self.rooms.enabled && self.sharing.is_open() && self.moderation.mode == ModerationMode::Enforce
    }

    /// The part that clients receive.
    #[must_use]
    pub fn room_limits(&self) -> RoomLimits {
        RoomLimits {
            enabled: self.has_rooms(),
            drawing: self.rooms.drawing,
            authors: self.rooms.authors,
            owned: self.rooms.owned,
            min_goal: *GOAL_RANGE.start(),
            max_goal: *GOAL_RANGE.end(),
            default_goal: DEFAULT_GOAL,
            hold: HOLD_SECONDS,
            extended_hold: EXTENDED_HOLD_SECONDS,
            stroke_length: self.limits.drawing.one_stroke_length,
        }
    }
}
