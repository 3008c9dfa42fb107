//! Failed requests and their causes.

use serde::{Deserialize, Serialize};

/// A request that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// The request's id.
    pub request_id: String,
    /// The server that answered the request.
    pub server: String,
    /// The time of the failure.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The HTTP method.
    pub method: String,
    /// The template of the path, such as `/api/v1/drawings/{id}`.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem code of the reply.
    pub code: String,
    /// The chain of causes; absent where the code says everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The detail of the reply, as the client has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The public id of the calling user, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The id of the drawing in the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
}

/// The reply to `GET /errors`: the last 10,000 failures of all servers, grouped by code and cause.
///
/// A server without a Redis writes its failures into its data directory, and reads them at the start.
///
/// Servers that share a Redis write their failures there at once, so the failures of a server that has gone missing
/// remain available. While Redis is unreachable, each server reports its own failures and those it read before; it
/// writes the missing ones when Redis is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorsReply {
    /// The groups, sorted by their latest failure, the latest first.
    pub groups: Vec<ErrorGroup>,
    /// The number of failures in all groups.
    pub failures: u64,
    /// The servers whose failures are included, and the server that answered.
    pub servers: Vec<String>,
    /// Servers that do not respond, whose latest failures may be missing. The server that answered is among them if it
    /// could not read the failures of the others.
    #[serde(default)]
    pub missing: Vec<String>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// Failures with the same code and cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorGroup {
    /// The problem code of the replies.
    pub code: String,
    /// The chain of causes; absent where the code says everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The number of failures in the group.
    pub count: u64,
    /// The time of the first failure that is still known.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub first_at: String,
    /// The time of the latest failure.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_at: String,
    /// The numbers by route, the largest first.
    pub routes: Vec<Share>,
    /// The numbers by user, the largest first, at most ten.
    pub users: Vec<Share>,
    /// The numbers by server, the largest first.
    pub servers: Vec<Share>,
    /// The latest failures, at most ten, the latest first.
    pub latest: Vec<Failure>,
}

/// The share of one route, user or server in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// The name of the route, user or server.
    pub name: String,
    /// The number of its failures.
    pub count: u64,
}

/// The reply to `GET /requests/{request}`: a failed request that is among the last 10,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestDetail {
    /// The failed request.
    pub failure: Failure,
    /// The same user's requests before and after, on all servers and in order of time, at most twenty each, with the
    /// request itself among them while its server remembers it. Servers remember their last 20,000 requests.
    pub neighbours: Vec<RequestRow>,
    /// Servers whose requests are not included, since they did not respond in time.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// A request, failed or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestRow {
    /// The request's id.
    pub request_id: String,
    /// The server that answered the request.
    #[serde(default)]
    pub server: String,
    /// The time of the reply.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The HTTP method.
    pub method: String,
    /// The template of the path, such as `/api/v1/drawings/{id}`.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// The duration in microseconds.
    pub duration_us: u64,
}
