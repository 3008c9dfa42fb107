//! The console, in a terminal, against real servers.

mod acting;
mod commands;
mod jobs;
mod reviewing;
pub(crate) mod scripts;
mod starting;
mod terminals;
mod watching;

use std::net::TcpListener;

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, Server, TempDir, Terminal};

const SIZE: (u16, u16) = (100, 30);

/// A server where Alice, who is signed in, has drawn a mountain of one stroke.
async fn mountain() -> (App, Api) {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("mountain", 0, json!([stroke(1)])).await.ok();
    (app, alice)
}

/// The console of a server, by token.
fn console(server: &Server, home: &TempDir) -> Terminal {
    Terminal::start(SIZE, home.path(), &["--server", &server.admin], &[("YIBI_ADMIN_TOKEN", ADMIN_TOKEN)])
}

/// An address that accepts connections and never replies.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// The console with a server that never replies.
fn alone(home: &TempDir, address: &str, variables: &[(&str, &str)]) -> Terminal {
    Terminal::start((80, 24), home.path(), &["--server", address], variables)
}
