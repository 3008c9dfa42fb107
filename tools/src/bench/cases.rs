//! What is measured, and by which limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::limits::Limit;
use super::load::{Same, Worker};
use super::site::{DRAWINGS, People};
use super::strokes::{stroke, weapp_list};
use yibi_tests::Backend;

/// Appends to one drawing before the next one is begun.
const LONGEST: u64 = 4_000;
/// Different pictures or strokes that take turns.
const VARIANTS: u32 = 8;
/// Those who sign in over each connection, by turns.
const COMERS: u64 = 500;

/// One case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// The 2016 list of 20 drawings, for a client that takes gzip, as WeChat's does.
    List,
    /// The same for one that does not.
    PlainList,
    /// A 2016 save.
    Save,
    /// The 2016 list of somebody who has drawn nothing: what a session costs.
    EmptyList,
    /// 20 summaries.
    Summaries,
    /// An append of a stroke of 60 points.
    Append,
    /// A drawing of 200 points.
    Read,
    /// The user, which needs the session alone.
    Me,
    /// A sign-in.
    SignIn,
    /// A picture of 256 pixels that is at hand.
    CachedPicture,
    /// One that has to be drawn.
    Picture,
    /// The 2016 list through nginx, compressed.
    ListNginx,
    /// The summaries through nginx, compressed.
    SummariesNginx,
}

impl Case {
    /// All that a server is asked, in order.
    pub const ALL: [Self; 13] = [
        Self::List,
        Self::PlainList,
        Self::Save,
        Self::EmptyList,
        Self::Summaries,
        Self::Append,
        Self::Read,
        Self::Me,
        Self::SignIn,
        Self::CachedPicture,
        Self::ListNginx,
        Self::SummariesNginx,
        // The last, since the server then keeps no pictures any more.
        Self::Picture,
    ];

    /// As the table calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list-20",
            Self::PlainList => "list-20-plain",
            Self::Save => "save",
            Self::EmptyList => "list-0",
            Self::Summaries => "summaries",
            Self::Append => "append",
            Self::Read => "read",
            Self::Me => "me",
            Self::SignIn => "sign-in",
            Self::CachedPicture => "png-cached",
            Self::Picture => "png-cold",
            Self::ListNginx => "list-20-nginx",
            Self::SummariesNginx => "summaries-nginx",
        }
    }

    /// Whether it goes through nginx.
    #[must_use]
    pub fn is_behind_nginx(self) -> bool {
        matches!(self, Self::ListNginx | Self::SummariesNginx)
    }

    /// What it is held against.
    #[must_use]
    pub fn limits(self, backend: Backend) -> &'static [Limit] {
        match (self, backend) {
            (Self::List | Self::PlainList | Self::ListNginx, Backend::Shared) => {
                &[Limit::Find20, Limit::Static]
            }
            (Self::List | Self::PlainList | Self::ListNginx, Backend::Embedded) => &[Limit::Static],
            (Self::Save, Backend::Shared) => &[Limit::Upsert, Limit::SaveCommands],
            (Self::Append, Backend::Shared) => &[Limit::Upsert],
            (Self::Save, Backend::Embedded) => &[Limit::SaveStatements],
            (Self::Append, Backend::Embedded) => &[Limit::AppendStatements],
            (Self::EmptyList, Backend::Shared) => &[Limit::Find0, Limit::ListCommand, Limit::RedisGet],
            (Self::Summaries | Self::SummariesNginx | Self::Read, Backend::Shared) => {
                &[Limit::Find0, Limit::RedisGet]
            }
            (Self::Me, Backend::Shared) => &[Limit::RedisGet, Limit::Hello],
            (
                Self::EmptyList | Self::Summaries | Self::SummariesNginx | Self::Read | Self::Me,
                Backend::Embedded,
            ) => &[Limit::Hello],
            (Self::SignIn, _) => &[Limit::Outbound],
            (Self::CachedPicture, _) => &[Limit::Hello],
            (Self::Picture, _) => &[Limit::Drawing],
        }
    }

    /// What each connection asks for.
    #[must_use]
    pub fn workers(self, people: &People) -> Vec<Box<dyn Worker>> {
        let v1 = |path: &str, encoding: &'static str| {
            people
                .tokens
                .iter()
                .map(|token| {
                    let headers = format!("Authorization: Bearer {token}\r\n{encoding}");
                    Box::new(Same(get(path, &headers))) as Box<dyn Worker>
                })
                .collect::<Vec<_>>()
        };
        let list = |codes: &[String], encoding: &'static str| {
            codes
                .iter()
                .map(|code| {
                    let request =
                        get("/applet/session/paints/list", &format!("X-WX-Code: {code}\r\n{encoding}"));
                    Box::new(Weapp { request, packed: !encoding.is_empty() }) as Box<dyn Worker>
                })
                .collect::<Vec<_>>()
        };
        match self {
            Self::List | Self::ListNginx => list(&people.codes[0], GZIP),
            Self::PlainList => list(&people.codes[0], ""),
            Self::EmptyList => list(&people.codes[1], ""),
            Self::Summaries => v1("/api/v1/drawings?limit=20", ""),
            Self::SummariesNginx => v1("/api/v1/drawings?limit=20", GZIP),
            Self::Me => v1("/api/v1/me", ""),
            Self::Read => v1("/api/v1/drawings/r1", ""),
            Self::Save => saves(people),
            Self::Append => appends(people),
            Self::SignIn => (0..people.tokens.len()).map(|number| Box::new(SignIn { number }) as _).collect(),
            // One for each connection, which is drawn while the connections are warmed.
            Self::CachedPicture => {
                people.tokens.iter().map(|token| Box::new(Turns::of_pictures(token, 1)) as _).collect()
            }
            Self::Picture => {
                people.tokens.iter().map(|token| Box::new(Turns::of_pictures(token, DRAWINGS)) as _).collect()
            }
        }
    }
}

