//! Requests and replies of the public API, version 1.
//!
//! Times are RFC 3339 in UTC. The server's OpenAPI document is generated from these types.

mod orders;
mod rooms;
#[cfg(feature = "openapi")]
pub mod schema;
mod shares;

use serde::{Deserialize, Serialize};

use crate::drawing::{Action, Mode};
use crate::limits::Limits;
use crate::object;
use crate::rooms::RoomLimits;
use crate::sharing::SharingLimits;

pub use orders::{OrderReply, OrderRequest, OrdersReply, PaymentReply, ProductView, RefundView, ShopReply};
pub use rooms::{
    AuthorView, BanRequest, HoldView, OpenRoomRequest, RemoveStrokeRequest, RoomActionsReply, RoomReply,
    RoomRow, RoomShare, RoomStrokesReply, RoomStrokesRequest, RoomsReply,
};
pub use shares::{ShareReply, ShareReportRequest, ShareRequest, SharesReply, SharesRow};

/// `POST /session`: exchanges a login code of WeChat for a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The login code from `wx.login`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub code: String,
    /// A share or referral code; kept as the user's origin at the first sign-in only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32))]
    pub from: Option<String>,
    /// A description of the device, shown in the list of sessions; cut to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Cancels a pending erasure of the user's account. Without it, a sign-in during one is answered 409
    /// `account_closing` and changes nothing; to be sent after the user has confirmed, with a code of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reopen: bool,
}

/// The reply to `POST /session`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInReply {
    /// The bearer token for further requests.
    pub token: String,
    /// Seconds until the session expires if it is not used.
    pub expires_in: u64,
    /// The user who signed in.
    pub user: SignedInUser,
}

/// The user in a [`SignInReply`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedInUser {
    /// The user's public id.
    pub id: String,
    /// The nickname; empty until one is chosen.
    pub nickname: String,
    /// The time of the first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// `true` at the first sign-in, absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
}

/// The reply to `GET /limits`: the [`Limits`] of a drawing and of a user, the periods in which deletions can be
/// undone, and the rules for sharing.
///
/// A flat copy of [`Limits`], which refuses unknown fields: clients have to accept fields that later servers add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsReply {
    /// Points of one stroke.
    pub points_per_stroke: u32,
    /// Actions of one drawing, counted from its `base`.
    pub actions_per_drawing: u32,
    /// Bytes of one drawing's actions, as they are stored.
    pub bytes_per_drawing: u32,
    /// Points of one drawing, undone strokes included; a 2016 picture counts the points that it expands to.
    pub points_per_drawing: u32,
    /// Drawings of one user, the bin included.
    pub drawings_per_user: u32,
    /// Bytes of all drawings of one user as they are stored, the bin included.
    pub bytes_per_user: u64,
    /// Coordinates are within plus or minus this many times the drawing's width and height.
    pub coordinate_factor: u32,
    /// The longest path of a drawing in mode `one_stroke`, in units of a grid 2048 wide; on another paper in
    /// proportion to its width.
    pub one_stroke_length: u32,
    /// Characters of a title.
    pub title_chars: u32,
    /// Days for which a deleted drawing can be restored from the bin.
    pub bin_days: u32,
    /// Days between a user's leaving and the erasure; a sign-in with `reopen` within them cancels it.
    pub erasure_days: u32,
    /// Whether and how drawings may be shared. Absent in replies of servers that know no shares.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub sharing: SharingLimits,
    /// The rules of rooms, in which several people draw. Absent in replies of servers that know no rooms.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub rooms: RoomLimits,
}

impl LimitsReply {
    /// Combines the limits with the days of the bin and of an erasure, and the rules for sharing and
    /// rooms.
    #[must_use]
    pub const fn new(
        limits: &Limits,
        bin_days: u32,
        erasure_days: u32,
        sharing: SharingLimits,
        rooms: RoomLimits,
    ) -> Self {
        let &Limits {
            points_per_stroke,
            actions_per_drawing,
            bytes_per_drawing,
            points_per_drawing,
            drawings_per_user,
            bytes_per_user,
            coordinate_factor,
            one_stroke_length,
            title_chars,
        } = limits;
        Self {
            points_per_stroke,
            actions_per_drawing,
            bytes_per_drawing,
            points_per_drawing,
            drawings_per_user,
            bytes_per_user,
            coordinate_factor,
            one_stroke_length,
            title_chars,
            bin_days,
            erasure_days,
            sharing,
            rooms,
        }
    }
}

/// The reply to `POST /session/renew`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewReply {
    /// The new token. The former token stays valid for another minute.
    pub token: String,
    /// Seconds until the session expires if it is not used.
    pub expires_in: u64,
}

/// The reply to `GET /me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The user's public id.
    pub id: String,
    /// The nickname; empty until one is chosen.
    pub nickname: String,
    /// The state of the nickname's check; null if it is not checked. A rejected nickname is removed.
    #[serde(default)]
    pub nickname_state: Option<ContentState>,
    /// The link of the uploaded avatar, 256 pixels a side, unchanged for at least a day. Without one, the address of the
    /// avatar in the WeChat profile, from a sign-in of 2016 or 2017 or from open data: https, below `qlogo.cn`. Null if
    /// there is neither.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The state of the uploaded avatar's check; null if it is not checked. A rejected avatar is removed.
    #[serde(default)]
    pub avatar_state: Option<ContentState>,
    /// The time of the first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The storage that the user takes.
    pub usage: UsageView,
    /// The bound phone number, masked, such as `138****1234`; absent if none is bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The state of the content check of a nickname or avatar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContentState {
    /// The check is pending; other users do not see the content yet.
    Pending,
    /// The content passed; other users may see it.
    Passed,
    /// The content was rejected and removed.
    Rejected,
}

