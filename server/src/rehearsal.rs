//! Whether this version gets ready with these settings, tried beside the server that is at work: before it takes that
//! one's place.
//!
//! Databases are the real ones, so that it is they who have to answer; of the embedded file a copy is used, so that
//! nothing which a new version does to it can harm. Nobody is served and WeChat is not asked.

use std::fs::DirBuilder;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::app::{Ready, StartError, run};
use crate::health::{self, Health};
use crate::keys;
use crate::listeners::{HandedOver, Listeners};
use crate::random;
use crate::settings::{Listen, ModerationMode, Settings};
use crate::store::sqlite::backup::{BackupError, Content, backup};
use crate::store::sqlite::file_in;

/// Between two questions whether it is ready.
const PAUSE: Duration = Duration::from_millis(100);

/// What came of it.
#[derive(Debug)]
pub struct Rehearsed {
    /// What `/readyz` said last: that it is ready, if it got so in time.
    pub health: Health,
    /// How long that took.
    pub took: Duration,
    /// What was in the copy of the embedded file, if there is one.
    pub copied: Option<Content>,
}

/// Why nothing could be told.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The directory for the time being.
    #[error("{}", .0.display())]
    Directory(PathBuf, #[source] io::Error),
    /// The copy of the embedded file.
    #[error("the embedded file can't be copied")]
    Copy(#[from] BackupError),
    /// A port on loopback.
    #[error("{0}")]
    Listen(String),
    /// The server does not start, or breaks down.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It does not answer.
    #[error("it does not answer")]
    Silent(#[source] io::Error),
}

/// Starts a server with those settings on ports of its own, asks it by `/readyz` until it is ready or the time is up,
/// and ends it.
///
/// # Errors
/// [`RehearsalError`]. That it did not get ready is none.
pub async fn rehearse(mut settings: Settings, within: Duration) -> Result<Rehearsed, RehearsalError> {
    let stage = Stage::set(&settings)?;
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.http.listen = Listen::Tcp(nowhere);
    settings.http.drain_delay = Duration::ZERO;
    settings.admin.listen = nowhere;
    settings.internal.listen = None;
    settings.moderation.mode = ModerationMode::Off;
    settings.store.data_dir.clone_from(&stage.directory);
    let listeners = Listeners::of(&settings, HandedOver::default()).map_err(RehearsalError::Listen)?;
    let (told, listening) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let begun = Instant::now();
    let ready = |ready: Ready| {
        let _ = told.send(ready.admin);
    };
    let serving = run(settings, listeners, None, ready, async {
        // A sender that is gone means the same as one that spoke.
        let _ = stopped.await;
    });
    let asking = async {
        let asked = match listening.await {
            Ok(admin) => until_ready(admin, begun + within).await,
            // Why, the server says.
            Err(gone) => Err(io::Error::other(gone)),
        };
        drop(stop);
        (asked, begun.elapsed())
    };
    let (served, (asked, took)) = tokio::join!(serving, asking);
    served?;
    let health = asked.map_err(RehearsalError::Silent)?;
    Ok(Rehearsed { health, took, copied: stage.copied })
}

async fn until_ready(admin: SocketAddr, end: Instant) -> io::Result<Health> {
    loop {
        let asked = tokio::task::spawn_blocking(move || health::ask(admin, "/readyz")).await;
        let health = asked.map_err(io::Error::other)??;
        if health.good || Instant::now() >= end {
            return Ok(health);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A data directory for the time being.
struct Stage {
    directory: PathBuf,
    copied: Option<Content>,
}

impl Stage {
    /// In the real one, where there is room for as much again, with a copy of what it holds.
    fn set(settings: &Settings) -> Result<Self, RehearsalError> {
        let store = &settings.store;
        let home = &store.data_dir;
        let directory = home.join(format!("rehearsal-{}", random::short_id()));
        let failed = |error| RehearsalError::Directory(directory.clone(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(failed)?;
        DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        // From here on it is removed, whatever fails.
        let mut stage = Self { directory: directory.clone(), copied: None };
        let embedded =
            store.mongodb_uri.expose_secret().is_empty() || store.redis_url.expose_secret().is_empty();
        if embedded && file_in(home).exists() {
            stage.copied = Some(backup(home, &file_in(&directory))?);
        }
        keys::copy_kept(home, &directory).map_err(failed)?;
        Ok(stage)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!(directory = %self.directory.display(), %error, "what was rehearsed with is left");
        }
    }
}
