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
//! | `GET /history` | | [`History`] | viewer |
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
//! | `GET /events` | [`EventQuery`] | `text/event-stream` of [`Event`] | viewer |
//! | `GET /errors` | | [`ErrorsReply`] | viewer |
//! | `GET /requests/{request}` | | [`RequestDetail`] | viewer |
//! | `GET /reviews` | [`ReviewQuery`] | [`ReviewPage`] | viewer |
//! | `POST /reviews` | [`OpenReview`] | [`ReviewRow`]: the case of a share | operator |
//! | `GET /reviews/{case}` | | [`ReviewDetail`] | viewer |
//! | `GET /reviews/{case}/drawing` | | [`ReviewCopy`] | viewer |
//! | `GET /reviews/{case}/picture.png` and `/sheet.png` | | the copy, and its contact sheet | viewer |
//! | `GET /reviews/{case}/avatar.png` | | the avatar under review, or that of the share's author | viewer |
//! | `POST /reviews/{case}/claim` | | [`ReviewRow`]: a lease of two minutes | operator |
//! | `POST /reviews/{case}/pass` and `/hold` | | [`ReviewRow`] | operator |
//! | `POST /reviews/{case}/remove` | [`RemoveReview`] | [`ReviewRow`] | operator |
//! | `POST /reviews/{case}/note` | [`NoteReview`] | [`ReviewRow`] | operator |
//! | `GET /users/{user}/shares` | [`ShareQuery`] | [`SharePage`] | viewer |
//! | `GET /rooms` | [`RoomQuery`] | [`RoomPage`] | viewer |
//! | `GET /rooms/{code}` | | [`AdminRoom`] | viewer |
//! | `POST /rooms/{code}/freeze`, `thaw` and `close` | | [`AdminRoom`] | operator |
//! | `POST /rooms/{code}/remove` | [`RemoveStroke`] | [`AdminRoom`] | operator |
//! | `GET /orders` | [`OrderQuery`] | [`OrderPage`] | viewer |
//! | `GET /orders/{order}` | | [`OrderDetail`] | viewer |
//! | `GET /orders/{order}/picture.png`, `/print.pdf` and `/print.png` | | the picture, and the printer's page | viewer |
//! | `POST /orders/{order}/address` | | [`PostalAddress`](crate::shop::PostalAddress) | operator |
//! | `POST /orders/{order}/pass`, `/reject`, `/printing`, `/refund` and `/release` | | [`OrderDetail`] | operator |
//! | `POST /orders/{order}/shipped` | [`Parcel`](crate::shop::Parcel) | [`OrderDetail`] | operator |
//! | `GET /audit` | [`AuditQuery`] | [`AuditPage`] | viewer |
//! | `GET /openapi.json` | | the description of all this | anybody |
//!
//! `{user}` is a user's public id, `{id}` a drawing's, `{session}` a session's, `{case}` a review case's, `{order}` an order's.
mod audit;
mod drawings;
mod errors;
mod events;
mod orders;
mod reviews;
mod rooms;
mod servers;
mod sessions;
mod users;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use audit::{AuditEntry, AuditPage, AuditQuery, Change};
pub use drawings::{DrawingDetail, DrawingOrder, DrawingPage, DrawingQuery, DrawingRow};
pub use errors::{ErrorGroup, ErrorsReply, Failure, RequestDetail, RequestRow, Share};
pub use events::{Event, EventQuery, Happening};
pub use orders::{AttemptView, EffectView, OrderDetail, OrderPage, OrderQuery, OrderRow};
pub use reviews::{
    CaseKind, NoteReview, OpenReview, RemoveReview, ReviewClaim, ReviewCopy, ReviewDecision, ReviewDetail,
    ReviewNote, ReviewPage, ReviewQuery, ReviewReport, ReviewRow, SharePage, ShareQuery, ShareRow,
};
pub use rooms::{AdminRoom, RemoveStroke, RoomPage, RoomQuery};
pub use servers::{
    Dependency, Figures, History, MinuteFigures, Overview, RouteFigures, RouteHistory, ServerState,
    ServerView,
};
pub use sessions::{SessionDetail, SessionOrder, SessionPage, SessionQuery, SessionRow};
pub use users::{UserDetail, UserPage, UserQuery, UserRow};

/// The permissions of a caller of the operators' API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May read everything.
    Viewer,
    /// May also make changes.
    Operator,
    /// Another backend, which gets WeChat's access token from the internal listener and has no access to this API.
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

/// The reply to `GET /me`: the caller's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    /// The caller's name in the audit log: `token:NAME`, or `uid:NUMBER` through the socket.
    pub name: String,
    /// The caller's permissions.
    pub role: Role,
    /// The name of the server that answered.
    pub server: String,
    /// The version of that server.
    pub version: String,
    /// The time at that server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// A number of rows, exact or estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// The number.
    pub value: u64,
    /// Whether all rows were counted; otherwise the number is an estimate, or a lower bound after a time-out.
    pub exact: bool,
}

/// The user that a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRef {
    /// The public id, used in paths.
    pub id: String,
    /// The app id of the mini-program.
    pub app_id: String,
    /// WeChat's id of the user in that mini-program.
    pub openid: String,
    /// The nickname; untrusted text, empty until one is chosen.
    pub nickname: String,
}
