//! Words that the public API, the operators' API and the stores share about shares and their review.

use serde::{Deserialize, Serialize};

/// State of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// No copy was shown yet, and the first check is not finished.
    Checking,
    /// The public sees the share.
    Shown,
    /// The share waits for an operator and is hidden.
    Held,
    /// WeChat or an operator removed the share.
    Removed,
    /// The author ended the share.
    Revoked,
}

/// People who can find a share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// People who have the link.
    #[default]
    Link,
    /// Everybody, on the day's wall.
    Wall,
}

/// Features of sharing that the operator of a server offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SharingLevel {
    /// No drawing is shared.
    #[default]
    Off,
    /// Cards, links and codes.
    Link,
    /// Also the day's wall.
    Wall,
}

impl SharingLevel {
    /// The name in settings and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Link => "link",
            Self::Wall => "wall",
        }
    }
}

/// The rules for sharing that clients read in `GET /limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharingLimits {
    /// Features that the operator offers. With `off`, every route of shares answers 404 `sharing_off`.
    pub level: SharingLevel,
    /// Whether a user must bind a phone number before sharing.
    pub require_phone: bool,
}

/// Reason of a report or a removal; a number from 1 to 6 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Reason {
    /// Sexual or vulgar content: 1.
    Sexual,
    /// Unlawful content: 2.
    Unlawful,
    /// Abuse of a person: 3.
    Abuse,
    /// Advertising: 4.
    Advertising,
    /// Infringement of rights: 5.
    Infringement,
    /// Any other reason: 6.
    Other,
}

impl Reason {
    /// All reasons in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Sexual, Self::Unlawful, Self::Abuse, Self::Advertising, Self::Infringement, Self::Other];

    /// The number on the wire, from 1 to 6.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Sexual => 1,
            Self::Unlawful => 2,
            Self::Abuse => 3,
            Self::Advertising => 4,
            Self::Infringement => 5,
            Self::Other => 6,
        }
    }

    /// The reason of that number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}

impl From<Reason> for u8 {
    fn from(reason: Reason) -> Self {
        reason.number()
    }
}

impl TryFrom<u8> for Reason {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::of(number).ok_or("a reason is a number from 1 to 6")
    }
}

/// State of a review case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// The case waits for a decision.
    Held,
    /// An operator found nothing against the content.
    Passed,
    /// An operator removed the content.
    Removed,
    /// The content was replaced or is gone, so that nothing is left to decide.
    Closed,
}

impl CaseState {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Passed => "passed",
            Self::Removed => "removed",
            Self::Closed => "closed",
        }
    }
}

/// Event that opened a review case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseOpener {
    /// WeChat asked for a review or gave no verdict.
    Wechat,
    /// A user or a visitor of the page reported the share.
    Reports,
    /// An operator, or the setting that operators decide on every share.
    Operator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_its_number_on_the_wire() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(reason).unwrap(), serde_json::json!(index + 1));
        }
        assert_eq!(serde_json::from_str::<Reason>("6").unwrap(), Reason::Other);
        for text in ["0", "7", "-1", "256", "1.5", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Reason>(text).is_err(), "{text}");
        }
    }
}
