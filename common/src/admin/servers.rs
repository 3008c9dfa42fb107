//! The servers, and how they are.

use serde::{Deserialize, Serialize};

use super::Count;

/// `GET /overview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
    /// The name of the server that answered.
    pub server: String,
    /// All servers that have announced themselves in the last ten minutes and did not take leave, by name.
    pub servers: Vec<ServerView>,
    /// Living sessions; `null` when it can't be told.
    pub sessions: Option<Count>,
    /// Sessions used within the last five minutes; `null` when it can't be told.
    pub online: Option<Count>,
    /// Users; `null` when it can't be told.
    pub users: Option<Count>,
    /// Drawings, the bin included; `null` when it can't be told.
    pub drawings: Option<Count>,
}

/// One server of the fleet, as it last announced itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerView {
    /// Its name: the host's and the process's.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is heard of.
    pub state: ServerState,
    /// Since when it runs.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub started_at: String,
    /// When it last announced itself. Servers do so every two seconds.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub heard_at: String,
    /// What it counted.
    pub figures: Figures,
}

/// How a server of the fleet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It serves.
    Up,
    /// It finishes what is in flight and takes nothing new.
    Draining,
    /// Nothing was heard of it for six seconds or longer: the figures of the fleet lack it.
    Missing,
}

/// What one server counted since it started, and in the last minute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Figures {
    /// Requests of clients in the last minute.
    pub requests: u64,
    /// Those that failed by the server's fault (5xx).
    pub failures: u64,
    /// Sign-ins in the last minute.
    pub sign_ins: u64,
    /// Saves of drawings in the last minute.
    pub saves: u64,
    /// Milliseconds within which half of the last minute's requests were answered; absent without any.
    pub p50_ms: Option<f64>,
    /// The same of 99 in a hundred.
    pub p99_ms: Option<f64>,
    /// Requests in each of the last sixty seconds, the oldest first.
    pub per_second: Vec<u32>,
    /// The routes, the busiest first, twenty at most.
    pub routes: Vec<RouteFigures>,
    /// What the server needs, and how it stands.
    pub dependencies: Vec<Dependency>,
}

/// One route in the last minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteFigures {
    /// The template, such as `GET /api/v1/drawings/{id}`.
    pub route: String,
    /// Requests.
    pub requests: u64,
    /// Those that failed by the server's fault (5xx).
    pub failures: u64,
    /// Milliseconds within which half were answered.
    pub p50_ms: f64,
    /// The same of 99 in a hundred.
    pub p99_ms: f64,
}

/// Something that a server needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dependency {
    /// `gallery` or `sessions`.
    pub name: String,
    /// What it stands on: `sqlite`, `mongodb`, `redis`.
    pub backend: String,
    /// `ok`, `slow` or `unavailable`.
    pub state: String,
    /// Milliseconds that a sign of life took; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_ms: Option<f64>,
}
