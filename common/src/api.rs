//! Requests and replies of the public API, version 1.
//!
//! Moments are RFC 3339 in UTC. The server's OpenAPI document is made of these types.

use serde::{Deserialize, Serialize};

use crate::drawing::{Action, Mode};
use crate::limits::Limits;
use crate::object;

/// `POST /session`: a WeChat code for a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// What `wx.login` gave.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub code: String,
    /// A share or referral code; kept as the user's origin at the first sign-in only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32))]
    pub from: Option<String>,
    /// What the client runs on, to be recognised in the list of sessions; cut to 64 characters.
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
    /// The bearer token of all further requests.
    pub token: String,
    /// Seconds until the session ends unless it is used.
    pub expires_in: u64,
    /// Who signed in.
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
    /// The first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// `true` the first time, else absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
}

/// The reply to `GET /limits`: what bounds a drawing and a user, as [`Limits`] describes it, and for how long
/// what is deleted can be brought back.
///
/// Flat, and not made of [`Limits`]: that one refuses the fields it does not know, and its schema says so.
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
    /// Days that a deleted drawing stays in the bin, from which it can be restored.
    pub bin_days: u32,
    /// Days between a user's leaving and the erasure; a sign-in with `reopen` within them cancels it.
    pub erasure_days: u32,
}

impl LimitsReply {
    /// The limits, with the days of the bin and of an erasure.
    #[must_use]
    pub const fn new(limits: &Limits, bin_days: u32, erasure_days: u32) -> Self {
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
        }
    }
}

/// The reply to `POST /session/renew`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewReply {
    /// The token that takes the place of the one that asked; that one is good for a minute more.
    pub token: String,
    /// Seconds until the session ends unless it is used.
    pub expires_in: u64,
}

/// `GET /me`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The user's public id.
    pub id: String,
    /// The nickname; empty until one is chosen.
    pub nickname: String,
    /// What is known of the nickname; null while nothing is checked. A rejected one is gone.
    #[serde(default)]
    pub nickname_state: Option<ContentState>,
    /// The link of the avatar that was uploaded, 256 pixels a side: the same for a day at least. Else the address of
    /// the one in the WeChat profile that a sign-in of 2016 or 2017 or open data brought: https, below `qlogo.cn`. Null
    /// while there is none.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// What is known of the uploaded avatar; null while nothing is checked. A rejected one is gone.
    #[serde(default)]
    pub avatar_state: Option<ContentState>,
    /// The first sign-in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// What the user keeps.
    pub usage: UsageView,
    /// The phone number, masked, such as `138****1234`; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What is known of something that a user shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContentState {
    /// It is being looked at; others do not see it yet.
    Pending,
    /// Others may see it.
    Passed,
    /// It was taken away.
    Rejected,
}

/// What a user keeps, the bin included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageView {
    /// Drawings.
    pub drawings: u32,
    /// Bytes of their actions, as stored.
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
    /// `rawData`, byte for byte.
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
    /// To be decrypted.
    Encrypted(EncryptedData),
    /// To be verified.
    Signed(SignedData),
}

/// The reply to `POST /me/open-data`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenDataReply {
    /// The members of the open data, but for `openId`, `unionId` and `watermark`.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, serde_json::Value>))]
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// The code that WeChat's button for the phone number gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PhoneCode {
    /// The code; not one of `wx.login`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub code: String,
}

/// `POST /me/phone`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum PhoneRequest {
    /// As the button gives it today.
    Code(PhoneCode),
    /// As it gave it in 2018.
    Encrypted(EncryptedData),
}

/// `GET /me/session-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionKeyReply {
    /// Whether the session's WeChat key is still the user's. If not, open data can't be decrypted until the next
    /// sign-in.
    pub valid: bool,
}

/// `GET /me/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionsReply {
    /// The living sessions, the one used last first.
    pub sessions: Vec<SessionView>,
}

/// One signed-in device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// What `DELETE /me/sessions/{id}` takes.
    pub id: String,
    /// `yibi`, or `weapp` for a client of 2016.
    pub dialect: String,
    /// What the client said it runs on.
    pub device: String,
    /// When it signed in.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When it was last used, to the minute.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_seen: String,
    /// When it ends unless it is used.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A drawing without its actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// The id that the client chose; unique per user.
    pub id: String,
    /// The title.
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
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// When an action was last added.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// Since when it is in the bin; absent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deleted_at: Option<String>,
    /// Where its picture is, for a day or two and without a token; `null` in the bin.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub image_url: Option<String>,
}

/// `GET /drawings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingsReply {
    /// A page, newest change first.
    pub drawings: Vec<Summary>,
    /// The `cursor` of the next page; `null` on the last.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next: Option<String>,
}

