//! Injects faults under load and checks that nothing acknowledged is lost, duplicated, out of order or visible to other
//! users:
//!
//!     make chaos
//!     make chaos ARGS="--seconds 10 --only kill-server,disk-full"
//!
//! The exit code is 1 after a failure.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed expectation ends a tool with its message")]

use std::process::ExitCode;
use std::time::Duration;

use yibi_tools::chaos::{Fault, Plan, run};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut plan = Plan { seconds: None, faults: Fault::ALL.to_vec() };
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--seconds" => plan.seconds = Some(Duration::from_secs_f64(value().parse().unwrap())),
            "--only" => {
                let names = value();
                let known = |name: &str| Fault::ALL.iter().any(|fault| fault.name() == name);
                for name in names.split(',') {
                    assert!(known(name), "there is no fault {name}: {}", all_names());
                }
                plan.faults.retain(|fault| names.split(',').any(|name| name == fault.name()));
            }
            other => panic!("there is no {other}: --seconds N --only FAULT,… of {}", all_names()),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if runtime.block_on(run(&plan)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn all_names() -> String {
    Fault::ALL.map(Fault::name).join(", ")
}
