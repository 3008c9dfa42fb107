//! The servers of the fleet and their state.

use serde::{Deserialize, Serialize};

use super::Count;

/// The reply to `GET /overview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
    /// The name of the server that answered.
    pub server: String,
    /// All servers with a heartbeat in the last ten minutes that have not shut down, sorted by name.
    pub servers: Vec<ServerView>,
    /// Active sessions; `null` if unknown.
    pub sessions: Option<Count>,
    /// Sessions used within the last five minutes, of which the embedded store counts at most 20,000; `null` if
    /// unknown.
    pub online: Option<Count>,
    /// Users; `null` if unknown.
    pub users: Option<Count>,
    /// Drawings, the bin included; `null` if unknown.
    pub drawings: Option<Count>,
}

/// One server of the fleet, as of its last heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerView {
    /// The name, made of the host's name and the public port or socket: the same after a restart.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// The state, derived from the heartbeats.
    pub state: ServerState,
    /// The start time.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub started_at: String,
    /// The time of the last heartbeat. Servers send one every two seconds.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub heard_at: String,
    /// The counters of the server.
    pub figures: Figures,
}

/// The state of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// The server accepts requests.
    Up,
    /// The server finishes requests in flight and accepts no new ones.
    Draining,
    /// No heartbeat for six seconds or longer: the figures of the fleet do not include this server.
    Missing,
}

/// The counters of one server, most of them for the last minute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Figures {
    /// Requests of clients in the last minute.
    pub requests: u64,
    /// Requests that failed with a 5xx status.
    pub failures: u64,
    /// Sign-ins in the last minute.
    pub sign_ins: u64,
    /// Saves of drawings in the last minute.
    pub saves: u64,
    /// Median latency in milliseconds; absent without requests.
    pub p50_ms: Option<f64>,
    /// 99th percentile of the latency in milliseconds; absent without requests.
    pub p99_ms: Option<f64>,
    /// Requests in each of the last sixty seconds, the oldest first.
    pub per_second: Vec<u32>,
    /// The routes, the busiest first, at most twenty.
    pub routes: Vec<RouteFigures>,
    /// The backends of the server and their state.
    pub dependencies: Vec<Dependency>,
}

/// The counters of one route for the last minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteFigures {
    /// The template, such as `GET /api/v1/drawings/{id}`.
    pub route: String,
    /// Requests of clients.
    pub requests: u64,
    /// Requests that failed with a 5xx status.
    pub failures: u64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
}

/// The reply to `GET /history`: the last hour of the routes, over all servers that send heartbeats.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// The end of the last whole minute.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub until: String,
    /// The routes, sorted by name: each one that was among the twenty busiest of a server in any of these minutes.
    pub routes: Vec<RouteHistory>,
}

/// The last hour of one route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteHistory {
    /// The template, such as `GET /api/v1/drawings/{id}`.
    pub route: String,
    /// The figures of sixty minutes, the oldest first.
    pub minutes: Vec<MinuteFigures>,
}

/// The figures of a route in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinuteFigures {
    /// Requests of clients.
    pub requests: u64,
    /// Requests that failed with a 5xx status.
    pub failures: u64,
    /// Median latency in milliseconds: that of the slowest server, 0 without requests.
    pub p50_ms: f64,
    /// 99th percentile of the latency in milliseconds: that of the slowest server, 0 without requests.
    pub p99_ms: f64,
}

impl MinuteFigures {
    /// The figures of two servers together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            failures: self.failures + other.failures,
            p50_ms: self.p50_ms.max(other.p50_ms),
            p99_ms: self.p99_ms.max(other.p99_ms),
        }
    }
}

impl From<&RouteFigures> for MinuteFigures {
    fn from(figures: &RouteFigures) -> Self {
        let RouteFigures { requests, failures, p50_ms, p99_ms, .. } = *figures;
        Self { requests, failures, p50_ms, p99_ms }
    }
}

/// A backend of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dependency {
    /// `gallery` or `sessions`.
    pub name: String,
    /// The kind of store: `sqlite`, `mongodb`, `redis`.
    pub backend: String,
    /// `ok`, `slow` or `unavailable`.
    pub state: String,
    /// Duration of the last ping in milliseconds; absent if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_ms: Option<f64>,
}
