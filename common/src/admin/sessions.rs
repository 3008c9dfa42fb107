//! Who is signed in.

use serde::{Deserialize, Serialize};

use super::{Count, DrawingRow, UserRef};

/// What a page of sessions is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionOrder {
    /// By when they end unless they are used, the next to end first; to the minute.
    #[default]
    Expiry,
    /// By last use, the latest first; to the minute.
    LastSeen,
    /// By app id and openid.
    Openid,
}

/// The parameters of `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct SessionQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before. The other parameters have to be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<SessionOrder>,
    /// From the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
    /// Those of a dialect: `yibi`, `weapp`, `wafer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Those of the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Those of users whose openid begins so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Those used within so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<u64>,
    /// Those that end within so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRow {
    /// What paths take; no secret.
    pub id: String,
    /// Whose it is.
    pub user: UserRef,
    /// How it was made: `yibi`, `weapp`, `wafer`.
    pub dialect: String,
    /// What the client said it runs on; untrusted text.
    pub device: String,
    /// Where it was made from.
    pub address: String,
    /// When it was made.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it was last used, to the minute.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_seen: String,
    /// When it ends unless it is used.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: String,
    /// When it ends however much it is used.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ends_at: String,
}

/// `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionPage {
    /// The rows.
    pub sessions: Vec<SessionRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// All sessions, without regard to the filters.
    pub total: Count,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// `GET /sessions/{session}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionDetail {
    /// The session.
    pub session: SessionRow,
    /// The user's other sessions, the one used last first.
    pub others: Vec<SessionRow>,
    /// The user's drawings that changed last, ten at most.
    pub drawings: Vec<DrawingRow>,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}
