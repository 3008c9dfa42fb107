//! Message pushes after their acceptance: each is handled once in the fleet, after the reply, since WeChat
//! waits for five seconds only.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::random;
use crate::service::moderation::Moderation;
use crate::store::{Leases, SessionStore, StoreError, StoreResult};
use crate::telemetry::Metrics;
use crate::wechat::push::{Event, Message, PushError, PushKey, PushQuery, WINDOW};

/// Maximum number of messages in progress or queued in one server.
const ROOM: usize = 1_024;
/// How long a message counts as received: as long as its timestamp would be accepted.
const REMEMBER: Duration = Duration::from_secs(2 * WINDOW.unsigned_abs());
/// First pause before another attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Attempts to handle a message while the stores are unreachable: for some four minutes.
const ATTEMPTS: u32 = 11;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Attempts to find a verdict's check: the push may arrive before the trace id is stored.
const LOOKS: u32 = 4;

/// Reason why a push is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// The push is not authentic.
    #[error("{0}")]
    Untrusted(#[from] PushError),
    /// Too many messages are in progress; WeChat repeats the push.
    #[error("too many messages are being handled")]
    Busy,
}

/// Outcome of a message, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Handled,
    /// The message was handled before.
    Repeated,
    /// No check waits for the verdict, or the server does not handle this kind of message.
    Ignored,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
        }
    }
}

/// The pushes of all apps. Cheap to clone.
#[derive(Clone)]
pub struct Pushes(Arc<Inner>);

struct Inner {
    keys: Vec<PushKey>,
    store: SessionStore,
    moderation: Moderation,
    metrics: Arc<Metrics>,
    room: Arc<Semaphore>,
}

impl Pushes {
    /// Accepts pushes under those keys, one per app, the first app's first. The shared store remembers the
    /// messages received.
    #[must_use]
    pub fn new(
        keys: Vec<PushKey>,
        store: SessionStore,
        moderation: Moderation,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner { keys, store, moderation, metrics, room: Arc::new(Semaphore::new(ROOM)) }))
    }

    /// The key of that app, or of the first app; `None` if no key is set.
    #[must_use]
    pub fn key(&self, app_id: Option<&str>) -> Option<&PushKey> {
        let key = match app_id {
            Some(app_id) => self.0.keys.iter().find(|key| key.app_id == app_id),
            None => self.0.keys.first(),
        };
        key.filter(|key| !key.token.expose_secret().is_empty())
    }

    /// Accepts a push: verifies it and starts to handle it.
    ///
    /// # Errors
    /// [`Untaken`].
    pub fn take(&self, key: &PushKey, query: &PushQuery, body: &[u8], now: i64) -> Result<(), Untaken> {
        let message = match key.open(query, body, now) {
            // An error reply would make WeChat repeat the push.
            Err(PushError::Unreadable) => {
                tracing::warn!(
                    app = key.app_id,
                    bytes = body.len(),
                    "a signed push can't be read; it is dropped"
                );
                self.0.metrics.pushed("unreadable", Outcome::Ignored.name());
                return Ok(());
            }
            message => message?,
        };
        let place = Arc::clone(&self.0.room).try_acquire_owned().map_err(|_| Untaken::Busy)?;
        let delivery = format!("push/{}/{}/{}", key.app_id, query.timestamp, query.nonce);
        let (pushes, app_id) = (self.clone(), key.app_id.clone());
        let handling = async move {
            pushes.handle(&app_id, &delivery, &message).await;
            drop(place);
        };
        tokio::spawn(handling.in_current_span());
        Ok(())
    }

    async fn handle(&self, app_id: &str, delivery: &str, message: &Message) {
        let event = message.event.name();
        let holder = random::short_id();
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        let outcome = loop {
            match self.handle_once(app_id, delivery, &holder, message).await {
                Ok(outcome) => break outcome.name(),
                Err(error) if attempt < ATTEMPTS && may_pass(&error) => {
                    tracing::warn!(%error, event, attempt, "a push is handled later");
                }
                Err(error) => {
                    tracing::error!(%error, event, "a push was not handled");
                    break "failed";
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        };
        self.0.metrics.pushed(event, outcome);
        tracing::debug!(event, outcome, "a push");
    }

    /// Handles a delivery once, and a message once however often it is delivered.
    async fn handle_once(
        &self,
        app_id: &str,
        delivery: &str,
        holder: &str,
        message: &Message,
    ) -> StoreResult<Outcome> {
        // The id may have any length and any characters.
        let id = HEXLOWER.encode(&Sha256::digest(&message.id));
        let named = format!("push/{app_id}/{id}");
        for name in [delivery, &named] {
            if !self.0.store.take_lease(name, holder, REMEMBER).await? {
                return Ok(Outcome::Repeated);
            }
        }
        match &message.event {
            Event::MediaCheck(verdict) => {
                let mut pause = FIRST_PAUSE;
                for _ in 1..LOOKS {
                    if self.0.moderation.verdict(app_id, verdict).await? {
                        return Ok(Outcome::Handled);
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                let waited_for = self.0.moderation.verdict(app_id, verdict).await?;
                Ok(if waited_for { Outcome::Handled } else { Outcome::Ignored })
            }
            Event::Other(name) => {
                tracing::debug!(name, "nothing is done about a push");
                Ok(Outcome::Ignored)
            }
        }
    }
}

fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::Busy | StoreError::Full(_) => true,
        StoreError::Damaged(_) | StoreError::Refused(_) => false,
    }
}
