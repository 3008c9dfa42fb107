//! Fault injection. Each fault is injected into real servers under load; the history of the clients is recorded and
//! checked: nothing acknowledged may be lost, duplicated, out of order or visible to other users.

pub mod check;
mod clients;
pub mod cluster;
mod faults;
pub mod history;
mod times;

use std::io::Write;
use std::time::{Duration, Instant};

use self::check::{Verdict, check};
use self::cluster::{Cluster, Ended};
pub use self::faults::{ExpectedImpact, Fault};
use self::history::{Call, Event, Outcome};
use crate::bench::table::{Table, thousands};
use yibi_tests::Backend;

/// A reply that takes longer counts as noticed.
const NOTICED: Duration = Duration::from_millis(500);
/// Memory limit of a server in megabytes under every fault.
const BOUND_MB: f64 = 256.0;

/// The faults to inject.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Overrides the specified duration of each fault.
    pub seconds: Option<Duration>,
    pub faults: Vec<Fault>,
}

/// The result of one fault.
#[derive(Debug)]
pub struct Report {
    /// The result of the check of the history.
    pub verdict: Verdict,
    /// Failed requests of the recorded clients.
    pub refused: usize,
    /// The longest time without a success of one client.
    pub longest_refusal: Duration,
    /// The longest time of one client from the end of the fault to the next success.
    pub recovery: Duration,
    /// Peak memory of a server in megabytes.
    pub peak_mb: f64,
    /// A note for the table.
    pub notes: String,
    /// Failures besides those that the history shows.
    pub failures: Vec<String>,
}

impl Report {
    fn of(ended: Ended, notes: String) -> Self {
        let Ended { events, finals, healed, mut failures, load, peak_mb } = ended;
        let verdict = check(&events, &finals);
        if peak_mb > BOUND_MB {
            failures.push(format!("{peak_mb:.0} MB of memory, and {BOUND_MB:.0} are the bound"));
        }
        if !finds_a_lost_write(&events, &finals) {
            failures.push("the check would not find a lost write".to_owned());
        }
        let asked = load.replies + load.errors;
        let load =
            if asked == 0 { String::new() } else { format!("load: {} of {asked} failed", load.errors) };
        let notes = [notes, load].into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; ");
        Self {
            verdict,
            refused: events.iter().filter(|event| event.failed()).count(),
            longest_refusal: times::longest_refusal(&events),
            recovery: times::recovery(&events, &healed),
            peak_mb,
            notes,
            failures,
        }
    }

    /// Whether there is no failure.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.failures.is_empty()
    }

    fn cells(&self, fault: Fault, backend: Backend) -> Vec<String> {
        let Verdict { acknowledged, lost, duplicated, out_of_order, wrongly_visible, stale_reads } =
            self.verdict;
        let counts = [self.refused, lost, duplicated, out_of_order, wrongly_visible, stale_reads];
        let mut cells =
            vec![fault.name().to_owned(), name(backend).to_owned(), thousands(acknowledged as f64)];
        cells.extend(counts.map(|count| thousands(count as f64)));
        cells.extend([self.longest_refusal, self.recovery].map(|time| format!("{:.2}", time.as_secs_f64())));
        cells.push(format!("{:.0}", self.peak_mb));
        cells.push(self.notes.clone());
        cells
    }
}

/// Injects all faults of the plan and prints a table; returns whether there is no failure.
pub async fn run(plan: &Plan) -> bool {
    let begun = Instant::now();
    cluster::allow_connections(std::process::id());
    let mut table = Table::new(&[
        "fault",
        "on",
        "acknowledged",
        "refused",
        "lost",
        "duplicated",
        "out of order",
        "wrongly visible",
        "stale reads",
        "longest refusal s",
        "recovery s",
        "RSS peak MB",
        "besides",
    ]);
    let mut failures = Vec::new();
    for &fault in &plan.faults {
        for &backend in fault.backends() {
            let duration = plan.seconds.unwrap_or(fault.duration());
            // A panic of one fault does not stop the others. Its message has been printed.
            let Ok(report) = tokio::spawn(inject(fault, backend, duration)).await else {
                failures.push(format!("{} on {}: broke down", fault.name(), name(backend)));
                continue;
            };
            let cells = report.cells(fault, backend);
            eprintln!("{:>5.0} s  {}", begun.elapsed().as_secs_f64(), cells.join("  "));
            table.row(cells);
            if !report.verdict.is_clean() {
                failures.push(format!("{} on {}: {:?}", fault.name(), name(backend), report.verdict));
            }
            let told = |failure: String| format!("{} on {}: {failure}", fault.name(), name(backend));
            failures.extend(report.failures.into_iter().map(told));
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n{:.0} s altogether", table.text(), begun.elapsed().as_secs_f64()).unwrap();
    for failure in &failures {
        writeln!(out, "FAILED {failure}").unwrap();
    }
    failures.is_empty()
}

/// Injects one fault into a new cluster.
pub async fn inject(fault: Fault, backend: Backend, duration: Duration) -> Report {
    let mut cluster = Cluster::start(backend, &fault.requirements()).await;
    let notes = fault.inject(&mut cluster, duration).await;
    cluster.heal();
    let mut report = Report::of(cluster.end().await, notes);
    match (fault.expected_impact(), report.refused) {
        (ExpectedImpact::Always, 0) if report.longest_refusal < NOTICED => {
            report.failures.push("no client noticed the fault".to_owned())
        }
        (ExpectedImpact::Never, 1..) => report.failures.push("clients noticed the fault".to_owned()),
        _ => {}
    }
    report
}

fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Embedded => "embedded",
        Backend::Shared => "shared",
    }
}

/// Whether the check detects the loss of an acknowledged batch in this history, as a test of the check itself.
#[must_use]
pub fn finds_a_lost_write(events: &[Event], finals: &check::Finals) -> bool {
    let acknowledged = |event: &&Event| event.outcome == Outcome::Appended;
    let Some(event) = events.iter().rev().find(acknowledged) else { return true };
    let Call::Append { marks, .. } = &event.call else { return false };
    let before = check(events, finals).lost;
    let mut finals = finals.clone();
    if let Some(list) = finals.get_mut(&event.drawing) {
        list.retain(|mark| !marks.contains(mark));
    }
    check(events, &finals).lost > before
}
