//! Assembling a server from its settings, and running it until it is told to stop.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App as ActixApp, HttpServer};
use secrecy::ExposeSecret;
use tokio::task::{JoinError, JoinHandle};

use crate::admin::{OperatorAuth, Socket};
use crate::background::BackgroundTasks;
use crate::dev::Extras;
use crate::http::{self, RateLimits, Services};
use crate::internal::Pace;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::listeners::{Listener, Listeners};
use crate::service::drawings::DrawingService;
use crate::service::moderation::Moderation;
use crate::service::pushes::Pushes;
use crate::service::sessions::SessionService;
use crate::settings::{Listen, Settings};
use crate::store::StoreError;
use crate::store::dispatch::{GalleryBackend, GalleryStore, SessionBackend, SessionStore};
use crate::store::mongo::MongoGallery;
use crate::store::redis::RedisSessions;
use crate::store::sqlite::SqliteStore;
use crate::supervisor;
use crate::telemetry::Metrics;
use crate::wechat::push::{AesKey, PushKey};
use crate::wechat::{InvalidClient, Wechat, WechatApp, WechatClient};

/// How long connections that have been accepted get to reach their worker, before workers are told to finish
/// and drop what they have not begun with.
const SETTLE: Duration = Duration::from_millis(100);

/// Told to whoever started a server, once it accepts connections.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where clients are served.
    pub public: Listen,
    /// Where the operator is.
    pub admin: SocketAddr,
    /// Where other backends ask.
    pub internal: Option<SocketAddr>,
}

/// Whether a server does more than answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It empties bins and erases who has left, asks WeChat again, seals anew, makes indexes, tells others of itself.
    Normal,
    /// It changes what it stands on by requests alone.
    ReadOnly,
}

