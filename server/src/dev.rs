//! Routes that `yibi-server dev` adds to a server: sign-in against the simulated WeChat, the mini-program's
//! preview on the same origin, and, for phones on the local network, an unguessable path prefix.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use actix_files::Files;
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use wechat_simulator::Simulator;
use wechat_simulator::pay::PhonePayment;

use crate::random;
use crate::settings::{Listen, Settings};

/// Routes and files that development adds to the public listener.
#[derive(Clone)]
pub struct Extras {
    simulator: Option<Simulator>,
    preview: PathBuf,
    prefix: Option<String>,
}

impl Extras {
    /// `simulator` enables sign-in of simulated users, `preview` is the directory of the preview's files, and
    /// `prefix` is the path below which everything is served (`None`: `/`).
    #[must_use]
    pub fn new(simulator: Option<Simulator>, preview: PathBuf, prefix: Option<String>) -> Self {
        Self { simulator, preview, prefix }
    }

    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    pub(crate) fn routes(&self, config: &mut ServiceConfig) {
        if let Some(simulator) = &self.simulator {
            config
                .app_data(web::Data::new(simulator.clone()))
                .service(web::resource("/dev/wx/login").route(web::post().to(login)))
                .service(web::resource("/dev/wx/phone").route(web::post().to(phone)))
                .service(web::resource("/dev/wx/pay").route(web::post().to(pay)));
        }
        if self.preview.join("index.html").is_file() {
            let headers = DefaultHeaders::new()
                .add((header::CONTENT_SECURITY_POLICY, "frame-ancestors 'self'"))
                .add((header::CACHE_CONTROL, "no-cache"));
            let files = Files::new("/", &self.preview).index_file("index.html");
            config.service(web::scope("").wrap(headers).service(files));
        } else {
            config.service(web::resource("/").route(web::get().to(no_preview)));
        }
    }
}

#[derive(Deserialize)]
struct Person {
    user: String,
}

/// Issues a login code for a simulated user, as `wx.login` does.
async fn login(simulator: web::Data<Simulator>, asked: web::Json<Person>) -> impl Responder {
    given(simulator.login(&asked.user, None))
}

/// Returns the result of the button `open-type="getPhoneNumber"` for a simulated user who consents.
async fn phone(simulator: web::Data<Simulator>, asked: web::Json<Person>) -> impl Responder {
    given(simulator.phone(&asked.user, None))
}

/// Pays or cancels an order on the phone, as `wx.requestPayment` lets a user do.
async fn pay(simulator: web::Data<Simulator>, payment: web::Json<PhonePayment>) -> impl Responder {
    match simulator.pay(&payment) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => {
            HttpResponse::UnprocessableEntity().json(serde_json::json!({"error": error.to_string()}))
        }
    }
}

fn given<T: Serialize, E: Display>(what: Result<T, E>) -> HttpResponse {
    match what {
        Ok(what) => HttpResponse::Ok().json(what),
        Err(error) => {
            HttpResponse::UnprocessableEntity().json(serde_json::json!({"error": error.to_string()}))
        }
    }
}

async fn no_preview() -> impl Responder {
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>yibi</title>\
        <style>body{font:16px/1.6 system-ui;max-width:36em;margin:4em auto;padding:0 1em}code{background:#8882;padding:.1em .3em}</style>\
        <h1>yibi · 一笔到底</h1><p>The server runs. The mini-program's preview is not built: install \
        <a href=https://nodejs.org>Node.js</a> 20 or newer and type <code>make run</code> again.</p>\
        <p>The API is at <code>/api/v1</code>, its description at <a href=api/v1/openapi.json>/api/v1/openapi.json</a>.</p>";
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .body(page)
}

/// Reason why development mode does not start.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// A listener is reachable from other machines.
    #[error("{0} is not a loopback address; `dev` has no locks on its doors (for a phone: dev --lan)")]
    Exposed(SocketAddr),
    /// The listener is a unix socket, which browsers can't open.
    #[error("dev listens on an address that a browser can open, such as 127.0.0.1:5757")]
    NoAddress,
    /// The data directory can't be used.
    #[error("{path}: {cause}")]
    DataDir { path: String, cause: std::io::Error },
    /// The machine is not on a network.
    #[error("this machine has no address on a local network: {0}")]
    NoNetwork(std::io::Error),
}

/// A token for the pushes of the simulated WeChat.
#[must_use]
pub fn push_token() -> String {
    data_encoding::HEXLOWER.encode(&random::bytes::<16>())
}

/// Changes the settings for development: a separate data directory, an admin token in a file, text logs. With
/// `lan`, the public listener binds this machine's address on the local network and serves below the returned
/// path.
///
/// # Errors
/// [`DevError`].
pub fn prepare(settings: &mut Settings, lan: bool) -> Result<Option<String>, DevError> {
    let listen = settings.http.listen.tcp().ok_or(DevError::NoAddress)?;
    for listen in [listen, settings.admin.listen] {
        if !listen.ip().is_loopback() {
            return Err(DevError::Exposed(listen));
        }
    }
    // Users of the simulated WeChat must not reach databases that are configured for other purposes.
    settings.store.mongodb_uri = SecretString::default();
    settings.store.redis_url = SecretString::default();
    let directory = settings.store.data_dir.join("dev");
    settings.store.data_dir.clone_from(&directory);
    let token = admin_token(&directory)
        .map_err(|cause| DevError::DataDir { path: directory.display().to_string(), cause })?;
    if settings.admin.token.expose_secret().is_empty() {
        settings.admin.token = token;
    }
    if !lan {
        return Ok(None);
    }
    let address = own_address().map_err(DevError::NoNetwork)?;
    let prefix = format!("/{}", random::public_id());
    settings.http.listen = Listen::Tcp(SocketAddr::new(address, listen.port()));
    // The address of the listener, below the prefix, is the only one that phones reach.
    settings.http.public_url.clear();
    Ok(Some(prefix))
}

fn admin_token(directory: &Path) -> std::io::Result<SecretString> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let path = directory.join("admin.token");
    match std::fs::read_to_string(&path) {
        Ok(token) => Ok(token.trim().to_owned().into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = data_encoding::HEXLOWER.encode(&random::bytes::<32>());
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(token.as_bytes())?;
            Ok(token.into())
        }
        Err(error) => Err(error),
    }
}

/// This machine's address on the local network: the source address of its outgoing packets. Connecting a
/// datagram socket sends nothing.
fn own_address() -> std::io::Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip())
}

/// Renders the text as a QR code that is readable on a dark and on a light terminal.
#[must_use]
pub fn qr_code(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}
