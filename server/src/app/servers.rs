//! The HTTP servers of the three listeners.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::admin::{OperatorAuth, Socket};
use crate::dev::Extras;
use crate::http::{self, AllowedHosts, Services};
use crate::internal::Pace;
use crate::listeners::Listener;
use crate::settings::Settings;

/// The listener for clients. With `extras` it has what development needs besides.
pub(super) fn public(
    settings: &Settings,
    listener: Listener,
    services: Data<Services>,
    extras: Option<Extras>,
) -> std::io::Result<Server> {
    let (paths, hosts) = (settings.http.clone(), AllowedHosts::new(settings));
    let has_shop = services.orders.is_some();
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(services.clone())
            .wrap(from_fn(http::count_unmatched))
            .wrap(from_fn(http::refuse_foreign_hosts))
            .wrap(from_fn(http::envelope));
        let app = match &extras {
            // A page of another site must not reach the simulated users of a developer's machine.
            Some(extras) => app.app_data(hosts.clone()).configure(|config| {
                with_extras(config, extras, |config| http::routes(config, &paths, has_shop))
            }),
            None => app
                .configure(|config| http::routes(config, &paths, has_shop))
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
        // The handler of a client that has left is dropped, and with it its place in every queue.
        .h1_allow_half_closed(false)
        .on_connect(http::end_unread)
        .disable_signals();
    Ok(match listener {
        Listener::Tcp(listener) => server.listen(listener)?.run(),
        Listener::Unix(listener, _) => server.listen_uds(listener)?.run(),
    })
}

fn with_extras(config: &mut ServiceConfig, extras: &Extras, routes: impl Fn(&mut ServiceConfig)) {
    let inner = |config: &mut ServiceConfig| {
        routes(config);
        extras.routes(config);
    };
    match extras.prefix() {
        Some(prefix) => {
            config.service(web::scope(prefix).configure(inner));
        }
        None => inner(config),
    }
}

/// The listener for operators, and admin.sock where there is one.
pub(super) fn admin(
    settings: &Settings,
    listener: TcpListener,
    socket: Option<&(Socket, UnixListener)>,
    services: Data<Services>,
    operators: Data<OperatorAuth>,
) -> std::io::Result<Server> {
    let hosts = AllowedHosts::new(settings);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(services.clone())
            .app_data(operators.clone())
            .app_data(hosts.clone())
            .app_data(http::ForOperators)
            .wrap(from_fn(http::refuse_foreign_hosts))
            .wrap(from_fn(http::envelope))
            .configure(crate::admin::routes)
            .default_service(web::to(http::nothing))
    })
    .workers(1)
    .client_request_timeout(settings.http.head_timeout)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?;
    Ok(match socket {
        Some((socket, listener)) => {
            let noted = server.on_connect(Socket::note_peer(socket.owner()));
            noted.listen_uds(listener.try_clone()?)?.run()
        }
        None => server.run(),
    })
}

/// The listener for other backends.
pub(super) fn internal(
    settings: &Settings,
    listener: TcpListener,
    services: Data<Services>,
    operators: Data<OperatorAuth>,
) -> std::io::Result<Server> {
    let pace = Data::new(Pace::default());
    let server = HttpServer::new(move || {
        App::new()
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
