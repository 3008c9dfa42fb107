//! What a test wants to happen to the next calls of WeChat's API.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::wechat::api::Api;

/// Steps that can wait at once.
const MAX_STEPS: usize = 1_000;

/// The longest garbage, in bytes.
const MAX_GARBAGE: usize = 16 * 1024 * 1024;

/// The longest delay, in milliseconds.
const MAX_DELAY: u64 = 10 * 60 * 1_000;

/// A [`Step`] and the calls that it is for. In JSON for example `{"step":"hang"}`,
/// `{"step":{"error":{"errcode":-1,"errmsg":"system error"}},"times":2}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// What happens.
    pub step: Step,
    /// How many calls it happens to, by default one.
    #[serde(default = "once")]
    pub times: NonZeroU32,
    /// The API whose calls are meant, by default `jscode2session`.
    #[serde(default)]
    pub api: Api,
}

impl From<Step> for Scripted {
    fn from(step: Step) -> Self {
        Self { step, times: once(), api: Api::default() }
    }
}

fn once() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// What happens to one call. But for `Delay`, the call has no effect: its code stays unused.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The connection stays open and no answer comes, for ten minutes.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// The normal answer, but late. The code is used up at once, as when a reply is lost.
    Delay {
        /// By how much, in milliseconds.
        ms: u64,
    },
    /// Another HTTP answer.
    Http {
        /// The HTTP status, 200–599.
        status: u16,
        /// The body, by default empty.
        #[serde(default)]
        body: String,
        /// The `Location` header.
        location: Option<String>,
    },
    /// HTTP status 200 and a body that is no JSON.
    Garbage {
        /// Its length.
        bytes: usize,
    },
    /// An error as WeChat reports it.
    Error {
        /// WeChat's number of the error.
        errcode: i64,
        /// WeChat's words; a `rid` is added.
        errmsg: String,
    },
}

/// Why a script is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScript {
    /// More steps than can wait at once.
    #[error("at most {MAX_STEPS} steps can wait")]
    TooManySteps,
    /// A status that is no final HTTP status.
    #[error("an HTTP status is 200 to 599")]
    Status,
    /// A location that cannot stand in a header.
    #[error("a location is a line of visible ASCII")]
    Location,
    /// More garbage or a longer delay than the simulator makes.
    #[error("garbage is at most {MAX_GARBAGE} bytes, a delay at most {MAX_DELAY} ms")]
    TooMuch,
}

impl Step {
    fn check(&self) -> Result<(), InvalidScript> {
        match self {
            Self::Http { status, .. } if !(200..600).contains(status) => Err(InvalidScript::Status),
            Self::Http { location: Some(location), .. }
                if !location.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Err(InvalidScript::Location)
            }
            Self::Garbage { bytes } if *bytes > MAX_GARBAGE => Err(InvalidScript::TooMuch),
            Self::Delay { ms } if *ms > MAX_DELAY => Err(InvalidScript::TooMuch),
            Self::Hang
            | Self::Close
            | Self::Delay { .. }
            | Self::Http { .. }
            | Self::Garbage { .. }
            | Self::Error { .. } => Ok(()),
        }
    }
}

/// The steps that wait for a call.
#[derive(Debug, Default)]
pub(super) struct Script(VecDeque<Scripted>);

impl Script {
    pub(super) fn add(&mut self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        steps.iter().try_for_each(|scripted| scripted.step.check())?;
        if self.0.len() + steps.len() > MAX_STEPS {
            return Err(InvalidScript::TooManySteps);
        }
        self.0.extend(steps);
        Ok(())
    }

    /// Takes the step for a call of `api` that happens now.
    pub(super) fn next(&mut self, api: Api) -> Option<Step> {
        let index = self.0.iter().position(|scripted| scripted.api == api)?;
        let scripted = self.0.get_mut(index)?;
        match NonZeroU32::new(scripted.times.get() - 1) {
            Some(left) => {
                scripted.times = left;
                Some(scripted.step.clone())
            }
            None => self.0.remove(index).map(|scripted| scripted.step),
        }
    }
}
