//! Everybody who ever signed in.

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
    /// `next` of the page before. The other parameters have to be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Those whose nickname begins so, sorted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Those whose openid begins so, sorted by it. Not together with `nickname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Those that are blocked, or those that are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// From the other end. Without `nickname` and `openid`, the newest user comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<bool>,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRow {
    /// Who it is.
    pub user: UserRef,
    /// The first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// Since when the user is blocked; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub blocked_at: Option<String>,
    /// When everything of the user is erased, who has left; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub erase_at: Option<String>,
}

/// `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// The rows.
    pub users: Vec<UserRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// All users, without regard to the filters.
    pub total: Count,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// `GET /users/{user}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetail {
    /// The user.
    pub user: UserRow,
    /// What WeChat says of the nickname; null where it was not asked. A rejected one was taken away, in mode
    /// `enforce`.
    #[serde(default)]
    pub nickname_state: Option<ContentState>,
    /// What WeChat says of the uploaded avatar; likewise.
    #[serde(default)]
    pub avatar_state: Option<ContentState>,
    /// Drawings, the bin included.
    pub drawings: u32,
    /// Bytes of their actions, as stored.
    pub bytes: u64,
    /// The living sessions, the one used last first.
    pub sessions: Vec<SessionRow>,
    /// The drawings that changed last, ten at most.
    pub latest: Vec<DrawingRow>,
    /// The person across the mini-programs of one account, when WeChat told; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unionid: Option<String>,
    /// The same person in other mini-programs.
    #[serde(default)]
    pub elsewhere: Vec<UserRef>,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}
