//! Types that exist only for the OpenAPI document.

use serde::Serialize;

use crate::api::ProblemBody;
use crate::drawing::Tool;

/// The example of an append.
pub(super) fn append() -> serde_json::Value {
    serde_json::json!({"from_seq": 0, "actions": [
        {"type": "background", "color": "#fff8e7", "at": 0},
        {"type": "stroke", "tool": "pen", "color": "#ff0000", "width": 28, "at": 1830,
         "points": [300, 400, 0, 12, 5, 16, 14, 3, 17]},
        {"type": "undo", "at": 4200},
    ]})
}

/// One entry of a drawing's list. `at` is milliseconds since the drawing began.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Draws a stroke.
    Stroke {
        /// The tool; `pen` when absent.
        #[schema(required = false)]
        tool: Tool,
        /// `#rrggbb`.
        #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
        color: String,
        /// Grid units: at most a quarter of the paper's width, or 512 where that is more.
        #[schema(minimum = 1, maximum = 2048)]
        width: u16,
        /// The time at which the first point was touched.
        #[schema(maximum = 1_099_511_627_776_u64)]
        at: u64,
        /// `[x0,y0,0, dx,dy,dt, …]`: three numbers a point, differences after the first.
        #[schema(min_items = 3)]
        points: Vec<i64>,
    },
    /// Sets the paper's colour.
    Background {
        /// `#rrggbb`.
        #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
        color: String,
        /// The time of the action.
        #[schema(required = false, maximum = 1_099_511_627_776_u64)]
        at: u64,
    },
    /// Takes back the last entry in effect.
    Undo {
        /// The time of the action.
        #[schema(required = false, maximum = 1_099_511_627_776_u64)]
        at: u64,
    },
    /// Puts the entry that was taken back last in effect again.
    Redo {
        /// The time of the action.
        #[schema(required = false, maximum = 1_099_511_627_776_u64)]
        at: u64,
    },
    /// Removes all strokes.
    Clear {
        /// The time of the action.
        #[schema(required = false, maximum = 1_099_511_627_776_u64)]
        at: u64,
    },
}

/// An entry of a stored list: an appended action, an action of a room, or a picture of 2016.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum StoredAction {
    /// An action as it was appended.
    Appended(Action),
    /// An action that a room added.
    Authored(AuthoredAction),
    /// A whole picture that a 2016 client saved.
    Weapp(WeappAction),
}

/// An action of another author than the drawing's owner, or a removal. Only rooms write them; appends refuse them.
///
/// `by` is the author's number in the drawing's `authors`; the owner is 0 and stands where `by` is absent.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AuthoredAction {
    /// Draws a stroke.
    Stroke {
        /// The author.
        #[schema(minimum = 1, maximum = 199)]
        by: u16,
        /// The tool.
        tool: Tool,
        /// `#rrggbb`.
        color: String,
        /// Grid units.
        width: u16,
        /// The time at which the first point was touched.
        at: u64,
        /// As in an appended stroke.
        points: Vec<i64>,
    },
    /// Takes back the author's last stroke in effect; strokes that a clear hides are not.
    Undo {
        /// The author.
        #[schema(minimum = 1, maximum = 199)]
        by: u16,
        /// The time of the action.
        #[schema(required = false)]
        at: u64,
    },
    /// Puts the stroke that the author took back last in effect again, unless the author has drawn another since.
    Redo {
        /// The author.
        #[schema(minimum = 1, maximum = 199)]
        by: u16,
        /// The time of the action.
        #[schema(required = false)]
        at: u64,
    },
    /// Removes a stroke of any author for good. No undo takes it back; a second one has no effect.
    Remove {
        /// The number of the stroke's action in the drawing's list, whose first action is 0.
        seq: u32,
        /// The time of the action.
        #[schema(required = false)]
        at: u64,
    },
}

/// A whole picture that a 2016 client saved.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum WeappAction {
    /// Replaces the visible picture.
    Weapp {
        /// The strokes of the picture.
        strokes: Vec<WeappStroke>,
    },
}

/// A stroke of a 2016 picture.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WeappStroke {
    /// Always `pen`.
    pub tool: Tool,
    /// `#rrggbb`.
    pub color: String,
    /// The opacity in 255ths; absent when the stroke is opaque. No other stroke has it, and no client sends it.
    #[schema(required = false, minimum = 1, maximum = 254)]
    pub alpha: u8,
    /// Grid units.
    pub width: u16,
    /// As in a stroke, with `dt` 0.
    pub points: Vec<i64>,
}

/// The bytes of a file.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Binary(pub Vec<u8>);

/// A form with a file.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AvatarForm {
    /// The image. The name of the part does not matter, but the part must have a file name.
    pub file: Binary,
}

/// Replies of an operation that sends a picture, beside the picture itself.
#[derive(utoipa::IntoResponses)]
pub enum PictureReplies {
    /// The picture that the client has
    #[response(status = 304)]
    NotModified,
    /// `drawing_not_found`
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// `busy`; see `Retry-After`
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
    /// Another failure
    #[response(status = "4XX", content_type = "application/problem+json")]
    Failure(ProblemBody),
}
