//! What other backends ask, and a site with two of them behind nginx.

mod nginx;
mod session;

use yibi_tests::{Backend, Server, Wechat};

/// A server that other backends can ask.
fn start(backend: Backend, wechat: &Wechat, further: &[(&str, &str)]) -> Server {
    let further = [further, &[("INTERNAL__LISTEN", "127.0.0.1:0")]].concat();
    Server::start_with(backend, wechat, &further)
}
