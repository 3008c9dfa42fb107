//! Pictures of mini-program codes for the landing page of shares: made once by WeChat, and kept in the store.
//!
//! WeChat may take seconds or fail, so a request never waits for it: [`get`](MiniprogramCodeService::get) reads the
//! store, and [`wish`](MiniprogramCodeService::wish) has the picture made in the background. One server of the fleet
//! makes a picture, under a lease; the others find it in the store.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};
use crate::random;
use crate::settings::MiniProgramEnv;
use crate::store::{GalleryStore, Leases, MiniprogramCodes, SessionStore, StoreError};
use crate::wechat::{Wechat, WechatApp, WechatError};

/// The page that resolves a code. Printed codes open it, so it keeps its path.
const PAGE: &str = "pages/share/share";
/// Pixels a side; WeChat's default.
const WIDTH: u32 = 430;
/// Maximum number of pictures that wait to be made by this server.
const QUEUE: usize = 1_000;
/// Maximum number of concurrent calls by this server.
const AT_ONCE: usize = 4;
/// Duration of the lease for one picture: longer than the call and the operations around it.
const LEASE: Duration = Duration::from_secs(30);
/// Pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// Attempts until a picture is left, until it is wished for again.
const TRIES: u32 = 8;

/// A picture that waits to be made.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Time of the next attempt; none while one is running.
    due: Option<Instant>,
    failures: u32,
}

/// Result of an attempt that made no error.
enum Attempt {
    /// The store has the picture.
    Done,
    /// Another server makes the picture.
    Elsewhere,
}

