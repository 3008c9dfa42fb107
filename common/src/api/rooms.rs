//! Requests and replies about rooms.

use serde::{Deserialize, Serialize};

use super::Summary;
use crate::drawing::Action;
use crate::rooms::{FrozenBy, RoomKind, RoomRole, RoomState};

/// `POST /rooms`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenRoomRequest {
    /// The rule by which people draw.
    pub kind: RoomKind,
    /// Id of the caller's drawing.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub drawing: String,
    /// Strokes at which a relay is done, the owner's first one counted; 9 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 2, maximum = 30))]
    pub goal: Option<u32>,
}

/// A person who drew in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthorView {
    /// Public id of the user.
    pub id: String,
    /// The nickname; `null` until it passed the content check.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub nickname: Option<String>,
    /// The address of the avatar; `null` until it passed the content check.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub avatar_url: Option<String>,
}

/// The turn of a person in a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldView {
    /// Public id of the person.
    pub user: String,
    /// The nickname, as far as it passed the content check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The end of the turn.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub until: String,
    /// Whether the turn was extended.
    pub extended: bool,
}

/// The share of a finished relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomShare {
    /// Code of the share.
    pub code: String,
    /// Address of the share's page, which shows the relay once it passed the content check.
    pub url: String,
}

/// A room, as a person in it sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomReply {
    /// The code: 12 characters.
    pub code: String,
    /// The rule by which people draw.
    pub kind: RoomKind,
    /// The state.
    pub state: RoomState,
    /// Number of changes.
    pub version: u32,
    /// Whether only the owner draws.
    pub locked: bool,
    /// Strokes at which a relay is done; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<u32>,
    /// Strokes of a relay that are in effect; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strokes: Option<u32>,
    /// The turn that somebody has.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub hold: Option<HoldView>,
    /// Public id of the author of a relay's last stroke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_author: Option<String>,
    /// The event that froze the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_by: Option<FrozenBy>,
    /// The drawing without its actions; `null` while the room is frozen.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub drawing: Option<Summary>,
    /// The people who drew, in the order of the actions' `by`, the owner first.
    pub people: Vec<AuthorView>,
    /// Number of the drawing's next action.
    pub seq: u32,
    /// The caller's rights.
    pub role: RoomRole,
    /// The share of a finished relay, for the people who drew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<RoomShare>,
    /// The time of the opening.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time at which the room ends unless a stroke is drawn before.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ends_at: String,
}

/// The reply to `GET /rooms/{code}/actions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomActionsReply {
    /// Number of the first action.
    pub from: u32,
    /// The actions from there on.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::api::schema::StoredAction>))]
    pub actions: Vec<Action>,
    /// The people who drew, in the order of the actions' `by`, the owner first.
    pub authors: Vec<AuthorView>,
    /// Number of the drawing's next action.
    pub seq: u32,
}

/// `POST /rooms/{code}/strokes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomStrokesRequest {
    /// Id that the client chooses; the same one again has the first reply.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub stroke_id: String,
    /// Strokes, undos and redos; in a relay exactly one stroke. The owner may also set the background and clear.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::api::schema::Action>))]
    pub actions: Vec<Action>,
}

/// The reply to `POST /rooms/{code}/strokes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomStrokesReply {
    /// Number of the drawing's action behind the last one.
    pub seq: u32,
    /// Number of the first action.
    pub from: u32,
}

/// `POST /rooms/{code}/remove`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveStrokeRequest {
    /// Number of the stroke's action in the drawing's list, whose first action is 0.
    pub seq: u32,
}

/// `POST /rooms/{code}/ban`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BanRequest {
    /// Public id of the person.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub person: String,
}

/// A room in a [`RoomsReply`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomRow {
    /// The code.
    pub code: String,
    /// The rule by which people draw.
    pub kind: RoomKind,
    /// The state.
    pub state: RoomState,
    /// Title of the drawing, as far as the caller may see it.
    pub title: String,
    /// The owner of the drawing.
    pub owner: AuthorView,
    /// Strokes at which a relay is done; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<u32>,
    /// Strokes of a relay that are in effect; absent in other rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strokes: Option<u32>,
    /// The turn that somebody has.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub hold: Option<HoldView>,
    /// Number of the drawing's next action.
    pub seq: u32,
    /// The caller's rights.
    pub role: RoomRole,
    /// The time at which the caller joined.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub joined_at: String,
    /// The time at which the room ends unless a stroke is drawn before.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ends_at: String,
}

/// The reply to `GET /me/rooms`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomsReply {
    /// Rooms that the caller opened or drew in, the latest joined first.
    pub rooms: Vec<RoomRow>,
    /// The `cursor` of the next page; `null` on the last.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next: Option<String>,
}
