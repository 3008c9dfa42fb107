//! Errors of calls to WeChat, classified by the caller's required reaction.

use std::time::Duration;

use serde::Serialize;

use crate::wechat::api::Api;

/// Wait after the minute quota of a user or an app is used up.
const QUOTA_WAIT: Duration = Duration::from_secs(60);

/// Wait after a day's quota is used up: WeChat does not document when its day ends.
const DAY_QUOTA_WAIT: Duration = Duration::from_secs(3_600);

/// Wait after WeChat reports that it is busy.
const BUSY_WAIT: Duration = Duration::from_secs(3);

/// Maximum length of a stored errmsg in bytes.
const MAX_ERRMSG: usize = 512;

/// Required reaction of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The code is invalid or used up: `wx.login` gives a fresh one.
    SignInAgain,
    /// WeChat is busy or a quota is used up: no retry succeeds before `retry_after`.
    Wait {
        /// Time before the next attempt.
        retry_after: Duration,
    },
    /// WeChat blocks this user as a risk. No retry helps; the user should be informed.
    Blocked,
    /// This server is misconfigured, or WeChat's answer is unknown: an operator has to act. No retry helps.
    Configuration,
    /// WeChat gave no usable answer within the time-out. The code may have been used up.
    Unreachable,
}

impl Class {
    /// The class of an API's errcode. Callers of other APIs than `jscode2session` first check the errcodes
    /// that are specific to their API.
    pub fn of(api: Api, errcode: i64) -> Self {
        match errcode {
            40029 | 40163 => Self::SignInAgain,
            -1 => Self::Wait { retry_after: BUSY_WAIT },
            45011 => Self::Wait { retry_after: QUOTA_WAIT },
            45009 => Self::Wait { retry_after: DAY_QUOTA_WAIT },
            40226 => Self::Blocked,
            // For the API that issues tokens, 40001 refers to the app secret.
            _ if is_bad_token(errcode) && api != Api::StableToken => Self::Wait { retry_after: BUSY_WAIT },
            _ => Self::Configuration,
        }
    }

    /// A stable name, for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignInAgain => "sign_in_again",
            Self::Wait { .. } => "wait",
            Self::Blocked => "blocked",
            Self::Configuration => "configuration",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Whether an errcode reports an invalid or expired access token.
pub fn is_bad_token(errcode: i64) -> bool {
    matches!(errcode, 40001 | 40014 | 42001)
}

/// Reason why there was no usable answer. It contains neither the request's address, which holds the secret
/// and the code, nor the reply's content.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The call exceeded its time limit.
    #[error("no answer within the time-out")]
    TimedOut,
    #[error("the connection failed")]
    Transport(#[source] reqwest::Error),
    /// The reply's HTTP status is not 200.
    #[error("the answer has HTTP status {0}")]
    Status(u16),
    /// The reply exceeds the size limit.
    #[error("the answer is too long")]
    TooLong,
    /// The reply deviates from the API's documentation.
    #[error("the answer is not WeChat's: {0}")]
    UnexpectedResponse(&'static str),
    /// The circuit is open after repeated failures, so the call was not made.
    #[error("WeChat does not answer, so it was not asked")]
    CircuitOpen,
    /// There is no access token for the call; the text gives the reason.
    #[error("there is no access token: {0}")]
    NoToken(String),
}

impl Cause {
    /// The only conversion of a reqwest error: reqwest's own text contains the whole URL of the request.
    pub(super) fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }

    /// Whether WeChat, or a proxy before it, is down or too slow. An invalid reply still counts as a reply.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::TimedOut | Self::Transport(_) => true,
            Self::Status(status) => *status >= 500,
            Self::TooLong | Self::UnexpectedResponse(_) | Self::CircuitOpen | Self::NoToken(_) => false,
        }
    }
}

/// Failure of a call to WeChat.
#[derive(Debug)]
pub struct WechatError {
    /// Required reaction of the caller.
    pub class: Class,
    /// WeChat's errcode, if WeChat replied.
    pub errcode: Option<i64>,
    /// WeChat's errmsg (at most 512 bytes of it), if WeChat replied.
    pub errmsg: Option<String>,
    /// WeChat's id of the request, from the errmsg: its support and `openapi/rid/get` need it.
    pub rid: Option<String>,
    /// Reason why there was no usable answer, if there was none.
    pub cause: Option<Cause>,
}

