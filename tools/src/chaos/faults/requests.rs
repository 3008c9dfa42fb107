//! Random requests.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// The plan of a random request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The index of the route.
    pub route: usize,
    /// The values of the path parameters, in turns.
    fill: Vec<String>,
    query: Option<String>,
    /// Headers besides those of the sender.
    pub headers: Vec<(&'static str, String)>,
    /// Whether it has a valid token.
    pub signed_in: bool,
    pub body: Vec<u8>,
}

impl Request {
    /// Fills the parameters of the route.
    pub fn path(&self, route: &str) -> String {
        let mut fill = self.fill.iter().cycle();
        let mut parts: Vec<String> = Vec::new();
        for part in route.split('/') {
            match (part.find('{'), part.find('}')) {
                (Some(begin), Some(end)) => {
                    let other = fill.next().cloned().unwrap_or_default();
                    parts.push(format!("{}{other}{}", &part[..begin], &part[end + 1..]));
                }
                _ => parts.push(part.to_owned()),
            }
        }
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{query}", parts.join("/"))
    }

    /// A short description of the request for a failure.
    pub fn beginning(&self) -> (&[(&'static str, String)], String) {
        let beginning = &self.body[..self.body.len().min(200)];
        (&self.headers, String::from_utf8_lossy(beginning).into_owned())
    }
}

/// Generates requests for this number of routes without an end, the same for the same seed, on a thread of its own.
pub fn requests(routes: usize, seed: [u8; 32]) -> mpsc::Receiver<Request> {
    let (sender, receiver) = mpsc::channel(8);
    std::thread::spawn(move || {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        let requests = request(routes);
        while sender.blocking_send(requests.new_tree(&mut runner).unwrap().current()).is_ok() {}
    });
    receiver
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
        // A valid body with a few changed bytes.
        2 => (nearly_right(), any::<Index>(), any::<u8>()).prop_map(|(value, place, byte)| {
            let mut bytes = value.to_string().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes
        }),
        1 => (1..20_000_usize, select(vec!["[", "{\"a\":", "<a>", "\"", "9", "{\"actions\":["]))
            .prop_map(|(times, piece)| piece.repeat(times).into_bytes()),
        // A small body that decompresses to a large one.
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

/// A valid body with some replaced values.
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
    (right, proptest::collection::vec((any::<Index>(), any_json()), 0..3)).prop_map(|(mut value, changes)| {
        for (place, other) in changes {
            let mut pointers = Vec::new();
            collect("", &value, &mut pointers);
            if let Some(place) = value.pointer_mut(&pointers[place.index(pointers.len())]) {
                *place = other;
            }
        }
        value
    })
}

/// JSON pointers to all values of a document.
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
