//! Limits: the rates of the same drivers and libraries without the server, with as many connections on the same
//! machine. `statements` measures the statements of the stores.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use tiny_skia::{LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke, Transform};
use tokio::task::JoinSet;
use yibi_common::drawing::Action;
use yibi_common::geometry::{Position, Segment, Shape, shape};

use super::load::{Client, Figures, Same, closed};
use super::site::{CONNECTIONS, DRAWINGS};
use super::strokes::{stroke, weapp_list};
use super::wechat;
use yibi_tests::process::Process;
use yibi_tests::{service, unique};

/// A limit of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The driver's `find` of 20 documents that hold the plain text, as the server of 2016 stored them.
    Find20,
    /// The driver's `find` without results.
    Find0,
    /// The driver's upsert of such a document.
    Upsert,
    /// A body of the list's size from actix.
    Static,
    /// A few bytes from actix.
    Hello,
    RedisGet,
    /// The exchange of a code by the server's HTTP client alone.
    Outbound,
    /// SQLite's statements of a save, in groups of 64.
    SaveStatements,
    /// SQLite's statements of an append, in groups of 64.
    AppendStatements,
    /// The driver's `find` of an empty 2016 list, with the command of the server's store.
    ListCommand,
    /// The driver's commands of a 2016 save, as the server's store sends them.
    SaveCommands,
    /// tiny-skia and the encoder, on all cores.
    Drawing,
}

impl Limit {
    /// The name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Find20 => "bare find of 20",
            Self::Find0 => "bare find of none",
            Self::Upsert => "bare upsert",
            Self::Static => "actix static",
            Self::Hello => "actix hello",
            Self::RedisGet => "redis GET",
            Self::Outbound => "outbound alone",
            Self::SaveStatements => "bare save",
            Self::AppendStatements => "bare append",
            Self::ListCommand => "the list's find",
            Self::SaveCommands => "the save's commands",
            Self::Drawing => "bare drawing",
        }
    }
}

/// The measured limits, each a number a second.
pub type Measured = BTreeMap<Limit, f64>;

/// Measures all limits that need no server.
pub async fn measure(seconds: Duration, list_bytes: usize) -> Measured {
    let mut measured = Measured::new();
    databases(seconds, &mut measured).await;
    let (hello, fixed) = actix(seconds, list_bytes);
    measured.insert(Limit::Hello, hello.rate());
    measured.insert(Limit::Static, fixed.rate());
    measured.insert(Limit::Outbound, outbound(seconds).await);
    measured.insert(Limit::Drawing, drawing(seconds));
    measured
}

/// Runs a task for each connection; returns the completions a second.
pub(super) async fn rate<F: Future<Output = ()> + Send + 'static>(
    seconds: Duration,
    once: impl Fn(usize, u64) -> F + Clone + Send + 'static,
) -> f64 {
    let end = Instant::now() + seconds;
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let once = once.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while Instant::now() < end {
                once(connection, done).await;
                done += 1;
            }
            done
        });
    }
    let done: u64 = tasks.join_all().await.into_iter().sum();
    done as f64 / seconds.as_secs_f64()
}

/// A MongoDB client with as many connections as the load.
pub(super) async fn options(uri: &str) -> ClientOptions {
    let mut options = ClientOptions::parse(uri).await.unwrap();
    options.max_pool_size = Some(CONNECTIONS as u32);
    options
}

/// Measures the limits of MongoDB and Redis.
pub async fn databases(seconds: Duration, measured: &mut Measured) {
    let options = options(&service("YIBI_TEST_MONGODB_URI")).await;
    let database = mongodb::Client::with_options(options).unwrap().database(&format!("b{}", unique()));
    let paints = database.collection::<Document>("paints");
    let index = mongodb::IndexModel::builder().keys(doc! {"openId": 1, "id": 1}).build();
    paints.create_index(index).await.unwrap();
    let paint = |user: usize, id: usize| {
        doc! {"openId": format!("o{user}"), "id": format!("p{id}"), "actions": weapp_list(id as u32)}
    };
    for user in 0..CONNECTIONS {
        paints.insert_many((0..DRAWINGS).map(|id| paint(user, id))).await.unwrap();
    }
    let find = |openid: &'static str, count: usize| {
        let paints = paints.clone();
        move |connection: usize, _| {
            let paints = paints.clone();
            async move {
                let found = paints.find(doc! {"openId": format!("{openid}{connection}")}).await.unwrap();
                assert_eq!(found.try_collect::<Vec<_>>().await.unwrap().len(), count);
            }
        }
    };
    measured.insert(Limit::Find20, rate(seconds, find("o", DRAWINGS)).await);
    measured.insert(Limit::Find0, rate(seconds, find("x", 0)).await);
    let texts: Arc<Vec<String>> = Arc::new((0..60).map(|mark| weapp_list(1_000 + mark)).collect());
    let all = paints.clone();
    let upserts = rate(seconds, move |connection, number| {
        let (paints, texts) = (all.clone(), Arc::clone(&texts));
        async move {
            let number = usize::try_from(number).unwrap();
            let id = format!("p{}", number % DRAWINGS);
            let update = doc! {"$set": {"actions": &texts[number % texts.len()]}};
            let key = doc! {"openId": format!("o{connection}"), "id": id};
            paints.update_one(key, update).upsert(true).await.unwrap();
        }
    });
    measured.insert(Limit::Upsert, upserts.await);
    database.drop().await.unwrap();
    if let Some(rate) = redis_get() {
        measured.insert(Limit::RedisGet, rate);
    }
}

