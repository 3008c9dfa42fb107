//! Benchmarks, compared with the rates of the same drivers and libraries alone:
//!
//!     make bench
//!     make bench ARGS="--seconds 2 --only list-20,save --on embedded"
//!     make bench-large
//!     make soak

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed expectation ends a tool with its message")]

use std::process::ExitCode;
use std::time::Duration;

use yibi_tests::Backend;
use yibi_tools::bench::{Case, Plan, limits, run, soak};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut soaking = None;
    let mut plan = Plan {
        seconds: Duration::from_secs(10),
        cases: Case::ALL.to_vec(),
        backends: vec![Backend::Embedded, Backend::Shared],
        foreign: 0,
        limits: true,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            limits::SERVE => {
                let bytes = value().parse().unwrap();
                runtime().block_on(limits::serve(bytes));
                return ExitCode::SUCCESS;
            }
            "--seconds" => plan.seconds = Duration::from_secs_f64(value().parse().unwrap()),
            "--soak" => {
                let seconds = Duration::from_secs_f64(value().parse().unwrap());
                assert!(seconds >= soak::SHORTEST, "a soak takes {:?} at least", soak::SHORTEST);
                soaking = Some(seconds);
            }
            "--foreign" => plan.foreign = value().parse().unwrap(),
            "--no-limits" => plan.limits = false,
            "--only" => {
                let names = value();
                plan.cases.retain(|case| names.split(',').any(|name| name == case.name()));
            }
            "--on" => {
                plan.backends = match value().as_str() {
                    "embedded" => vec![Backend::Embedded],
                    "shared" => vec![Backend::Shared],
                    other => panic!("--on is embedded or shared, not {other}"),
                };
            }
            other => panic!(
                "there is no {other}: --seconds N --only CASE,… --on embedded|shared --foreign N --no-limits, \
                 or --soak SECONDS"
            ),
        }
    }
    let Some(duration) = soaking else {
        runtime().block_on(run(&plan));
        return ExitCode::SUCCESS;
    };
    // The backends run one after the other, so that they do not share the machine.
    let steady = runtime().block_on(async {
        let mut steady = true;
        for &backend in &plan.backends {
            steady &= soak::run(backend, duration).await;
        }
        steady
    });
    if steady { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
