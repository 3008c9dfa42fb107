//! Benchmarks: each case over HTTP with real databases, and the limit that it is compared with, measured in the same
//! run. The load, the servers and the databases share the machine.

mod cases;
mod course;
mod fill;
mod flat;
pub mod limits;
pub(crate) mod load;
pub(crate) mod nginx;
mod pages;
pub(crate) mod process;
pub(crate) mod site;
pub mod soak;
mod statements;
mod strokes;
pub(crate) mod table;
pub(crate) mod wechat;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

pub use self::cases::Case;
use self::limits::Measured;
use self::load::{Client, Figures, closed, open};
use self::nginx::Nginx;
use self::process::{Meter, resident_mb};
use self::site::{CONNECTIONS, Site};
pub use self::table::{Table, thousands};
use yibi_tests::Backend;

/// Duration of the warm-up.
const WARM: Duration = Duration::from_secs(1);
/// The parts of the maximum rate at which latencies are measured.
const PARTS: [f64; 2] = [0.5, 0.8];

/// The cases and their durations.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Duration of each case at maximum rate. Parts of the rate and limits take half of it.
    pub seconds: Duration,
    pub cases: Vec<Case>,
    pub backends: Vec<Backend>,
    /// Number of sessions and of drawings of other users in the store.
    pub foreign: u64,
    /// Whether to measure limits.
    pub limits: bool,
}

/// Runs the plan and prints the results.
pub async fn run(plan: &Plan) {
    let begun = Instant::now();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (seconds, half) = (plan.seconds.as_secs_f64(), plan.seconds / 2);
    say(&format!(
        "{cores} cores, shared with the load and the databases; {CONNECTIONS} connections; {seconds} s a case\n"
    ));
    let mut measured = Measured::new();
    for &backend in &plan.backends {
        let mut site = Site::start(backend).await;
        if plan.limits {
            if measured.is_empty() {
                let list = list_bytes(&site).await;
                measured = limits::measure(half, list).await;
            }
            match backend {
                Backend::Embedded => {
                    assert_eq!(site.server.process().terminate(), Some(0));
                    statements::sqlite(&site.server.data_dir().join("yibi.sqlite3"), half, &mut measured);
                    site.start_again().await;
                }
                Backend::Shared => statements::mongodb(&site, half, &mut measured).await,
            }
        }
        let alone = table(&mut site, plan, &measured, None).await;
        if plan.foreign > 0 {
            drop(site);
            beside_others(backend, plan, &measured, &alone).await;
        }
    }
    if plan.limits {
        say("Limits, a second");
        for (limit, rate) in &measured {
            say(&format!("  {:<19} {:>9}", limit.name(), thousands(*rate)));
        }
    }
    say(&format!("{:.0} s altogether", begun.elapsed().as_secs_f64()));
}

/// Requests a second by case.
type Rates = BTreeMap<Case, f64>;

/// Measures the cases in a store with many other users, compared with the rates without them, and the operators' pages.
async fn beside_others(backend: Backend, plan: &Plan, measured: &Measured, alone: &Rates) {
    let mut site = Site::start(backend).await;
    let took = fill::fill(&mut site, plan.foreign).await;
    let (count, seconds) = (thousands(plan.foreign as f64), took.as_secs_f64());
    say(&format!("Beside {count} sessions and drawings of others, filled in {seconds:.0} s"));
    let mut measured = measured.clone();
    if plan.limits && backend == Backend::Shared {
        // The database itself may be slower now, which is not due to the server.
        let mut bare = Measured::new();
        limits::databases(plan.seconds / 2, &mut bare).await;
        statements::mongodb(&site, plan.seconds / 2, &mut bare).await;
        let of_before = bare
            .iter()
            .filter_map(|(limit, rate)| Some(format!("{} {:.2}", limit.name(), rate / measured.get(limit)?)));
        say(&format!("limits, of what they were: {}", of_before.collect::<Vec<_>>().join(", ")));
        measured.extend(bare);
    }
    table(&mut site, plan, &measured, Some(alone)).await;
    // Last, because a database may still work at a page after its time-out.
    say(&format!("{}\n", pages::measure(&site).await));
}

