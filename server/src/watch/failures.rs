//! The last failures, in groups, and the last requests beside them.

use std::collections::{HashMap, VecDeque};

use yibi_common::admin::{ErrorGroup, Failure, RequestDetail, Share};

use super::Answered;

/// Failures that are kept.
const FAILURES: usize = 10_000;
/// Requests that are kept, for the neighbours of failed ones.
const REQUESTS: usize = 20_000;
/// Users, and latest failures, that a group tells of.
const SHOWN: usize = 10;
/// Neighbours before and after.
const NEIGHBOURS: usize = 20;

/// What is kept, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures {
    failures: VecDeque<Failure>,
    requests: VecDeque<Answered>,
}

impl Failures {
    pub(super) fn failed(&mut self, failure: Failure) {
        if self.failures.len() >= FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back(failure);
    }

    pub(super) fn answered(&mut self, answered: Answered) {
        if self.requests.len() >= REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(answered);
    }

    /// The groups, the one that grew last first, and how many failures there are in all.
    pub(super) fn groups(&self) -> (Vec<ErrorGroup>, u64) {
        let mut places: HashMap<(&str, Option<&str>), usize> = HashMap::new();
        let mut groups: Vec<Vec<&Failure>> = Vec::new();
        for failure in self.failures.iter().rev() {
            let place = *places.entry((&failure.code, failure.cause.as_deref())).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(failure),
                None => groups.push(vec![failure]),
            }
        }
        let groups = groups.iter().filter_map(|group| summary(group)).collect();
        (groups, self.failures.len() as u64)
    }

    pub(super) fn request(&self, id: &str) -> Option<RequestDetail> {
        let failure = self.failures.iter().rev().find(|failure| failure.request_id == id)?.clone();
        let theirs: Vec<&Answered> = self
            .requests
            .iter()
            .filter(|request| {
                request.row.request_id == id || (request.user.is_some() && request.user == failure.user)
            })
            .collect();
        let place = theirs.iter().position(|request| request.row.request_id == id);
        let neighbours = place.map_or_else(Vec::new, |place| {
            let first = place.saturating_sub(NEIGHBOURS);
            let rows = theirs.iter().skip(first).take(place - first + 1 + NEIGHBOURS);
            rows.map(|request| request.row.clone()).collect()
        });
        Some(RequestDetail { failure, neighbours })
    }
}

/// A group of the same code and cause, the latest first.
fn summary(group: &[&Failure]) -> Option<ErrorGroup> {
    let (last, first) = (group.first()?, group.last()?);
    let mut users = shares(group.iter().filter_map(|failure| failure.user.as_deref()));
    users.truncate(SHOWN);
    Some(ErrorGroup {
        code: last.code.clone(),
        cause: last.cause.clone(),
        count: group.len() as u64,
        first_at: first.at.clone(),
        last_at: last.at.clone(),
        routes: shares(group.iter().map(|failure| failure.route.as_str())),
        users,
        servers: shares(group.iter().map(|failure| failure.server.as_str())),
        latest: group.iter().take(SHOWN).map(|failure| (*failure).clone()).collect(),
    })
}

fn shares<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Share> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut shares: Vec<Share> =
        counts.into_iter().map(|(name, count)| Share { name: name.to_owned(), count }).collect();
    shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    shares
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::RequestRow;

    use super::*;

    fn failure(number: usize, code: &str, cause: Option<&str>, user: &str) -> Failure {
        Failure {
            request_id: format!("r{number}"),
            server: "s".to_owned(),
            at: format!("{number:08}"),
            method: "GET".to_owned(),
            route: format!("/{user}"),
            status: 500,
            code: code.to_owned(),
            cause: cause.map(str::to_owned),
            user: Some(user.to_owned()),
        }
    }

    fn answered(number: usize, user: &str) -> Answered {
        let row = RequestRow {
            request_id: format!("r{number}"),
            at: String::new(),
            method: "GET".to_owned(),
            route: "/".to_owned(),
            status: 200,
            duration_us: 1,
        };
        Answered { row, user: Some(user.to_owned()) }
    }

    #[test]
    fn failures_are_grouped_by_code_and_cause() {
        let mut failures = Failures::default();
        for number in 0..FAILURES + 5 {
            let (code, user) = if number % 5 == 0 { ("busy", "ann") } else { ("internal", "ben") };
            let cause = (number % 5 != 0).then_some(if number % 2 == 0 { "disk" } else { "net" });
            failures.failed(failure(number, code, cause, user));
        }
        let (groups, count) = failures.groups();
        assert_eq!(count, FAILURES as u64);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), count);
        let busy = groups.iter().find(|group| group.code == "busy").unwrap();
        assert_eq!((busy.count, busy.cause.as_deref()), (2_000, None));
        assert_eq!(busy.users, [Share { name: "ann".to_owned(), count: 2_000 }]);
        assert_eq!((busy.latest.len(), busy.latest[0].request_id.as_str()), (SHOWN, "r10000"));
        assert_eq!((busy.first_at.as_str(), busy.last_at.as_str()), ("00000005", "00010000"));
        assert_eq!(groups[0].latest[0].request_id, "r10004", "the one that grew last comes first");
        assert_eq!(failures.request("r0"), None, "it has been forgotten");
    }

    #[test]
    fn neighbours_are_the_same_users() {
        let mut failures = Failures::default();
        for number in 0..200 {
            failures.answered(answered(number, if number % 2 == 0 { "ann" } else { "ben" }));
        }
        failures.failed(failure(100, "internal", None, "ann"));
        let detail = failures.request("r100").unwrap();
        assert_eq!(detail.neighbours.len(), 2 * NEIGHBOURS + 1);
        assert_eq!(detail.neighbours[NEIGHBOURS].request_id, "r100");
        assert_eq!(detail.neighbours[0].request_id, "r60");
        failures.failed(failure(0, "internal", None, "ann"));
        assert_eq!(failures.request("r0").unwrap().neighbours.len(), NEIGHBOURS + 1);
    }
}