/// Why a server did not start, or broke down.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket.
    #[error("a listener failed")]
    Listener(#[from] std::io::Error),
    /// The embedded store can't be opened, or the address of a database makes no sense.
    #[error("the store can't be opened")]
    Store(#[from] StoreError),
    /// The address of WeChat makes no sense.
    #[error("the client of WeChat can't be made")]
    Wechat(#[from] InvalidClient),
}

/// Runs a server on those listeners until `shutdown`, then finishes what is in flight. `ready` is called once
/// it accepts connections. With `extras` it has what development needs besides.
///
/// # Errors
/// [`StartError`]. A database that is out of reach is no error: the server answers 503 until it is there.
pub async fn run(
    settings: Settings,
    listeners: Listeners,
    extras: Option<Extras>,
    mode: Mode,
    ready: impl FnOnce(Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let (services, embedded) = services(&settings, mode)?;
    let addresses = Ready {
        public: listeners.public.place()?,
        admin: listeners.admin.local_addr()?,
        internal: listeners.internal.as_ref().map(TcpListener::local_addr).transpose()?,
    };
    let services = Data::new(services);

    let public = {
        let services = services.clone();
        let paths = settings.http.clone();
        let server = HttpServer::new(move || {
            let app = ActixApp::new().app_data(services.clone()).wrap(from_fn(http::envelope));
            let app = match &extras {
                Some(extras) => {
                    let inner = |config: &mut web::ServiceConfig| {
                        http::routes(config, &paths);
                        extras.routes(config);
                    };
                    app.configure(|config| match extras.prefix() {
                        Some(prefix) => {
                            config.service(web::scope(prefix).configure(inner));
                        }
                        None => inner(config),
                    })
                }
                None => app
                    .configure(|config| http::routes(config, &paths))
                    .service(web::resource("/").route(web::get().to(http::root))),
            };
            app.default_service(web::to(http::nothing))
        });
        let workers = settings.http.workers;
        let server = if workers == 0 { server } else { server.workers(workers) };
        let server = server
            .keep_alive(settings.http.keep_alive)
            .client_request_timeout(settings.http.head_timeout)
            .shutdown_timeout(settings.http.shutdown_timeout.as_secs())
            .disable_signals();
        match listeners.public {
            Listener::Tcp(listener) => server.listen(listener)?.run(),
            Listener::Unix(listener, _) => server.listen_uds(listener)?.run(),
        }
    };
    let socket = admin_socket(&settings);
    let operators = Data::new(OperatorAuth::new(&settings));
    let admin = {
        let services = services.clone();
        let operators = operators.clone();
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(services.clone())
                .app_data(operators.clone())
                .app_data(http::ForOperators)
                .wrap(from_fn(http::envelope))
                .configure(crate::admin::routes)
                .default_service(web::to(http::nothing))
        })
        .workers(1)
        .client_request_timeout(settings.http.head_timeout)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listeners.admin)?;
        match &socket {
            Some((socket, listener)) => {
                let noted = server.on_connect(Socket::note_peer(socket.owner()));
                noted.listen_uds(listener.try_clone()?)?.run()
            }
            None => server.run(),
        }
    };

    let internal = match listeners.internal {
        Some(listener) => Some(internal(&settings, listener, services.clone(), operators.clone())?),
        None => None,
    };

    let tasks = (mode == Mode::Normal).then(|| BackgroundTasks::begin(&services));
    let watch = services.metrics.events().clone();
    let sweeper = tokio::spawn({
        let services = services.clone();
        async move { tokio::join!(services.rate_limits.sweep(), operators.rate_limits.sweep()) }
    });

    let handles: Vec<_> =
        [Some(&public), internal.as_ref(), Some(&admin)].into_iter().flatten().map(Server::handle).collect();
    let mut public = tokio::spawn(public);
    let mut admin = tokio::spawn(admin);
    let mut internal = internal.map(tokio::spawn);
    let path = socket.as_ref().map(|(socket, _)| socket.path().display().to_string());
    let asked_at = addresses.internal.map(|address| address.to_string());
    tracing::info!(public = %addresses.public, admin = %addresses.admin, internal = asked_at, socket = path, "listening");
    supervisor::tell(supervisor::State::Ready);
    ready(addresses);
    // A listener that ends before it is told to has failed.
    let ended = tokio::select! {
        () = shutdown => Ok(()),
        ended = &mut public => Err(failure(ended)),
        ended = &mut admin => Err(failure(ended)),
        ended = one_that_may_be(&mut internal) => Err(failure(ended)),
    };
    tracing::info!("stopping: requests in flight are finished");
    watch.drain();
    supervisor::tell(supervisor::State::Stopping);
    if ended.is_ok() {
        tokio::time::sleep(settings.http.drain_delay).await;
        // The operator's goes on, so that /readyz says what happens.
        if let Some((_, serving)) = handles.split_last() {
            for handle in serving {
                handle.pause().await;
            }
        }
        tokio::time::sleep(SETTLE).await;
    }
    for handle in handles {
        handle.stop(true).await;
    }
    let finishing = tasks.map(BackgroundTasks::end).unwrap_or_default();
    sweeper.abort();
    if ended.is_ok() {
        let _ = tokio::join!(public, admin);
        if let Some(internal) = internal {
            let _ = internal.await;
        }
    }
    for chore in finishing {
        let _ = chore.await;
    }
    if let Some(embedded) = embedded {
        // Others may still hold it, threads of workers that nobody waits for: it is closed here, so that no
        // process ends in the middle of that. A panic has been logged and leaves what a crash would.
        let _ = tokio::task::spawn_blocking(move || embedded.close()).await;
    }
    tracing::info!("stopped");
    ended
}