/// The storage that a user takes, the bin included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageView {
    /// The number of drawings.
    pub drawings: u32,
    /// Bytes of the stored actions of all drawings.
    pub bytes: u64,
}

/// `PATCH /me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchMe {
    /// The new nickname: at most 32 visible characters. An empty one removes the nickname.
    #[cfg_attr(feature = "openapi", schema(max_length = 32))]
    pub nickname: String,
}

/// Open data as WeChat encrypts it under the session_key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncryptedData {
    /// `encryptedData`, base64.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 65536))]
    pub encrypted_data: String,
    /// `iv`, base64.
    #[cfg_attr(feature = "openapi", schema(min_length = 24, max_length = 24))]
    pub iv: String,
}

/// Open data in the clear, as WeChat signs it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedData {
    /// `rawData` of WeChat, byte for byte.
    #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
    pub raw_data: String,
    /// `signature`, lower-case hexadecimal.
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub signature: String,
}

/// `POST /me/open-data`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum OpenDataRequest {
    /// Data to decrypt.
    Encrypted(EncryptedData),
    /// Data whose signature is to be verified.
    Signed(SignedData),
}

/// The reply to `POST /me/open-data`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenDataReply {
    /// The members of the open data except `openId`, `unionId` and `watermark`.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, serde_json::Value>))]
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// The code from WeChat's button for the phone number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PhoneCode {
    /// The code of the button, which is not a login code.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub code: String,
}

/// `POST /me/phone`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum PhoneRequest {
    /// The code that WeChat's button gives today.
    Code(PhoneCode),
    /// The encrypted data that the button gave in 2018.
    Encrypted(EncryptedData),
}

/// The reply to `GET /me/session-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionKeyReply {
    /// Whether WeChat still accepts the session's session_key. Otherwise open data can't be decrypted until the next
    /// sign-in.
    pub valid: bool,
}

/// The reply to `GET /me/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionsReply {
    /// The active sessions, the most recently used first.
    pub sessions: Vec<SessionView>,
}

/// A session of the calling user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// The id for `DELETE /me/sessions/{id}`.
    pub id: String,
    /// `yibi`, or `weapp` for a client of 2016.
    pub dialect: String,
    /// The client's description of its device.
    pub device: String,
    /// The time of the sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The time of the last use, to the minute.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_seen: String,
    /// The expiry if the session is not used again.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: String,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// A drawing without its actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// The id that the client chose; unique per user.
    pub id: String,
    /// The title; may be empty.
    pub title: String,
    /// Grid units from left to right.
    pub width: u32,
    /// Grid units from top to bottom.
    pub height: u32,
    /// The rule for the drawing's list.
    pub mode: Mode,
    /// The number of the first action that is still stored.
    pub base: u32,
    /// The number of the next action to be appended.
    pub seq: u32,
    /// The number of strokes in the list, undone ones included.
    pub stroke_count: u32,
    /// The number of points of all these strokes.
    pub point_count: u32,
    /// The time of creation.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When an action was last added.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// The time of deletion; absent for a drawing outside the bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deleted_at: Option<String>,
    /// `true` for a drawing of several people in a reply to a client that does not send `X-Yibi-Client: 2`: the actions
    /// are then its visible strokes, without authors and without history. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// A signed link of the picture, valid for one to two days without a token; `null` for a drawing in the bin.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub image_url: Option<String>,
}

/// The reply to `GET /drawings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingsReply {
    /// A page of drawings, the most recently changed first.
    pub drawings: Vec<Summary>,
    /// The `cursor` of the next page; `null` on the last.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next: Option<String>,
}

/// The reply to `GET /drawings/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingReply {
    /// The drawing without its actions.
    #[serde(flatten)]
    pub summary: Summary,
    /// The people who drew, in the order of the actions' `by`, the owner first. Absent for a drawing of its owner alone,
    /// and in replies to clients that do not send `X-Yibi-Client: 2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<AuthorView>,
    /// The actions from `since` on, or from `base` where that is higher.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::StoredAction>))]
    pub actions: Vec<Action>,
}

/// `POST /drawings/{id}/actions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = schema::append))]
#[serde(deny_unknown_fields)]
pub struct AppendRequest {
    /// The number for the first of the actions.
    #[cfg_attr(feature = "openapi", schema(maximum = 4_294_967_295_u32))]
    pub from_seq: u32,
    /// The actions to append.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::Action>))]
    pub actions: Vec<Action>,
    /// The properties of the drawing to create, allowed if `from_seq` is 0.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional")]
    pub drawing: Option<CreateDrawing>,
}

/// The properties of a drawing that the append at 0 creates.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateDrawing {
    /// The title; empty when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub title: Option<String>,
    /// Grid units from left to right; 2048 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 64, maximum = 8192))]
    pub width: Option<u32>,
    /// Grid units from top to bottom; 2731 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 64, maximum = 8192))]
    pub height: Option<u32>,
    /// The rule for the drawing's list; `free` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// The reply to `POST /drawings/{id}/actions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendReply {
    /// The number after the last of the sent actions, with which the next append starts.
    pub seq: u32,
}

/// `PATCH /drawings/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchDrawing {
    /// The new title.
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub title: String,
}

/// An error as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemBody {
    /// Always `about:blank`; see `code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A description of the code, the same for all problems of that code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code for programs.
    pub code: String,
    /// Details of this error, for the developer of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request id, which is also in the server's log.
    pub request_id: String,
    /// With `conflict`: the drawing's `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u32>,
    /// With `conflict`: the drawing's `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// With `account_closing`: the time at which everything of the user is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub erase_at: Option<String>,
    /// With `not_your_turn`: the person who has the turn, or waits for it, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldView>,
}
