//! A simulated WeChat for development and tests, on a listener of its own.
//!
//! The simulator answers WeChat's server API as WeChat does, with its published errors and its undocumented
//! habits. Users need no registration: a name always gives the same openid in the same mini-program, also after
//! a restart. Everything that the simulator generates, keys included, is worthless outside it.
//!
//! | request | effect |
//! |---|---|
//! | `GET /sns/jscode2session` | WeChat's API: exchanges a code |
//! | `POST /cgi-bin/stable_token` | WeChat's API: issues an access token |
//! | the other paths of [`Api`] | WeChat's APIs, one row each in `token_apis.rs` |
//! | `POST /simulator/login {"user","app_id"?}` | returns the results of `wx.login` and of the `wx.getUserInfo` of 2016, see [`Login`] |
//! | `POST /simulator/phone {"user","app_id"?}` | returns the result of the phone-number button, see [`Phone`] |
//! | `POST /simulator/access-tokens/refuse {"app_id"?,"stuck"?}` | rejects the access tokens issued so far; with `stuck`, issues the last of them again until a refresh is forced |
//! | `POST /simulator/push-target {"url","token","aes_key"?,"xml"?}` | sets the address of message pushes, see [`PushTarget`] |
//! | `POST /simulator/image-results [{"verdict":{"suggest","label"}},"twice","silence",…]` | sets the results of the next image checks, see [`ImageResult`] |
//! | `POST /simulator/script [{"step",…},…]` | sets the behaviour of the next calls, see [`Scripted`] |
//! | `DELETE /simulator/script` | returns to normal behaviour |
//! | `GET /simulator/calls` | counts the calls by API and by code, see [`Calls`] |
//! | `POST /simulator/clock {"advance_ms"}` | advances the simulated clock |
//!
//! [`pay`] is WeChat Pay, on the same listener.
//!
//! Codes issued here begin with `sim-` and are as strict as WeChat's: valid once (then 40163) and for five
//! minutes (then 40029). A code that begins with `invalid` fails with 40029. Any other code, such as the one that
//! DevTools makes up in its tourist mode, signs in the user [`DEVTOOLS_USER`] and can be used again.

mod access_token;
mod api;
mod content_security;
mod control;
pub mod crypto;
mod jscode2session;
mod login;
mod media_check;
mod miniprogram_code;
pub mod pay;
mod phone;
mod reply;
mod running;
mod script;
mod session_key;
mod state;
mod token_apis;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};

use pay::{Ledger, PayError, PayStep, PhonePayment};
use state::State;

pub use api::{Api, Method};
pub use content_security::{ImageResult, PushTarget};
pub use login::{DEVTOOLS_USER, Login, LoginError};
pub use phone::Phone;
pub use running::RunningSimulator;
pub use script::{InvalidScript, Scripted, Step};
pub use state::Calls;

/// The credentials of a mini-program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiniProgram {
    /// The app id, `wx` and 16 hexadecimal digits.
    pub id: String,
    pub secret: String,
}

impl MiniProgram {
    /// The mini-program of a development server.
    #[must_use]
    pub fn development() -> Self {
        Self { id: "wx5157570dead5e55e".to_owned(), secret: "a-secret-of-the-simulator-alone".to_owned() }
    }

    /// A second mini-program of the same owner: its users have the same unionids.
    #[must_use]
    pub fn second_development() -> Self {
        Self { id: "wx5157570dead5e550".to_owned(), secret: "another-secret-of-the-simulator".to_owned() }
    }
}

/// A simulated WeChat. Clones share their state.
#[derive(Debug, Clone)]
pub struct Simulator {
    state: Arc<State>,
}

impl Simulator {
    /// A WeChat that knows these mini-programs. Requests that name no mini-program use the first.
    #[must_use]
    pub fn new(apps: Vec<MiniProgram>) -> Self {
        Self { state: Arc::new(State::new(apps)) }
    }

