//! Figures of the last minute.

use std::collections::{BTreeMap, VecDeque};

use yibi_common::admin::{Figures, RouteFigures};

use crate::domain::clock::Micros;

/// Length of the window in seconds.
const SECONDS: usize = 60;
/// Seconds that are kept: a minute is asked for a few seconds after its end too.
const KEPT: i64 = 70;
/// Maximum number of request durations that are kept for the last minute; the latest replace the oldest.
const TIMED: usize = 20_000;
/// Maximum number of routes in a report.
const ROUTES: usize = 20;

/// Counts of one second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    number: i64,
    requests: u32,
    failures: u32,
    sign_ins: u32,
    saves: u32,
}

#[derive(Debug)]
struct Timed {
    second: i64,
    route: String,
    failed: bool,
    micros: u64,
}

#[derive(Debug, Default)]
pub(super) struct Minute {
    seconds: VecDeque<Second>,
    timed: VecDeque<Timed>,
}

impl Minute {
    pub(super) fn request(&mut self, now: Micros, route: &str, status: u16, micros: u64) {
        let failed = status >= 500;
        let second = self.second(now);
        second.requests += 1;
        second.failures += u32::from(failed);
        if self.timed.len() >= TIMED {
            self.timed.pop_front();
        }
        self.timed.push_back(Timed { second: now.seconds(), route: route.to_owned(), failed, micros });
    }

    pub(super) fn sign_in(&mut self, now: Micros) {
        self.second(now).sign_ins += 1;
    }

    pub(super) fn save(&mut self, now: Micros) {
        self.second(now).saves += 1;
    }

    fn second(&mut self, now: Micros) -> &mut Second {
        let number = now.seconds();
        if self.seconds.back().is_none_or(|last| last.number < number) {
            self.forget(number);
            self.seconds.push_back(Second { number, ..Second::default() });
        }
        // A clock that is set back counts towards the latest second.
        let last = self.seconds.len().saturating_sub(1);
        #[expect(clippy::indexing_slicing, reason = "one was pushed if there was none")]
        &mut self.seconds[last]
    }

    /// Drops the seconds that are too old at that one.
    fn forget(&mut self, number: i64) {
        let first = number - KEPT + 1;
        while self.seconds.front().is_some_and(|second| second.number < first) {
            self.seconds.pop_front();
        }
        while self.timed.front().is_some_and(|timed| timed.second < first) {
            self.timed.pop_front();
        }
    }

    /// The figures of the sixty seconds up to that moment, its own second included.
    pub(super) fn figures(&self, end: Micros) -> Figures {
        let window = end.seconds() - SECONDS as i64 + 1..=end.seconds();
        let seconds = || self.seconds.iter().filter(|second| window.contains(&second.number));
        let sum = |of: fn(&Second) -> u32| seconds().map(|second| u64::from(of(second))).sum();
        let mut per_second = vec![0; SECONDS];
        for second in seconds() {
            let place = usize::try_from(second.number - window.start()).ok();
            if let Some(count) = place.and_then(|place| per_second.get_mut(place)) {
                *count = second.requests;
            }
        }
        let mut all = Vec::with_capacity(self.timed.len());
        let mut by_route: BTreeMap<&str, (u64, Vec<u64>)> = BTreeMap::new();
        for timed in self.timed.iter().filter(|timed| window.contains(&timed.second)) {
            all.push(timed.micros);
            let (failures, times) = by_route.entry(&timed.route).or_default();
            *failures += u64::from(timed.failed);
            times.push(timed.micros);
        }
        let mut routes: Vec<RouteFigures> = by_route
            .into_iter()
            .map(|(route, (failures, mut times))| RouteFigures {
                route: route.to_owned(),
                requests: times.len() as u64,
                failures,
                p50_ms: quantile(&mut times, 50).unwrap_or_default(),
                p99_ms: quantile(&mut times, 99).unwrap_or_default(),
            })
            .collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.requests));
        routes.truncate(ROUTES);
        Figures {
            requests: sum(|second| second.requests),
            failures: sum(|second| second.failures),
            sign_ins: sum(|second| second.sign_ins),
            saves: sum(|second| second.saves),
            p50_ms: quantile(&mut all, 50),
            p99_ms: quantile(&mut all, 99),
            per_second,
            routes,
            dependencies: Vec::new(),
        }
    }
}

/// A percentile of the durations, in milliseconds.
fn quantile(micros: &mut [u64], percent: usize) -> Option<f64> {
    let place = (micros.len() * percent).div_ceil(100).checked_sub(1)?;
    let (_, value, _) = micros.select_nth_unstable(place);
    Some(*value as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Micros {
        Micros(seconds * 1_000_000)
    }

    #[test]
    fn a_minute_is_looked_back_on() {
        let mut minute = Minute::default();
        for second in 0..100 {
            minute.request(at(1_000 + second), "GET /a", 200, 1_000);
            minute.request(at(1_000 + second), "GET /b", 503, 9_000);
            minute.request(at(1_000 + second), "GET /a", 404, 2_000);
            minute.sign_in(at(1_000 + second));
        }
        minute.save(at(1_099));
        let figures = minute.figures(at(1_099));
        assert_eq!((figures.requests, figures.failures), (180, 60));
        assert_eq!((figures.sign_ins, figures.saves), (60, 1));
        assert_eq!(figures.per_second, vec![3; 60]);
        assert_eq!((figures.p50_ms, figures.p99_ms), (Some(2.0), Some(9.0)));
        assert_eq!((figures.routes[0].route.as_str(), figures.routes[0].requests), ("GET /a", 120));
        assert_eq!((figures.routes[1].failures, figures.routes[1].p50_ms), (60, 9.0));
        let later = minute.figures(at(1_129));
        assert_eq!((later.requests, later.per_second[0], later.per_second[59]), (90, 3, 0));
        assert_eq!(minute.figures(at(9_999)).p50_ms, None);
    }

    #[test]
    fn quantiles_are_of_what_there_is() {
        assert_eq!(quantile(&mut [], 50), None);
        assert_eq!(quantile(&mut [7_000], 99), Some(7.0));
        let mut times: Vec<u64> = (1..=100).rev().map(|ms| ms * 1_000).collect();
        assert_eq!(quantile(&mut times, 99), Some(99.0));
        assert_eq!(quantile(&mut times, 50), Some(50.0));
    }
}
