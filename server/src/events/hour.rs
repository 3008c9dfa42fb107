//! Figures of the last hour, minute by minute.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use yibi_common::admin::{History, MinuteFigures, RouteFigures, RouteHistory};

use crate::domain::clock::Micros;

/// Length of the history in minutes.
const MINUTES: usize = 60;
const MINUTE_SECONDS: i64 = 60;

/// The figures of one server's routes in one minute.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    /// Minutes since the epoch at the end of this one.
    end: i64,
    routes: BTreeMap<String, MinuteFigures>,
}

/// The last hour of one server; minutes without requests have no entry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Hour {
    entries: VecDeque<Entry>,
    /// The end of the last minute that was recorded.
    #[serde(default)]
    last: Option<i64>,
}

fn minute(now: Micros) -> i64 {
    now.seconds().div_euclid(MINUTE_SECONDS)
}

/// The last second of the minute that ended last.
pub(super) fn last_second(now: Micros) -> Micros {
    Micros((minute(now) * MINUTE_SECONDS - 1) * 1_000_000)
}

impl Hour {
    /// Whether the minute that ended last has no record yet.
    pub(super) fn is_due(&self, now: Micros) -> bool {
        self.last.is_none_or(|last| last < minute(now))
    }

    /// Whether nothing of it is within the last hour any more.
    pub(super) fn is_over(&self, now: Micros) -> bool {
        self.last.is_none_or(|last| minute(now) - last >= MINUTES as i64)
    }

    /// Records the figures of the minute that ended last.
    pub(super) fn record(&mut self, now: Micros, routes: &[RouteFigures]) {
        let end = minute(now);
        self.last = Some(end);
        while self.entries.front().is_some_and(|entry| end - entry.end >= MINUTES as i64) {
            self.entries.pop_front();
        }
        if !routes.is_empty() {
            let routes = routes.iter().map(|route| (route.route.clone(), route.into())).collect();
            self.entries.push_back(Entry { end, routes });
        }
    }
}

/// The last hour of several servers together.
pub(super) fn together(hours: &[Hour], now: Micros) -> History {
    let until = minute(now);
    let first = until - MINUTES as i64 + 1;
    let mut routes: BTreeMap<&str, Vec<MinuteFigures>> = BTreeMap::new();
    for entry in hours.iter().flat_map(|hour| &hour.entries) {
        let Ok(place) = usize::try_from(entry.end - first) else { continue };
        for (route, figures) in &entry.routes {
            let minutes = routes.entry(route).or_insert_with(|| vec![MinuteFigures::default(); MINUTES]);
            if let Some(cell) = minutes.get_mut(place) {
                *cell = cell.with(*figures);
            }
        }
    }
    routes.retain(|_, minutes| minutes.iter().any(|cell| cell.requests > 0));
    let routes = routes.into_iter().map(|(route, minutes)| RouteHistory { route: route.to_owned(), minutes });
    History { until: Micros(until * MINUTE_SECONDS * 1_000_000).to_string(), routes: routes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Micros {
        Micros((minutes * MINUTE_SECONDS + 1) * 1_000_000)
    }

    fn route(name: &str, requests: u64, p99_ms: f64) -> RouteFigures {
        RouteFigures { route: name.to_owned(), requests, failures: 1, p50_ms: 1.0, p99_ms }
    }

    #[test]
    fn servers_are_summed_minute_by_minute() {
        let (mut a, mut b) = (Hour::default(), Hour::default());
        assert!(a.is_due(at(1_000)));
        a.record(at(1_000), &[route("GET /a", 2, 5.0)]);
        assert!(!a.is_due(at(1_000)));
        b.record(at(1_000), &[route("GET /a", 3, 9.0), route("GET /b", 1, 1.0)]);
        b.record(at(1_002), &[route("GET /a", 7, 2.0)]);
        let history = together(&[a, b], at(1_002));
        let names: Vec<_> = history.routes.iter().map(|route| route.route.as_str()).collect();
        assert_eq!(names, ["GET /a", "GET /b"]);
        let minutes = &history.routes[0].minutes;
        assert_eq!(minutes.len(), 60);
        let requests: Vec<_> = minutes[57..].iter().map(|cell| cell.requests).collect();
        assert_eq!((requests, minutes[57].failures, minutes[57].p99_ms), (vec![5, 0, 7], 2, 9.0));
        assert_eq!(history.until, "1970-01-01T16:42:00.000Z");
        assert_eq!(last_second(at(1_002)).to_string(), "1970-01-01T16:41:59.000Z");
    }

    #[test]
    fn an_hour_is_kept() {
        let mut hour = Hour::default();
        for minute in 0..100 {
            hour.record(at(minute), &[route("GET /a", 1, 1.0)]);
        }
        assert_eq!(hour.entries.len(), 60);
        let cells = |now| {
            together(std::slice::from_ref(&hour), now).routes.first().map(|route| route.minutes.clone())
        };
        assert!(cells(at(99)).unwrap().iter().all(|cell| cell.requests == 1));
        assert_eq!(cells(at(129)).unwrap().iter().filter(|cell| cell.requests == 1).count(), 30);
        assert_eq!(cells(at(500)), None);
    }
}
