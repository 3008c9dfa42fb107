//! Requests, replies and events of the operator's API, version 1, on the admin listener below `/admin/v1`.
//!
//! Who asks shows `Authorization: Bearer <token>`, or comes through the unix socket `admin.sock` in the data
//! directory. Failures are [`ProblemBody`](crate::api::ProblemBody). Moments are RFC 3339 in UTC to the
//! millisecond; lists carry the server's `now`, by which a countdown is right whatever the console's own clock
//! says. Cursors are opaque. A page may hold fewer rows than asked for, even none, and still have a `next`:
//! a filter looks at a bounded number of entries for each page.
//!
//! | request | parameters | reply | role |
//! |---|---|---|---|
//! | `GET /me` | | [`Identity`] | viewer |
//! | `GET /overview` | | [`Overview`] | viewer |
//! | `GET /sessions` | [`SessionQuery`] | [`SessionPage`] | viewer |
//! | `GET /sessions/count` | the filters of [`SessionQuery`] | [`Count`] | viewer |
//! | `GET /sessions/{session}` | | [`SessionDetail`] | viewer |
//! | `DELETE /sessions/{session}` | | 204 | operator |
//! | `GET /users` | [`UserQuery`] | [`UserPage`] | viewer |
//! | `GET /users/count` | the filters of [`UserQuery`] | [`Count`] | viewer |
//! | `GET /users/{user}` | | [`UserDetail`] | viewer |
//! | `POST /users/{user}/block` | | [`UserRow`] | operator |
//! | `POST /users/{user}/unblock` | | [`UserRow`] | operator |
//! | `DELETE /users/{user}/sessions` | | 204: all are revoked | operator |
//! | `GET /drawings` | [`DrawingQuery`] | [`DrawingPage`] | viewer |
//! | `GET /drawings/count` | the filters of [`DrawingQuery`] | [`Count`] | viewer |
//! | `GET /users/{user}/drawings/{id}` | `since`: a number of an action | [`DrawingDetail`] | viewer |
//! | `GET /users/{user}/drawings/{id}/image.png` and `.svg` | `size`: pixels of the longer side | the picture | viewer |
//! | `GET /users/{user}/drawings/{id}/export` | | [`DrawingDetail`] as a file | viewer |
//! | `DELETE /users/{user}/drawings/{id}` | | [`DrawingRow`], now in the bin | operator |
//! | `POST /users/{user}/drawings/{id}/restore` | | [`DrawingRow`] | operator |
//! | `GET /events` | | `text/event-stream` of [`Event`] | viewer |
//! | `GET /errors` | | [`ErrorsReply`] | viewer |
//! | `GET /requests/{request}` | | [`RequestDetail`] | viewer |
//! | `GET /audit` | [`AuditQuery`] | [`AuditPage`] | viewer |
//! | `GET /openapi.json` | | the description of all this | anybody |
//!
//! `{user}` is a user's public id, `{id}` a drawing's, `{session}` a session's.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::drawing::{Action, Mode};

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at everything.
    Viewer,
    /// Change things too.
    Operator,
    /// No operator, but another backend: gets WeChat's access token from the internal listener, and nothing here.
    Service,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Service => "service",
        })
    }
}

/// `GET /me`: whom the server takes the caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// As the audit log names the caller: `token:NAME`, or `uid:NUMBER` through the socket.
    pub name: String,
    /// What the caller may do.
    pub role: Role,
    /// The name of the server that answered.
    pub server: String,
    /// That server's version.
    pub version: String,
    /// That server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// A number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// How many.
    pub value: u64,
    /// Whether they were counted; else it is an estimate, or what had been counted when the time was over.
    pub exact: bool,
}

/// The user that a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRef {
    /// The public id, as paths take it.
    pub id: String,
    /// The mini-program.
    pub app_id: String,
    /// WeChat's id of the user in that mini-program.
    pub openid: String,
    /// The nickname; untrusted text, empty until one is chosen.
    pub nickname: String,
}

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
    /// Drawings, the bin included.
    pub drawings: u32,
    /// Bytes of their actions, as stored.
    pub bytes: u64,
    /// The living sessions, the one used last first.
    pub sessions: Vec<SessionRow>,
    /// The drawings that changed last, ten at most.
    pub latest: Vec<DrawingRow>,
    /// The server's clock.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

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
    /// When anything of it last changed.
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

