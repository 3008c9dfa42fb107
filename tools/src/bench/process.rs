//! Processor time, memory, threads and files of a process.

use std::time::Instant;

use yibi_tests::process::stat;

/// Ticks a second; Linux always reports 100 to processes.
const TICKS: f64 = 100.0;

/// Measures the processor time of a process from its creation on.
#[derive(Debug, Clone)]
pub struct Meter {
    id: u32,
    since: Instant,
    ticks: u64,
}

impl Meter {
    /// Measures the process with this id.
    #[must_use]
    pub fn of(id: u32) -> Self {
        Self { id, since: Instant::now(), ticks: ticks(id) }
    }

    /// Mean number of busy cores.
    #[must_use]
    pub fn cores(&self) -> f64 {
        (ticks(self.id) - self.ticks) as f64 / TICKS / self.since.elapsed().as_secs_f64()
    }
}

fn ticks(id: u32) -> u64 {
    let stat = stat(format!("/proc/{id}").as_ref()).unwrap();
    // User and system time are the 12th and 13th field there.
    stat.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// Resident memory in megabytes.
#[must_use]
pub fn resident_mb(id: u32) -> f64 {
    status(id, "VmRSS:").trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
}

#[must_use]
pub fn threads(id: u32) -> usize {
    status(id, "Threads:").parse().unwrap()
}

/// Number of open files including connections.
#[must_use]
pub fn open_files(id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count()
}

fn status(id: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

/// Peak memory in megabytes; nothing if the process has ended.
#[must_use]
pub fn peak_mb(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1_024.0)
}
