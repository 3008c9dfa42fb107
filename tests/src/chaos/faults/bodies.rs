//! Random bodies over every route: those of the API's own description, and those of older clients and of WeChat.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::chaos::ground::Ground;
use crate::{Api, unique};

/// Who sends them, at a time.
const SENDERS: u8 = 4;
/// Requests of a sender from one sign-in to the next: some of them end sessions, or the user.
const SIGNED_IN: usize = 100;
/// Routes that the description of v1 does not have.
const OTHERS: [(&str, &str); 12] = [
    ("GET", "/applet/session/paints/list"),
    ("POST", "/applet/session/paints/save"),
    ("POST", "/applet/session/paints/delete"),
    ("PUT", "/applet/session/{any}"),
    ("GET", "/applet/login"),
    ("POST", "/applet/login"),
    ("GET", "/applet/user"),
    ("GET", "/wx/push"),
    ("POST", "/wx/push"),
    ("POST", "/wx/push/{any}"),
    ("POST", "/{any}"),
    ("DELETE", "/api/v1/{any}"),
];
/// They say that they come from there, so that their wrong tokens are not held against others.
const ADDRESS: &str = "203.0.113.66";
/// How long an answer may take: longer than a body may.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request to be.
#[derive(Debug, Clone)]
struct Request {
    route: usize,
    fill: Vec<String>,
    query: Option<String>,
    headers: Vec<(&'static str, String)>,
    signed_in: bool,
    body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    well: AtomicU64,
    refused: AtomicU64,
    busy: AtomicU64,
    cut: AtomicU64,
}

/// Sends them. What is at fault is the server's: 500, no answer in time, and memory, which is looked at elsewhere.
pub async fn random(ground: &mut Ground, duration: Duration) -> String {
    let api = ground.servers[0].api().with_header("x-forwarded-for", ADDRESS);
    let routes = Arc::new(routes(&api).await);
    let (counts, end) = (Arc::<Counts>::default(), Instant::now() + duration);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..SENDERS {
        seed[0] = number;
        tasks.spawn(send(api.clone(), Arc::clone(&routes), Arc::clone(&counts), seed, end));
    }
    for failures in tasks.join_all().await {
        ground.failures.extend(failures);
    }
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    format!(
        "{} requests over {} routes: {} well, {} refused, {} busy, {} cut; seed {}",
        of(&counts.all),
        routes.len(),
        of(&counts.well),
        of(&counts.refused),
        of(&counts.busy),
        of(&counts.cut),
        data_encoding::HEXLOWER.encode(&seed[1..])
    )
}

/// All methods and paths.
async fn routes(api: &Api) -> Vec<(Method, String)> {
    let document = api.get("/api/v1/openapi.json").await.ok();
    let base = document["servers"][0]["url"].as_str().unwrap();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            if let "GET" | "POST" | "PUT" | "PATCH" | "DELETE" = method.as_str() {
                routes.push((method.parse().unwrap(), format!("{base}{path}")));
            }
        }
    }
    assert!(!routes.is_empty());
    routes.extend(OTHERS.map(|(method, path)| (method.parse().unwrap(), path.to_owned())));
    routes
}

async fn send(
    api: Api,
    routes: Arc<Vec<(Method, String)>>,
    counts: Arc<Counts>,
    seed: [u8; 32],
    end: Instant,
) -> Vec<String> {
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let requests = request(routes.len());
    let mut failures = Vec::new();
    let mut user = api.clone();
    for number in 0.. {
        if Instant::now() >= end || failures.len() >= 5 {
            break;
        }
        if number % SIGNED_IN == 0 {
            let code = json!({"code": format!("eve.{}", unique())});
            user = match api.post("/api/v1/session", &code).await.json()["token"].as_str() {
                Some(token) => api.with_token(token),
                None => user,
            };
        }
        let request = requests.new_tree(&mut runner).unwrap().current();
        let (method, path) = &routes[request.route];
        let path = filled(path, &request);
        let sender = if request.signed_in { &user } else { &api };
        let mut sent = sender.request(method.clone(), &path).timeout(PATIENCE).body(request.body.clone());
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        counts.all.fetch_add(1, Ordering::SeqCst);
        let count = match sent.send().await {
            Ok(reply) => match reply.status().as_u16() {
                503 => &counts.busy,
                status if status >= 500 => {
                    failures.push(format!("{status} for {method} {path} {:?}", told(&request)));
                    &counts.refused
                }
                status if status >= 400 => &counts.refused,
                _ => &counts.well,
            },
            Err(error) => {
                if error.is_timeout() {
                    failures.push(format!("no answer to {method} {path} {:?}", told(&request)));
                }
                // Who sends a body that nobody wants may find the connection closed before the answer is read.
                &counts.cut
            }
        };
        count.fetch_add(1, Ordering::SeqCst);
    }
    failures
}

