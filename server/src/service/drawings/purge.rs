//! Purge of deleted drawings and erasure of users who left, by one server at a time.

use std::future::Future;
use std::time::Duration;

use super::{DrawingResult, DrawingService};
use crate::domain::clock::Micros;
use crate::random;
use crate::service::orders::OrderRecords;
use crate::store::{Drawings, Leases, SessionStore, Sessions, Users};

/// Interval of the purge.
const EVERY: Duration = Duration::from_secs(60);
/// Duration of the lease that keeps other servers from purging.
const LEASE: Duration = Duration::from_secs(90);
const LEASE_NAME: &str = "purge";
/// Maximum number of records that one purge removes.
const BATCH: u32 = 200;

/// Purges every minute, until `shutdown`.
pub async fn run_purge(
    gallery: DrawingService,
    orders: OrderRecords,
    leases: SessionStore,
    shutdown: impl Future<Output = ()>,
) {
    let holder = random::short_id();
    let looking = async {
        loop {
            match leases.take_lease(LEASE_NAME, &holder, LEASE).await {
                Ok(true) => {
                    if let Err(error) = gallery.clear_out(&orders, &leases, Micros::now()).await {
                        tracing::warn!(error = %error, "the bin was not cleared out");
                    }
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(error = %error, "no lease for clearing out the bin"),
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    // The purge stops between two steps: the stores finish the current one, and another server continues.
    tokio::select! {
        () = looking => {}
        () = shutdown => {}
    }
    if let Err(error) = leases.drop_lease(LEASE_NAME, &holder).await {
        tracing::debug!(error = %error, "the lease for clearing out the bin runs out by itself");
    }
}

impl DrawingService {
    /// Removes the records that are due at `now`, up to [`BATCH`]. A failed removal does not stop the others.
    async fn clear_out(
        &self,
        orders: &OrderRecords,
        leases: &SessionStore,
        now: Micros,
    ) -> DrawingResult<()> {
        let keep = Duration::from_secs(u64::from(self.0.settings.bin_days) * 86_400);
        let before = now.minus(keep);
        let (mut purged, mut erased) = (0_u32, 0_u32);
        for (user, id) in self.0.store.purges_due(before, BATCH).await? {
            match self.0.store.purge(&user, &id, before).await {
                Ok(removed) => purged += u32::from(removed),
                Err(error) => tracing::warn!(error = %error, drawing = %id, "a drawing was not purged"),
            }
            self.recount(&user);
        }
        for user in self.0.store.erasures_due(now, BATCH).await? {
            // Paid meanwhile, and not sent: the erasure waits.
            if orders.has_open_orders(&user).await.unwrap_or(true) {
                continue;
            }
            // A session that outlived the deletion would write to an erased account.
            let gone = match leases.remove_all(&user).await {
                Ok(()) => self.0.store.erase(&user, now).await,
                Err(error) => Err(error),
            };
            match gone {
                Ok(()) => erased += 1,
                Err(error) => tracing::warn!(error = %error, "a user was not erased"),
            }
            self.recount(&user);
        }
        if purged + erased > 0 {
            tracing::info!(purged, erased, "cleared out the bin");
        }
        Ok(())
    }
}
