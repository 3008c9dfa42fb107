//! Review: content on which an operator decides, and the shares of users.

use serde::{Deserialize, Serialize};

use super::UserRef;
use crate::drawing::Action;
use crate::sharing::{Audience, CaseOpener, CaseState, Reason, ShareState};

/// The parameters of `GET /reviews`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct ReviewQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page; the other parameters must be the same as for that page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only cases in this state; `held` selects the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<CaseState>,
    /// Only cases with this reason, from 1 to 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 6))]
    pub reason: Option<u8>,
    /// Only cases that this event opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<CaseOpener>,
    /// Only cases that were opened at least this many seconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<u32>,
    /// Only cases of the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// The kind of content that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// A copy of a shared drawing.
    Share,
    /// The drawing of a room.
    Room,
    /// A user's nickname.
    Nickname,
    /// A user's avatar.
    Avatar,
    /// The title of a drawing.
    Title,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewRow {
    /// The id of the case.
    pub id: String,
    /// The kind of content.
    pub kind: CaseKind,
    /// The code of the share; absent for other content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The id of the drawing; absent for content of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
    /// The `seq` of the share's copy; absent for other content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// The text under review, which is untrusted, or the id of the avatar; absent for shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The author. The id alone remains of a user who was erased.
    pub author: UserRef,
    /// The state; `held` means that the case waits for a decision.
    pub state: CaseState,
    /// The event that opened the case.
    pub opened_by: CaseOpener,
    /// The reason that WeChat, a reporter or the operator gave, from 1 to 6.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u8>, minimum = 1, maximum = 6))]
    pub reason: Option<Reason>,
    /// The number of users who reported the share.
    pub reports: u32,
    /// The number of reports of the share without an account.
    pub web_reports: u32,
    /// The operator who looks at the case; absent where the lease is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ReviewClaim>,
    /// The last decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<ReviewDecision>,
    /// The time at which the case was opened.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub opened_at: String,
}

/// Lease of a case by an operator who looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewClaim {
    /// The operator as the audit log names it.
    pub operator: String,
    /// The end of the lease.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub until: String,
}

/// Decision on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewDecision {
    /// The operator as the audit log names it.
    pub operator: String,
    /// The time of the decision.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
}

/// A page of `GET /reviews`: the case that waits longest comes first, reported cases earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewPage {
    /// The rows of the page.
    pub reviews: Vec<ReviewRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// The reply to `GET /reviews/{id}`: the fields of [`ReviewRow`], and more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewDetail {
    /// The case.
    #[serde(flatten)]
    pub case: ReviewRow,
    /// The title of the drawing, which is untrusted text.
    pub title: String,
    /// The author's nickname when the case was opened, which is untrusted text; absent for other content than
    /// shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Whether `avatar.png` has a picture: the avatar under review, or that of the share's author.
    #[serde(default)]
    pub has_avatar: bool,
    /// The share as it is now; absent for other content and for a share that is gone.
    #[serde(default)]
    pub share: Option<ShareRow>,
    /// The latest reports of the share.
    pub reported: Vec<ReviewReport>,
    /// Remarks of operators, the oldest first.
    pub notes: Vec<ReviewNote>,
    /// Other held cases of the same author.
    pub others: Vec<ReviewRow>,
    /// The time at the server.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub now: String,
}

/// The reply to `GET /reviews/{case}/drawing`: the copy of a drawing that a case is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewCopy {
    /// The code of the share.
    pub code: String,
    /// The `seq` of the drawing at the time of the copy.
    pub seq: u32,
    /// The title, which is untrusted text.
    pub title: String,
    /// Grid units from left to right.
    pub width: u32,
    /// Grid units from top to bottom.
    pub height: u32,
    /// A background, then the visible strokes in order.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::api::schema::StoredAction>))]
    pub actions: Vec<Action>,
}

/// A report of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewReport {
    /// The reporter; absent for a report without an account and for a user who was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<UserRef>,
    /// The `seq` of the copy that the reporter saw.
    pub seq: u32,
    /// The reason, from 1 to 6.
    #[cfg_attr(feature = "openapi", schema(value_type = u8, minimum = 1, maximum = 6))]
    pub reason: Reason,
    /// The reporter's words, which are untrusted text.
    pub note: String,
    /// The time of the report.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
}

/// Remark of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewNote {
    /// The time of the remark.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The operator as the audit log names it.
    pub operator: String,
    /// The text.
    pub text: String,
}

/// The body of `POST /reviews`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenReview {
    /// The code of the share.
    pub code: String,
}

/// The body of `POST /reviews/{id}/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveReview {
    /// The reason, from 1 to 6, which the author reads.
    #[cfg_attr(feature = "openapi", schema(value_type = u8, minimum = 1, maximum = 6))]
    pub reason: Reason,
}

/// The body of `POST /reviews/{id}/note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NoteReview {
    /// The remark, of 1 to 200 characters.
    pub text: String,
}

/// A share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareRow {
    /// The code, which is part of the share's address.
    pub code: String,
    /// The id of the drawing.
    pub drawing: String,
    /// The state.
    pub state: ShareState,
    /// The `seq` of the copy that the public sees, or saw last.
    #[serde(default)]
    pub shown_seq: Option<u32>,
    /// The `seq` of the copy whose check is not finished.
    #[serde(default)]
    pub checking_seq: Option<u32>,
    /// The reason of the last removal or rejection, from 1 to 6.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u8>, minimum = 1, maximum = 6))]
    pub reason: Option<Reason>,
    /// The people who can find the share.
    pub audience: Audience,
    /// The time at which the share was made.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of the last change of state.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
}

/// The parameters of `GET /users/{user}/shares`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct ShareQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of `GET /users/{user}/shares`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharePage {
    /// The rows of the page.
    pub shares: Vec<ShareRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}
