//! Drawings of all users.

use serde::{Deserialize, Serialize};

use super::{Count, UserRef};
use crate::drawing::{Action, Mode};

/// The order of a page of drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DrawingOrder {
    /// By the last change, the latest first.
    #[default]
    Updated,
    /// By creation, the latest first.
    Created,
    /// By bytes as stored, the largest first.
    Size,
}

/// The parameters of `GET /drawings`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct DrawingQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page; the other parameters must be the same as for that page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<DrawingOrder>,
    /// Whether the order is reversed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
    /// Only drawings of the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only drawings of this mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Only drawings in the bin (true) or outside it (false); both when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Only drawings changed at this time (RFC 3339) or later; in the order `created`, drawings created then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only drawings changed before this time (RFC 3339); in the order `created`, drawings created before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A drawing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingRow {
    /// The id that the client chose; unique per user.
    pub id: String,
    /// The user who owns the drawing.
    pub user: UserRef,
    /// The title, which is untrusted text.
    pub title: String,
    /// Grid units from left to right.
    pub width: u32,
    /// Grid units from top to bottom.
    pub height: u32,
    /// The rule for the drawing's list.
    pub mode: Mode,
    /// The number of the first action that is still stored.
    pub base: u32,
    /// The number of the next action to be appended.
    pub seq: u32,
    /// The number of strokes in the list, undone ones included.
    pub stroke_count: u32,
    /// The number of points of all these strokes.
    pub point_count: u32,
    /// Bytes of the stored actions.
    pub bytes: u64,
    /// The time of creation.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When an action was last added.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// The time of deletion; absent for a drawing outside the bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deleted_at: Option<String>,
}

/// A page of `GET /drawings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingPage {
    /// The rows of the page.
    pub drawings: Vec<DrawingRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// The number of all drawings, regardless of the filters.
    pub total: Count,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// The reply to `GET /users/{user}/drawings/{id}`, which also finds drawings in the bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingDetail {
    /// The drawing.
    pub drawing: DrawingRow,
    /// The people who drew, in the order of the actions' `by`, the owner first; absent for a drawing of its owner alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<UserRef>,
    /// The number of the first action in `actions`.
    pub since: u32,
    /// The actions from number `since` on.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::api::schema::StoredAction>))]
    pub actions: Vec<Action>,
}
