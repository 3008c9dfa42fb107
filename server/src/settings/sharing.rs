//! `[sharing]`: the audience of drawings and the reviewer of shares.

use serde::Deserialize;
use yibi_common::sharing::{SharingLevel, SharingLimits};

use super::{ModerationMode, Settings};

/// The operator's duties above level `off`; the guide has the details.
pub const DUTIES: &str = "users see drawings of others: work through the review queue daily, show a complaint contact and \
     answer, keep access logs with address and port for 6 months, and declare user content to WeChat and the \
     authorities (guide: Before you start, Content)";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    pub level: SharingLevel,
    pub review: Reviewer,
    pub require_phone: bool,
}

/// Reviewer of shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reviewer {
    /// WeChat's content check; an operator decides on its doubtful cases.
    Wechat,
    /// An operator decides on every share.
    Operator,
}

impl Reviewer {
    /// The name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Operator => "operator",
        }
    }
}

impl Sharing {
    /// Whether drawings may be shared at all.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.level != SharingLevel::Off
    }

    /// The part that clients receive.
    #[must_use]
    pub fn limits(self) -> SharingLimits {
        SharingLimits { level: self.level, require_phone: self.require_phone }
    }
}

impl Settings {
    /// Why drawings can't be shared at the set level: each one has to be checked before it is shown.
    #[must_use]
    pub fn sharing_fault(&self) -> Option<String> {
        if !self.sharing.is_open() || self.sharing.review == Reviewer::Operator {
            return None;
        }
        let mut missing = Vec::new();
        if self.moderation.mode != ModerationMode::Enforce {
            missing.push("moderation.mode is not \"enforce\" (YIBI_MODERATION__MODE)");
        }
        if self.http.public_url.is_empty() {
            missing.push("http.public_url is not set (YIBI_HTTP__PUBLIC_URL)");
        }
        (!missing.is_empty()).then(|| {
            format!(
                "sharing.level: at {:?} every drawing is checked before others see it, but {}; set them, or have \
                 operators decide with sharing.review = \"operator\" (YIBI_SHARING__REVIEW)",
                self.sharing.level.name(),
                missing.join(" and "),
            )
        })
    }
}
