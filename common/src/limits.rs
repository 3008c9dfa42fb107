//! The limits of a drawing and of a user.

use serde::{Deserialize, Serialize};

/// The limits of what a user may draw. The server refuses a request that goes beyond one before it stores anything; a
/// client reads the numbers from `GET /api/v1/limits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Points of one stroke.
    pub points_per_stroke: u32,
    /// Actions of one drawing, counted from its `base`.
    pub actions_per_drawing: u32,
    /// Bytes of one drawing's actions, as they are stored.
    pub bytes_per_drawing: u32,
    /// Points of one drawing, undone strokes included; a 2016 picture counts the points that it expands to.
    pub points_per_drawing: u32,
    /// Drawings of one user, the bin included.
    pub drawings_per_user: u32,
    /// Bytes of all drawings of one user as they are stored, the bin included.
    pub bytes_per_user: u64,
    /// How far outside the paper a point may lie: coordinates are within plus or minus this many times the
    /// drawing's width and height.
    pub coordinate_factor: u32,
    /// The longest path of a drawing in mode `one_stroke`, in units of the default grid; on a paper of another
    /// width in proportion.
    pub one_stroke_length: u32,
    /// Characters of a title.
    pub title_chars: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            points_per_stroke: 10_000,
            actions_per_drawing: 5_000,
            bytes_per_drawing: 1 << 20,
            points_per_drawing: 1_000_000,
            drawings_per_user: 2_000,
            bytes_per_user: 64 << 20,
            coordinate_factor: 4,
            one_stroke_length: 8_192,
            title_chars: 64,
        }
    }
}