/// Measures with redis-benchmark of Debian's Redis, if it is installed.
fn redis_get() -> Option<f64> {
    let url = service("YIBI_TEST_REDIS_URL");
    let port = url.trim_end_matches('/').rsplit(':').next()?;
    let connections = CONNECTIONS.to_string();
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", port, "-c", &connections, "-n", "200000", "-t", "get", "--csv"]);
    let output = String::from_utf8(command.output().ok()?.stdout).ok()?;
    let line = output.lines().find(|line| line.starts_with("\"GET\""))?;
    line.split(',').nth(1)?.trim_matches('"').parse().ok()
}

/// The argument by which this program serves constant replies of actix.
pub const SERVE: &str = "serve-static";

/// Serves `/hello` and `/static` until the process ends.
pub async fn serve(bytes: usize) {
    let body = web::Bytes::from(vec![b'x'; bytes]);
    let server = HttpServer::new(move || {
        let body = body.clone();
        App::new().route("/hello", web::get().to(|| async { HttpResponse::Ok().body("hello") })).route(
            "/static",
            web::get().to(move || std::future::ready(HttpResponse::Ok().body(body.clone()))),
        )
    });
    let server = server.bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let mut out = std::io::stdout();
    writeln!(out, "listening on {address}").unwrap();
    server.run().await.unwrap();
}

fn actix(seconds: Duration, bytes: usize) -> (Figures, Figures) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let process = Process::start(command.args([SERVE, &bytes.to_string()]));
    let address: SocketAddr =
        process.wait_for("actix", |line| line.strip_prefix("listening on ")?.parse().ok());
    let ask = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes();
        let mut clients: Vec<Client> =
            (0..CONNECTIONS).map(|_| Client::new(address, Box::new(Same(request.clone())))).collect();
        closed(&mut clients, seconds)
    };
    (ask("/hello"), ask("/static"))
}

async fn outbound(seconds: Duration) -> f64 {
    let url = format!("http://{}/sns/jscode2session?js_code=", wechat::start().await);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    rate(seconds, move |connection, number| {
        let request = client.get(format!("{url}o{connection}.{number}"));
        async move {
            let reply: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
            assert!(reply["openid"].is_string());
        }
    })
    .await
}

/// Renders a drawing of 200 points in 256 pixels with the server's code.
fn drawing(seconds: Duration) -> f64 {
    let actions: Vec<Action> =
        (0..DRAWINGS as u32).map(|mark| serde_json::from_str(&stroke(mark, 200)).unwrap()).collect();
    let (done, end) = (AtomicU64::new(0), Instant::now() + seconds);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                for action in actions.iter().cycle() {
                    if Instant::now() > end {
                        return;
                    }
                    assert!(!draw(action).is_empty());
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner() as f64 / seconds.as_secs_f64()
}

fn draw(action: &Action) -> Vec<u8> {
    let (width, height) = (192, 256);
    let mut pixmap = Pixmap::new(width, height).unwrap();
    pixmap.fill(tiny_skia::Color::WHITE);
    let paint = Paint { anti_alias: true, ..Paint::default() };
    let scale = Transform::from_scale(width as f32 / 2_048.0, height as f32 / 2_731.0);
    let Action::Stroke { stroke, .. } = action else { panic!("a stroke") };
    let Shape::Line { width: line, start, segments } = shape(stroke, 1.0) else { panic!("a line") };
    let mut path = PathBuilder::new();
    let at = |[x, y]: Position| (x as f32, y as f32);
    let (x, y) = at(start);
    path.move_to(x, y);
    for segment in segments {
        match segment {
            Segment::Line(to) => {
                let (x, y) = at(to);
                path.line_to(x, y);
            }
            Segment::Quad(control, to) => {
                let ((cx, cy), (x, y)) = (at(control), at(to));
                path.quad_to(cx, cy, x, y);
            }
        }
    }
    let pen = Stroke {
        width: line as f32,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    pixmap.stroke_path(&path.finish().unwrap(), &paint, &pen, scale, None);
    let gray: Vec<u8> = pixmap.pixels().iter().map(|pixel| pixel.green()).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    encoder.write_header().unwrap().write_image_data(&gray).unwrap();
    file
}