    /// Serves the requests of the table above on `listener` until `shutdown` completes. Calls in progress are
    /// then cut off, because a script may have told them to hang.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
        // The HTTP client that fetches images needs a provider; a process that has one keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        self.state.set_runtime(tokio::runtime::Handle::current());
        let server = HttpServer::new(move || {
            App::new().configure(|config| {
                jscode2session::configure(config, &self.state);
                access_token::configure(config, &self.state);
                token_apis::configure(config, &self.state);
                control::configure(config, &self.state);
                pay::configure(config, &self.state);
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

    /// The results of `wx.login` and of the `wx.getUserInfo` of 2016 on this user's phone.
    ///
    /// # Errors
    /// [`LoginError`] for an unknown mini-program or an unusable name.
    pub fn login(&self, user: &str, app_id: Option<&str>) -> Result<Login, LoginError> {
        self.state.login(user, app_id, serde_json::Map::new())
    }

    /// [`Simulator::login`] with changed members in the encrypted data; `null` removes a member.
    ///
    /// # Errors
    /// Those of [`Simulator::login`].
    pub fn login_with(
        &self,
        user: &str,
        app_id: Option<&str>,
        open_data: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Login, LoginError> {
        self.state.login(user, app_id, open_data)
    }

    /// The result of the phone-number button on this user's phone.
    ///
    /// # Errors
    /// Those of [`Simulator::login`].
    pub fn phone(&self, user: &str, app_id: Option<&str>) -> Result<Phone, LoginError> {
        self.state.phone(user, app_id)
    }

    /// Rejects all access tokens issued so far to a mini-program. With `stuck`, `stable_token` issues the last of
    /// them again until a refresh is forced.
    pub fn refuse_tokens(&self, app_id: Option<&str>, stuck: bool) {
        self.state.refuse_tokens(app_id, stuck);
    }

    /// Sets the address of message pushes.
    pub fn push_to(&self, target: PushTarget) {
        self.state.push_to(target);
    }

    /// Appends results for the next image checks.
    ///
    /// # Errors
    /// [`InvalidScript::TooManySteps`]; nothing is added then.
    pub fn image_results(&self, results: Vec<ImageResult>) -> Result<(), InvalidScript> {
        self.state.add_image_results(results)
    }

    /// Appends `steps` to the script.
    ///
    /// # Errors
    /// [`InvalidScript`]; nothing is added then.
    pub fn script(&self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        self.state.add_to_script(steps)
    }

    /// Removes the remaining steps of the script.
    pub fn clear_script(&self) {
        self.state.clear_script();
    }

    /// Pays or cancels on the phone; a payment is then notified as the script says.
    ///
    /// # Errors
    /// [`PayError`]; nothing changes then.
    pub fn pay(&self, payment: &PhonePayment) -> Result<(), PayError> {
        self.state.pay(payment)
    }

    /// Refunds a whole payment by hand at the merchant's console; false when there is none.
    #[must_use]
    pub fn refund_by_hand(&self, out_trade_no: &str) -> bool {
        self.state.refund_by_hand(out_trade_no)
    }

    /// Appends steps to the script of WeChat Pay.
    ///
    /// # Errors
    /// [`InvalidScript::TooManySteps`]; nothing is added then.
    pub fn pay_script(&self, steps: Vec<PayStep>) -> Result<(), InvalidScript> {
        self.state.add_pay_steps(steps)
    }

    /// Sends notifications of payments to that host in place of the one that the merchant named, for a server whose
    /// port is not known before it starts.
    pub fn notify_payments_at(&self, host: &str) {
        self.state.notify_payments_at(host.to_owned());
    }

    /// Removes the remaining steps of the script of WeChat Pay.
    pub fn clear_pay_script(&self) {
        self.state.clear_pay_steps();
    }

    /// The books of WeChat Pay.
    #[must_use]
    pub fn pay_ledger(&self) -> Ledger {
        self.state.pay_ledger()
    }

    /// Counts the calls of each API since the start.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.state.calls()
    }

    /// Advances the clock that codes, tokens and watermarks use.
    pub fn advance(&self, by: Duration) {
        self.state.advance(by);
    }
}