/// The beginning of a request, to be told.
fn told(request: &Request) -> (&[(&'static str, String)], String) {
    let beginning = &request.body[..request.body.len().min(200)];
    (&request.headers, String::from_utf8_lossy(beginning).into_owned())
}

/// The path with something in the place of its parameters.
fn filled(path: &str, request: &Request) -> String {
    let mut fill = request.fill.iter().cycle();
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match (part.find('{'), part.find('}')) {
            (Some(begin), Some(end)) => {
                let other = fill.next().cloned().unwrap_or_default();
                parts.push(format!("{}{other}{}", &part[..begin], &part[end + 1..]));
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let query = request.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
    format!("{}{query}", parts.join("/"))
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn request(routes: usize) -> impl Strategy<Value = Request> {
    let piece = prop_oneof![
        select(vec!["d", "together0", "r1", "0", "1", "18446744073709551616", "-1", "%2e%2e", "%00"])
            .prop_map(str::to_owned),
        proptest::collection::vec(any::<u8>(), 1..80).prop_map(|bytes| percent_encoded(&bytes)),
    ];
    let name =
        select(vec!["since", "limit", "cursor", "deleted", "size", "exp", "sig", "signature", "nonce"]);
    let query = (name, piece.clone()).prop_map(|(name, value)| format!("{name}={value}"));
    let headers = proptest::collection::vec(header(), 0..4);
    let fill = proptest::collection::vec(piece, 3);
    (0..routes, fill, proptest::option::weighted(0.3, query), headers, proptest::bool::weighted(0.9), body())
        .prop_map(|(route, fill, query, headers, signed_in, body)| {
            let mut request = Request { route, fill, query, headers, signed_in, body };
            if !request.headers.iter().any(|(name, _)| *name == "content-type") {
                request.headers.push(("content-type", "application/json".to_owned()));
            }
            request
        })
}

fn header() -> impl Strategy<Value = (&'static str, String)> {
    let of = |name: &'static str, values: &[&str]| {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        (Just(name), select(values))
    };
    prop_oneof![
        of(
            "content-type",
            &["application/json", "text/xml", "multipart/form-data; boundary=x", "x/\u{7f}y", ""]
        )
        .prop_filter("a header", |(_, value)| !value.contains('\u{7f}')),
        of("content-encoding", &["gzip", "deflate", "br", "identity", "gzip, gzip"]),
        (
            select(vec!["x-wx-code", "x-wx-rawdata", "x-wx-signature", "x-wx-encrypted-data", "x-wx-iv"]),
            "[!-~]{0,60}"
        ),
        (select(vec!["x-wx-id", "x-wx-skey", "range", "if-none-match", "accept", "cookie"]), "[!-~]{0,60}"),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => proptest::collection::vec(any::<u8>(), 0..2_000),
        4 => any_json().prop_map(|value| value.to_string().into_bytes()),
        4 => nearly_right().prop_map(|value| value.to_string().into_bytes()),
        // Right but for a few bytes.
        2 => (nearly_right(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(value, place, byte)| {
            let mut bytes = value.to_string().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes
        }),
        1 => (1..20_000_usize, select(vec!["[", "{\"a\":", "<a>", "\"", "9", "{\"actions\":["]))
            .prop_map(|(times, piece)| piece.repeat(times).into_bytes()),
        // Small, and large once it is unpacked.
        1 => (1..40_usize).prop_map(|megabytes| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            for _ in 0..megabytes {
                packed.write_all(&[b' '; 1 << 20]).unwrap();
            }
            packed.finish().unwrap()
        }),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::vec((".{0,12}", inner), 0..8)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// What the API takes, some of its values replaced by others.
fn nearly_right() -> impl Strategy<Value = Value> {
    let right = select(vec![
        json!({"from_seq": 0, "actions": [{"type": "stroke", "tool": "ink", "color": "#c0392b", "width": 130,
            "at": 800, "points": [320, 980, 0, 240, -420, 700]}, {"type": "undo", "at": 900}]}),
        json!({"from_seq": 0, "drawing": {"title": "t", "width": 64, "height": 8_192, "mode": "one_stroke"},
            "actions": [{"type": "background", "color": "#fff8e7", "at": 0}]}),
        json!({"code": "eve.1"}),
        json!({"nickname": "eve", "title": "t", "avatar_url": "https://thirdwx.qlogo.cn/a"}),
        json!({"id": "d", "actions": "[{\"method\":\"save\",\"data\":[]}]"}),
        json!({"encrypted_data": "AAAA", "iv": "AAAA", "raw_data": "{}", "signature": "00"}),
        json!({"ToUserName": "a", "Encrypt": "AAAA", "MsgType": "event", "Event": "wxa_media_check"}),
    ]);
    (right, proptest::collection::vec((any::<prop::sample::Index>(), any_json()), 0..3)).prop_map(
        |(mut value, changes)| {
            for (place, other) in changes {
                let mut pointers = Vec::new();
                collect("", &value, &mut pointers);
                if let Some(place) = value.pointer_mut(&pointers[place.index(pointers.len())]) {
                    *place = other;
                }
            }
            value
        },
    )
}

/// Pointers to all values within one.
fn collect(at: &str, value: &Value, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                collect(&format!("{at}/{number}"), value, pointers);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(&format!("{at}/{name}"), value, pointers);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