impl WechatError {
    /// Outcome as a word or WeChat's errcode, for metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match &self.cause {
            Some(Cause::CircuitOpen) => "circuit_open",
            Some(Cause::NoToken(_)) => "no_token",
            Some(
                Cause::TimedOut
                | Cause::Transport(_)
                | Cause::Status(_)
                | Cause::TooLong
                | Cause::UnexpectedResponse(_),
            )
            | None => self.class.name(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    pub errcode: i64,
    pub errmsg: String,
}

impl WechatError {
    /// The error of a reply with an errcode. `hidden` are the request's secret values, which are removed from
    /// an errmsg that echoes them.
    pub(super) fn refused(api: Api, errcode: i64, errmsg: &str, hidden: &[&str]) -> Self {
        let mut errmsg = errmsg.to_owned();
        for value in hidden.iter().filter(|value| value.len() >= 8) {
            errmsg = errmsg.replace(value, "…");
        }
        if let Some(end) = (0..=MAX_ERRMSG).rev().find(|&end| errmsg.is_char_boundary(end)) {
            errmsg.truncate(end);
        }
        let rid = rid(&errmsg).map(ToOwned::to_owned);
        Self {
            class: Class::of(api, errcode),
            errcode: Some(errcode),
            errmsg: Some(errmsg),
            rid,
            cause: None,
        }
    }

    /// WeChat's error members, which the 2016 dialect passes on; `None` if WeChat did not reply.
    pub fn detail(&self) -> Option<Detail> {
        let errmsg = self.errmsg.clone().unwrap_or_default();
        self.errcode.map(|errcode| Detail { errcode, errmsg })
    }
}

impl From<Cause> for WechatError {
    fn from(cause: Cause) -> Self {
        Self { class: Class::Unreachable, errcode: None, errmsg: None, rid: None, cause: Some(cause) }
    }
}

impl std::fmt::Display for WechatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.errcode, &self.errmsg) {
            (Some(errcode), Some(errmsg)) => write!(f, "WeChat refused: {errcode} {errmsg}"),
            _ => f.write_str("WeChat gave no usable answer"),
        }
    }
}

impl std::error::Error for WechatError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

/// The request id in an errmsg: `invalid code, rid: 6123abcd-…` today, `…, hints: [ req_id: … ]` formerly.
fn rid(errmsg: &str) -> Option<&str> {
    let (_, rest) = errmsg.rsplit_once("rid: ").or_else(|| errmsg.rsplit_once("req_id: "))?;
    let end = rest.find([' ', ']', ',']).unwrap_or(rest.len());
    rest.get(..end).filter(|rid| !rid.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_number_is_found_in_both_formats() {
        assert_eq!(rid("invalid code, rid: 60f96f1d-3845297a-1976a3ae"), Some("60f96f1d-3845297a-1976a3ae"));
        assert_eq!(rid("invalid code, hints: [ req_id: Kcb7aA0514h1 ]"), Some("Kcb7aA0514h1"));
        assert_eq!(rid("system error"), None);
        assert_eq!(rid("rid: "), None);
    }

    #[test]
    fn a_long_errmsg_is_cut_between_characters() {
        let error = WechatError::refused(Api::Jscode2session, -1, &"汉".repeat(400), &[]);
        assert_eq!(error.errmsg.unwrap(), "汉".repeat(MAX_ERRMSG / 3));
    }

    #[test]
    fn an_errmsg_that_echoes_the_request_is_blackened() {
        let error = WechatError::refused(
            Api::Jscode2session,
            40029,
            "no such code 0123456789, key abcdefghij",
            &["0123456789", "abcdefghij"],
        );
        assert_eq!(error.errmsg.unwrap(), "no such code …, key …");
    }

    #[test]
    fn every_documented_errcode_has_its_class() {
        let class = |errcode| Class::of(Api::Jscode2session, errcode);
        let seconds = |errcode| match class(errcode) {
            Class::Wait { retry_after } => retry_after.as_secs(),
            other @ (Class::SignInAgain | Class::Blocked | Class::Configuration | Class::Unreachable) => {
                panic!("{other:?}")
            }
        };
        assert_eq!(seconds(45011), 60);
        assert!(seconds(-1) < 10);
        for errcode in [40029, 40163] {
            assert_eq!(class(errcode), Class::SignInAgain);
        }
        assert_eq!(class(40226), Class::Blocked);
        for errcode in [40013, 40125, 41002, 41004, 41008, 40002, 40164, 40243, 99999, 1] {
            assert_eq!(class(errcode), Class::Configuration);
        }
        assert_eq!(seconds(45009), 3_600);
        for errcode in [40001, 40014, 42001] {
            assert!(is_bad_token(errcode) && matches!(class(errcode), Class::Wait { .. }));
            assert_eq!(Class::of(Api::StableToken, errcode), Class::Configuration);
        }
    }
}
