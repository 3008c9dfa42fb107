//! Figures of this machine, over HTTP and with real databases: what an append costs on a long drawing, how many
//! there can be in a second, and what a picture takes. The client shares the machine with all of them.
//!
//!     cargo build --release -p yibi-server -p yibi-tests --bins
//!     tests/services target/release/bench

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a benchmark a failure is what is to be told"
)]

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use yibi_tests::{Api, Backend, Server, Wechat};

/// Actions of a long drawing.
const LONG: u64 = 4_000;
/// Appends to one drawing before it is the other one's turn, and turns of each.
const BLOCK: u64 = 25;
const BLOCKS: u64 = 24;
/// Clients that append at once, each to a drawing of its own, and for how long.
const CONNECTIONS: usize = 64;
const RUSH: Duration = Duration::from_secs(6);
/// Pictures, the strokes of each, and the longer side in pixels.
const PICTURES: u64 = 40;
const STROKES: i64 = 40;
const SIZE: u32 = 512;
/// Points of a stroke: a second and a third of drawing.
const POINTS: i64 = 80;
/// By how much an append to a long drawing may cost more.
const GOAL: f64 = 1.3;

#[tokio::main]
async fn main() {
    let began = Instant::now();
    let wechat = Wechat::start();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    say(&format!("{cores} cores, shared with the client and the databases; strokes of {POINTS} points\n"));
    for (backend, name) in [(Backend::Embedded, "embedded"), (Backend::Shared, "MongoDB and Redis")] {
        // Info is what a deployment logs; nobody counts the client.
        let settings = [("LIMITS__ENABLED", "false"), ("LOG__FILTER", "info")];
        let server = Server::start_with(backend, &wechat, &settings);
        say(name);
        long_and_empty(&server, &wechat).await;
        rush(&server, &wechat).await;
        pictures(&server, &wechat).await;
        say("");
    }
    say(&format!("{:.0} s altogether", began.elapsed().as_secs_f64()));
}

/// Appends by turns to an empty drawing and to a long one, so that both meet the same machine.
async fn long_and_empty(server: &Server, wechat: &Wechat) {
    let user = server.signed_in(wechat, "long").await;
    for from in (0..LONG).step_by(50) {
        user.append("long", from, batch(from, 50)).await.ok();
    }
    let (mut empty, mut long) = (Side::default(), Side::default());
    let mut end = LONG;
    for block in 0..BLOCKS {
        let ids: Vec<_> = (0..BLOCK).map(|number| format!("empty{}", block * BLOCK + number)).collect();
        for id in &ids {
            user.append(id, 0, json!([])).await.ok();
        }
        let before = store_time(server).await;
        for id in &ids {
            empty.times.push(timed(user.append(id, 0, batch(0, 1))).await);
        }
        let between = store_time(server).await;
        for _ in 0..BLOCK {
            long.times.push(timed(user.append("long", end, batch(end, 1))).await);
            end += 1;
        }
        let after = store_time(server).await;
        empty.in_store += between - before;
        long.in_store += after - between;
    }
    let number = empty.times.len();
    say(&format!("  append to an empty drawing          {}", empty.text()));
    say(&format!("  append to one of {LONG} actions       {}", long.text()));
    let whole = long.median().as_secs_f64() / empty.median().as_secs_f64();
    let in_store = long.in_store / empty.in_store;
    let verdict = if in_store <= GOAL { "within" } else { "OVER" };
    say(&format!(
        "  ratio                               {whole:>7.2}      {in_store:>7.2} ({verdict} the goal of {GOAL}; {number} of each)"
    ));
}

/// Figures of appends to one kind of drawing.
#[derive(Default)]
struct Side {
    times: Vec<Duration>,
    in_store: f64,
}

impl Side {
    fn median(&self) -> Duration {
        percentile(&self.times, 50)
    }

    fn text(&self) -> String {
        let in_store = self.in_store / self.times.len() as f64;
        format!("{:>7.2} ms   {:>7.3} ms in the store", milliseconds(self.median()), in_store * 1_000.0)
    }
}

/// Seconds that the store has spent on appends so far.
async fn store_time(server: &Server) -> f64 {
    let metrics = Api::new(&server.admin).get("/metrics").await.text();
    let line = "yibi_store_operation_duration_seconds_sum{store=\"gallery\",operation=\"append\"} ";
    metrics.lines().find_map(|found| found.strip_prefix(line)).map_or(0.0, |seconds| seconds.parse().unwrap())
}

/// Clients that append as fast as they are answered.
async fn rush(server: &Server, wechat: &Wechat) {
    let mut clients = Vec::new();
    for number in 0..CONNECTIONS {
        clients.push(server.signed_in(wechat, &format!("rush{number}")).await);
    }
    let until = Instant::now() + RUSH;
    let mut tasks = JoinSet::new();
    for user in clients {
        tasks.spawn(async move {
            let (mut times, mut seq, mut id) = (Vec::new(), 0, 0);
            while Instant::now() < until {
                if seq == LONG {
                    (seq, id) = (0, id + 1);
                }
                times.push(timed(user.append(&format!("d{id}"), seq, batch(seq, 1))).await);
                seq += 1;
            }
            times
        });
    }
    let times = tasks.join_all().await.concat();
    say(&format!(
        "  appends with {CONNECTIONS} connections         {:>7.0} a second, median {:.1} ms, 99 % below {:.1} ms",
        times.len() as f64 / RUSH.as_secs_f64(),
        milliseconds(percentile(&times, 50)),
        milliseconds(percentile(&times, 99)),
    ));
}

/// Pictures that nobody has seen yet, one at a time, and then again.
async fn pictures(server: &Server, wechat: &Wechat) {
    let user = server.signed_in(wechat, "pictures").await;
    for number in 0..PICTURES {
        user.append(&format!("p{number}"), 0, batch(number, STROKES)).await.ok();
    }
    for state in ["cold", "warm"] {
        let mut times = Vec::new();
        for number in 0..PICTURES {
            let path = format!("/api/v1/drawings/p{number}/image.png?size={SIZE}");
            let begun = Instant::now();
            let picture = user.get(&path).await;
            times.push(begun.elapsed());
            assert!(picture.status == 200 && picture.body.starts_with(b"\x89PNG"), "{}", picture.text());
        }
        say(&format!(
            "  PNG of {SIZE} px, {STROKES} strokes, {state}       {:>7.2} ms, 95 % below {:.2} ms",
            milliseconds(percentile(&times, 50)),
            milliseconds(percentile(&times, 95)),
        ));
    }
}

async fn timed(append: impl Future<Output = yibi_tests::Reply>) -> Duration {
    let begun = Instant::now();
    append.await.ok();
    begun.elapsed()
}

/// Strokes that wander over the paper, no two the same.
fn batch(mark: u64, count: i64) -> Value {
    let mark = i64::try_from(mark).unwrap();
    (mark..mark + count).map(stroke).collect()
}

fn stroke(mark: i64) -> Value {
    let mut state = u32::try_from(mark).unwrap().wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut step = |most: i64| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i64::from(state >> 16) % (2 * most + 1) - most
    };
    let mut points = vec![1_024 + step(700), 1_365 + step(900), 0];
    let (mut dx, mut dy) = (step(12), step(12));
    for _ in 1..POINTS {
        (dx, dy) = ((dx + step(3)).clamp(-20, 20), (dy + step(3)).clamp(-20, 20));
        points.extend([dx, dy, 16]);
    }
    json!({"type": "stroke", "tool": "pen", "color": "#1a3c5e", "width": 24, "at": mark, "points": points})
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}
