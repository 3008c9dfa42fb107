//! The seam to what WeChat says of what users show of themselves.

use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// What of a user is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The nickname; its content is the text.
    Nickname,
    /// The avatar; its content is the avatar's id.
    Avatar,
    /// The title of the drawing with that id; its content is the text.
    Title(String),
}

impl Subject {
    /// The subject of its written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "nickname" => Some(Self::Nickname),
            "avatar" => Some(Self::Avatar),
            _ => text.strip_prefix("title/").map(|drawing| Self::Title(drawing.to_owned())),
        }
    }

    /// Its kind, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nickname => "nickname",
            Self::Avatar => "avatar",
            Self::Title(_) => "title",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nickname | Self::Avatar => f.write_str(self.kind()),
            Self::Title(drawing) => write!(f, "title/{drawing}"),
        }
    }
}

/// What is known of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerationStatus {
    /// WeChat has not said.
    Pending,
    /// WeChat has nothing against it.
    Passed,
    /// It is not to be shown.
    Rejected,
}

impl ModerationStatus {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Rejected => "rejected",
        }
    }

    /// The standing of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Pending, Self::Passed, Self::Rejected].into_iter().find(|standing| standing.name() == name)
    }
}

/// The check of one content: a subject has one, of its newest content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModerationCheck {
    /// Whose it is.
    pub user: UserKey,
    /// What is checked.
    pub subject: Subject,
    /// The content; see [`Subject`].
    pub content: String,
    /// What is known of it.
    pub standing: ModerationStatus,
    /// WeChat's reason, when it gave one.
    pub label: Option<u32>,
    /// When it was asked for.
    pub created_at: Micros,
    /// How often it was changed since.
    pub version: u32,
    /// When WeChat is to be asked, or asked again.
    pub due_at: Option<Micros>,
    /// When WeChat was last asked.
    pub asked_at: Option<Micros>,
    /// How often WeChat was asked.
    pub tries: u32,
    /// By what WeChat's answer will be known, where it comes later.
    pub trace_id: Option<String>,
}

/// Checks, which go with their user. What an operation acknowledges is durable.
pub trait Checks {
    /// Puts a check in the place of the subject's, if there is one.
    fn put_check(&self, check: &ModerationCheck) -> impl Future<Output = StoreResult<()>> + Send;

    /// The subject's check.
    fn check(
        &self,
        user: &UserKey,
        subject: &Subject,
    ) -> impl Future<Output = StoreResult<Option<ModerationCheck>>> + Send;

    /// The check whose answer is waited for under that id.
    fn check_of_trace(
        &self,
        trace_id: &str,
    ) -> impl Future<Output = StoreResult<Option<ModerationCheck>>> + Send;

    /// Checks that are due at `now`, longest first, at most `limit`.
    fn checks_due(
        &self,
        now: Micros,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Vec<ModerationCheck>>> + Send;

    /// Writes `check`, which was read and then changed, unless another change came first. Of user, subject,
    /// content, `created_at` and version nothing may be changed. Whether it was written; its version is then
    /// one higher.
    fn change_check(&self, check: &ModerationCheck) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Forgets the subject's check.
    fn remove_check(&self, user: &UserKey, subject: &Subject)
    -> impl Future<Output = StoreResult<()>> + Send;

    /// Takes a user's nickname away if it is that one. Whether it was.
    fn clear_nickname(
        &self,
        user: &UserKey,
        nickname: &str,
    ) -> impl Future<Output = StoreResult<bool>> + Send;
}
