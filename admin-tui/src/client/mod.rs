//! The admin API, spoken over TCP or a unix socket.

mod events;
mod files;

pub use events::parse as parse_event;
pub use files::save;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use yibi_common::admin::{DrawingRow, UserRef};
use yibi_common::api::ProblemBody;

use crate::filter;
use crate::lists::Page;
use crate::msg::{ApiError, Avatar, Copied, Drawn, Reply};
use crate::replay::Entry;
use crate::request::{PageRequest, Request};
use crate::time::{self, Millis};

/// The time-out of a request.
const PATIENCE: Duration = Duration::from_secs(20);
/// The time-out of a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The address of a server, and the credentials.
#[derive(Clone)]
pub struct Target {
    /// The URL without a slash at the end.
    pub base: String,
    /// The socket, through which the kernel tells the server who connects.
    pub socket: Option<PathBuf>,
    pub token: Option<String>,
}

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The name of the socket's file.
    socket: Option<String>,
}

impl Client {
    /// Builds a client without connecting.
    ///
    /// # Errors
    /// The token is invalid, or the system has no TLS roots.
    pub fn new(target: &Target) -> Result<Self, ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &target.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| ApiError::Failed("the token contains invalid characters".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(socket) = &target.socket {
            builder = builder.unix_socket(socket.clone());
        }
        let http = builder.build().map_err(|error| ApiError::Failed(reason(error)))?;
        let socket = target.socket.as_ref().and_then(|socket| socket.file_name());
        let socket = socket.map(|name| name.to_string_lossy().into_owned());
        Ok(Self { http, base: target.base.clone(), socket })
    }

