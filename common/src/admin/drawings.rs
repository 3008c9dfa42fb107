//! What they drew.

use serde::{Deserialize, Serialize};

use super::{Count, UserRef};
use crate::drawing::{Action, Mode};

/// What a page of drawings is sorted by.
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
    /// `next` of the page before. The other parameters have to be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<DrawingOrder>,
    /// From the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
    /// Those of the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Those of a mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Those in the bin, or those that are not; both when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Those that changed at this moment (RFC 3339) or later; in the order of creation, those created then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Those that changed before this moment (RFC 3339); in the order of creation, those created then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A drawing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingRow {
    /// The id that the client chose; unique per user.
    pub id: String,
    /// Whose it is.
    pub user: UserRef,
    /// The title; untrusted text.
    pub title: String,
    /// Grid units from left to right.
    pub width: u32,
    /// Grid units from top to bottom.
    pub height: u32,
    /// What the list may hold.
    pub mode: Mode,
    /// The number of the first action that is still there.
    pub base: u32,
    /// The number that the next action gets.
    pub seq: u32,
    /// Strokes in the list, undone ones too.
    pub stroke_count: u32,
    /// Their points.
    pub point_count: u32,
    /// Bytes of the actions, as stored.
    pub bytes: u64,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When an action was last added.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// Since when it is in the bin; absent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deleted_at: Option<String>,
}

/// `GET /drawings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingPage {
    /// The rows.
    pub drawings: Vec<DrawingRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// All drawings, without regard to the filters.
    pub total: Count,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// `GET /users/{user}/drawings/{id}`, also from the bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingDetail {
    /// The drawing.
    pub drawing: DrawingRow,
    /// The number of the first of `actions`.
    pub since: u32,
    /// The actions from `since` to `seq`.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::api::schema::Action>))]
    pub actions: Vec<Action>,
}
