//! The internal API, and a site with two other backends behind nginx.

mod access_token;
mod nginx;
mod session;

use yibi_tests::{App, Backend};

/// A server with an internal listener.
fn start(backend: Backend, further: &[(&str, &str)]) -> App {
    let further = [further, &[("INTERNAL__LISTEN", "127.0.0.1:0")]].concat();
    App::start_with(backend, &further)
}