const GZIP: &str = "Accept-Encoding: gzip\r\n";

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

/// Writes a request with JSON.
fn post(to: &mut Vec<u8>, path: &str, headers: &str, body: &str) {
    let length = body.len();
    to.extend_from_slice(
        format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
        .as_bytes(),
    );
    to.extend_from_slice(body.as_bytes());
}

/// Whether the JSON of a 2016 reply says that it went well.
fn went_well(body: &[u8]) -> bool {
    let begin = body.get(..32).unwrap_or(body);
    begin.windows(8).any(|eight| eight == b"\"code\":0")
}

/// A 2016 request, always the same.
struct Weapp {
    request: Vec<u8>,
    packed: bool,
}

impl Worker for Weapp {
    fn next(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.request);
    }

    fn is_good(&mut self, status: u16, body: &[u8]) -> bool {
        status == 200 && (self.packed || went_well(body))
    }
}

/// Saves over the drawings that are there, by turns.
struct Save {
    headers: String,
    bodies: Arc<Vec<String>>,
    number: usize,
}

impl Worker for Save {
    fn next(&mut self, to: &mut Vec<u8>) {
        let body = &self.bodies[self.number % self.bodies.len()];
        post(to, "/applet/session/paints/save", &self.headers, body);
        self.number += 1;
    }

    fn is_good(&mut self, status: u16, body: &[u8]) -> bool {
        status == 200 && went_well(body)
    }
}

fn saves(people: &People) -> Vec<Box<dyn Worker>> {
    let body = |number: u32| {
        let id = format!("p{}", number as usize % DRAWINGS);
        // Each time another text than the one that is there.
        json!({"id": id, "actions": weapp_list(1_000 + number)}).to_string()
    };
    let count = 3 * u32::try_from(DRAWINGS).unwrap();
    let bodies = Arc::new((0..count).map(body).collect::<Vec<_>>());
    let saves = people.codes[0].iter().enumerate().map(|(number, code)| {
        let headers = format!("X-WX-Code: {code}\r\n");
        Box::new(Save { headers, bodies: Arc::clone(&bodies), number }) as Box<dyn Worker>
    });
    saves.collect()
}

/// Appends to a drawing of its own, and begins another one in time.
struct Append {
    headers: String,
    strokes: Arc<Vec<String>>,
    drawing: u64,
    seq: u64,
}

/// No two rounds append to the same drawings.
static ROUND: AtomicU64 = AtomicU64::new(0);

impl Worker for Append {
    fn next(&mut self, to: &mut Vec<u8>) {
        let (drawing, seq) = (self.drawing, self.seq);
        let stroke = &self.strokes[usize::try_from(seq).unwrap() % self.strokes.len()];
        let body = format!("{{\"from_seq\":{seq},\"actions\":[{stroke}]}}");
        post(to, &format!("/api/v1/drawings/a{drawing}/actions"), &self.headers, &body);
    }

    fn is_good(&mut self, status: u16, _: &[u8]) -> bool {
        let good = (200..300).contains(&status);
        self.seq += 1;
        if !good || self.seq == LONGEST {
            (self.drawing, self.seq) = (self.drawing + 1, 0);
        }
        good
    }
}

fn appends(people: &People) -> Vec<Box<dyn Worker>> {
    let strokes = Arc::new((0..VARIANTS).map(|mark| stroke(mark, 60)).collect::<Vec<_>>());
    let drawing = 1_000 * ROUND.fetch_add(1, Ordering::Relaxed);
    let appends = people.tokens.iter().map(|token| {
        let headers = format!("Authorization: Bearer {token}\r\n");
        Box::new(Append { headers, strokes: Arc::clone(&strokes), drawing, seq: 0 }) as Box<dyn Worker>
    });
    appends.collect()
}

/// People who come by turns, each time with a fresh code.
struct SignIn {
    number: usize,
}

/// No code is ever used twice.
static CODE: AtomicU64 = AtomicU64::new(0);

impl Worker for SignIn {
    fn next(&mut self, to: &mut Vec<u8>) {
        let code = CODE.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"code\":\"s{}-{}.{code}\"}}", self.number, code % COMERS);
        post(to, "/api/v1/session", "", &body);
    }
}

/// One's drawings by turns.
struct Turns {
    requests: Vec<Vec<u8>>,
    number: usize,
}

impl Worker for Turns {
    fn next(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.requests[self.number % self.requests.len()]);
        self.number += 1;
    }
}

impl Turns {
    fn of_pictures(token: &str, count: usize) -> Self {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let request = |drawing| get(&format!("/api/v1/drawings/r{drawing}/image.png?size=256"), &headers);
        Self { requests: (0..count).map(request).collect(), number: 0 }
    }
}
