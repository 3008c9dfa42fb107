//! A WeChat for development and for tests, on a listener of its own.
//!
//! It answers WeChat's server API as WeChat does, published errors and undocumented habits included, for
//! users that exist by being named: the same name has the same openid in the same mini-program, also
//! after a restart. Everything it makes up, keys too, is worthless outside it.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /sns/jscode2session` | WeChat's: exchanges a code |
//! | `POST /cgi-bin/stable_token` | WeChat's: gives an access token |
//! | the rest of [`Api`](super::api::Api) | WeChat's, each a row in `further.rs` |
//! | `POST /simulator/login {"user","app_id"?}` | the phone's: `wx.login` and `wx.getUserInfo` of 2016 in one, as a [`Login`] |
//! | `POST /simulator/phone {"user","app_id"?}` | the phone's: what the button for the number gives, as a [`Phone`] |
//! | `POST /simulator/access-tokens/refuse {"app_id"?,"stuck"?}` | refuses the access tokens given so far; with `stuck` goes on giving them until one is forced |
//! | `POST /simulator/push-target {"url","token","aes_key"?,"xml"?}` | the console's: where pushes go, as a [`PushTarget`] |
//! | `POST /simulator/fates [{"verdict":{"suggest","label"}},"twice","silence",…]` | what becomes of the next images, see [`Fate`] |
//! | `POST /simulator/script [{"step",…},…]` | what happens to the next calls, see [`Scripted`] |
//! | `DELETE /simulator/script` | back to normal |
//! | `GET /simulator/calls` | how often each API was called, and with each code, see [`Calls`] |
//! | `POST /simulator/clock {"advance_ms"}` | lets time pass |
//!
//! Codes made here begin with `sim-` and are as strict as WeChat's: good once (then 40163), for five
//! minutes (then 40029). A code that begins with `invalid` is 40029. Any other code, such as the one that
//! DevTools makes up in its tourist mode, signs in the user [`DEVTOOLS_USER`], as often as it comes.

mod access_token;
mod content;
mod control;
mod further;
mod jscode2session;
mod person;
mod phone;
mod reply;
mod script;
mod session_key;
mod state;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use secrecy::SecretString;

use super::client::WechatApp;
use state::State;

pub use content::{Fate, PushTarget};
pub use person::{DEVTOOLS_USER, Login, LoginError};
pub use phone::Phone;
pub use script::{InvalidScript, Scripted, Step};
pub use state::Calls;

/// A simulated WeChat. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Simulator {
    state: Arc<State>,
}

impl Simulator {
    /// A WeChat that knows these mini-programs; [`Simulator::login`] takes the first where none is named.
    pub fn new(apps: Vec<WechatApp>) -> Self {
        Self { state: Arc::new(State::new(apps)) }
    }

    /// The mini-program of development, for a server and a simulator that are told of no other.
    pub fn development_app() -> WechatApp {
        let secret = SecretString::from("a-secret-of-the-simulator-alone");
        WechatApp { id: "wx5157570dead5e55e".to_owned(), secret }
    }

    /// Another mini-program of the same owner, in whose users the same people are known.
    pub fn second_development_app() -> WechatApp {
        let secret = SecretString::from("another-secret-of-the-simulator");
        WechatApp { id: "wx5157570dead5e550".to_owned(), secret }
    }

    /// Serves everything of the module's table on `listener` until `shutdown` completes. Calls under way
    /// are then cut off, for some of them may be told to hang.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
        let server = HttpServer::new(move || {
            App::new().configure(|config| {
                jscode2session::configure(config, &self.state);
                access_token::configure(config, &self.state);
                further::configure(config, &self.state);
                control::configure(config, &self.state);
            })
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::pin!(server);
        tokio::select! {
            ended = &mut server => ended,
            () = shutdown => {
                let ((), ended) = tokio::join!(handle.stop(false), server);
                ended
            }
        }
    }

    /// Adds `POST /simulator/login` alone to another app: a client in a browser can sign in only on the
    /// origin that it was loaded from.
    pub fn configure_login(&self, config: &mut web::ServiceConfig) {
        control::configure_login(config, &self.state);
    }

    /// What a phone gets for this user from `wx.login` and, in 2016, from `wx.getUserInfo`.
    ///
    /// # Errors
    /// [`LoginError`] for an unknown mini-program or an unusable name.
    pub fn login(&self, user: &str, app_id: Option<&str>) -> Result<Login, LoginError> {
        self.state.login(user, app_id, serde_json::Map::new())
    }

    /// What this user's phone gets from the button for the phone number.
    ///
    /// # Errors
    /// [`LoginError`], as [`Simulator::login`]'s.
    pub fn phone(&self, user: &str, app_id: Option<&str>) -> Result<Phone, LoginError> {
        self.state.phone(user, app_id)
    }

    /// Refuses all access tokens given so far to that mini-program. With `stuck`, `stable_token` goes on giving
    /// the last of them until a refresh is forced.
    pub fn refuse_tokens(&self, app_id: Option<&str>, stuck: bool) {
        self.state.refuse_tokens(app_id, stuck);
    }

    /// Puts `steps` behind those that still wait for a call.
    ///
    /// # Errors
    /// [`InvalidScript`]; nothing is added then.
    pub fn script(&self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        self.state.add_to_script(steps)
    }

    /// Drops what is left of the script.
    pub fn clear_script(&self) {
        self.state.clear_script();
    }

    /// How often each API was called since the start.
    pub fn calls(&self) -> Calls {
        self.state.calls()
    }

    /// Lets time pass for codes and watermarks.
    pub fn advance(&self, by: Duration) {
        self.state.advance(by);
    }
}

#[cfg(test)]
mod tests;
