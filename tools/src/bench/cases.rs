//! The measured cases, and the limits that they are compared with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::limits::Limit;
use super::load::{Same, Worker};
use super::site::{DRAWINGS, People};
use super::strokes::{stroke, weapp_list};
use yibi_tests::Backend;

/// Number of appends to one drawing before the next one begins.
const LONGEST: u64 = 4_000;
/// Number of different pictures or strokes that take turns.
const VARIANTS: u32 = 8;
/// Number of users who sign in on each connection, in turns.
const COMERS: u64 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// The 2016 list of 20 drawings with gzip, as WeChat's client requests it.
    List,
    /// The 2016 list of 20 drawings without gzip.
    PlainList,
    /// A save of 2016.
    Save,
    /// The 2016 list of a user without drawings: the cost of a session.
    EmptyList,
    /// A page of 20 summaries.
    Summaries,
    /// An append of a stroke of 60 points.
    Append,
    /// A read of a drawing of 200 points.
    Read,
    /// The own user, which needs the session alone.
    Me,
    /// A sign-in with a code.
    SignIn,
    /// A cached picture of 256 pixels.
    CachedPicture,
    /// A picture of 256 pixels that is not cached.
    Picture,
    /// A cached animation of 480 pixels.
    CachedAnimation,
    /// An animation of 480 pixels that is not cached.
    Animation,
    /// The page of a share.
    SharePage,
    /// The JSON of a share.
    ShareJson,
    /// The 2016 list through nginx, compressed.
    ListNginx,
    /// The summaries through nginx, compressed.
    SummariesNginx,
}

impl Case {
    /// All cases in the order of the table.
    pub const ALL: [Self; 17] = [
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
        Self::CachedAnimation,
        Self::SharePage,
        Self::ShareJson,
        Self::ListNginx,
        Self::SummariesNginx,
        // Last, because the server then runs without a picture cache.
        Self::Picture,
        Self::Animation,
    ];

    /// The name in the table and on the command line.
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
            Self::CachedAnimation => "gif-cached",
            Self::Animation => "gif-cold",
            Self::SharePage => "share-page",
            Self::ShareJson => "share-json",
            Self::ListNginx => "list-20-nginx",
            Self::SummariesNginx => "summaries-nginx",
        }
    }

    /// Whether the requests go through nginx.
    #[must_use]
    pub fn is_behind_nginx(self) -> bool {
        matches!(self, Self::ListNginx | Self::SummariesNginx)
    }

    /// Whether the server runs without a cache of pictures.
    #[must_use]
    pub fn is_uncached(self) -> bool {
        matches!(self, Self::Picture | Self::Animation)
    }

    /// The limits that it is compared with.
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
            (Self::CachedPicture | Self::CachedAnimation | Self::SharePage | Self::ShareJson, _) => {
                &[Limit::Hello]
            }
            (Self::Picture, _) => &[Limit::Drawing],
            (Self::Animation, _) => &[],
        }
    }

    /// The workers, one for each connection.
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
            // One picture for each connection, which the warm-up draws.
            Self::CachedPicture => pictures(people, PNG, 1),
            Self::Picture => pictures(people, PNG, DRAWINGS),
            Self::CachedAnimation => pictures(people, GIF, 1),
            Self::Animation => pictures(people, GIF, DRAWINGS),
            Self::SharePage => public(people, ""),
            Self::ShareJson => public(people, ".json"),
        }
    }
}

/// Workers that each read one public address of a share.
fn public(people: &People, ending: &str) -> Vec<Box<dyn Worker>> {
    let worker = |code: &String| Box::new(Same(get(&format!("/s/{code}{ending}"), ""))) as Box<dyn Worker>;
    people.shares.iter().map(worker).collect()
}

const GZIP: &str = "Accept-Encoding: gzip\r\n";

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

/// Writes a request with a JSON body.
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

/// Whether a 2016 reply reports success in its JSON.
fn went_well(body: &[u8]) -> bool {
    let begin = body.get(..32).unwrap_or(body);
    begin.windows(8).any(|eight| eight == b"\"code\":0")
}

/// A constant 2016 request.
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

/// Overwrites existing drawings in turns.
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
        // Each save has another text than the stored one.
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

/// Appends to a drawing of its own and begins the next one when it is full.
struct Append {
    headers: String,
    strokes: Arc<Vec<String>>,
    drawing: u64,
    seq: u64,
}

/// Makes the drawings of all rounds distinct.
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

/// Users who sign in in turns, each time with a new code.
struct SignIn {
    number: usize,
}

/// Makes all codes distinct.
static CODE: AtomicU64 = AtomicU64::new(0);

impl Worker for SignIn {
    fn next(&mut self, to: &mut Vec<u8>) {
        let code = CODE.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"code\":\"s{}-{}.{code}\"}}", self.number, code % COMERS);
        post(to, "/api/v1/session", "", &body);
    }
}

/// Reads the drawings of one user in turns.
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

/// The measured pictures, as the ends of their paths.
const PNG: &str = "image.png?size=256";
const GIF: &str = "image.gif?size=480";

/// Workers that each read pictures of `count` drawings in turns.
fn pictures(people: &People, picture: &str, count: usize) -> Vec<Box<dyn Worker>> {
    let worker = |token: &String| {
        let headers = format!("Authorization: Bearer {token}\r\n");
        let request = |drawing| get(&format!("/api/v1/drawings/r{drawing}/{picture}"), &headers);
        Box::new(Turns { requests: (0..count).map(request).collect(), number: 0 }) as Box<dyn Worker>
    };
    people.tokens.iter().map(worker).collect()
}