#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("the store")]
    Store(#[from] StoreError),
    #[error("WeChat")]
    Wechat(#[from] WechatError),
    /// The settings no longer name the app.
    #[error("the app is not in the settings")]
    App,
}

/// The pictures of mini-program codes. Cheap to clone.
#[derive(Clone)]
pub struct MiniprogramCodeService(Arc<Inner>);

struct Inner {
    store: GalleryStore,
    leases: SessionStore,
    wechat: Wechat,
    apps: Vec<WechatApp>,
    env: MiniProgramEnv,
    holder: String,
    first_pause: Duration,
    waiting: Mutex<HashMap<MiniprogramCodeKey, Waiting>>,
    changed: Notify,
}

impl MiniprogramCodeService {
    /// Codes of these apps, which open the version `env` of the mini-program.
    #[must_use]
    pub fn new(
        store: GalleryStore,
        leases: SessionStore,
        wechat: Wechat,
        apps: Vec<WechatApp>,
        env: MiniProgramEnv,
    ) -> Self {
        Self::with_pause(store, leases, wechat, apps, env, FIRST_PAUSE)
    }

    fn with_pause(
        store: GalleryStore,
        leases: SessionStore,
        wechat: Wechat,
        apps: Vec<WechatApp>,
        env: MiniProgramEnv,
        first_pause: Duration,
    ) -> Self {
        let (holder, waiting, changed) = (random::short_id(), Mutex::default(), Notify::new());
        Self(Arc::new(Inner { store, leases, wechat, apps, env, holder, first_pause, waiting, changed }))
    }

    /// The picture of a code, if it is made: a PNG or JPEG file. A store out of reach counts as no picture.
    pub async fn get(&self, app_id: &str, code: &str) -> Option<Bytes> {
        match self.0.store.miniprogram_code(&self.key(app_id, code)).await {
            Ok(picture) => picture.map(Bytes::from),
            Err(error) => {
                tracing::debug!(%error, "a mini-program code was not read");
                None
            }
        }
    }

    /// Has the picture of a code made in the background, unless it is made or waits already. Beyond `QUEUE`
    /// pictures, a wish is dropped: whoever needs the picture asks again.
    pub fn wish(&self, app_id: &str, code: &str) {
        let key = self.key(app_id, code);
        let mut waiting = self.waiting();
        if waiting.len() < QUEUE && !waiting.contains_key(&key) {
            waiting.insert(key, Waiting { due: Some(Instant::now()), failures: 0 });
            self.0.changed.notify_one();
        }
    }

    /// Removes the pictures of a code, also those that wait to be made.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn remove(&self, app_id: &str, code: &str) -> Result<(), StoreError> {
        self.waiting().retain(|key, _| (key.app_id.as_str(), key.scene.as_str()) != (app_id, code));
        self.0.store.remove_miniprogram_codes(app_id, code).await
    }

    fn key(&self, app_id: &str, code: &str) -> MiniprogramCodeKey {
        MiniprogramCodeKey {
            app_id: app_id.to_owned(),
            page: PAGE.to_owned(),
            scene: code.to_owned(),
            env: self.0.env.name().to_owned(),
            width: WIDTH,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<MiniprogramCodeKey, Waiting>> {
        // A panic can't leave the map half changed.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes pictures that are due, at most [`AT_ONCE`]; if there is none, the time of the next.
    fn take_due(&self) -> Result<Vec<MiniprogramCodeKey>, Option<Instant>> {
        let now = Instant::now();
        let mut waiting = self.waiting();
        let mut taken = Vec::new();
        for (key, waits) in waiting.iter_mut() {
            if taken.len() < AT_ONCE && waits.due.is_some_and(|due| due <= now) {
                waits.due = None;
                taken.push(key.clone());
            }
        }
        if taken.is_empty() { Err(waiting.values().filter_map(|waits| waits.due).min()) } else { Ok(taken) }
    }

    async fn make(&self, key: MiniprogramCodeKey) {
        let result = self.attempt(&key).await;
        let mut waiting = self.waiting();
        // A removed picture is no longer waited for.
        let Some(waits) = waiting.get_mut(&key) else { return };
        match result {
            Ok(Attempt::Done) => {
                waiting.remove(&key);
            }
            Ok(Attempt::Elsewhere) => waits.due = Some(Instant::now() + self.0.first_pause),
            Err(error) => {
                waits.failures += 1;
                let (failures, errcode) = (waits.failures, error.errcode());
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, errcode, failures, "a mini-program code was not made");
                if failures < TRIES {
                    let doubled = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
                    let pause = self.0.first_pause.saturating_mul(doubled).min(LONGEST_PAUSE);
                    waits.due = Some(Instant::now() + pause);
                } else {
                    waiting.remove(&key);
                }
            }
        }
    }

    async fn attempt(&self, key: &MiniprogramCodeKey) -> Result<Attempt, AttemptError> {
        let Inner { store, leases, wechat, apps, holder, .. } = &*self.0;
        let app = apps.iter().find(|app| app.id == key.app_id).ok_or(AttemptError::App)?;
        let lease = format!("miniprogram_code/{}/{}", key.app_id, key.scene);
        if !leases.take_lease(&lease, holder, LEASE).await? {
            return Ok(Attempt::Elsewhere);
        }
        let made = async {
            // Read under the lease, so that a picture that another server just made is not made again.
            if store.miniprogram_code(key).await?.is_none() {
                let image = wechat.miniprogram_code(app, key).await?;
                store.add_miniprogram_code(&MiniprogramCode { key: key.clone(), image }).await?;
            }
            Ok(Attempt::Done)
        }
        .await;
        if let Err(error) = leases.drop_lease(&lease, holder).await {
            tracing::debug!(%error, "the lease for a mini-program code runs out by itself");
        }
        made
    }
}

impl AttemptError {
    /// WeChat's errcode, if WeChat refused.
    fn errcode(&self) -> Option<i64> {
        match self {
            Self::Wechat(error) => error.errcode,
            Self::Store(_) | Self::App => None,
        }
    }
}

/// Makes the wished pictures until `shutdown`. A picture that is being made then is wished for again later.
pub async fn run_code_making(codes: MiniprogramCodeService, shutdown: impl Future<Output = ()>) {
    let making = async {
        loop {
            match codes.take_due() {
                Ok(due) => {
                    join_all(due.into_iter().map(|key| codes.make(key))).await;
                }
                Err(None) => codes.0.changed.notified().await,
                Err(Some(next)) => {
                    // Either may come first.
                    let _ = tokio::time::timeout_at(next, codes.0.changed.notified()).await;
                }
            }
        }
    };
    tokio::select! {
        () = making => {}
        () = shutdown => {}
    }
}
