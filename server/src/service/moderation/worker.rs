//! Calls WeChat again about contents without a verdict; one server at a time does so.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;

use super::Moderation;
use crate::domain::clock::Micros;
use crate::random;
use crate::settings::ModerationMode;
use crate::store::{Checks, Leases, SessionStore, StoreResult};

/// Interval of the passes, at most.
const EVERY: Duration = Duration::from_secs(10);
/// Time that the lease outlasts the interval. A late pass is harmless: two servers that process the same
/// check compete for its claim.
const SLACK: Duration = Duration::from_secs(5);
const LEASE_NAME: &str = "moderation";
/// Checks per pass, and how many of them run at once.
const BATCH: u32 = 64;
const AT_ONCE: usize = 8;

/// Processes due checks at intervals until `shutdown`.
pub async fn run_checks(moderation: Moderation, leases: SessionStore, shutdown: impl Future<Output = ()>) {
    if moderation.0.settings.mode == ModerationMode::Off {
        return;
    }
    let holder = random::short_id();
    let every = moderation.0.settings.retry.min(EVERY);
    let looking = async {
        loop {
            match leases.take_lease(LEASE_NAME, &holder, every + SLACK).await {
                Ok(true) => {
                    if let Err(error) = moderation.ask_what_is_due().await {
                        tracing::warn!(%error, "the queue of contents was not looked at");
                    }
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "no lease for asking about contents"),
            }
            tokio::time::sleep(every).await;
        }
    };
    // May stop between any two steps: a claimed check becomes due again after its claim.
    tokio::select! {
        () = looking => {}
        () = shutdown => {}
    }
    if let Err(error) = leases.drop_lease(LEASE_NAME, &holder).await {
        tracing::debug!(%error, "the lease for asking about contents runs out by itself");
    }
}

impl Moderation {
    async fn ask_what_is_due(&self) -> StoreResult<()> {
        let due = self.0.store.checks_due(Micros::now(), BATCH).await?;
        let asking = futures_util::stream::iter(due).map(|check| self.attempt(check));
        asking.buffer_unordered(AT_ONCE).collect::<()>().await;
        Ok(())
    }
}
