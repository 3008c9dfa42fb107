//! Phone numbers are sealed again after the sealing key was replaced. All other sealed values expire by
//! themselves; a phone number would be lost with the old key.

use std::time::Duration;

use super::SessionService;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::UserRecord;
use crate::store::{StoreResult, Transfer, Users};

const TURN: u32 = 256;
/// Pause after a store failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Progress of the pass.
#[derive(Debug, Default)]
struct Walk {
    place: Option<String>,
    resealed: u64,
    /// Phone numbers whose sealing key is no longer configured.
    lost: u64,
}

impl SessionService {
    /// Goes through all users while an old key is configured, and seals their phone numbers with the current
    /// one. Every server does so at its start, so that the last server to get a new key also finds numbers
    /// that others sealed with the old key meanwhile. May be dropped at any moment.
    pub async fn reseal_phones(&self) {
        let mut walk = Walk::default();
        while let Err(error) = self.go_on(&mut walk).await {
            tracing::warn!(%error, "phone numbers are not all sealed by the present key yet");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn go_on(&self, walk: &mut Walk) -> StoreResult<()> {
        if !self.0.keys.get().await?.sealer.has_old() {
            return Ok(());
        }
        loop {
            let turn = self.0.users.users_behind(walk.place.as_deref(), TURN).await?;
            let mut lost = 0;
            for user in &turn.items {
                match self.reseal(user).await? {
                    Outcome::Nothing => {}
                    Outcome::Resealed => walk.resealed += 1,
                    Outcome::Lost => lost += 1,
                }
            }
            walk.lost += lost;
            walk.place = turn.next;
            if walk.place.is_none() {
                let Walk { resealed, lost, .. } = walk;
                if *lost > 0 {
                    tracing::warn!(resealed, lost, "phone numbers that no key opens are left as they are");
                } else {
                    tracing::info!(resealed, "phone numbers are sealed by the present key");
                }
                return Ok(());
            }
        }
    }

    async fn reseal(&self, user: &UserRecord) -> StoreResult<Outcome> {
        let sealer = &self.0.keys.get().await?.sealer;
        let Some(sealed) = user.phone.as_deref().filter(|sealed| !sealer.is_present(sealed)) else {
            return Ok(Outcome::Nothing);
        };
        let Some(phone) = PhoneNumber::open(sealed, sealer, &user.key) else { return Ok(Outcome::Lost) };
        let replaced = self.0.users.replace_phone(&user.key, sealed, &phone.seal(sealer, &user.key)).await?;
        // Otherwise the number was bound again or removed meanwhile.
        Ok(if replaced { Outcome::Resealed } else { Outcome::Nothing })
    }
}

/// Outcome for one user's phone number.
enum Outcome {
    Nothing,
    Resealed,
    Lost,
}