/// `GET /drawings/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawingReply {
    /// The drawing.
    #[serde(flatten)]
    pub summary: Summary,
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
    /// The number that the first of the actions is to get.
    #[cfg_attr(feature = "openapi", schema(maximum = 4_294_967_295_u32))]
    pub from_seq: u32,
    /// The actions.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::Action>))]
    pub actions: Vec<Action>,
    /// What the drawing is created with, when `from_seq` is 0.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional")]
    pub drawing: Option<CreateDrawing>,
}

/// What the append at 0 may say of the drawing that it creates.
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
    /// What the list may hold; `free` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// The reply to `POST /drawings/{id}/actions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppendReply {
    /// The number behind the last of the actions that were sent, which the next append begins at.
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

/// A failure, as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemBody {
    /// `about:blank`: the `code` says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of a code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What a program decides by; stable.
    pub code: String,
    /// More about this one, for the developer of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a log line of the server carries, too.
    pub request_id: String,
    /// With `conflict`: the drawing's `base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u32>,
    /// With `conflict`: the drawing's `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// With `account_closing`: when everything of the user is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub erase_at: Option<String>,
}

/// Shapes that exist for the OpenAPI document alone.
#[cfg(feature = "openapi")]
pub mod schema {
    use serde::Serialize;

    use crate::drawing::Tool;

    /// An append as a client sends it.
    pub(super) fn append() -> serde_json::Value {
        serde_json::json!({"from_seq": 0, "actions": [
            {"type": "background", "color": "#fff8e7", "at": 0},
            {"type": "stroke", "tool": "pen", "color": "#ff0000", "width": 28, "at": 1830,
             "points": [300, 400, 0, 12, 5, 16, 14, 3, 17]},
            {"type": "undo", "at": 4200},
        ]})
    }

    /// One entry of a drawing's list. `at` is milliseconds since the drawing began.
    #[derive(Serialize, utoipa::ToSchema)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    pub enum Action {
        /// A stroke is drawn.
        Stroke {
            /// What it is drawn with; `pen` when absent.
            #[schema(required = false)]
            tool: Tool,
            /// `#rrggbb`.
            #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
            color: String,
            /// Grid units: at most a quarter of the paper's width, or 512 where that is more.
            #[schema(minimum = 1, maximum = 2048)]
            width: u16,
            /// When its first point was touched.
            #[schema(maximum = 1_099_511_627_776_u64)]
            at: u64,
            /// `[x0,y0,0, dx,dy,dt, …]`: three numbers a point, differences after the first.
            #[schema(min_items = 3)]
            points: Vec<i64>,
        },
        /// The paper takes a colour.
        Background {
            /// `#rrggbb`.
            #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
            color: String,
            /// When.
            #[schema(required = false, maximum = 1_099_511_627_776_u64)]
            at: u64,
        },
        /// The last entry in effect is taken back.
        Undo {
            /// When.
            #[schema(required = false, maximum = 1_099_511_627_776_u64)]
            at: u64,
        },
        /// The entry taken back last is put in effect again.
        Redo {
            /// When.
            #[schema(required = false, maximum = 1_099_511_627_776_u64)]
            at: u64,
        },
        /// All strokes are removed.
        Clear {
            /// When.
            #[schema(required = false, maximum = 1_099_511_627_776_u64)]
            at: u64,
        },
    }

    /// An entry as it is read: one that clients append, or a picture of 2016.
    #[derive(Serialize, utoipa::ToSchema)]
    #[serde(untagged)]
    pub enum StoredAction {
        /// As it was appended.
        Appended(Action),
        /// A whole picture that a 2016 client saved.
        Weapp(WeappAction),
    }

    /// A whole picture that a 2016 client saved.
    #[derive(Serialize, utoipa::ToSchema)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    pub enum WeappAction {
        /// It clears, then draws.
        Weapp {
            /// What it shows.
            strokes: Vec<WeappStroke>,
        },
    }

    /// A stroke of a 2016 picture.
    #[derive(Serialize, utoipa::ToSchema)]
    pub struct WeappStroke {
        /// Always a pen.
        pub tool: Tool,
        /// `#rrggbb`.
        pub color: String,
        /// The opacity in 255ths; absent when the stroke is opaque. No other stroke has it, and no client sends it.
        #[schema(required = false, minimum = 1, maximum = 254)]
        pub alpha: u8,
        /// Grid units.
        pub width: u16,
        /// As in a stroke; without times.
        pub points: Vec<i64>,
    }

    /// A file.
    #[derive(Serialize, utoipa::ToSchema)]
    #[schema(value_type = String, format = Binary)]
    pub struct Binary(pub Vec<u8>);

    /// A form with a file.
    #[derive(Serialize, utoipa::ToSchema)]
    pub struct AvatarForm {
        /// The image. The part's name does not matter; that it has a file's name does.
        pub file: Binary,
    }
}