/// Something that happened on some server, as `GET /events` tells it: the `data` of a server-sent event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The server on which it happened.
    pub server: String,
    /// When.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What an [`Event`] tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// A user signed in.
    SignIn {
        /// Who.
        user: UserRef,
        /// The session.
        session: String,
        /// How: `yibi`, `weapp`, `wafer`.
        dialect: String,
        /// Whether it is this user's first one.
        new: bool,
    },
    /// A drawing was saved.
    Save {
        /// Whose.
        user: UserRef,
        /// Its id.
        drawing: String,
        /// Whether it was made by this save.
        created: bool,
        /// The number of the first action that is still there.
        base: u32,
        /// The number of the first new action.
        from_seq: u32,
        /// The number that the next action gets.
        seq: u32,
        /// The new actions; absent where they are more than an event carries (64 KiB as stored): who follows
        /// the drawing then loads it from `from_seq` on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::api::schema::Action>>))]
        actions: Option<Vec<Action>>,
    },
    /// Sessions were ended by their user or an operator.
    Revoked {
        /// Whose.
        user: UserRef,
        /// Which one; absent when all of that user were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// An operator changed something; the audit log has it too.
    Changed {
        /// What.
        entry: AuditEntry,
    },
    /// A request failed by the server's fault, or for a cause that the log tells.
    Failed {
        /// The failure.
        failure: Failure,
    },
    /// The listener was too slow: this many events were left out for it.
    Missed {
        /// How many.
        events: u64,
    },
}

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

/// `GET /errors`: the last 10,000 failures of the servers that can be asked, grouped by code and cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorsReply {
    /// The groups, the one that grew last first.
    pub groups: Vec<ErrorGroup>,
    /// The failures that are in them.
    pub failures: u64,
    /// The servers whose failures these are.
    pub servers: Vec<String>,
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
    /// What the same user asked of that server before and after, in order, twenty each at most; the request
    /// itself among them.
    pub neighbours: Vec<RequestRow>,
}

/// A request, failed or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestRow {
    /// The request's id.
    pub request_id: String,
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

/// The parameters of `GET /audit`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /audit`, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// One change that an operator made. It names things by their ids, never a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// When.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// Who: `token:NAME`, or `uid:NUMBER` through the socket.
    pub who: String,
    /// From where: an address, or `socket`.
    pub from: String,
    /// What was done.
    pub change: Change,
    /// The public id of the user whom it was done to.
    pub user: String,
    /// The session's or drawing's id; absent where it is the user as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The request by which it was done.
    pub request_id: String,
}

/// What an operator can do to things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// End a session.
    RevokeSession,
    /// End all sessions of a user.
    RevokeSessions,
    /// Keep a user out.
    BlockUser,
    /// Let a user in again.
    UnblockUser,
    /// Put a drawing in the bin.
    DeleteDrawing,
    /// Take a drawing out of the bin.
    RestoreDrawing,
    /// Give WeChat's access token to another backend.
    GiveAccessToken,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 7] = [
        Self::RevokeSession,
        Self::RevokeSessions,
        Self::BlockUser,
        Self::UnblockUser,
        Self::DeleteDrawing,
        Self::RestoreDrawing,
        Self::GiveAccessToken,
    ];

    /// The name, as JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RevokeSession => "revoke_session",
            Self::RevokeSessions => "revoke_sessions",
            Self::BlockUser => "block_user",
            Self::UnblockUser => "unblock_user",
            Self::DeleteDrawing => "delete_drawing",
            Self::RestoreDrawing => "restore_drawing",
            Self::GiveAccessToken => "give_access_token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let user = UserRef {
            id: "k3v".to_owned(),
            app_id: "wx1".to_owned(),
            openid: "o1".to_owned(),
            nickname: "小明".to_owned(),
        };
        let event = Event {
            server: "a-1".to_owned(),
            at: "2027-01-15T08:00:00.123Z".to_owned(),
            what: Happening::Save {
                user,
                drawing: "d".to_owned(),
                created: true,
                base: 0,
                from_seq: 0,
                seq: 1,
                actions: Some(vec![Action::Clear { at: None }]),
            },
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], "save");
        assert_eq!(json["actions"][0]["type"], "clear");
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }

    #[test]
    fn changes_are_named_as_in_json() {
        for change in Change::ALL {
            assert_eq!(serde_json::to_value(change).unwrap(), change.name());
        }
    }
}