/// The listener for other backends.
fn internal(
    settings: &Settings,
    listener: TcpListener,
    services: Data<Services>,
    operators: Data<OperatorAuth>,
) -> std::io::Result<Server> {
    let pace = Data::new(Pace::default());
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(services.clone())
            .app_data(operators.clone())
            .app_data(pace.clone())
            .app_data(http::ForOperators)
            .wrap(from_fn(http::envelope))
            .configure(crate::internal::routes)
            .default_service(web::to(http::nothing))
    });
    Ok(server
        .workers(1)
        .keep_alive(settings.http.keep_alive)
        .client_request_timeout(settings.http.head_timeout)
        .shutdown_timeout(settings.http.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Waits for a task that may not be there; then for ever.
async fn one_that_may_be<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// The operator's socket. A server that can't have it does without: tokens are good all the same.
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

/// All services, and the embedded store if it is in use, for the one who closes it.
fn services(settings: &Settings, mode: Mode) -> Result<(Services, Option<SqliteStore>), StartError> {
    let metrics = Arc::new(Metrics::default());
    let store = &settings.store;
    let (mongodb_uri, redis_url) = (store.mongodb_uri.expose_secret(), store.redis_url.expose_secret());
    let embedded = if mongodb_uri.is_empty() || redis_url.is_empty() {
        Some(SqliteStore::open(&store.data_dir)?)
    } else {
        None
    };
    let (gallery, place) = match &embedded {
        Some(embedded) if mongodb_uri.is_empty() => {
            (GalleryBackend::Sqlite(embedded.clone()), KeyPlace::Directory(store.data_dir.clone()))
        }
        _ => {
            let mongo = match mode {
                Mode::Normal => MongoGallery::connect(mongodb_uri, &store.mongodb_database)?,
                Mode::ReadOnly => MongoGallery::connect_to_look(mongodb_uri, &store.mongodb_database)?,
            };
            (GalleryBackend::Mongo(mongo.clone()), KeyPlace::Shared(mongo))
        }
    };
    let sessions = match &embedded {
        Some(embedded) if redis_url.is_empty() => SessionBackend::Sqlite(embedded.clone()),
        _ => SessionBackend::Redis(RedisSessions::connect(redis_url, &store.redis_prefix)?),
    };
    let gallery = GalleryStore::new(gallery, Arc::clone(&metrics));
    let sessions = SessionStore::new(sessions, Arc::clone(&metrics));
    let keys = Arc::new(LazyKeyring::new(settings.keys.clone(), place));
    let apps: Vec<_> =
        settings.apps().map(|app| WechatApp { id: app.app_id, secret: app.app_secret }).collect();
    let client = WechatClient::new(&settings.wechat.api_url, settings.wechat.timeout)?;
    let wechat = Wechat::new(client.with_metrics(Arc::clone(&metrics)), sessions.clone(), Arc::clone(&keys));
    let gallery = DrawingService::new(
        gallery,
        Arc::clone(&keys),
        settings.limits.drawing.clone(),
        settings.gallery.clone(),
        &settings.http.public_url,
        Arc::clone(&metrics),
    );
    let moderation = Moderation::new(
        settings.moderation.clone(),
        gallery.clone(),
        wechat.clone(),
        apps.clone(),
        Arc::clone(&metrics),
    );
    let services = Services {
        pushes: Pushes::new(push_keys(settings), sessions.clone(), moderation.clone(), Arc::clone(&metrics)),
        sessions: SessionService::new(
            sessions,
            gallery.store().clone(),
            wechat.clone(),
            moderation.clone(),
            apps,
            keys,
            settings.session.clone(),
            Arc::clone(&metrics),
        ),
        drawings: gallery,
        wechat,
        moderation,
        rate_limits: RateLimits::new(&settings.limits),
        metrics,
        settings: settings.clone(),
    };
    Ok((services, embedded))
}

/// What the apps' pushes are known by, in the order of the apps.
fn push_keys(settings: &Settings) -> Vec<PushKey> {
    let key = |app: crate::settings::App| PushKey {
        app_id: app.app_id,
        token: app.push_token,
        aes_key: AesKey::decode(app.push_aes_key.expose_secret()),
    };
    settings.apps().map(key).collect()
}
