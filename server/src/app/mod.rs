//! Building a server from its settings, and running it until it is told to stop.

mod assembly;
mod payments;
mod servers;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use tokio::task::{JoinError, JoinHandle};

pub(crate) use assembly::Stores;
pub use payments::{PaySetupError, payment_gateway};

use crate::admin::{OperatorAuth, Socket};
use crate::background::BackgroundTasks;
use crate::dev::Extras;
use crate::events::{EventBus, server_name};
use crate::http::Services;
use crate::listeners::Listeners;
use crate::settings::{DUTIES, Listen, Settings};
use crate::store::StoreError;
use crate::supervisor;
use crate::wechat::InvalidClient;

/// How long accepted connections get to reach their worker, before workers are told to finish and drop connections
/// that they have not begun with.
const SETTLE: Duration = Duration::from_millis(100);

/// The addresses of a server that accepts connections.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The listener for clients.
    pub public: Listen,
    /// The listener for operators.
    pub admin: SocketAddr,
    /// The listener for other backends.
    pub internal: Option<SocketAddr>,
}

/// Whether a server does more than answer requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server also runs its background tasks and creates indexes.
    Normal,
    /// Only requests change its stores.
    ReadOnly,
}

/// Why a server did not start, or broke down.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be opened, or ended by itself.
    #[error("a listener failed")]
    Listener(#[from] std::io::Error),
    /// The embedded store can't be opened, or the address of a database is invalid.
    #[error("the store can't be opened")]
    Store(#[from] StoreError),
    /// The address of WeChat is invalid.
    #[error("the client of WeChat can't be made")]
    Wechat(#[from] InvalidClient),
    /// The merchant's settings or keys are wrong.
    #[error("WeChat Pay can't be set up")]
    Payments(#[from] PaySetupError),
}

/// A server that is built and not yet running.
pub struct Application {
    services: Data<Services>,
    operators: Data<OperatorAuth>,
    stores: Stores,
    mode: Mode,
    addresses: Ready,
    servers: Servers,
    socket: Option<(Socket, UnixListener)>,
    drain_delay: Duration,
}

/// The servers of the listeners.
struct Servers {
    public: Server,
    internal: Option<Server>,
    admin: Server,
}

impl Application {
    /// Builds a server on those listeners. With `extras` it has what development needs besides.
    ///
    /// # Errors
    /// [`StartError`]. A database that is out of reach is no error: the server answers 503 until it is there.
    pub fn build(
        settings: &Settings,
        listeners: Listeners,
        extras: Option<Extras>,
        mode: Mode,
    ) -> Result<Self, StartError> {
        announce(settings);
        let place = listeners.public.place()?;
        let (services, stores) = assembly::services(settings, EventBus::of(server_name(&place)), mode)?;
        let addresses = Ready {
            public: place,
            admin: listeners.admin.local_addr()?,
            internal: listeners.internal.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        let services = Data::new(services);
        let operators = Data::new(OperatorAuth::new(settings));
        let socket = admin_socket(settings);
        let internal = listeners
            .internal
            .map(|listener| servers::internal(settings, listener, services.clone(), operators.clone()));
        let servers = Servers {
            public: servers::public(settings, listeners.public, services.clone(), extras)?,
            internal: internal.transpose()?,
            admin: servers::admin(
                settings,
                listeners.admin,
                socket.as_ref(),
                services.clone(),
                operators.clone(),
            )?,
        };
        let drain_delay = settings.http.drain_delay;
        Ok(Self { services, operators, stores, mode, addresses, servers, socket, drain_delay })
    }

    /// Runs the server until `shutdown`, then finishes requests in flight. `ready` is called once it accepts
    /// connections.
    ///
    /// # Errors
    /// [`StartError::Listener`] when a listener ends by itself.
    pub async fn run_until_stopped(
        self,
        ready: impl FnOnce(Ready),
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), StartError> {
        let Self { services, operators, stores, mode, addresses, servers, socket, drain_delay } = self;
        let tasks = (mode == Mode::Normal).then(|| BackgroundTasks::begin(&services, &stores));
        let events = services.metrics.events().clone();
        let sweeper =
            tokio::spawn(
                async move { tokio::join!(services.rate_limits.sweep(), operators.rate_limits.sweep()) },
            );
        let mut running = Running::start(servers);
        let path = socket.as_ref().map(|(socket, _)| socket.path().display().to_string());
        let internal = addresses.internal.map(|address| address.to_string());
        tracing::info!(public = %addresses.public, admin = %addresses.admin, internal, socket = path, "listening");
        supervisor::tell(supervisor::State::Ready);
        ready(addresses);
        let ended = tokio::select! {
            () = shutdown => Ok(()),
            failure = running.ended() => Err(failure),
        };
        tracing::info!("stopping: requests in flight are finished");
        events.drain();
        supervisor::tell(supervisor::State::Stopping);
        if ended.is_ok() {
            tokio::time::sleep(drain_delay).await;
            running.pause().await;
        }
        running.stop().await;
        let finishing = tasks.map(BackgroundTasks::end).unwrap_or_default();
        sweeper.abort();
        if ended.is_ok() {
            running.join().await;
        }
        for task in finishing {
            let _ = task.await;
        }
        if let Some(embedded) = stores.embedded {
            // Threads of workers that nobody waits for may still hold it: it is closed here, so that the process never
            // exits while the file is being closed. A panic has been logged and leaves the state of a crash.
            let _ = tokio::task::spawn_blocking(move || embedded.close()).await;
        }
        tracing::info!("stopped");
        ended
    }
}

/// Logs remarks on the settings.
fn announce(settings: &Settings) {
    for section in &settings.unknown_sections {
        tracing::warn!(section, "this version does not know the section of the settings and leaves it out");
    }
    if settings.sharing.is_open() {
        let (level, review) = (settings.sharing.level.name(), settings.sharing.review.name());
        tracing::info!(level, review, "{DUTIES}");
    }
}

struct Running {
    public: JoinHandle<std::io::Result<()>>,
    internal: Option<JoinHandle<std::io::Result<()>>>,
    admin: JoinHandle<std::io::Result<()>>,
    /// Those that serve clients and other backends, and the operators' one.
    serving: Vec<ServerHandle>,
    operators: ServerHandle,
}

impl Running {
    fn start(servers: Servers) -> Self {
        let Servers { public, internal, admin } = servers;
        let serving = [Some(&public), internal.as_ref()].into_iter().flatten().map(Server::handle).collect();
        let operators = admin.handle();
        Self {
            serving,
            operators,
            public: tokio::spawn(public),
            internal: internal.map(tokio::spawn),
            admin: tokio::spawn(admin),
        }
    }

    /// Completes when a listener ends before it is told to, which is a failure.
    async fn ended(&mut self) -> StartError {
        let ended = tokio::select! {
            ended = &mut self.public => ended,
            ended = &mut self.admin => ended,
            ended = if_present(&mut self.internal) => ended,
        };
        failure(ended)
    }

    /// Accepts no further connections. The operators' listener goes on, so that /readyz reports the state.
    async fn pause(&self) {
        for handle in &self.serving {
            handle.pause().await;
        }
        tokio::time::sleep(SETTLE).await;
    }

    async fn stop(&self) {
        for handle in self.serving.iter().chain([&self.operators]) {
            handle.stop(true).await;
        }
    }

    async fn join(self) {
        let _ = tokio::join!(self.public, self.admin);
        if let Some(internal) = self.internal {
            let _ = internal.await;
        }
    }
}

/// Awaits the task if there is one, otherwise never completes.
async fn if_present<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// The operator's socket. A server that can't create it starts without: tokens work all the same.
fn admin_socket(settings: &Settings) -> Option<(Socket, UnixListener)> {
    match Socket::bind(&settings.store.data_dir, &settings.admin.socket_group) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "there is no admin.sock");
            None
        }
    }
}

/// Why a listener ended by itself.
fn failure(ended: Result<std::io::Result<()>, JoinError>) -> StartError {
    let error = match ended {
        Ok(Ok(())) => std::io::Error::other("the listener ended"),
        Ok(Err(error)) => error,
        Err(panic) => std::io::Error::other(panic),
    };
    StartError::Listener(error)
}
