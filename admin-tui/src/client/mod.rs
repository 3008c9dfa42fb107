//! The admin API, spoken over TCP or a unix socket.

mod events;

pub use events::parse as parse_event;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use yibi_common::admin::{AuditPage, DrawingPage, DrawingRow, ErrorsReply, SessionPage, UserPage};
use yibi_common::api::ProblemBody;

use crate::filter;
use crate::moment::{self, Millis};
use crate::msg::{Drawn, Reply, Trouble};
use crate::replay::Entry;
use crate::request::{Form, Kind, PageRequest, Request};
use crate::row::{Page, Row};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Where a server is, and how one shows who one is.
#[derive(Clone)]
pub struct Target {
    /// Its URL, without a slash at the end.
    pub base: String,
    /// Its socket; the kernel then says who we are.
    pub socket: Option<PathBuf>,
    /// A bearer token.
    pub token: Option<String>,
}

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// A token that is none, or a system without TLS roots.
    pub fn new(target: &Target) -> Result<Self, Trouble> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &target.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Trouble::Failed("the token holds characters that no token has".into()))?;
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
        let http = builder.build().map_err(|error| Trouble::Failed(reason(error)))?;
        Ok(Self { http, base: target.base.clone() })
    }

    async fn send(&self, request: &Request, patience: Option<Duration>) -> Result<Response, Trouble> {
        let method = Method::from_bytes(request.method().as_bytes()).unwrap_or(Method::GET);
        let mut builder = self.http.request(method, format!("{}{}", self.base, request.path()));
        if let Some(patience) = patience {
            builder = builder.timeout(patience);
        }
        let response = builder.send().await.map_err(unreachable)?;
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
        Err(Trouble::Refused { status: status.as_u16(), code, words })
    }

    async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<(T, Option<Millis>), Trouble> {
        let response = self.send(request, Some(PATIENCE)).await?;
        let date = date(response.headers());
        let body = response.bytes().await.map_err(unreachable)?;
        let value = serde_json::from_slice(&body)
            .map_err(|error| Trouble::Failed(format!("the answer can't be understood: {error}")))?;
        Ok((value, date))
    }

    /// Asks, and waits for the answer; with it the server's clock, where the answer tells it.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn ask(&self, request: &Request) -> Result<(Reply, Option<Millis>), Trouble> {
        Ok(match request {
            Request::Me => {
                let (me, _): (yibi_common::admin::Identity, _) = self.json(request).await?;
                let now = moment::parse(&me.now);
                (Reply::Me(me), now)
            }
            Request::Overview => {
                let (overview, _): (yibi_common::admin::Overview, _) = self.json(request).await?;
                let now = moment::parse(&overview.now);
                (Reply::Overview(overview), now)
            }
            Request::Page(page) => {
                let page = self.page(page).await?;
                let now = moment::parse(&page.now);
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
            Request::Drawing { .. } => {
                let (wire, _): (WireDrawing, _) = self.json(request).await?;
                let entries = Entry::all(wire.actions)
                    .map_err(|error| Trouble::Failed(format!("the drawing can't be understood: {error}")))?;
                (Reply::Drawing(Box::new(Drawn { row: wire.drawing, since: wire.since, entries })), None)
            }
            Request::Act(_) => {
                self.send(request, Some(PATIENCE)).await?;
                (Reply::Done, None)
            }
            Request::Export { id, form, .. } => {
                let bytes = self.file(request).await?;
                (Reply::Saved(save(id, *form, &bytes)?), None)
            }
            Request::Events => return Err(Trouble::Failed("a stream has no one answer".into())),
        })
    }

    /// A page of a list.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn page(&self, page: &PageRequest) -> Result<Page, Trouble> {
        let mut came = self.whole_page(page).await?;
        if let Some(text) = filter::held_here(&page.parameters) {
            let text = text.to_lowercase();
            came.rows.retain(|row| row.is_found("text", &text));
        }
        Ok(came)
    }

    async fn whole_page(&self, page: &PageRequest) -> Result<Page, Trouble> {
        let request = Request::Page(page.clone());
        Ok(match page.kind {
            Kind::Sessions => {
                let (reply, _): (SessionPage, _) = self.json(&request).await?;
                let rows = reply.sessions.into_iter().map(Row::Session).collect();
                Page { rows, next: reply.next, total: Some(reply.total), now: reply.now }
            }
            Kind::Users => {
                let (reply, _): (UserPage, _) = self.json(&request).await?;
                let rows = reply.users.into_iter().map(Row::User).collect();
                Page { rows, next: reply.next, total: Some(reply.total), now: reply.now }
            }
            Kind::Drawings => {
                let (reply, _): (DrawingPage, _) = self.json(&request).await?;
                let rows = reply.drawings.into_iter().map(Row::Drawing).collect();
                Page { rows, next: reply.next, total: Some(reply.total), now: reply.now }
            }
            Kind::Errors => {
                let (reply, _): (ErrorsReply, _) = self.json(&request).await?;
                let rows = reply.groups.into_iter().map(Row::Error).collect();
                Page { rows, next: None, total: None, now: reply.now }
            }
            Kind::Audit => {
                let (reply, _): (AuditPage, _) = self.json(&request).await?;
                let rows = reply.entries.into_iter().map(Row::Audit).collect();
                Page { rows, next: reply.next, total: None, now: String::new() }
            }
        })
    }

    /// A file.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn file(&self, request: &Request) -> Result<Vec<u8>, Trouble> {
        let response = self.send(request, Some(PATIENCE)).await?;
        Ok(response.bytes().await.map_err(unreachable)?.into())
    }

    /// Whether the server and what it needs are ready, and what it says of it.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn ready(&self) -> Result<(bool, Value), Trouble> {
        let request = self.http.get(format!("{}/readyz", self.base)).timeout(CONNECT);
        let response = request.send().await.map_err(unreachable)?;
        let ready = response.status().is_success();
        Ok((ready, response.json().await.map_err(unreachable)?))
    }
}

/// `DrawingDetail` with actions that may be of 2016.
#[derive(Deserialize)]
struct WireDrawing {
    drawing: DrawingRow,
    since: u32,
    actions: Vec<Value>,
}

/// The `Date` of a response, to the second; the middle of that second.
fn date(headers: &HeaderMap) -> Option<Millis> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_millisecond() + 500)
}

fn unreachable(error: reqwest::Error) -> Trouble {
    let timeout = error.is_timeout();
    let words = reason(error);
    Trouble::Unreachable(if timeout { "no answer in time".into() } else { words })
}

/// The innermost cause: the outer ones say that there is one.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Writes a file beside others, overwriting none; its name.
fn save(id: &str, form: Form, bytes: &[u8]) -> Result<String, Trouble> {
    use std::io::Write as _;
    let safe: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' })
        .take(64)
        .collect();
    for number in 1..100 {
        let name = match number {
            1 => format!("drawing-{safe}.{}", form.extension()),
            _ => format!("drawing-{safe}-{number}.{}", form.extension()),
        };
        match std::fs::File::create_new(&name) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                return written
                    .map(|()| name.clone())
                    .map_err(|error| Trouble::Failed(format!("{name}: {error}")));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Trouble::Failed(format!("{name}: {error}"))),
        }
    }
    Err(Trouble::Failed(format!("there are 99 files of drawing {safe} here already")))
}
