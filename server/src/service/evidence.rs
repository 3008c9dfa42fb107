//! Evidence of review cases: sealed again after the sealing key was replaced, and removed when its time is over.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::domain::clock::Micros;
use crate::keys::LazyKeyring;
use crate::random;
use crate::store::{GalleryStore, Leases, Reviews, SessionStore, StoreResult, Transfer};

/// Interval of the removal.
const EVERY: Duration = Duration::from_secs(600);
/// Duration of the lease that keeps other servers from removing.
const LEASE: Duration = Duration::from_secs(630);
const LEASE_NAME: &str = "evidence";
/// Pieces of evidence that one command removes.
const BATCH: u32 = 100;
/// Pieces of evidence that one command reads, each of up to some megabytes.
const TURN: u32 = 8;
/// Pause after a store failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Evidence of all cases. Cheap to clone.
#[derive(Clone)]
pub struct EvidenceService {
    store: GalleryStore,
    keys: Arc<LazyKeyring>,
}

/// Progress of sealing anew.
#[derive(Debug, Default)]
struct Walk {
    place: Option<String>,
    resealed: u64,
    /// Pieces of evidence whose sealing key is no longer configured.
    lost: u64,
}

impl EvidenceService {
    #[must_use]
    pub fn new(store: GalleryStore, keys: Arc<LazyKeyring>) -> Self {
        Self { store, keys }
    }

    /// Goes through all evidence while an old key is configured, and seals it with the current one. May be
    /// dropped at any moment.
    pub async fn reseal(&self) {
        let mut walk = Walk::default();
        while let Err(error) = self.go_on(&mut walk).await {
            tracing::warn!(%error, "evidence is not all sealed by the present key yet");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn go_on(&self, walk: &mut Walk) -> StoreResult<()> {
        let sealer = &self.keys.get().await?.sealer;
        if !sealer.has_old() {
            return Ok(());
        }
        loop {
            let turn = self.store.evidence_behind(walk.place.as_deref(), TURN).await?;
            let mut lost = 0;
            for evidence in turn.items.iter().filter(|evidence| !sealer.is_present(&evidence.sealed)) {
                let Some(content) = sealer.open(&evidence.sealed, &evidence.case) else {
                    lost += 1;
                    continue;
                };
                let anew = sealer.seal(content.expose_secret(), &evidence.case);
                // Otherwise the evidence was replaced or removed meanwhile.
                let replaced = self.store.replace_evidence(&evidence.case, &evidence.sealed, &anew).await?;
                walk.resealed += u64::from(replaced);
            }
            walk.lost += lost;
            walk.place = turn.next;
            if walk.place.is_none() {
                let Walk { resealed, lost, .. } = walk;
                if *lost > 0 {
                    tracing::warn!(resealed, lost, "evidence that no key opens is left as it is");
                } else {
                    tracing::info!(resealed, "evidence is sealed by the present key");
                }
                return Ok(());
            }
        }
    }

    /// Removes expired evidence at intervals until `shutdown`, one server at a time.
    pub async fn run_removal(self, leases: SessionStore, shutdown: impl Future<Output = ()>) {
        let holder = random::short_id();
        let looking = async {
            loop {
                match leases.take_lease(LEASE_NAME, &holder, LEASE).await {
                    Ok(true) => {
                        if let Err(error) = self.remove_expired(Micros::now()).await {
                            tracing::warn!(%error, "expired evidence was not removed");
                        }
                    }
                    Ok(false) => {}
                    Err(error) => tracing::debug!(%error, "no lease for removing expired evidence"),
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            () = looking => {}
            () = shutdown => {}
        }
        if let Err(error) = leases.drop_lease(LEASE_NAME, &holder).await {
            tracing::debug!(%error, "the lease for removing expired evidence runs out by itself");
        }
    }

    /// Removes all evidence that expired before `now`. Returns how much was removed.
    async fn remove_expired(&self, now: Micros) -> StoreResult<u32> {
        let mut all = 0_u32;
        loop {
            let removed = self.store.remove_expired_evidence(now, BATCH).await?;
            all = all.saturating_add(removed);
            if removed < BATCH {
                break;
            }
        }
        if all > 0 {
            tracing::info!(removed = all, "removed expired evidence");
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use secrecy::SecretString;

    use super::*;
    use crate::domain::review::Evidence;
    use crate::keys::KeyPlace;
    use crate::settings;
    use crate::store::Backend;
    use crate::store::sqlite::SqliteStore;
    use crate::telemetry::Metrics;

    /// A service over a new store, and the directory of that store.
    fn service(directory: &std::path::Path, store: &SqliteStore, keys: [u8; 2]) -> EvidenceService {
        let key = |number: u8| SecretString::from(BASE64.encode(&[number; 32]));
        let keys = settings::Keys {
            sealing: key(keys[0]),
            sealing_old: key(keys[1]),
            signing: key(9),
            signing_old: SecretString::default(),
        };
        let keys = LazyKeyring::new(keys, KeyPlace::Directory(directory.to_owned()));
        let store = GalleryStore::new(Backend::Embedded(store.clone()), Arc::new(Metrics::default()));
        EvidenceService::new(store, Arc::new(keys))
    }

    #[tokio::test]
    async fn evidence_outlives_the_key_that_sealed_it() {
        let directory = std::env::temp_dir().join(format!("yibi-evidence-{}", random::short_id()));
        let store = SqliteStore::open(&directory).unwrap();
        let first = service(&directory, &store, [1, 1]);
        let cases: Vec<String> = (0..2 * TURN + 3).map(|number| format!("case-{number}")).collect();
        for case in &cases {
            let sealed = first.keys.get().await.unwrap().sealer.seal(&format!("picture of {case}"), case);
            let evidence = Evidence { case: case.clone(), sealed, expires_at: Micros(5) };
            store.put_evidence(&evidence).await.unwrap();
        }
        for keys in [[2, 1], [3, 2]] {
            service(&directory, &store, keys).reseal().await;
        }
        let last = service(&directory, &store, [3, 3]);
        for case in &cases {
            let evidence = store.evidence(case).await.unwrap().unwrap();
            let opened = last.keys.get().await.unwrap().sealer.open(&evidence.sealed, case).unwrap();
            assert_eq!(opened.expose_secret(), format!("picture of {case}"));
            assert_eq!(evidence.expires_at, Micros(5));
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[tokio::test]
    async fn all_expired_evidence_is_removed() {
        let directory = std::env::temp_dir().join(format!("yibi-evidence-{}", random::short_id()));
        let store = SqliteStore::open(&directory).unwrap();
        for number in 0..2 * i64::from(BATCH) + 9 {
            let (case, sealed) = (format!("case-{number}"), String::new());
            store.put_evidence(&Evidence { case, sealed, expires_at: Micros(number) }).await.unwrap();
        }
        let service = service(&directory, &store, [1, 1]);
        assert_eq!(service.remove_expired(Micros(203)).await.unwrap(), 203);
        assert_eq!(service.remove_expired(Micros(203)).await.unwrap(), 0);
        assert_eq!(store.evidence("case-202").await.unwrap(), None);
        assert!(store.evidence("case-203").await.unwrap().is_some());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
