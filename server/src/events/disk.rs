//! The last failures of a server without a Redis, in files of the data directory: they are wanted most after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use yibi_common::admin::Failure;

use super::failures::FAILURES;
use super::{EventBus, lock};

/// Failures that are written at once.
const BATCH: usize = 256;

/// Two files of JSON lines: once the current one holds as many failures as are kept, it replaces the former one.
#[derive(Debug)]
struct FailureLog {
    current: PathBuf,
    former: PathBuf,
    lines: usize,
}

impl FailureLog {
    fn new(directory: &Path) -> Self {
        let (current, former) = (directory.join("failures.jsonl"), directory.join("failures.1.jsonl"));
        Self { current, former, lines: 0 }
    }

    /// The failures of earlier runs, the oldest first.
    fn read(&mut self) -> Vec<Failure> {
        let (mut failures, current) = (read(&self.former), read(&self.current));
        self.lines = current.len();
        failures.extend(current);
        failures.split_off(failures.len().saturating_sub(FAILURES))
    }

    fn append(&mut self, failures: &[Failure]) -> io::Result<()> {
        if self.lines >= FAILURES {
            fs::rename(&self.current, &self.former)?;
            self.lines = 0;
        }
        let mut text = String::new();
        for failure in failures {
            text.push_str(&serde_json::to_string(failure)?);
            text.push('\n');
        }
        // One write: a crash leaves at most one line that can't be read.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.current)?
            .write_all(text.as_bytes())?;
        self.lines += failures.len();
        Ok(())
    }
}

/// The failures in a file. Lines of other versions and half-written ones are left out.
fn read(file: &Path) -> Vec<Failure> {
    let Ok(file) = File::open(file) else { return Vec::new() };
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_slice(&line).ok()).collect()
}

impl EventBus {
    /// Reads the failures of earlier runs, then writes each failure as it occurs. Never completes.
    pub(super) async fn keep_failures(self, directory: PathBuf) {
        let reading = tokio::task::spawn_blocking(move || {
            let mut log = FailureLog::new(&directory);
            (log.read(), log)
        });
        let Ok((earlier, mut log)) = reading.await else { return };
        lock(&self.0.failures).remember(earlier);
        loop {
            let (failures, unsent) = lock(&self.0.failures).unsent(BATCH);
            if failures.is_empty() {
                self.0.failing.notified().await;
                continue;
            }
            let sent = failures.len();
            let writing = tokio::task::spawn_blocking(move || {
                let written = log.append(&failures);
                (written, log)
            });
            let Ok((written, back)) = writing.await else { return };
            log = back;
            if let Err(error) = written {
                tracing::debug!(%error, "failures were not written to the disk");
            }
            lock(&self.0.failures).sent(sent, unsent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(numbers: std::ops::Range<usize>) -> Vec<Failure> {
        let of = |number| Failure { request_id: format!("r{number}"), ..Failure::default() };
        numbers.map(of).collect()
    }

    #[test]
    fn the_last_failures_outlive_the_process() {
        let directory = std::env::temp_dir().join(format!("yibi-failures-{}", crate::random::short_id()));
        fs::create_dir(&directory).unwrap();
        let mut log = FailureLog::new(&directory);
        assert_eq!(log.read(), []);
        for first in (0..FAILURES * 2 + 500).step_by(250) {
            log.append(&failures(first..first + 250)).unwrap();
        }
        // A write that a crash has cut off.
        let mut file = OpenOptions::new().append(true).open(&log.current).unwrap();
        file.write_all(b"{\"request_id\":\"r").unwrap();
        let mut next = FailureLog::new(&directory);
        let read = next.read();
        assert_eq!((read.len(), next.lines), (FAILURES, 500));
        assert_eq!(read[FAILURES - 1].request_id, format!("r{}", FAILURES * 2 + 499));
        assert_eq!(read[0].request_id, format!("r{}", FAILURES + 500));
        fs::remove_dir_all(&directory).unwrap();
    }
}
