//! The script: behaviour that a test sets for the next calls.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::api::Api;

/// Maximum number of pending steps.
const MAX_STEPS: usize = 1_000;

/// Maximum length of garbage in bytes.
const MAX_GARBAGE: usize = 16 * 1024 * 1024;

/// Maximum delay in milliseconds.
const MAX_DELAY: u64 = 10 * 60 * 1_000;

/// A [`Step`] and the calls that it applies to. In JSON for example `{"step":"hang"}`,
/// `{"step":{"error":{"errcode":-1,"errmsg":"system error"}},"times":2}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// The behaviour of these calls.
    pub step: Step,
    /// The number of calls, by default one.
    #[serde(default = "once")]
    pub times: NonZeroU32,
    /// The API that is called, by default `jscode2session`.
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

/// The behaviour of one call. Except with `Delay`, the call has no effect: its code stays unused.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The connection stays open without a reply for ten minutes.
    Hang,
    /// The connection closes without a reply.
    Close,
    /// The normal reply, but late. The code is used up at once, as when a reply is lost.
    Delay {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// An arbitrary HTTP reply.
    Http {
        /// The HTTP status, 200 to 599.
        status: u16,
        /// The body, by default empty.
        #[serde(default)]
        body: String,
        location: Option<String>,
    },
    /// HTTP status 200 and a body that is not JSON.
    Garbage {
        /// The length of the body.
        bytes: usize,
    },
    /// An error as WeChat reports it.
    Error {
        errcode: i64,
        /// WeChat's message; a `rid` is appended.
        errmsg: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScript {
    /// Too many pending steps.
    #[error("at most {MAX_STEPS} steps can be pending")]
    TooManySteps,
    /// A status that is not a final HTTP status.
    #[error("an HTTP status is 200 to 599")]
    Status,
    /// A location that is not a valid header value.
    #[error("a location is a line of visible ASCII")]
    Location,
    /// Garbage or a delay above the maximum.
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

#[derive(Debug, Default)]
pub(crate) struct Script(VecDeque<Scripted>);

impl Script {
    pub(crate) fn add(&mut self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        steps.iter().try_for_each(|scripted| scripted.step.check())?;
        if self.0.len() + steps.len() > MAX_STEPS {
            return Err(InvalidScript::TooManySteps);
        }
        self.0.extend(steps);
        Ok(())
    }

    /// Takes the step for a call of `api`.
    pub(crate) fn next(&mut self, api: Api) -> Option<Step> {
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
