//! Rooms, as operators see them.

use serde::{Deserialize, Serialize};

use super::UserRef;
use crate::rooms::{FrozenBy, RoomKind, RoomState};

/// The parameters of `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct RoomQuery {
    /// Accepts rooms in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<RoomState>,
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of `GET /rooms`, the newest first. A filter may leave a page short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<AdminRoom>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// A room in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminRoom {
    /// The code.
    pub code: String,
    /// The rule by which people draw.
    pub kind: RoomKind,
    /// The state.
    pub state: RoomState,
    /// The owner of the drawing.
    pub owner: UserRef,
    /// Id of the drawing.
    pub drawing: String,
    /// Title of the drawing.
    pub title: String,
    /// Number of the drawing's next action.
    pub seq: u32,
    /// Public ids of the people who drew, in the order of the actions' `by`, the owner first.
    pub authors: Vec<String>,
    /// Whether only the owner draws.
    pub locked: bool,
    /// Strokes at which a relay is done; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<u32>,
    /// Strokes of a relay that are in effect; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strokes: Option<u32>,
    /// Public id of the person who has the turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Public ids of the people whom the owner banned.
    pub banned: Vec<String>,
    /// The event that froze the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_by: Option<FrozenBy>,
    /// Id of the case of a room that was frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The time of the opening.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of the last stroke, at first of the opening.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_at: String,
    /// The time at which the room ends unless a stroke is drawn before.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ends_at: String,
}

/// `POST /rooms/{code}/remove`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveStroke {
    /// Number of the stroke's action in the drawing's list, whose first action is 0.
    pub seq: u32,
}
