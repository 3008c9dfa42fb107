//! Refusals by WeChat, in a form that can be stored and passed on.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SessionError;
use crate::domain::clock::Micros;
use crate::wechat::{Class, WechatError};

/// Reason why WeChat did not exchange a code or refused another call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Required reaction of the client.
    pub kind: Kind,
    /// WeChat's errcode, when it answered.
    pub errcode: Option<i64>,
    pub errmsg: Option<String>,
    #[serde(skip)]
    cause: Option<String>,
}

/// Required reaction of the client that sent the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Sign in again with a fresh code.
    SignInAgain,
    /// Wait so many seconds.
    Wait(u64),
    /// None helps: WeChat has blocked the user.
    Blocked,
    /// None helps: this server is misconfigured.
    Configuration,
    /// Retry soon: WeChat gave no usable answer.
    Unreachable,
}

/// Stored reason why a code gave no session, for requests that repeat the code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum CodeRefusal {
    Wechat(Refusal),
    Account(AccountRefusal),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "account", rename_all = "snake_case")]
pub(super) enum AccountRefusal {
    Blocked,
    Closing { erase_at: Micros },
}

impl CodeRefusal {
    /// The refusal to store, if repeating the code can't change the error.
    pub(super) fn of(error: &SessionError) -> Option<Self> {
        if let SessionError::Exchange(refusal) = error {
            return refusal.for_good().then(|| Self::Wechat(refusal.clone()));
        }
        if let SessionError::Closing { erase_at } = error {
            return Some(Self::Account(AccountRefusal::Closing { erase_at: *erase_at }));
        }
        matches!(error, SessionError::Blocked).then_some(Self::Account(AccountRefusal::Blocked))
    }

    /// The error of a request that repeats the code. Only a fresh code reopens a closing account.
    pub(super) fn into_error(self, reopen: bool) -> SessionError {
        match self {
            Self::Wechat(refusal) => SessionError::Exchange(refusal),
            Self::Account(AccountRefusal::Blocked) => SessionError::Blocked,
            Self::Account(AccountRefusal::Closing { .. }) if reopen => SessionError::CodeSpent,
            Self::Account(AccountRefusal::Closing { erase_at }) => SessionError::Closing { erase_at },
        }
    }
}

impl From<&WechatError> for Refusal {
    fn from(error: &WechatError) -> Self {
        let kind = match error.class {
            Class::SignInAgain => Kind::SignInAgain,
            Class::Wait { retry_after } => Kind::Wait(retry_after.as_secs()),
            Class::Blocked => Kind::Blocked,
            Class::Configuration => Kind::Configuration,
            Class::Unreachable => Kind::Unreachable,
        };
        let cause = error.cause.as_ref().map(|cause| {
            let source = std::error::Error::source(cause).map(|source| format!(": {source}"));
            format!("{cause}{}", source.unwrap_or_default())
        });
        Self { kind, errcode: error.errcode, errmsg: error.errmsg.clone(), cause }
    }
}

impl Refusal {
    /// Whether the code is spent, so that WeChat need not be called about it again.
    #[must_use]
    pub fn for_good(&self) -> bool {
        matches!(self.kind, Kind::SignInAgain | Kind::Blocked)
    }

    /// Delay after which a retry can succeed, if one can.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            Kind::Wait(seconds) => Some(Duration::from_secs(seconds)),
            Kind::Unreachable => Some(Duration::from_secs(5)),
            Kind::Configuration => Some(Duration::from_secs(60)),
            Kind::SignInAgain | Kind::Blocked => None,
        }
    }

    /// Whether operators should be alerted.
    #[must_use]
    pub fn alarming(&self) -> bool {
        matches!(self.kind, Kind::Configuration | Kind::Unreachable | Kind::Wait(_))
    }

    /// A stable name, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::SignInAgain => "sign_in_again",
            Kind::Wait(_) => "wait",
            Kind::Blocked => "blocked",
            Kind::Configuration => "configuration",
            Kind::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.errcode, &self.errmsg) {
            (Some(errcode), Some(errmsg)) => write!(f, "WeChat refused: {errcode} {errmsg}"),
            _ => write!(f, "WeChat gave no usable answer: {}", self.cause.as_deref().unwrap_or("unknown")),
        }
    }
}
