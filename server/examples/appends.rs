//! How many appends a second the embedded store takes, each durable before it is acknowledged, and what an
//! append costs on a long drawing.
//!
//! `cargo run --release -p yibi-server --example appends [directory]`; the directory should be on the disk
//! that is to be measured. What is put there is removed.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use yibi_common::drawing::Paper;
use yibi_server::domain::batch::{Appended, Batch};
use yibi_server::domain::clock::Micros;
use yibi_server::domain::drawing::NewDrawing;
use yibi_server::domain::user::UserKey;
use yibi_server::store::Drawings;
use yibi_server::store::sqlite::SqliteStore;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const TASKS: u32 = 64;
/// Drawings of each task, each of another user.
const DRAWINGS: u32 = 400;
/// Appends to each of them, after the one that makes it.
const ROUNDS: u32 = 4;
/// Bytes of one stored stroke: about 80 points.
const STROKE: usize = 110;
/// Actions of a long drawing.
const LONG: u32 = 4_000;
/// Appends that are timed one by one.
const TIMED: u32 = 800;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let directory: PathBuf = std::env::args_os().nth(1).unwrap_or_else(|| "target/appends".into()).into();
    let place = directory.join(format!("appends-{}", std::process::id()));
    let store = SqliteStore::open(&place)?;
    let measured = measure(&store).await;
    drop(store);
    std::fs::remove_dir_all(&place)?;
    measured
}

async fn measure(store: &SqliteStore) -> Outcome<()> {
    let mut out = std::io::stdout();
    let drawings = TASKS * DRAWINGS;
    let made = all_tasks(store, 0..1).await?;
    writeln!(out, "{:>8.0} first appends a second, {TASKS} tasks", rate(drawings, made))?;
    let appended = all_tasks(store, 1..1 + ROUNDS).await?;
    writeln!(
        out,
        "{:>8.0} further appends a second, {TASKS} tasks, {drawings} drawings",
        rate(drawings * ROUNDS, appended)
    )?;

    let user = UserKey::new("wx0123456789abcdef", "long");
    for from in (0..LONG).step_by(50) {
        append(store, &user, "long", from, 50).await?;
    }
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for number in 0..TIMED {
        // In turn, so that both meet the same disk.
        append(store, &user, &format!("short{number}"), 0, 0).await?;
        short.push(append(store, &user, &format!("short{number}"), 0, 1).await?);
        long.push(append(store, &user, "long", LONG + number, 1).await?);
    }
    let (short, long) = (median(short), median(long));
    writeln!(out, "{short:>8.1?} an append to an empty drawing, one at a time (median of {TIMED})")?;
    writeln!(
        out,
        "{long:>8.1?} one to a drawing of {LONG} actions: {:.2} times that",
        long.as_secs_f64() / short.as_secs_f64()
    )?;
    Ok(())
}

/// Has every task append a stroke to each of its drawings, at each of these numbers.
async fn all_tasks(store: &SqliteStore, numbers: std::ops::Range<u32>) -> Outcome<Duration> {
    let begun = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let (store, numbers) = (store.clone(), numbers.clone());
        tokio::spawn(async move {
            for number in numbers {
                for drawing in 0..DRAWINGS {
                    let user = UserKey::new(
                        "wx0123456789abcdef",
                        &format!("o6_bmjrPTlm6_2sgVt7h{drawing:04}-{task:03}"),
                    );
                    append(&store, &user, "k3v9x2m7q1w8e5r4t6y0ua", number, 1).await?;
                }
            }
            Outcome::Ok(())
        })
    });
    for done in try_join_all(tasks).await? {
        done?;
    }
    Ok(begun.elapsed())
}

/// Appends so many strokes, and makes the drawing at 0.
async fn append(
    store: &SqliteStore,
    user: &UserKey,
    id: &str,
    from_seq: u32,
    count: u32,
) -> Outcome<Duration> {
    let batch = Batch {
        from_seq,
        blobs: (0..count).map(|_| vec![0xa5; STROKE].into()).collect(),
        stroke_count: count,
        point_count: 80 * count,
        min_paper: Paper { width: 1, height: 1 },
        one_stroke_width: None,
        max_actions: 5_000,
        max_bytes: 1 << 20,
        max_points: 1_000_000,
        in_room: false,
    };
    let new = NewDrawing {
        title: String::new(),
        paper: Paper::default(),
        mode: yibi_common::drawing::Mode::Free,
        explicit: false,
    };
    let begun = Instant::now();
    let appended = store.append(user, id, &batch, (from_seq == 0).then_some(&new), Micros::now()).await?;
    match appended {
        Appended::Done { .. } => Ok(begun.elapsed()),
        Appended::Missing | Appended::Refused(..) => Err(format!("not appended: {appended:?}").into()),
    }
}

fn rate(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
