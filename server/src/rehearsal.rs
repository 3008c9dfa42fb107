//! Checks that this version becomes ready with these settings while the running server continues to serve.
//!
//! The check reads the real databases and writes nothing there. It upgrades a copy of the embedded file,
//! never the file itself. It serves no clients and makes no calls to WeChat.

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

/// Prefix of the directory's name; the process id follows.
const STAGE: &str = "rehearsal-";
/// Interval between two readiness queries.
const PAUSE: Duration = Duration::from_millis(100);
/// Disk space for upgrading a copy, as a multiple of the file's size: the file, all rows in a second table,
/// and both in the log, whose former pages are overwritten.
const SIZES: u64 = 4;
/// Free space, in MiB, that the running server keeps.
const MARGIN: u64 = 256;

/// Result of a rehearsal.
#[derive(Debug)]
pub struct Rehearsed {
    /// Whether the server became ready in time.
    pub ready: bool,
    /// The last answer of `/readyz`.
    pub health: Health,
    /// Time until the last answer.
    pub took: Duration,
    /// Record counts of the copied embedded file, if there is one.
    pub copied: Option<Content>,
}

/// Reason why a rehearsal has no result.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The scratch directory failed.
    #[error("{}", .0.display())]
    Directory(PathBuf, #[source] io::Error),
    /// Copying the embedded file failed.
    #[error("the embedded file can't be copied")]
    Copy(#[from] BackupError),
    /// The disk has too little space for the copy and its upgrade.
    #[error("{needed} MiB are needed below {}, and {free} are free", .directory.display())]
    Space {
        directory: PathBuf,
        /// Required space in MiB.
        needed: u64,
        /// Free space in MiB.
        free: u64,
    },
    /// No port on loopback could be bound.
    #[error("{0}")]
    Listen(String),
    /// The server does not start, or it fails while it runs.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server does not answer.
    #[error("it does not answer")]
    Silent(#[source] io::Error),
}

/// Starts a server with those settings on ports of its own, polls `/readyz` until the server is ready,
/// `within` has passed or `stop` resolves, and then stops the server.
///
/// # Errors
/// [`RehearsalError`]. A server that does not become ready is a result, not an error.
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
        // A dropped sender has the same meaning as a sent message.
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
                // The server's own error says why.
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
    // The upgrade of a large file can take long before the server listens.
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

/// A scratch data directory.
struct Stage {
    directory: PathBuf,
    copied: Option<Content>,
}

impl Stage {
    /// Creates the scratch directory inside the real data directory, with a copy of the embedded file, if the
    /// disk has enough space.
    fn set(settings: &Settings) -> Result<Self, RehearsalError> {
        let store = &settings.store;
        let home = &store.data_dir;
        let directory = home.join(format!("{STAGE}{}", std::process::id()));
        let failed = |error| RehearsalError::Directory(directory.clone(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(failed)?;
        clear(home).map_err(failed)?;
        DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        // From here on, dropping `stage` removes the directory on every failure.
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

/// Removes the directories of rehearsals that were killed: they hold copies of all drawings and the keys.
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