/// Measures and prints all cases; returns the rates. With earlier rates, prints the ratio too.
async fn table(site: &mut Site, plan: &Plan, measured: &Measured, alone: Option<&Rates>) -> Rates {
    let name = match site.backend {
        Backend::Embedded => "Embedded store",
        Backend::Shared => "Redis and MongoDB-wire",
    };
    say(&format!(
        "{name}: first answer after {:.0} ms, {:.1} MB before it has done anything",
        site.started_ms, site.idle_mb
    ));
    let mut headings = vec![
        "case",
        "requests/s",
        "p50",
        "p99 ms",
        "errors",
        "reply kB",
        "at 50%: p50",
        "p99",
        "at 80%: p50",
        "p99",
        "cores",
        "load's",
        "RSS MB",
    ];
    if alone.is_some() {
        headings.push("of it alone");
    }
    headings.push("of its limit");
    let mut table = Table::new(&headings);
    let mut rates = Rates::new();
    for &case in &plan.cases {
        let Some((rate, cells)) = row(site, case, plan, measured, alone).await else {
            say(&format!("{}: left out, there is no nginx or no site for it", case.name()));
            continue;
        };
        table.row(cells);
        rates.insert(case, rate);
    }
    say(&table.text());
    if plan.cases.contains(&Case::Append) {
        say(&flat::measure(site, plan.seconds).await);
    }
    say("");
    rates
}

/// Measures one case; returns its rate and its row, or nothing without nginx.
async fn row(
    site: &mut Site,
    case: Case,
    plan: &Plan,
    measured: &Measured,
    alone: Option<&Rates>,
) -> Option<(f64, Vec<String>)> {
    if case.is_uncached() {
        // Without a cache, the server draws each picture.
        site.server.set("GALLERY__IMAGE_CACHE", "0");
        site.restart().await;
    }
    let nginx = if case.is_behind_nginx() { Some(Nginx::before(&[site.address()])?) } else { None };
    let address = nginx.as_ref().map_or_else(|| site.address(), |nginx| nginx.address);
    let mut clients: Vec<Client> =
        case.workers(&site.people).into_iter().map(|worker| Client::new(address, worker)).collect();
    let id = site.server.id();
    let (seconds, half) = (plan.seconds, plan.seconds / 2);
    let rounds = tokio::task::spawn_blocking(move || {
        closed(&mut clients, WARM);
        let (server, load) = (Meter::of(id), Meter::of(std::process::id()));
        let fastest = closed(&mut clients, seconds);
        let (cores, load, resident) = (server.cores(), load.cores(), resident_mb(id));
        let parts = PARTS.map(|part| open(&mut clients, part * fastest.rate().max(1.0), half));
        (fastest, parts, cores, load, resident)
    });
    let (fastest, parts, cores, load, resident) = rounds.await.unwrap();
    let errors = fastest.errors + parts.iter().map(|part| part.errors).sum::<u64>();
    let of_limits: Vec<String> = case
        .limits(site.backend)
        .iter()
        .filter_map(|limit| Some((limit, measured.get(limit)?)))
        .map(|(limit, most)| format!("{:.2} {}", fastest.rate() / most, limit.name()))
        .collect();
    let ms = |figures: &Figures, percent: f64| format!("{:.2}", figures.percentile(percent));
    let mut cells = vec![
        case.name().to_owned(),
        thousands(fastest.rate()),
        ms(&fastest, 50.0),
        ms(&fastest, 99.0),
        errors.to_string(),
        format!("{:.1}", fastest.bytes_each() as f64 / 1_000.0),
    ];
    cells.extend(parts.iter().flat_map(|part| [ms(part, 50.0), ms(part, 99.0)]));
    cells.extend([format!("{cores:.2}"), format!("{load:.2}"), format!("{resident:.0}")]);
    cells.extend(alone.map(|alone| {
        alone.get(&case).map_or_else(String::new, |rate| format!("{:.2}", fastest.rate() / rate))
    }));
    cells.push(of_limits.join(", "));
    eprintln!("{} {} {}", site.server.public, cells[0], cells[1]);
    Some((fastest.rate(), cells))
}

/// The size of a list of 20 drawings in bytes.
async fn list_bytes(site: &Site) -> usize {
    let list = site.server.api().request(reqwest::Method::GET, "/applet/session/paints/list");
    yibi_tests::Api::send(list.header("X-WX-Code", &site.people.codes[0][0])).await.ok_bytes().len()
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}
