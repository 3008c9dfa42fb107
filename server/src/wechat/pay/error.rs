//! Failures of WeChat Pay, by what is known of the call's effect.

/// Maximum length of a message from WeChat that is kept, in characters.
const MAX_MESSAGE: usize = 200;

/// Failure of a call to WeChat Pay, or of reading what came from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// WeChat refused the call, which has no effect. Repeating it has the same result.
    #[error("WeChat Pay refused: {code} {message}")]
    Refused {
        /// WeChat's code, such as `NOT_ENOUGH`.
        code: String,
        message: String,
    },
    /// The call may have taken effect: a query tells.
    #[error("the outcome of the call to WeChat Pay is unknown: {0}")]
    Unknown(String),
    /// The call did not take effect and can be repeated later: WeChat is out of reach or limits the rate.
    #[error("WeChat Pay is unavailable: {0}")]
    Unavailable(String),
    /// The signature of a reply or a notification is missing, wrong, too old or by an unknown key. The effect of a call
    /// with such a reply is unknown.
    #[error("the signature is not WeChat Pay's: {0}")]
    Signature(&'static str),
    /// The content of a signed reply or notification can't be used. The effect of the call is unknown.
    #[error("WeChat Pay sent something unexpected: {0}")]
    Unexpected(&'static str),
}

impl PayError {
    pub(super) fn refused(code: &str, message: &str) -> Self {
        let cut = |text: &str| text.chars().take(MAX_MESSAGE).collect();
        Self::Refused { code: cut(code), message: cut(message) }
    }

    /// WeChat's code, if it refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Unknown(_) | Self::Unavailable(_) | Self::Signature(_) | Self::Unexpected(_) => None,
        }
    }

    /// Whether the call certainly had no effect.
    #[must_use]
    pub fn is_without_effect(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unavailable(_))
    }

    /// A stable word, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unknown(_) => "unknown",
            Self::Unavailable(_) => "unavailable",
            Self::Signature(_) => "signature",
            Self::Unexpected(_) => "unexpected",
        }
    }
}
