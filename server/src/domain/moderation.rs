//! Checks of content that users show of themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::clock::Micros;
use super::user::UserKey;

/// Content that is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The nickname; its content is the text.
    Nickname,
    /// The avatar; its content is the avatar's id.
    Avatar,
    /// The title of the drawing with that id; its content is the text.
    Title(String),
    /// The picture that a share of the drawing with that id shows; its content is the share's code and the
    /// copy's seq, see [`copy_name`](super::share::copy_name).
    SharePicture(String),
    /// The contact sheet of the same copy.
    ShareSheet(String),
    /// The picture of the drawing with that id while people draw in its room; its content is the room's code.
    RoomPicture(String),
    /// The picture of the order with that id; its content is the id as well.
    OrderPicture(String),
}

impl Subject {
    /// The subject of its written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "nickname" => Some(Self::Nickname),
            "avatar" => Some(Self::Avatar),
            _ => {
                let (kind, id) = text.split_once('/')?;
                let id = id.to_owned();
                match kind {
                    "title" => Some(Self::Title(id)),
                    "share_picture" => Some(Self::SharePicture(id)),
                    "share_sheet" => Some(Self::ShareSheet(id)),
                    "room_picture" => Some(Self::RoomPicture(id)),
                    "order_picture" => Some(Self::OrderPicture(id)),
                    _ => None,
                }
            }
        }
    }

    /// The pictures under check of a drawing's share.
    #[must_use]
    pub fn of_share(drawing: &str) -> [Self; 2] {
        [Self::SharePicture(drawing.to_owned()), Self::ShareSheet(drawing.to_owned())]
    }

    /// All pictures under check of a drawing.
    #[must_use]
    pub fn pictures_of(drawing: &str) -> [Self; 3] {
        let [picture, sheet] = Self::of_share(drawing);
        [picture, sheet, Self::RoomPicture(drawing.to_owned())]
    }

    /// Whether the subject is a copy of a drawing, for a share or an order.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        matches!(self, Self::SharePicture(_) | Self::ShareSheet(_) | Self::OrderPicture(_))
    }

    /// Its kind, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nickname => "nickname",
            Self::Avatar => "avatar",
            Self::Title(_) => "title",
            Self::SharePicture(_) => "share_picture",
            Self::ShareSheet(_) => "share_sheet",
            Self::RoomPicture(_) => "room_picture",
            Self::OrderPicture(_) => "order_picture",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nickname | Self::Avatar => f.write_str(self.kind()),
            Self::Title(id)
            | Self::SharePicture(id)
            | Self::ShareSheet(id)
            | Self::RoomPicture(id)
            | Self::OrderPicture(id) => {
                write!(f, "{}/{id}", self.kind())
            }
        }
    }
}

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerationStatus {
    /// WeChat has not answered yet.
    Pending,
    /// WeChat has no objection.
    Passed,
    /// The content must not be shown.
    Rejected,
    /// An operator decides.
    Held,
}

impl ModerationStatus {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Rejected => "rejected",
            Self::Held => "held",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Passed, Self::Rejected, Self::Held];
        all.into_iter().find(|standing| standing.name() == name)
    }
}

/// Check of one content. Each subject has one, for its newest content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModerationCheck {
    /// Key of the owner.
    pub user: UserKey,
    pub subject: Subject,
    /// The content; see [`Subject`].
    pub content: String,
    pub standing: ModerationStatus,
    /// WeChat's reason, when it gave one.
    pub label: Option<u32>,
    /// Time of the request.
    pub created_at: Micros,
    /// Number of changes since.
    pub version: u32,
    /// Time of the next request to WeChat.
    pub due_at: Option<Micros>,
    /// Time of the last request to WeChat.
    pub asked_at: Option<Micros>,
    /// Number of requests to WeChat.
    pub tries: u32,
    /// Id of an answer that WeChat sends later.
    pub trace_id: Option<String>,
    /// The last content of the subject that passed.
    pub passed: Option<String>,
}
