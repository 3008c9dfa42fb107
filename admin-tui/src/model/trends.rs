//! The recent figures of the routes, for the heat map of the overview.

use std::collections::{BTreeMap, VecDeque};

use yibi_common::admin::{Overview, ServerState};

/// Readings that are kept of each route.
const KEPT: usize = 120;

/// The figures of a route in the last minute, over all servers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    pub requests: u64,
    /// Replies with a 5xx status.
    pub failures: u64,
    /// The slowest server's median, in milliseconds.
    pub p50_ms: f64,
    /// The slowest server's 99th percentile, in milliseconds.
    pub p99_ms: f64,
}

/// The readings of all routes, the oldest first, all of the same length.
#[derive(Debug, Default)]
pub struct Trends {
    routes: BTreeMap<String, VecDeque<Reading>>,
    length: usize,
    heard: String,
}

impl Trends {
    /// Takes an overview, and tells whether the heat map changed.
    pub fn take(&mut self, overview: &Overview) -> bool {
        if self.heard == overview.now {
            return false;
        }
        self.heard.clone_from(&overview.now);
        let mut now: BTreeMap<&str, Reading> = BTreeMap::new();
        for server in overview.servers.iter().filter(|server| server.state != ServerState::Missing) {
            for route in &server.figures.routes {
                let reading = now.entry(&route.route).or_default();
                reading.requests += route.requests;
                reading.failures += route.failures;
                reading.p50_ms = reading.p50_ms.max(route.p50_ms);
                reading.p99_ms = reading.p99_ms.max(route.p99_ms);
            }
        }
        self.length = (self.length + 1).min(KEPT);
        for route in now.keys() {
            if !self.routes.contains_key(*route) {
                let silence = vec![Reading::default(); self.length - 1];
                self.routes.insert((*route).to_owned(), silence.into());
            }
        }
        let mut different = false;
        for (route, readings) in &mut self.routes {
            let reading = now.get(route.as_str()).copied().unwrap_or_default();
            different |= readings.iter().any(|before| *before != reading);
            readings.push_back(reading);
            while readings.len() > KEPT {
                readings.pop_front();
            }
        }
        self.routes.retain(|_, readings| readings.iter().any(|reading| reading.requests > 0));
        different
    }

    /// The routes, the busiest first, with their readings.
    pub fn busiest(&self) -> Vec<(&str, &VecDeque<Reading>)> {
        let mut routes: Vec<_> =
            self.routes.iter().map(|(route, readings)| (route.as_str(), readings)).collect();
        routes.sort_by_key(|(_, readings)| {
            std::cmp::Reverse(readings.back().map_or(0, |reading| reading.requests))
        });
        routes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn overview(second: usize, requests: &[(&str, u64)]) -> Overview {
        let routes: Vec<_> = requests
            .iter()
            .map(|(route, requests)| {
                json!({"route": route, "requests": requests, "failures": 0, "p50_ms": 1.0, "p99_ms": 2.0})
            })
            .collect();
        let server = |name: &str, state: &str| {
            json!({"name": name, "version": "", "state": state, "started_at": "", "heard_at": "",
                "figures": {"routes": routes}})
        };
        let servers = json!([server("a", "up"), server("b", "up"), server("c", "missing")]);
        serde_json::from_value(json!({"now": second.to_string(), "server": "a", "servers": servers,
            "sessions": null, "online": null, "users": null, "drawings": null}))
        .unwrap()
    }

    #[test]
    fn servers_are_summed_and_silence_is_kept() {
        let mut trends = Trends::default();
        assert!(!trends.take(&overview(0, &[("a", 2)])));
        assert!(!trends.take(&overview(0, &[("a", 9)])), "told before");
        assert!(!trends.take(&overview(1, &[("a", 2)])), "all readings are the same");
        assert!(trends.take(&overview(2, &[("a", 3), ("b", 5)])));
        let busiest = trends.busiest();
        let requests = |index: usize| busiest[index].1.iter().map(|r| r.requests).collect::<Vec<_>>();
        assert_eq!((busiest[0].0, requests(0)), ("b", vec![0, 0, 10]));
        assert_eq!((busiest[1].0, requests(1)), ("a", vec![4, 4, 6]));
        for second in 3..400 {
            trends.take(&overview(second, &[]));
        }
        assert!(trends.busiest().is_empty());
        assert!(!trends.take(&overview(400, &[])));
    }
}
