//! Whether this version gets ready with these settings, tried beside the server that is at work: before it takes that
//! one's place.
//!
//! Databases are the real ones, so that it is they who have to answer, and nothing is written there; of the embedded file
//! a copy is used, so that nothing which a new version does to it can harm. Nobody is served and WeChat is not asked.

use std::fs::DirBuilder;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::app::{Application, Mode, Ready, StartError};
use crate::check::free_mib;
use crate::health::{self, Health};
use crate::keys;
use crate::listeners::{HandedOver, Listeners};
use crate::settings::{Listen, Settings};
use crate::store::sqlite::backup::{BackupError, Content, backup, is_up_to_date};
use crate::store::sqlite::file_in;

/// What the name of the directory begins with; the number of the process follows.
const STAGE: &str = "rehearsal-";
/// Between two questions whether it is ready.
const PAUSE: Duration = Duration::from_millis(100);
/// Space for a copy that is brought up to date, in sizes of the file: itself, all rows in a second table, and both in
/// the log, the former ones overwritten.
const SIZES: u64 = 4;
/// Space that is left to the server at work, in MiB.
const MARGIN: u64 = 256;

/// What came of it.
#[derive(Debug)]
pub struct Rehearsed {
    /// Whether it got ready in time.
    pub ready: bool,
    /// What `/readyz` said last.
    pub health: Health,
    /// How long it took.
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
    /// The disk has too little room for the copy, and for what a new version does to that.
    #[error("{needed} MiB are needed below {}, and {free} are free", .directory.display())]
    Space {
        directory: PathBuf,
        /// MiB that are needed.
        needed: u64,
        /// MiB that are free.
        free: u64,
    },
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

/// Starts a server with those settings on ports of its own, asks it by `/readyz` until it is ready, the time is up or
/// it is told to `stop`, and ends it.
///
/// # Errors
/// [`RehearsalError`]. That it did not get ready is none.
pub async fn rehearse(
    mut settings: Settings,
    within: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Rehearsed, RehearsalError> {
    let stage = Stage::set(&settings)?;
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.http.listen = Listen::Tcp(nowhere);
    settings.http.drain_delay = Duration::ZERO;
    settings.admin.listen = nowhere;
    settings.internal.listen = None;
    settings.store.data_dir.clone_from(&stage.directory);
    let listeners = Listeners::of(&settings, HandedOver::default()).map_err(RehearsalError::Listen)?;
    let (told, listening) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let begun = Instant::now();
    let ready = |ready: Ready| {
        let _ = told.send(ready.admin);
    };
    let stopped = async {
        // A dropped sender means the same as a sent message.
        let _ = ended.await;
    };
    let serving = async {
        let application = Application::build(&settings, listeners, None, Mode::ReadOnly)?;
        application.run_until_stopped(ready, stopped).await
    };
    let asking = async {
        let asked = async {
            match listening.await {
                Ok(admin) => until_ready(admin, begun + within).await,
                // Why, the server says.
                Err(gone) => Err(io::Error::other(gone)),
            }
        };
        let asked = tokio::select! {
            asked = asked => asked,
            () = stop => Err(io::ErrorKind::Interrupted.into()),
        };
        drop(end);
        (asked, begun.elapsed())
    };
    let (served, (asked, took)) = tokio::join!(serving, asking);
    served?;
    let health = asked.map_err(RehearsalError::Silent)?;
    // To bring a large file up to date takes its time before it listens.
    Ok(Rehearsed { ready: health.good && took <= within, health, took, copied: stage.copied })
}

async fn until_ready(admin: SocketAddr, end: Instant) -> io::Result<Health> {
    loop {
        let asked = tokio::task::spawn_blocking(move || health::ask(admin, "/readyz")).await;
        let over = Instant::now() >= end;
        match asked.map_err(io::Error::other)? {
            Ok(health) if health.good || over => return Ok(health),
            Err(error) if over => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
        }
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
        let directory = home.join(format!("{STAGE}{}", std::process::id()));
        let failed = |error| RehearsalError::Directory(directory.clone(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(failed)?;
        clear(home).map_err(failed)?;
        DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        // From here on it is removed, whatever fails.
        let mut stage = Self { directory: directory.clone(), copied: None };
        let embedded =
            store.mongodb_uri.expose_secret().is_empty() || store.redis_url.expose_secret().is_empty();
        if embedded && let Ok(file) = std::fs::metadata(file_in(home)) {
            let sizes = if is_up_to_date(home)? { 1 } else { SIZES };
            let needed = (file.len() >> 20) * sizes + MARGIN;
            let free = free_mib(home).unwrap_or(u64::MAX);
            if free < needed {
                return Err(RehearsalError::Space { directory: home.clone(), needed, free });
            }
            stage.copied = Some(backup(home, &file_in(&directory))?);
        }
        keys::copy_kept(home, &directory).map_err(failed)?;
        Ok(stage)
    }
}

/// Removes what a rehearsal left that was killed: with all drawings in it, and the keys.
fn clear(home: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(home)? {
        let entry = entry?;
        let name = entry.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix(STAGE)).and_then(|id| id.parse::<u32>().ok());
        let Some(process) = process else { continue };
        if process == std::process::id() || !Path::new(&format!("/proc/{process}")).exists() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!(directory = %self.directory.display(), %error, "what was rehearsed with is left");
        }
    }
}
