//! Sessions of all users.

use serde::{Deserialize, Serialize};

use super::{Count, DrawingRow, UserRef};

/// The order of a page of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionOrder {
    /// By expiry while unused, the earliest first, to the minute.
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
    /// `next` of the previous page; the other parameters must be the same as for that page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<SessionOrder>,
    /// Whether the order is reversed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
    /// Only sessions of this dialect: `yibi`, `weapp`, `wafer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Only sessions of the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only sessions of users whose openid has this prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Only sessions used within the last so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<u64>,
    /// Only sessions that expire within so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRow {
    /// The id used in paths, which is no secret.
    pub id: String,
    /// The user who owns the session.
    pub user: UserRef,
    /// The dialect of the sign-in: `yibi`, `weapp` or `wafer`.
    pub dialect: String,
    /// The client's description of its device, which is untrusted text.
    pub device: String,
    /// The address that the sign-in came from.
    pub address: String,
    /// The time of the sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of the last use, to the minute.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_seen: String,
    /// The expiry if the session is not used again.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: String,
    /// The absolute expiry, regardless of use.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ends_at: String,
}

/// A page of `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionPage {
    /// The rows of the page.
    pub sessions: Vec<SessionRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// The number of all sessions, regardless of the filters.
    pub total: Count,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// The reply to `GET /sessions/{session}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionDetail {
    /// The session.
    pub session: SessionRow,
    /// The user's other sessions, the most recently used first.
    pub others: Vec<SessionRow>,
    /// The user's most recently changed drawings, at most ten.
    pub drawings: Vec<DrawingRow>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}
