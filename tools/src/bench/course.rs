//! Growth of a process over time, after its warm-up.

use std::fmt;
use std::time::Instant;

use super::process::{open_files, resident_mb, threads};

/// Tolerated growth of memory: a part of the median, and megabytes.
const MORE_MEMORY: (f64, f64) = (0.1, 5.0);
/// Tolerated growth of files and threads, because pools vary in size.
const MORE: f64 = 5.0;

/// A sample of a process.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The time since the start.
    pub at: Instant,
    /// Resident memory in megabytes.
    pub resident_mb: f64,
    /// Number of open files including connections.
    pub files: usize,
    pub threads: usize,
}

impl Sample {
    /// Samples the process with this id.
    #[must_use]
    pub fn of(id: u32) -> Self {
        Self { at: Instant::now(), resident_mb: resident_mb(id), files: open_files(id), threads: threads(id) }
    }
}

/// Samples of a process. The first third is the warm-up; the medians of the second and the last third are compared.
#[derive(Debug)]
pub struct Course {
    mb_an_hour: f64,
    resident_mb: [f64; 2],
    files: [f64; 2],
    threads: [f64; 2],
}

impl Course {
    /// The course of samples at equal intervals.
    #[must_use]
    pub fn of(samples: &[Sample]) -> Self {
        let third = samples.len() / 3;
        let (warm, last) = (&samples[third..], &samples[2 * third..]);
        let middle = &warm[..third];
        let medians = |value: fn(&Sample) -> f64| [middle, last].map(|part| median(part.iter().map(value)));
        Self {
            mb_an_hour: 3_600.0 * slope(warm),
            resident_mb: medians(|sample| sample.resident_mb),
            files: medians(|sample| sample.files as f64),
            threads: medians(|sample| sample.threads as f64),
        }
    }

    /// The quantities that have grown.
    #[must_use]
    pub fn grown(&self) -> Vec<&'static str> {
        let (part, mb) = MORE_MEMORY;
        let [before, after] = self.resident_mb;
        let checks = [
            ("memory", after > before * (1.0 + part) + mb),
            ("files", self.files[1] > self.files[0] + MORE),
            ("threads", self.threads[1] > self.threads[0] + MORE),
        ];
        checks.into_iter().filter(|(_, grown)| *grown).map(|(name, _)| name).collect()
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mb_an_hour, resident_mb, files, threads } = self;
        write!(
            f,
            "after the first third {mb_an_hour:+.1} MB an hour; from the second to the last \
             {:.1} -> {:.1} MB, {} -> {} files, {} -> {} threads",
            resident_mb[0], resident_mb[1], files[0], files[1], threads[0], threads[1]
        )
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Growth in megabytes a second by least squares.
fn slope(samples: &[Sample]) -> f64 {
    let Some(first) = samples.first() else { return 0.0 };
    let points = || samples.iter().map(|sample| ((sample.at - first.at).as_secs_f64(), sample.resident_mb));
    let count = samples.len() as f64;
    let mean = |of: fn((f64, f64)) -> f64| points().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|(x, _)| x), mean(|(_, y)| y));
    let (mut rise, mut run) = (0.0, 0.0);
    for (x, y) in points() {
        rise += (x - mean_x) * (y - mean_y);
        run += (x - mean_x).powi(2);
    }
    if run > 0.0 { rise / run } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Half an hour of samples from `at` for each minute: megabytes, files, threads.
    fn course(at: impl Fn(f64) -> (f64, usize, usize)) -> Course {
        let begun = Instant::now();
        let sample = |second| {
            let (resident_mb, files, threads) = at(second as f64 / 60.0);
            Sample { at: begun + Duration::from_secs(second), resident_mb, files, threads }
        };
        Course::of(&(0..1_800).map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn initial_growth_and_later_fluctuation_are_steady() {
        let course = course(|minute| {
            let breath = minute.sin();
            (100.0 * (minute / 8.0).min(1.0) + 3.0 * breath, if breath > 0.9 { 130 } else { 90 }, 20)
        });
        assert_eq!(course.grown(), [""; 0], "{course}");
        assert!(course.mb_an_hour.abs() < 3.0, "{course}");
    }

    #[test]
    fn a_leak_is_reported() {
        let leaking = course(|minute| (100.0 + 2.0 * minute, 90, 20));
        assert_eq!(leaking.grown(), ["memory"]);
        assert!((leaking.mb_an_hour - 120.0).abs() < 0.1, "{leaking}");
        assert_eq!(course(|minute| (100.0, 90 + minute as usize, 20)).grown(), ["files"]);
        assert_eq!(course(|minute| (100.0, 90, 20 + minute as usize)).grown(), ["threads"]);
    }
}