    async fn send(&self, request: &Request, patience: Option<Duration>) -> Result<Response, ApiError> {
        let method = Method::from_bytes(request.method().as_bytes()).unwrap_or(Method::GET);
        let mut builder = self.http.request(method, format!("{}{}", self.base, request.path()));
        if let Some(patience) = patience {
            builder = builder.timeout(patience);
        }
        if let Some(body) = request.body() {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = builder.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        let (code, words) = match serde_json::from_slice::<ProblemBody>(&body) {
            Ok(problem) => {
                let words = problem.detail.unwrap_or(problem.title);
                (problem.code, words)
            }
            Err(_) => (status.canonical_reason().unwrap_or("no success").to_lowercase(), String::new()),
        };
        Err(ApiError::Refused { status: status.as_u16(), code, words })
    }

    async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<(T, Option<Millis>), ApiError> {
        let response = self.send(request, Some(PATIENCE)).await?;
        let date = date(response.headers());
        let body = response.bytes().await.map_err(|error| self.unreachable(error))?;
        let value = serde_json::from_slice(&body)
            .map_err(|error| ApiError::Failed(format!("the reply is invalid: {error}")))?;
        Ok((value, date))
    }

    /// Sends a request and waits for the reply; with it the server's clock, where the reply tells it.
    ///
    /// # Errors
    /// The request failed.
    pub async fn ask(&self, request: &Request) -> Result<(Reply, Option<Millis>), ApiError> {
        Ok(match request {
            Request::Me => {
                let (me, _): (yibi_common::admin::Identity, _) = self.json(request).await?;
                let now = time::parse(&me.now);
                (Reply::Me(me), now)
            }
            Request::Overview => {
                let (overview, _): (yibi_common::admin::Overview, _) = self.json(request).await?;
                let now = time::parse(&overview.now);
                (Reply::Overview(overview), now)
            }
            Request::History => {
                let (history, _): (yibi_common::admin::History, _) = self.json(request).await?;
                (Reply::History(history), None)
            }
            Request::Page(page) => {
                let page = self.page(page).await?;
                let now = time::parse(&page.now);
                (Reply::Page(page), now)
            }
            Request::Count(..) => {
                let (count, _) = self.json(request).await?;
                (Reply::Count(count), None)
            }
            Request::Session(_) => {
                let (session, date) = self.json(request).await?;
                (Reply::Session(Box::new(session)), date)
            }
            Request::User(_) => {
                let (user, date) = self.json(request).await?;
                (Reply::User(Box::new(user)), date)
            }
            Request::Failed(_) => {
                let (failed, _) = self.json(request).await?;
                (Reply::Failed(Box::new(failed)), None)
            }
            Request::Review(_) => {
                let (review, _): (yibi_common::admin::ReviewDetail, _) = self.json(request).await?;
                let now = time::parse(&review.now);
                (Reply::Review(Box::new(review)), now)
            }
            Request::Claim(_) => {
                let (case, _) = self.json(request).await?;
                (Reply::Claimed(Box::new(case)), None)
            }
            Request::ReviewCopy(_) => {
                let (wire, _): (WireCopy, _) = self.json(request).await?;
                let entries = Entry::all(wire.actions)
                    .map_err(|error| ApiError::Failed(format!("the copy is invalid: {error}")))?;
                (Reply::Copy(Box::new(Copied { paper: (wire.width, wire.height), entries })), None)
            }
            Request::ReviewAvatar(id) => {
                let avatar = decode(id, &self.file(request).await?);
                let avatar = avatar.ok_or_else(|| ApiError::Failed("the avatar is invalid".into()))?;
                (Reply::Avatar(Box::new(avatar)), None)
            }
            Request::Drawing { .. } => {
                let (wire, _): (WireDrawing, _) = self.json(request).await?;
                let entries = Entry::all(wire.actions)
                    .map_err(|error| ApiError::Failed(format!("the drawing is invalid: {error}")))?;
                let WireDrawing { drawing: row, authors, since, .. } = wire;
                (Reply::Drawing(Box::new(Drawn { row, authors, since, entries })), None)
            }
            Request::Act(_) => {
                self.send(request, Some(PATIENCE)).await?;
                (Reply::Done, None)
            }
            Request::Export { user, id, form } => {
                let bytes = self.file(request).await?;
                (
                    Reply::Saved(save(
                        &std::env::current_dir().unwrap_or_default(),
                        user,
                        id,
                        *form,
                        &bytes,
                    )?),
                    None,
                )
            }
            Request::Orders(_) | Request::Order(_) => {
                return Err(ApiError::Failed("orders are read as they were sent".into()));
            }
            Request::Events => return Err(ApiError::Failed("a stream has no single reply".into())),
            // Scripts read the reply as it is.
            Request::Rooms { .. } => return Err(ApiError::Failed("no view lists rooms".into())),
        })
    }

    /// Reads a page of a list.
    ///
    /// # Errors
    /// The request failed.
    pub async fn page(&self, page: &PageRequest) -> Result<Page, ApiError> {
        let (reply, _): (Value, _) = self.json(&Request::Page(page.clone())).await?;
        let read = page.kind.read(reply);
        let mut read = read.map_err(|error| ApiError::Failed(format!("the reply is invalid: {error}")))?;
        if let Some(text) = filter::local_text(&page.parameters) {
            read.rows.retain(|row| row.passes("text", text));
        }
        Ok(read)
    }

    /// Reads a reply as it was sent.
    ///
    /// # Errors
    /// The request failed.
    pub async fn value(&self, request: &Request) -> Result<Value, ApiError> {
        let (value, _) = self.json(request).await?;
        Ok(value)
    }

    /// Downloads a file.
    ///
    /// # Errors
    /// The request failed.
    pub async fn file(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        let response = self.send(request, Some(PATIENCE)).await?;
        Ok(response.bytes().await.map_err(|error| self.unreachable(error))?.into())
    }

    /// Asks whether the server and its dependencies are ready; returns its report too.
    ///
    /// # Errors
    /// Nothing answers.
    pub async fn ready(&self) -> Result<(bool, Value), ApiError> {
        let request = self.http.get(format!("{}/readyz", self.base)).timeout(CONNECT);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if !status.is_success() && status != StatusCode::SERVICE_UNAVAILABLE {
            let (code, words) =
                ("not_admin".to_owned(), "not an operators' listener (admin.listen)".to_owned());
            return Err(ApiError::Refused { status: status.as_u16(), code, words });
        }
        Ok((status.is_success(), response.json().await.map_err(|error| self.unreachable(error))?))
    }
}

impl Client {
    /// The failure of a request that got no reply, with the likely reason.
    fn unreachable(&self, error: reqwest::Error) -> ApiError {
        use std::io::ErrorKind;
        if error.is_timeout() {
            return ApiError::Unreachable("no reply in time".into());
        }
        let kind = io_kind(&error);
        let words = match (kind, &self.socket) {
            (Some(ErrorKind::NotFound), Some(socket)) => format!("{socket} is gone (server stopped?)"),
            (Some(ErrorKind::ConnectionRefused), Some(socket)) => {
                format!("nothing listens on {socket} (server stopped?)")
            }
            (Some(ErrorKind::PermissionDenied), Some(socket)) => {
                format!("this user may not open {socket}")
            }
            (Some(ErrorKind::ConnectionRefused), None) => "connection refused (server stopped?)".into(),
            _ => reason(error),
        };
        ApiError::Unreachable(words)
    }
}

/// The innermost I/O error's kind.
fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let mut inner: &dyn std::error::Error = error;
    let mut kind = None;
    while let Some(source) = inner.source() {
        kind = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(kind);
        inner = source;
    }
    kind
}

/// `DrawingDetail` with actions that may be pictures of 2016.
#[derive(Deserialize)]
struct WireDrawing {
    drawing: DrawingRow,
    #[serde(default)]
    authors: Vec<UserRef>,
    since: u32,
    actions: Vec<Value>,
}

/// The part of a `ReviewCopy` that is replayed.
#[derive(Deserialize)]
struct WireCopy {
    width: u32,
    height: u32,
    actions: Vec<Value>,
}

/// The pixels of a PNG in RGB.
fn decode(case: &str, png: &[u8]) -> Option<Avatar> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut bytes).ok()?;
    let is_rgb = (frame.color_type, frame.bit_depth) == (png::ColorType::Rgb, png::BitDepth::Eight);
    let (pixels, _) = bytes.as_chunks::<3>();
    is_rgb.then(|| Avatar { case: case.to_owned(), width: frame.width as usize, pixels: pixels.to_vec() })
}

/// The `Date` of a response. It is given to the second, so that the middle of it is the best guess.
fn date(headers: &HeaderMap) -> Option<Millis> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_millisecond() + 500)
}

/// The innermost cause; the outer ones only say that there is one.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let words = inner.to_string();
    // The words of rustls for a reply that is not TLS.
    if words.contains("InvalidContentType") { "the server speaks http, not https".into() } else { words }
}
