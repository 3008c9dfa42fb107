//! The soak test: a server at half of its maximum rate for hours; its memory, files and threads are sampled every
//! second and must not grow.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::cases::Case;
use super::course::{Course, Sample};
use super::load::{Client, Worker, closed, open};
use super::say;
use super::site::Site;
use super::table::thousands;
use yibi_tests::Backend;

/// The cases of each connection, in turns.
const TURNS: [Case; 20] = [
    Case::Me,
    Case::Append,
    Case::Read,
    Case::List,
    Case::Append,
    Case::Me,
    Case::Save,
    Case::Read,
    Case::Append,
    Case::Summaries,
    Case::Me,
    Case::Picture,
    Case::Append,
    Case::Read,
    Case::List,
    Case::SignIn,
    Case::Append,
    Case::Me,
    Case::Save,
    Case::Read,
];
/// The load as a part of the maximum rate.
const PART: f64 = 0.5;
/// Minimum number of rows of the table.
const ROWS: u32 = 6;
/// Maximum time between two rows.
const MINUTE: Duration = Duration::from_secs(60);
/// Maximum duration of the measurement of the maximum rate.
const FASTEST: Duration = Duration::from_secs(20);
/// The shortest meaningful run.
pub const SHORTEST: Duration = Duration::from_secs(30);

/// All cases over one connection.
struct Mixed {
    workers: Vec<(Case, Box<dyn Worker>)>,
    turn: usize,
}

impl Mixed {
    fn worker(&mut self) -> &mut dyn Worker {
        let case = TURNS[self.turn % TURNS.len()];
        let found = self.workers.iter_mut().find(|(of, _)| *of == case);
        found.expect("a worker for each case").1.as_mut()
    }
}

impl Worker for Mixed {
    fn next(&mut self, to: &mut Vec<u8>) {
        self.turn += 1;
        self.worker().next(to);
    }

    fn is_good(&mut self, status: u16, body: &[u8]) -> bool {
        self.worker().is_good(status, body)
    }
}

fn mixed(site: &Site) -> Vec<Client> {
    let mut of_connections: Vec<Mixed> = Vec::new();
    for (place, case) in TURNS.iter().enumerate().filter(|(place, case)| !TURNS[..*place].contains(case)) {
        for (number, worker) in case.workers(&site.people).into_iter().enumerate() {
            if place == 0 {
                // Neighbouring connections have different cases at the same time.
                of_connections.push(Mixed { workers: Vec::new(), turn: number });
            }
            of_connections[number].workers.push((*case, worker));
        }
    }
    of_connections.into_iter().map(|worker| Client::new(site.address(), Box::new(worker))).collect()
}

/// Runs the soak test on a backend; returns whether nothing grew.
pub async fn run(backend: Backend, duration: Duration) -> bool {
    let mut site = Site::start(backend).await;
    // A long run must not reach a limit of a user, and caches should fill soon.
    site.server.set("LIMITS__DRAWING__BYTES_PER_USER", "1099511627776");
    site.server.set("GALLERY__IMAGE_CACHE", "1048576");
    site.restart().await;
    let (id, clients) = (site.server.id(), mixed(&site));
    tokio::task::spawn_blocking(move || watch(backend, id, clients, duration)).await.unwrap()
}

fn watch(backend: Backend, id: u32, mut clients: Vec<Client>, duration: Duration) -> bool {
    let fastest = closed(&mut clients, FASTEST.min(duration / 6)).rate();
    let rate = PART * fastest;
    let (most, sent) = (thousands(fastest), thousands(rate));
    say(&format!("{backend:?} store: {most} requests/s at the most, {sent} are sent"));
    let line = |cells: [&str; 7]| {
        say(&cells.map(|cell| format!("{cell:>12}")).concat());
    };
    line(["minute", "requests/s", "p99 ms", "errors", "RSS MB", "files", "threads"]);
    let (mut samples, mut errors, begun) = (Vec::new(), 0, Instant::now());
    while begun.elapsed() < duration {
        let (figures, seen) = sampled(id, || open(&mut clients, rate, MINUTE.min(duration / ROWS)));
        let last = seen.last().unwrap();
        line([
            &format!("{:.1}", begun.elapsed().as_secs_f64() / 60.0),
            &thousands(figures.rate()),
            &format!("{:.2}", figures.percentile(99.0)),
            &figures.errors.to_string(),
            &format!("{:.1}", last.resident_mb),
            &last.files.to_string(),
            &last.threads.to_string(),
        ]);
        errors += figures.errors;
        samples.extend(seen);
    }
    let course = Course::of(&samples);
    let mut wrong = course.grown();
    if errors > 0 {
        wrong.push("errors");
    }
    let verdict =
        if wrong.is_empty() { "steady".to_owned() } else { format!("NOT STEADY: {}", wrong.join(", ")) };
    say(&format!("{course}: {verdict}\n"));
    wrong.is_empty()
}

/// Runs `work` and samples the process every second; returns the result and the samples.
fn sampled<T>(id: u32, work: impl FnOnce() -> T) -> (T, Vec<Sample>) {
    let (done, ended) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let sampler = scope.spawn(move || {
            let mut samples = Vec::new();
            loop {
                let goes_on = ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout);
                samples.push(Sample::of(id));
                if !goes_on {
                    return samples;
                }
            }
        });
        let outcome = work();
        drop(done);
        (outcome, sampler.join().unwrap())
    })
}
