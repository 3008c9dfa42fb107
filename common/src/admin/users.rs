//! Users: everyone who has signed in at least once.

use serde::{Deserialize, Serialize};

use super::{Count, DrawingRow, SessionRow, UserRef};
use crate::api::ContentState;

/// The parameters of `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct UserQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page; the other parameters must be the same as for that page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only users whose nickname has this prefix, sorted by nickname.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Only users whose openid has this prefix, sorted by openid; not together with `nickname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Only blocked users (true) or only others (false).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// Whether the order is reversed. Without `nickname` and `openid`, the newest user comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRow {
    /// The user's ids and nickname.
    pub user: UserRef,
    /// The time of the first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of blocking; absent for users who are not blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub blocked_at: Option<String>,
    /// The time of the scheduled erasure; absent for users who have not left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub erase_at: Option<String>,
}

/// A page of `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// The rows of the page.
    pub users: Vec<UserRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// The number of all users, regardless of the filters.
    pub total: Count,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// The reply to `GET /users/{user}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetail {
    /// The user.
    pub user: UserRow,
    /// WeChat's verdict on the nickname; null if it was not asked. In mode `enforce`, a rejected nickname is removed.
    #[serde(default)]
    pub nickname_state: Option<ContentState>,
    /// WeChat's verdict on the uploaded avatar, likewise.
    #[serde(default)]
    pub avatar_state: Option<ContentState>,
    /// The number of drawings, the bin included.
    pub drawings: u32,
    /// Bytes of the stored actions of all drawings.
    pub bytes: u64,
    /// The active sessions, the most recently used first.
    pub sessions: Vec<SessionRow>,
    /// The most recently changed drawings, at most ten.
    pub latest: Vec<DrawingRow>,
    /// WeChat's id of the person across the mini-programs of one account; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    /// The users of other mini-programs with the same unionid.
    #[serde(default)]
    pub elsewhere: Vec<UserRef>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}
