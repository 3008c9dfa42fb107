//! What was not asked at once, or stays without an answer, is asked again: by one server at a time.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;

use super::Moderation;
use crate::domain::clock::Micros;
use crate::random;
use crate::settings::ModerationMode;
use crate::store::{Checks, Leases, SessionStore, StoreResult};

/// How often a server looks, at the least.
const EVERY: Duration = Duration::from_secs(10);
/// How much longer than until its next look the server that is at it keeps the others away. It may be late: what
/// two of them ask about, the first to claim it does.
const SLACK: Duration = Duration::from_secs(5);
const LEASE_NAME: &str = "moderation";
/// How many are asked about at a look, and how many of them at once.
const BATCH: u32 = 64;
const AT_ONCE: usize = 8;

/// Looks now and then, until `shutdown`.
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
    // Between any two steps: a check that was claimed is due again in a while.
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
