//! The figures of the routes in the last hour, for the heat map of the overview.

use std::collections::BTreeMap;

use yibi_common::admin::{History, MinuteFigures, Overview, ServerState};

use crate::time::Millis;

/// Milliseconds between two readings of the history.
const EVERY: Millis = 60_000;

/// The figures of all routes over all servers.
#[derive(Debug, Default)]
pub struct Trends {
    /// The last sixty seconds.
    now: BTreeMap<String, MinuteFigures>,
    /// The whole minutes before, the oldest first; without a history, empty.
    hour: BTreeMap<String, Vec<MinuteFigures>>,
    asked_at: Option<Millis>,
}

impl Trends {
    /// Takes the figures of the last sixty seconds, and tells whether they changed.
    pub fn take(&mut self, overview: &Overview) -> bool {
        let mut now: BTreeMap<String, MinuteFigures> = BTreeMap::new();
        for server in overview.servers.iter().filter(|server| server.state != ServerState::Missing) {
            for route in &server.figures.routes {
                let figures = now.entry(route.route.clone()).or_default();
                *figures = figures.with(route.into());
            }
        }
        let different = self.now != now;
        self.now = now;
        different
    }

    /// Takes the minutes before, and tells whether they changed.
    pub fn take_history(&mut self, history: History) -> bool {
        let hour = history.routes.into_iter().map(|route| (route.route, route.minutes)).collect();
        let different = self.hour != hour;
        self.hour = hour;
        different
    }

    /// Whether the history is to be read again; if so, counts it as asked for.
    pub fn ask(&mut self, now: Millis) -> bool {
        let due = self.asked_at.is_none_or(|at| now - at >= EVERY);
        if due {
            self.asked_at = Some(now);
        }
        due
    }

    /// The routes, the busiest first, each with its minutes, the oldest first; the last one is now.
    pub fn busiest(&self) -> Vec<(&str, Vec<MinuteFigures>)> {
        let mut names: Vec<&String> = self.now.keys().chain(self.hour.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let mut routes: Vec<_> = names
            .into_iter()
            .map(|name| {
                let mut minutes = self.hour.get(name).cloned().unwrap_or_default();
                minutes.push(self.now.get(name).copied().unwrap_or_default());
                (name.as_str(), minutes)
            })
            .collect();
        routes.sort_by_key(|(_, minutes)| {
            let now = minutes.last().map_or(0, |cell| cell.requests);
            std::cmp::Reverse((now, minutes.iter().map(|cell| cell.requests).sum::<u64>()))
        });
        routes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn overview(requests: &[(&str, u64)]) -> Overview {
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
        serde_json::from_value(json!({"now": "", "server": "a", "servers": servers,
            "sessions": null, "online": null, "users": null, "drawings": null}))
        .unwrap()
    }

    fn history(routes: &[(&str, [u64; 2])]) -> History {
        let routes: Vec<_> = routes
            .iter()
            .map(|(route, requests)| {
                let minutes = requests.map(
                    |requests| json!({"requests": requests, "failures": 0, "p50_ms": 1.0, "p99_ms": 2.0}),
                );
                json!({"route": route, "minutes": minutes})
            })
            .collect();
        serde_json::from_value(json!({"until": "", "routes": routes})).unwrap()
    }

    #[test]
    fn servers_are_summed_after_the_hour_before() {
        let mut trends = Trends::default();
        assert!(trends.take(&overview(&[("a", 3), ("b", 5)])));
        assert!(!trends.take(&overview(&[("a", 3), ("b", 5)])));
        assert!(trends.take_history(history(&[("a", [1, 0]), ("quiet", [9, 9])])));
        assert!(!trends.take_history(history(&[("a", [1, 0]), ("quiet", [9, 9])])));
        let shown: Vec<_> = trends
            .busiest()
            .into_iter()
            .map(|(route, minutes)| (route, minutes.iter().map(|cell| cell.requests).collect::<Vec<_>>()))
            .collect();
        assert_eq!(shown, [("b", vec![10]), ("a", vec![1, 0, 6]), ("quiet", vec![9, 9, 0])]);
    }

    #[test]
    fn the_history_is_read_each_minute() {
        let mut trends = Trends::default();
        assert!(trends.ask(5));
        assert!(!trends.ask(60_004));
        assert!(trends.ask(60_005));
    }
}
