//! What failed, and why.

use serde::{Deserialize, Serialize};

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// The request's id.
    pub request_id: String,
    /// The server that it was made to.
    pub server: String,
    /// When.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The method.
    pub method: String,
    /// The template of its path.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// What the caller was told.
    pub code: String,
    /// The cause and its causes; absent where the code says all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The public id of the user who made it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// `GET /errors`: the last 10,000 failures of all servers, grouped by code and cause.
///
/// Servers that share a Redis hand their failures over there at once, so what a server met before it went
/// missing is here all the same. While Redis is out of reach, each server tells of its own and of what it had
/// heard before; what it could not hand over follows when Redis is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorsReply {
    /// The groups, the one that grew last first.
    pub groups: Vec<ErrorGroup>,
    /// The failures that are in them.
    pub failures: u64,
    /// The servers whose failures these are, and the one that answered.
    pub servers: Vec<String>,
    /// Servers that are silent: of their last failures some may be lacking. The one that answered is named too
    /// where it could not ask for those of the others.
    #[serde(default)]
    pub missing: Vec<String>,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// Failures with the same code and cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorGroup {
    /// What the callers were told.
    pub code: String,
    /// The cause and its causes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How many.
    pub count: u64,
    /// The first of them that is still known.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub first_at: String,
    /// The last one.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_at: String,
    /// How many on each route, the most first.
    pub routes: Vec<Share>,
    /// How many of each user, the most first, ten at most.
    pub users: Vec<Share>,
    /// How many on each server, the most first.
    pub servers: Vec<Share>,
    /// The latest, ten at most, the last one first.
    pub latest: Vec<Failure>,
}

/// A part of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// The route, user or server.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// `GET /requests/{request}`: a failed request, as long as it is among the last 10,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestDetail {
    /// The request.
    pub failure: Failure,
    /// What the same user asked of any server before and after, in order, twenty each at most; the request
    /// itself among them, as long as its server remembers it. Servers remember their last 20,000 requests.
    pub neighbours: Vec<RequestRow>,
    /// Servers that did not say what the user asked of them: they are silent, or took too long.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// A request, failed or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestRow {
    /// The request's id.
    pub request_id: String,
    /// The server that it was made to.
    #[serde(default)]
    pub server: String,
    /// When it was answered.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The method.
    pub method: String,
    /// The template of its path.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// Microseconds that it took.
    pub duration_us: u64,
}
